"""One call to the ERP."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, Self

import httpx

from . import exact, read
from .read import Answer

Token = Callable[[bool], Awaitable[str]]
"""Returns an access token. True asks for a new one, because the last was refused."""


class NotSentError(Exception):
    """Nothing was sent: the work may be submitted again."""


class Clock(Protocol):
    """The time of day and how to wait, in seconds, so that tests need not."""

    def now(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...


class RealClock:
    def now(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


_LARGEST = 64 << 20  # bytes of a body


class Calls:
    """Makes calls to the ERP, each of them once.

    The token goes to `base_url` only, redirects are not followed by themselves, and when the ERP asks for a pause, all
    calls keep it.
    """

    def __init__(
        self,
        base_url: str,
        token: Token | None = None,
        timeout: float = 60,
        clock: Clock | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.clock = clock or RealClock()
        self.base_url = base_url.rstrip("/")
        self._token = token
        self._timeout = timeout
        self._paused_until = 0.0
        # httpx sends a request anew only before it is on the wire; retries stay off.
        self._http = httpx.AsyncClient(follow_redirects=False, timeout=timeout, transport=transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def ready(self) -> None:
        """Waits for as long as the ERP wants no calls."""
        while (rest := self._paused_until - self.clock.now()) > 0:
            await self.clock.sleep(rest)

    async def send(self, request: dict[str, Any]) -> Answer:
        """Sends a request, as generated code describes it, and returns its answer, whatever that is.

        A 401 has it sent once more with a new token: the ERP took nothing. Raises NotSentError if certainly nothing
        left, and httpx.HTTPError or TimeoutError if no answer came.
        """
        request = dict(request)
        url = httpx.URL(self.base_url + request.pop("url"))
        if params := request.pop("params", None):  # even empty ones would replace the query of the URL
            url = url.copy_merge_params(params)
        headers = httpx.Headers(request.pop("headers", None))
        if "json" in request:
            request["content"] = exact.dumps(request.pop("json"))
        for renew in (False, True):
            await self.ready()
            if self._token:
                try:
                    headers["Authorization"] = f"Bearer {await self._token(renew)}"
                except Exception as e:
                    raise NotSentError("no access token") from e
            answer = await self._once(self._http.build_request(url=url, headers=headers, **request))
            if answer.status != 401 or not self._token:
                break
        return answer

    async def get(self, path: str) -> Answer | None:
        """Reads a path below the root; redirects are followed while they stay there. None if no answer came."""
        for _ in range(5):
            try:
                answer = await self.send({"method": "get", "url": path})
                location = answer.headers.get("location") if 300 <= answer.status < 400 else None
                at = str(httpx.URL(self.base_url + path).join(location)) if location else ""
            except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, NotSentError):
                return None
            if not at.startswith(self.base_url + "/"):
                return answer
            path = at.removeprefix(self.base_url)
        return answer

    async def _once(self, request: httpx.Request) -> Answer:
        body, broken = bytearray(), False
        response: httpx.Response | None = None
        try:
            async with asyncio.timeout(self._timeout):  # httpx bounds each read, and not their sum
                response = await self._http.send(request, stream=True)
                if response.status_code >= 200:
                    async for part in response.aiter_bytes():
                        body += part
                        if len(body) > _LARGEST:
                            raise httpx.ReadError("the body is too large")
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as e:
            raise NotSentError(f"no connection: {e}") from e
        except (httpx.HTTPError, TimeoutError):
            if response is None:
                raise
            broken = True  # there was an answer, whose id may be in what came
        finally:
            if response:
                await response.aclose()
        answer = Answer(response.status_code, response.headers, bytes(body), broken)
        self._keep(answer)
        return answer

    def _keep(self, answer: Answer) -> None:
        """Remembers for how long the ERP wants no calls."""
        if answer.status not in (429, 503):
            return
        now = self.clock.now()
        pause = read.retry_after(answer.headers, now)
        if pause is None and answer.status == 429:
            pause = read.limit_reset(answer.headers, now) or 60
        self._paused_until = max(self._paused_until, now + (pause or 0))
