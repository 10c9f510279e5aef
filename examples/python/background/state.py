"""What a state document says, and what that means."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from . import read


class Verdict(Enum):
    """Only `Finished` with a 2xx is success.

    UNCLEAR is an end of a kind that nobody knows: neither success nor failure, until a person looks.
    """

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class State:
    verdict: Verdict
    id: str | None
    status: str
    status_code: int  # that of the call itself; 0 until there is one
    has_content: bool
    error_message: str | None
    headers: dict[str, list[str]]  # of the call's answer, their names in lower case
    received: datetime | None
    started: datetime | None
    finished: datetime | None


def parse(json: str) -> State | None:
    """Reads a state document; None for anything that is none, after which one asks again."""
    known = read.fields(json)
    if known is None:
        return None
    status = read.scalar(known.get("status"))
    code = read.status_code(known.get("statuscode"), 200)
    finished = read.time(known.get("finishedutc"))
    if not status and not (finished and code):
        return None
    match status.lower():
        case "failed":
            verdict = Verdict.FAILED
        case "finished" if code:
            verdict = Verdict.SUCCEEDED if code < 300 else Verdict.FAILED
        case "finished":
            verdict = Verdict.UNCLEAR
        case _:
            verdict = Verdict.UNCLEAR if finished and code else Verdict.PENDING
    told = read.scalar(known.get("hasresponsecontent")).lower()
    ended = status.lower() in ("finished", "failed")
    return State(
        verdict=verdict,
        id=read.identifier(known.get("id")) or read.identifier(known.get("jobid")),
        status=status,
        status_code=code,
        has_content=told == "true" if told else ended and read.scalar(known.get("contentlocation")) != "",
        error_message=read.scalar(known.get("errormessage")) or None,
        headers=_headers(known.get("responseheaders")),
        received=read.time(known.get("receivedutc")),
        started=read.time(known.get("startedutc")),
        finished=finished,
    )


def _headers(value: object) -> dict[str, list[str]]:
    found = {}
    for name, one in (read.lowered(value) or {}).items():
        if texts := [t for t in map(read.scalar, one if isinstance(one, list) else [one]) if t]:
            found[name] = texts
    return found
