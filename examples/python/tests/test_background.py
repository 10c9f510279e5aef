"""The rules of submit and await, with an ERP that gives set answers, on a clock that moves only by waits."""

import asyncio
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from background import (
    Accepted,
    Background,
    Expired,
    Failed,
    InMemory,
    Operation,
    Poll,
    Refused,
    SQLite,
    Submitted,
    Succeeded,
    Uncertain,
    Unclear,
    Unreadable,
)

ID = "2f6f0a57-3c43-4d0e-9d0b-6c1f1d3a7b10"
ROOT = "https://erp.test/api"
HOUR = 3600.0
OPERATION = Operation(ID, accepted_at=0)
CREATE = {"method": "post", "url": "/v2/customerinvoice", "headers": {"erp-api-background": "none"}, "json": {}}

Answer = httpx.Response | Exception
Make = Callable[[], Answer]


def says(status: int, json: object = None, **headers: str) -> Make:
    """An answer; its headers are given with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if json is None:
        return lambda: httpx.Response(status, headers=named)
    return lambda: httpx.Response(status, headers=named, json=json)


def raw(status: int, body: bytes, content_type: str = "") -> Make:
    return lambda: httpx.Response(status, content=body, headers={"Content-Type": content_type} if content_type else {})


ACCEPTED = says(202, {"id": ID})
STARTED = says(200, {"id": ID, "status": "Started", "statusCode": 0})
FINISHED = says(200, {"id": ID, "status": "Finished", "statusCode": 200})
WITH_CONTENT = says(200, {"id": ID, "status": "Finished", "statusCode": 200, "hasResponseContent": True})


class Erp(httpx.AsyncBaseTransport):
    """Gives its answers one after the other, the last one for ever."""

    def __init__(self, *answers: Make, **settings: Any) -> None:
        self.answers = list(answers)
        self.time = 0.0
        self.calls: list[tuple[str, float]] = []
        self.authorizations: list[str] = []
        poll = Poll(first=1, factor=2, longest=60)
        self.background = Background(ROOT, poll=poll, clock=self, transport=self, **settings)

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.time += seconds

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.calls.append((f"{request.method} {request.url}", self.time))
        self.authorizations.append(request.headers.get("authorization", ""))
        answer = (self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def submit(self, key: str = "order-1") -> Any:
        return asyncio.run(self.background.submit(key, CREATE))

    def wait(self, operation: Operation = OPERATION) -> Any:
        return asyncio.run(self.background.wait(operation))


class Broken(httpx.AsyncByteStream):
    """A body that breaks off."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield f'{{"id":"{ID}","sta'.encode()
        raise httpx.RemoteProtocolError("peer closed connection")


