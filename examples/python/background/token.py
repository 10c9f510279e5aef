"""Access tokens by client credentials."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from . import read


@dataclass(frozen=True)
class Credentials:
    token_url: str  # https://connect.visma.com/connect/token for the vendor's
    client_id: str
    client_secret: str
    tenant_id: str  # that of the company; with that of the customer a token is given, which the ERP then refuses
    scope: str


class Tokens:
    """Gets tokens: one request for all who wait, anew before it runs out. An instance is what Background takes."""

    def __init__(
        self,
        credentials: Credentials,
        transport: httpx.AsyncBaseTransport | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._credentials, self._transport, self._now = credentials, transport, now
        self._token, self._until = "", 0.0
        self._asked = 0
        self._lock = asyncio.Lock()

    async def __call__(self, renew: bool) -> str:
        asked = self._asked
        async with self._lock:
            fresh = self._asked > asked  # somebody else asked meanwhile
            if not fresh and (renew or self._now() >= self._until):
                await self._ask()
            return self._token

    async def _ask(self) -> None:
        c = self._credentials
        form = {
            "grant_type": "client_credentials",
            "client_id": c.client_id,
            "client_secret": c.client_secret,
            "tenant_id": c.tenant_id,
            "scope": c.scope,
        }
        async with httpx.AsyncClient(
            timeout=30, transport=self._transport
        ) as http:  # which follows no redirects: the secret goes nowhere else
            response = await http.post(c.token_url, data=form)
        known = read.fields(response.text) or {}
        token = read.scalar(known.get("access_token"))
        if not response.is_success or not token:
            told = read.message(response.text)[0]
            raise PermissionError(f"the token endpoint answered {response.status_code}: {told}")
        seconds = (read.numbers(read.scalar(known.get("expires_in"))) or [3600])[0]
        self._token, self._until = token, self._now() + seconds - min(60, seconds / 10)
        self._asked += 1
