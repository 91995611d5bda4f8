"""Lists a project's numbers, as often at once as each line of input says."""

import concurrent.futures
import os
import sys

from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from requests import RequestException

TOKEN_URL = os.environ.get("TOKEN_URL", "https://auth.sinch.com/oauth2/token")
API_URL = os.environ.get("API_URL", "https://numbers.api.sinch.com")

session = OAuth2Session(
    os.environ["CLIENT_ID"],
    os.environ["CLIENT_SECRET"],
    token_endpoint=TOKEN_URL,
    grant_type="client_credentials",
    # A token that is over makes the session fetch the first one, and a minute before it ends the next one.
    default_timeout=10,
    token={"access_token": "", "expires_at": 1},
)


def numbers(_) -> str:
    try:
        answer = session.get(
            f"{API_URL}/v1/projects/{os.environ['PROJECT_ID']}/activeNumbers",
            timeout=10,
        )
        answer.raise_for_status()
        return answer.text
    except (OAuthError, RequestException) as error:
        return f"error: {error}"


with concurrent.futures.ThreadPoolExecutor(50) as pool:
    for line in sys.stdin:
        for answer in pool.map(numbers, range(int(line))):
            print(answer, flush=True)
