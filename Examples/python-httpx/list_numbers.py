"""Lists a project's numbers, as often at once as each line of input says."""

import asyncio
import os
import sys
import time

import httpx

TOKEN_URL = os.environ.get("TOKEN_URL", "https://auth.sinch.com/oauth2/token")
API_URL = os.environ.get("API_URL", "https://numbers.api.sinch.com")


class ClientCredentials(httpx.Auth):
    """Gives each request a token, and replaces it a minute before it ends."""

    requires_response_body = True

    def __init__(self, token_url: str, client_id: str, client_secret: str):
        self.token_url, self.basic = (
            token_url,
            httpx.BasicAuth(client_id, client_secret),
        )
        self.token, self.until, self.lock = "", 0.0, asyncio.Lock()

    async def async_auth_flow(self, request):
        async with self.lock:
            if time.monotonic() >= self.until:
                form = {"grant_type": "client_credentials"}
                answer = yield next(self.basic.auth_flow(httpx.Request("POST", self.token_url, data=form)))
                await answer.aread()
                if answer.is_error:
                    raise RuntimeError(answer.json()["error_description"])
                self.token = answer.json()["access_token"]
                self.until = time.monotonic() + answer.json()["expires_in"] - 60
        request.headers["Authorization"] = f"Bearer {self.token}"
        yield request


async def numbers(client: httpx.AsyncClient) -> str:
    try:
        answer = await client.get(f"{API_URL}/v1/projects/{os.environ['PROJECT_ID']}/activeNumbers")
        answer.raise_for_status()
        return answer.text
    except (httpx.HTTPError, RuntimeError) as error:
        return f"error: {error}"


async def main():
    auth = ClientCredentials(TOKEN_URL, os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"])
    async with httpx.AsyncClient(auth=auth, timeout=10) as client:
        while line := await asyncio.to_thread(sys.stdin.readline):
            for answer in await asyncio.gather(*(numbers(client) for _ in range(int(line)))):
                print(answer, flush=True)


asyncio.run(main())
