"""Submits calls that are to run in the background, and waits for their outcomes."""

import asyncio
from typing import Any, Self
from weakref import WeakValueDictionary

import httpx

from . import judge, read, state
from .calls import Calls, Clock, NotSentError, Token
from .journal import InMemory, Journal
from .outcome import (
    Accepted,
    Answered,
    Content,
    Ended,
    Expired,
    Failed,
    Operation,
    Refused,
    Submitted,
    Succeeded,
    Uncertain,
    Unclear,
    Unreadable,
    at_once,
    content_of,
    ended,
)
from .plan import Plan, Poll, Streak

_MINUTE = 60
_DAY = 24 * 60 * _MINUTE


class Background:
    """Submits calls that are to run in the background, and waits for their outcomes.

    It is an asynchronous context manager, and belongs to one event loop. Without a journal on disk a crash forgets
    what was submitted.
    """

    def __init__(
        self,
        base_url: str,
        token: Token | None = None,
        *,
        journal: Journal | None = None,
        poll: Poll | None = None,
        timeout: float = 60,
        clock: Clock | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._calls = Calls(base_url, token, timeout, clock, transport)
        self._clock = self._calls.clock
        self._poll = poll or Poll()
        self._journal = journal or InMemory()
        self._under_way: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._waiting: WeakValueDictionary[str, asyncio.Event] = WeakValueDictionary()
        self._told: set[str] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._calls.__aexit__()

    async def submit(self, key: str, request: dict[str, Any]) -> Submitted:
        """Makes a call in the background, and tells what became of it as soon as that is known.

            await background.submit("order-4711", create_customer_invoice._get_kwargs(
                erp_api_background="none", body=invoice))

        The request is what generated code makes of its arguments, with the header erp-api-background. It is sent once;
        again only after an answer that says it was not taken (401, 429). Two submits of one key are the same work,
        unless the first was refused: the second sends nothing and is told what became of it. Given up while it waits
        because of a limit, it was not taken; given up later, it is Uncertain.
        """
        if "erp-api-background" not in httpx.Headers(request.get("headers")):
            raise ValueError("submit: the request has no header erp-api-background, and would run at once")
        if not request["url"].startswith("/"):
            raise ValueError(f"submit: want a path below the root of the API, got {request['url']!r}")
        lock = self._under_way.setdefault(key, asyncio.Lock())
        async with lock:
            known = self._journal.get(key)
            while known is None or isinstance(known, Refused):
                await self._calls.ready()
                await self._journal.put(key, Uncertain("the process ended before it had an answer"))
                known = await self._send(request)
                try:
                    await self._journal.put(key, known)
                except Exception as e:
                    e.add_note(f"it was not written down what became of {key}: {known}")
                    raise
                if isinstance(known, Refused) and known.status_code != 429:
                    break
            return known

    async def _send(self, request: dict[str, Any]) -> Submitted:
        action = "/action/" in request["url"].lower()
        try:
            answer = await self._calls.send(request)
        except NotSentError as e:
            return Refused(str(e))
        except (httpx.HTTPError, TimeoutError) as e:
            return Uncertain(f"no answer: {e or type(e).__name__}")
        judgement = judge.judge(answer)
        match judgement.verdict:
            case judge.Verdict.ACCEPTED:
                now = self._clock.now()
                wait = read.retry_after(answer.headers, now)
                return Accepted(Operation(judgement.id or "", now, action, now + wait if wait else 0))
            case judge.Verdict.FOREGROUND:
                return at_once(action, answer)
            case judge.Verdict.UNCERTAIN:
                return Uncertain(judgement.why)
        return Refused(read.message(answer.text)[0], answer.status)

    def notified(self, id: str) -> None:
        """Has whoever waits for an operation poll at once: a notification names it, which proves nothing.

        From another thread: `loop.call_soon_threadsafe(background.notified, id)`.
        """
        if len(self._told) > 1000:
            self._told.clear()
        self._told.add(id)
        if event := self._waiting.get(id):
            event.set()

    async def wait(self, operation: Operation) -> Ended:
        """Waits until an operation has ended.

        Whatever polls are answered, only its state ends the wait, or that there has been none for long. Bound it by
        `asyncio.timeout`; afterwards it can be waited for again.
        """
        missing, refused, unclear = Streak(self._clock), Streak(self._clock), Streak(self._clock)
        plan = Plan(self._poll)
        poll_from = operation.poll_from
        while True:
            if await self._pause(operation.id, max(plan.next(), poll_from - self._clock.now())):
                plan.reset()
            answer = await self._calls.get(f"/v1/background/{operation.id}")
            if answer is None:
                continue
            now = self._clock.now()
            poll_from = now + (read.retry_after(answer.headers, now) or 0)
            status = answer.status
            told = state.parse(answer.text) if status == 200 else None
            if told and told.id not in (None, operation.id):
                told = None  # another one's
            if told and told.verdict in (state.Verdict.SUCCEEDED, state.Verdict.FAILED):
                return await self._outcome(operation, told)

            gone = missing.goes_on(status in (404, 410)) and missing.count > 2 and missing.lasts > 10 * _MINUTE
            if gone and now - operation.accepted_at >= _DAY:
                return Expired(f"answered {status}: its outcome is no longer known")
            if refused.goes_on(_is_refusal(status)) and refused.lasts > 10 * _MINUTE:
                return Unreadable(status, read.message(answer.text)[0])
            odd = told if told and told.verdict is state.Verdict.UNCLEAR else None
            if unclear.goes_on(odd is not None) and odd and unclear.lasts > 10 * _MINUTE:
                return Unclear(odd.status_code, f"it ended as {odd.status}")

    async def _outcome(self, operation: Operation, end: state.State) -> Succeeded | Failed:
        content, note = await self._content(operation.id, end) if end.has_content else (None, "")
        if end.verdict is state.Verdict.SUCCEEDED:
            return ended(operation.action, Answered(end.status_code, end.headers, content), note)
        message = end.error_message or (read.message(content.text)[0] if content else note)
        return Failed(end.status_code, end.headers, content, message)

    async def _content(self, id: str, end: state.State) -> tuple[Content | None, str]:
        """Reads the stored answer until it is whole; not for ever, because how the call ended is known."""
        failing, plan = Streak(self._clock), Plan(self._poll)
        announced = end.status_code >= 400 or "html" in str(end.headers.get("content-type")).lower()
        while failing.lasts < 10 * _MINUTE:
            answer = await self._calls.get(f"/v1/background/{id}/content")
            if answer and answer.status == 410:
                return None, "its content is gone"
            if answer and answer.status == 200:
                body = answer.text
                if not judge.not_whole(answer, body) and (announced or not judge.is_page(answer, body)):
                    return content_of(answer), ""
            failing.goes_on(True)
            wait = read.retry_after(answer.headers, self._clock.now()) if answer else None
            await self._pause(id, max(plan.next(), wait or 0))
        return None, "its content could not be read, although its state tells of some"

    async def _pause(self, id: str, seconds: float) -> bool:
        """Waits, and tells whether a notification cut it short."""
        if id not in self._told:
            event = self._waiting.setdefault(id, asyncio.Event())
            event.clear()
            woken, slept = asyncio.create_task(event.wait()), asyncio.create_task(_sleep(self._clock, seconds))
            try:
                await asyncio.wait((woken, slept), return_when=asyncio.FIRST_COMPLETED)
            finally:
                woken.cancel()
                slept.cancel()
            if slept.done():
                await slept
        told = id in self._told
        self._told.discard(id)
        return told


async def _sleep(clock: Clock, seconds: float) -> None:
    await clock.sleep(seconds)


def _is_refusal(status: int) -> bool:
    """Whether a poll was answered with something that no repetition changes."""
    return 300 <= status < 500 and status not in (404, 408, 409, 410, 425, 429)
