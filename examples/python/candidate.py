"""Lets `erpmock conformance` hold this client and this receiver to the rules.

docs/conformance.md says what is read and written here. It is no part of what you would copy, but for how it puts the
parts together.
"""

import asyncio
import base64
import contextlib
import json
import os
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

import background
from background import Background, Poll, SQLite
from background.calls import Clock, RealClock
from background.inbox import Inbox
from background.token import Credentials, Tokens
from background.webhook import Hook, handler, to_subscription, to_url

Step = dict[str, Any]
Said = dict[str, Any]

CAN = ["url", "subscription", "keys", "resume", "credentials", "actions", "clock", "storeFault"]


def env(name: str) -> str:
    return os.environ.get(f"BACKGROUND_{name}", "")


def file(name: str) -> Path:
    """A file that outlives the process; where only the first line is asked for there is no directory for it."""
    return Path(env("DIR")) / name if env("DIR") else Path(":memory:")


def write(line: Said) -> None:
    print(json.dumps(line), flush=True)


def listen(*hooks: Hook) -> None:
    """Receives notifications, and says in the first line where."""
    server = ThreadingHTTPServer(("127.0.0.1", int(env("WEBHOOK_PORT"))), handler(*hooks))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    webhook = f"http://127.0.0.1:{server.server_port}/hook"
    write({"protocol": 1, "name": "python", "roles": ["client", "receiver"], "can": CAN, "webhook": webhook})


async def play(answer: Callable[[Step], Awaitable[Said]]) -> None:
    while line := await asyncio.to_thread(sys.stdin.readline):
        step = json.loads(line)
        try:
            said = await answer(step)
        except Exception as e:
            said = {"error": repr(e)}
        write({"step": step["step"], **said})


async def play_receiver() -> None:
    inbox = Inbox(file("inbox"))
    works = True

    def store(id: str, body: str) -> None:
        if not works:
            raise OSError("the store does not work")
        inbox.store(id, body)

    async def answer(step: Step) -> Said:
        nonlocal works
        if step["do"] == "list":
            return {"notifications": [{"id": id} for id in inbox.ids()]}
        works = step["works"]
        return {}

    listen(Hook("/hook", store, keys_from_env()))
    await play(answer)


async def play_client() -> None:
    virtual = VirtualClock(int(env("CLOCK_START")) / 1000) if env("CLOCK") == "virtual" else None
    journal = SQLite(file("journal"))
    first = int(env("POLL_MS")) / 1000
    client = Background(
        env("URL"),
        token_from_env,
        journal=journal,
        poll=Poll(first, 1.5, 4 * first),
        timeout=int(env("CALL_TIMEOUT_MS")) / 1000,
        clock=virtual or RealClock(),
        transport=Timed(virtual) if virtual else None,
    )
    inbox, loop = Inbox(file("inbox")), asyncio.get_running_loop()

    def store(id: str, body: str) -> None:
        inbox.store(id, body)
        loop.call_soon_threadsafe(client.notified, id)

    secret = f"/hook/{env('SECRET')}"
    address = f"http://127.0.0.1:{env('WEBHOOK_PORT')}{secret}"
    notify = {"none": "none", "url": to_url(address), "subscription": to_subscription()}

    async def answer(step: Step) -> Said:
        if step["do"] == "submit":
            submitted = await client.submit(step["key"], request_of(step, notify[step["notify"]]))
            if isinstance(submitted, background.Accepted):
                return {"outcome": "pending", "id": submitted.operation.id}
            return told(submitted)
        known = journal.get(step["key"])
        if known is None:
            raise ValueError(f"nothing was submitted with the key {step['key']}")
        if not isinstance(known, background.Accepted):
            return told(known)
        try:
            async with virtual.timeout(step["timeoutMs"]) if virtual else asyncio.timeout(step["timeoutMs"] / 1000):
                return told(await client.wait(known.operation))
        except TimeoutError:
            return {"outcome": "pending"}

    async with client:
        listen(Hook("/hook", store, keys_from_env()), Hook(secret, store))
        await play(answer)


def request_of(step: Step, notify: str) -> dict[str, Any]:
    """The request of a step, as generated code would describe it; its path and its body are texts."""
    headers = {"erp-api-background": notify}
    if "contentType" in step:
        headers["Content-Type"] = step["contentType"]
    request = {"method": step["method"], "url": step["path"], "headers": headers}
    return request | ({"content": step["body"]} if "body" in step else {})


def told(end: background.Submitted | background.Ended) -> Said:
    """An outcome in the words of the protocol."""
    match end:
        case background.Succeeded() | background.Failed():
            said: Said = {"outcome": type(end).__name__.lower(), "statusCode": end.status_code}
            if content := end.content:
                said["contentType"] = content.type
                if "json" in content.type.lower():
                    said["body"] = content.text
                else:
                    said["bodyBase64"] = base64.b64encode(content.body).decode()
            return said
        case background.Refused(message, code):
            return {"outcome": "refused", "message": message} | ({"statusCode": code} if code else {})
        case background.Expired(message):
            return {"outcome": "expired", "message": message}
        case background.Uncertain(message) | background.Unclear(message=message):
            return {"outcome": "uncertain", "message": message}
        case background.Unreadable(message=message):
            return {"outcome": "pending", "message": message}
    raise TypeError(end)


def keys_from_env() -> list[str]:
    return [key for key in env("SIGNING_KEYS").split(",") if key]


tokens = Tokens(
    Credentials(env("TOKEN_URL"), env("CLIENT_ID"), env("CLIENT_SECRET"), env("TENANT_ID"), env("SCOPE")),
)


async def token_from_env(renew: bool) -> str:
    return await tokens(renew) if env("TOKEN_URL") else env("TOKEN")


class VirtualClock(Clock):
    """Time that moves only when somebody waits, and at once."""

    def __init__(self, start: float) -> None:
        self._now = start
        self._deadline: float | None = None

    def now(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        self._now += seconds
        if self._deadline is not None and self._now >= self._deadline:
            self._now = self._deadline
            raise TimeoutError

    @contextlib.asynccontextmanager
    async def timeout(self, ms: float) -> AsyncIterator[None]:
        self._deadline = self._now + ms / 1000
        try:
            yield
        finally:
            self._deadline = None


class Timed(httpx.AsyncHTTPTransport):
    """Tells with each call what time it is."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.headers["x-conformance-time"] = str(round(self._clock.now() * 1000))
        return await super().handle_async_request(request)


if __name__ == "__main__":
    asyncio.run(play_receiver() if env("ROLE") == "receiver" else play_client())
