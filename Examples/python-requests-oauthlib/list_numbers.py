"""Lists a project's numbers, as often at once as each line of input says."""

import concurrent.futures
import os
import sys
import threading
import time

from oauthlib.oauth2 import BackendApplicationClient, OAuth2Error
from requests import RequestException
from requests_oauthlib import OAuth2Session

TOKEN_URL = os.environ.get("TOKEN_URL", "https://auth.sinch.com/oauth2/token")
API_URL = os.environ.get("API_URL", "https://numbers.api.sinch.com")

session = OAuth2Session(client=BackendApplicationClient(os.environ["CLIENT_ID"]))
lock = threading.Lock()


def numbers(_) -> str:
    try:
        # The library fetches no token by itself, and does not replace one that ends: this does, a minute before.
        with lock:
            if session.token.get("expires_at", 0) < time.time() + 60:
                session.fetch_token(TOKEN_URL, client_secret=os.environ["CLIENT_SECRET"], timeout=10)
        answer = session.get(
            f"{API_URL}/v1/projects/{os.environ['PROJECT_ID']}/activeNumbers",
            timeout=10,
        )
        answer.raise_for_status()
        return answer.text
    except (OAuth2Error, RequestException) as error:
        return f"error: {error}"


with concurrent.futures.ThreadPoolExecutor(50) as pool:
    for line in sys.stdin:
        for answer in pool.map(numbers, range(int(line))):
            print(answer, flush=True)
