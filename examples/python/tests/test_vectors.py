"""openapi/vectors holds what comes over the wire, and what is to be made of it, for all languages alike."""

import base64
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from background import judge, read, state, webhook

VECTORS = Path(__file__).parents[3] / "openapi" / "vectors"


def vectors(file: str) -> pytest.MarkDecorator:
    cases = json.loads((VECTORS / f"{file}.json").read_text())["cases"]
    assert len(cases) > 9
    return pytest.mark.parametrize("case", cases, ids=[case["name"] for case in cases])


def body_of(given: dict[str, Any], name: str = "body") -> bytes:
    encoded = given.get(f"{name}Base64")
    return base64.b64decode(encoded) if encoded else (given.get(name) or "").encode()


@vectors("times")
def test_times(case: dict[str, Any]) -> None:
    wanted = case["want"].get("time")
    # Python's times have six digits of a fraction.
    assert read.time(case["input"]) == (datetime.fromisoformat(wanted[:26].rstrip("Z") + "Z") if wanted else None)


@vectors("states")
def test_states(case: dict[str, Any]) -> None:
    got, want = state.parse(read.text(body_of(case, "input"))), case["want"]
    if want["verdict"] == "unreadable":
        assert got is None
        return
    assert got is not None
    times = {name: datetime.fromisoformat(want[name]) if want[name] else None for name in want if name.endswith("Utc")}
    assert (got.received, got.started, got.finished) == tuple(times.values())
    assert (got.verdict.value, got.id, got.status) == (want["verdict"], want["id"], want["status"])
    assert (got.status_code, got.has_content) == (want["statusCode"], want["hasContent"])
    assert got.error_message == want["errorMessage"]
    assert got.headers == want.get("headers", got.headers)


@vectors("answers")
def test_answers(case: dict[str, Any]) -> None:
    given, want = case["input"], case["want"]
    got = judge.judge(read.Answer(given["status"], httpx.Headers(given.get("headers")), body_of(given)))
    assert (got.verdict.value, got.id) == (want["outcome"], want.get("id"))


@vectors("errors")
def test_errors(case: dict[str, Any]) -> None:
    assert read.message(read.text(body_of(case, "input"))) == (case["want"]["message"], case["want"].get("faultCode"))


@vectors("retry-after")
def test_retry_after(case: dict[str, Any]) -> None:
    given = case["input"]
    named = {"Retry-After": given.get("retryAfter"), "Date": given.get("date")}
    headers = httpx.Headers({name: value for name, value in named.items() if value is not None})
    now = datetime.fromisoformat(given["now"]).timestamp()
    assert read.retry_after(headers, now) == case["want"]["seconds"]


@vectors("signatures")
def test_signatures(case: dict[str, Any]) -> None:
    given, want = case["input"], case["want"]
    got = webhook.signed_by(given["keys"], body_of(given), given["signature"])
    assert got == (want["key"] if want["valid"] else -1)


@vectors("notifications")
def test_notifications(case: dict[str, Any]) -> None:
    id, code = webhook.notification(read.text(body_of(case, "input")))
    assert id == case["want"]["id"]
    assert id is None or code == case["want"]["statusCode"]


@vectors("header-build")
def test_header_build(case: dict[str, Any]) -> None:
    given = case["input"]

    def build() -> str:
        match given["mode"]:
            case "url":
                return webhook.to_url(given["url"])
            case "subscription":
                return webhook.to_subscription(given["pairs"])
        return "none"

    if case["want"].get("refused"):
        with pytest.raises(ValueError, match="want"):
            build()
    else:
        assert build() == case["want"]["header"]
