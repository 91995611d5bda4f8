"""Lists a project's numbers, as often at once as each line of input says."""

import concurrent.futures
import os
import sys

from requests import RequestException
from sinch import SinchClient
from sinch.core.exceptions import SinchException

sinch = SinchClient(
    project_id=os.environ["PROJECT_ID"],
    key_id=os.environ["CLIENT_ID"],
    key_secret=os.environ["CLIENT_SECRET"],
)
# Where the tokens come from: the broker's address, to which the SDK adds /oauth2/token.
sinch.configuration.auth_origin = os.environ.get("AUTH_ORIGIN", "https://auth.sinch.com")
sinch.configuration.numbers_origin = os.environ.get("API_URL", "https://numbers.api.sinch.com")


def numbers(_) -> str:
    try:
        return " ".join(number.phone_number for number in sinch.numbers.list().iterator())
    except (SinchException, RequestException) as error:
        return f"error: {error}"


with concurrent.futures.ThreadPoolExecutor(50) as pool:
    for line in sys.stdin:
        for answer in pool.map(numbers, range(int(line))):
            print(answer, flush=True)
