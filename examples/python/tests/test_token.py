"""Tokens are asked for as rarely as they can be."""

import asyncio

import httpx
import pytest

from background.token import Credentials, Tokens

CREDENTIALS = Credentials("https://connect.test/connect/token", "id", "secret", "tenant", "scope")


class Endpoint(httpx.AsyncBaseTransport):
    """Gives tokens, t1 and so on, or what `answer` says."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer: httpx.Response | None = None
        self.expires_in: object = 3600

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)
        self.asked.append((await request.aread()).decode())
        return self.answer or httpx.Response(
            200, json={"access_token": f"t{len(self.asked)}", "expires_in": self.expires_in, "token_type": "Bearer"}
        )


def test_one_request_serves_all_who_wait_and_all_who_come_later() -> None:
    endpoint = Endpoint()

    async def play() -> list[str]:
        tokens, got = Tokens(CREDENTIALS, endpoint), []
        for renew in (False, True):
            got += await asyncio.gather(*(tokens(renew) for _ in range(3)))
            got.append(await tokens(False))
        return got

    assert asyncio.run(play()) == ["t1"] * 4 + ["t2"] * 4
    assert "client_secret=secret" in endpoint.asked[0]
    assert "tenant_id=tenant" in endpoint.asked[0]


def test_a_token_is_got_anew_before_it_runs_out() -> None:
    now = 0.0
    tokens = Tokens(CREDENTIALS, Endpoint(), lambda: now)
    assert asyncio.run(tokens(False)) == "t1"
    now = 3539
    assert asyncio.run(tokens(False)) == "t1"
    now = 3540
    assert asyncio.run(tokens(False)) == "t2"


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(400, json={"error": "invalid_client"}),
        httpx.Response(302, headers={"Location": "https://elsewhere.test/"}),
        httpx.Response(200, text="<html>Sign in</html>"),
    ],
    ids=["refused", "redirected", "a page"],
)
def test_what_is_no_token_is_told(answer: httpx.Response) -> None:
    endpoint = Endpoint()
    endpoint.answer = answer
    with pytest.raises(PermissionError, match=f"answered {answer.status_code}") as told:
        asyncio.run(Tokens(CREDENTIALS, endpoint)(False))
    assert "secret" not in str(told.value)
    assert len(endpoint.asked) == 1