class Hanging(httpx.AsyncByteStream):
    """A body that never ends."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield f'{{"id":"{ID}","sta'.encode()
        await asyncio.Event().wait()


def test_a_202_that_hangs_behind_its_id_is_accepted() -> None:
    erp = Erp(lambda: httpx.Response(202, stream=Hanging()), timeout=0.01)
    assert erp.submit() == Accepted(OPERATION)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        pytest.param(lambda: httpx.ReadError("reset"), Uncertain, id="a connection that broke"),
        pytest.param(lambda: httpx.ReadTimeout(""), Uncertain, id="no answer"),
        pytest.param(lambda: httpx.ConnectError("refused"), Refused, id="no connection"),
        pytest.param(lambda: httpx.Response(202, stream=Broken()), Accepted, id="a 202 that broke off behind its id"),
        pytest.param(lambda: httpx.Response(200, stream=Broken()), Uncertain, id="a 200 that broke off"),
        pytest.param(says(201, {"number": 1}), Succeeded, id="an answer at once"),
        pytest.param(says(299), Succeeded, id="a status that nobody has a name for"),
        pytest.param(says(307, location="https://elsewhere.test/"), Refused, id="a redirect"),
        pytest.param(raw(200, b"<html>"), Uncertain, id="a page of a proxy"),
        pytest.param(says(503, retry_after="5"), Uncertain, id="503"),
        pytest.param(says(400, {"message": "no"}), Refused, id="400"),
    ],
)
def test_what_an_answer_means_and_that_none_of_these_is_sent_twice(answer: Make, outcome: type) -> None:
    erp = Erp(answer)
    assert type(erp.submit()) is outcome
    assert erp.calls == [(f"POST {ROOT}/v2/customerinvoice", 0)]


def test_a_429_was_not_taken_so_it_is_waited_out_and_sent_again() -> None:
    erp = Erp(says(429, retry_after="120"), says(429), ACCEPTED)
    assert isinstance(erp.submit(), Accepted)
    assert [at for _, at in erp.calls] == [0, 120, 180]


def test_a_submit_that_is_given_up_during_a_limit_was_not_taken_and_may_be_made_again() -> None:
    erp = Erp(says(429), ACCEPTED)

    async def play() -> object:
        submit = asyncio.create_task(erp.background.submit("order-1", CREATE))
        while not erp.calls:  # noqa: ASYNC110
            await asyncio.sleep(0)
        submit.cancel()
        await asyncio.wait([submit])
        assert submit.cancelled()
        return await erp.background.submit("order-1", CREATE)

    assert isinstance(asyncio.run(play()), Accepted)


def test_a_redirect_of_polls_to_another_host_is_not_followed_and_told_of_when_it_goes_on() -> None:
    erp = Erp(says(302, location="https://elsewhere.test/v1/background/1"))
    assert isinstance(erp.wait(), Unreadable)
    assert {call for call, _ in erp.calls} == {f"GET {ROOT}/v1/background/{ID}"}


def test_a_401_was_not_taken_so_it_is_sent_once_more_with_a_new_token() -> None:
    made: list[bool] = []

    async def token(renew: bool) -> str:
        made.append(renew)
        return f"t{sum(made)}"

    erp = Erp(says(401), token=token)
    assert erp.submit() == Refused("", 401)
    assert erp.authorizations == ["Bearer t0", "Bearer t1"]


def test_a_key_is_sent_once_and_again_only_after_it_was_refused() -> None:
    erp = Erp(says(400), ACCEPTED)
    assert isinstance(erp.submit(), Refused)

    async def at_once() -> list[object]:
        return list(await asyncio.gather(*(erp.background.submit("order-1", CREATE) for _ in range(3))))

    assert [type(one) for one in asyncio.run(at_once())] == [Accepted] * 3
    assert len(erp.calls) == 2


def test_a_journal_outlives_the_process_and_knows_what_was_being_sent(tmp_path: Path) -> None:
    class Killed(BaseException):
        pass

    def kill() -> Answer:
        raise Killed  # the process ends before there is an answer

    with pytest.raises(Killed):
        Erp(kill, journal=SQLite(tmp_path / "journal")).submit("order-1")
    before = Erp(raw(200, b"[1.10]", "application/json"), journal=SQLite(tmp_path / "journal")).submit("order-2")

    erp = Erp(ACCEPTED, journal=SQLite(tmp_path / "journal"))
    assert isinstance(erp.submit("order-1"), Uncertain)
    assert erp.submit("order-2") == before
    assert erp.calls == []
    first, again = erp.submit("order-3"), Erp(ACCEPTED, journal=SQLite(tmp_path / "journal")).submit("order-3")
    assert again == first == Accepted(OPERATION)


def test_an_id_is_told_even_if_it_cannot_be_written_down() -> None:
    class Full(InMemory):
        async def put(self, key: str, submitted: Submitted) -> None:
            if isinstance(submitted, Accepted):
                raise OSError("the disk is full")

    with pytest.raises(OSError, match="full") as told:
        Erp(ACCEPTED, journal=Full()).submit()
    assert ID in told.value.__notes__[0]


def test_nothing_but_a_state_ends_a_wait_and_all_pauses_are_kept() -> None:
    erp = Erp(
        says(503, retry_after="30"),
        says(429),
        lambda: httpx.ReadError("reset"),
        raw(502, b"<html>502</html>"),
        says(404),
        says(302, location="https://elsewhere.test/v1/background/1"),
        says(302, location="http://["),
        says(401),
        says(200, {"id": "another", "status": "Finished", "statusCode": 200}),
        says(200, {"status": "Sleeping"}),
        says(200, {"id": ID, "status": "Started"}, retry_after="100"),
        says(200, {"id": ID, "status": "Finished", "statusCode": 204}),
    )
    assert erp.wait() == Succeeded(204)
    assert {call for call, _ in erp.calls} == {f"GET {ROOT}/v1/background/{ID}"}
    times = [0, *(at for _, at in erp.calls)]
    assert [b - a for a, b in pairwise(times)] == [1, 30, 60, 8, 16, 32, 60, 60, 60, 60, 60, 100]


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        ({"status": "Finished", "statusCode": 200}, Succeeded),
        ({"status": "finished", "statusCode": "201"}, Succeeded),
        ({"status": "Finished", "statusCode": 400, "errorMessage": None}, Failed),
        ({"status": "Finished", "statusCode": 302}, Failed),
        ({"status": "Failed", "statusCode": 200, "errorMessage": "no worker"}, Failed),
        ({"status": "Completed", "statusCode": 200, "finishedUtc": "2026-09-01T08:00:00"}, Unclear),
        ({"status": "Finished", "finishedUtc": "2026-09-01T08:00:00"}, Unclear),
    ],
    ids=str,
)
def test_only_finished_with_a_2xx_is_success(state: dict[str, object], outcome: type) -> None:
    erp = Erp(says(200, {"id": ID, **state}))
    assert type(erp.wait()) is outcome
    assert outcome is not Unclear or erp.time > HOUR / 6


def test_the_body_of_an_action_tells_whether_it_succeeded() -> None:
    erp = Erp(WITH_CONTENT, says(200, {"actionResult": "Failed", "errorInfo": "It is on hold."}))
    end = erp.wait(Operation(ID, 0, action=True))
    assert isinstance(end, Failed)
    assert end.message == "It is on hold."


def test_what_is_missing_has_expired_once_its_day_is_over_and_not_before() -> None:
    erp = Erp(says(404))
    assert isinstance(erp.wait(), Expired)
    assert 24 * HOUR <= erp.time <= 24 * HOUR + 60


def test_a_404_after_a_day_is_no_end_if_a_state_follows() -> None:
    assert Erp(says(404), says(404), FINISHED).wait(Operation(ID, accepted_at=-48 * HOUR)) == Succeeded(200)


def test_a_pause_is_kept_by_every_call() -> None:
    erp = Erp(says(503, retry_after="50"), FINISHED)
    assert isinstance(erp.submit(), Uncertain)
    assert erp.wait() == Succeeded(200)
    assert [at for _, at in erp.calls] == [0, 50]


def test_an_erp_that_keeps_refusing_to_tell_is_told_of() -> None:
    erp = Erp(says(403, {"message": "not yours"}))
    assert erp.wait() == Unreadable(403, "not yours")
    assert HOUR / 6 < erp.time < HOUR / 3


def test_content_is_read_until_it_is_whole() -> None:
    erp = Erp(
        WITH_CONTENT,
        says(503),
        says(204),
        raw(200, b'[{"amount": 12', "application/json"),
        raw(200, b"<html>Sign in</html>", "text/html"),
        raw(200, b'\xef\xbb\xbf[{"amount": 12345678901234567890.10}]', "application/json"),
    )
    end = erp.wait()
    assert end.content.json() == [{"amount": Decimal("12345678901234567890.10")}]


@pytest.mark.parametrize(
    ("status", "note"),
    [
        (404, "its content could not be read, although its state tells of some"),
        (410, "its content is gone"),
    ],
)
def test_content_that_is_gone_is_told_of(status: int, note: str) -> None:
    assert Erp(WITH_CONTENT, says(status)).wait() == Succeeded(200, note=note)


def test_a_wait_that_was_given_up_can_begin_again() -> None:
    erp = Erp(STARTED, FINISHED)

    async def give_up() -> None:
        async with asyncio.timeout(0):
            await erp.background.wait(OPERATION)

    with pytest.raises(TimeoutError):
        asyncio.run(give_up())
    assert erp.wait() == Succeeded(200)


def test_a_notification_wakes_a_wait_also_one_that_begins_after_it_and_proves_nothing() -> None:
    erp = Erp(STARTED, STARTED, STARTED, FINISHED)
    sleeping: asyncio.Queue[float] = asyncio.Queue()

    async def sleep(seconds: float) -> None:
        await sleeping.put(seconds)
        await asyncio.Event().wait()

    erp.sleep = sleep  # type: ignore[method-assign]

    async def play() -> object:
        erp.background.notified(ID)  # before the 202 was read
        end = asyncio.create_task(erp.background.wait(OPERATION))
        pauses = [await sleeping.get()]
        for told in ("another", ID, ID):  # early: it has not ended
            erp.background.notified(told)
            if told == ID:
                pauses.append(await sleeping.get())
        assert pauses == [1, 1, 1]  # short again each time
        erp.background.notified(ID)
        return await end

    assert asyncio.run(asyncio.wait_for(play(), 30)) == Succeeded(200)
    assert len(erp.calls) == 4


@pytest.mark.parametrize(
    "request_",
    [
        {"method": "post", "url": "/v2/customerinvoice"},
        {"method": "post", "url": "@elsewhere.test/", "headers": {"erp-api-background": "none"}},
    ],
    ids=["without the header it would run at once", "not below the root it would take the token elsewhere"],
)
def test_a_request_that_is_a_mistake_is_not_sent(request_: dict[str, Any]) -> None:
    erp = Erp(ACCEPTED)
    with pytest.raises(ValueError, match="submit: "):
        asyncio.run(erp.background.submit("order-1", request_))
    assert erp.calls == []
