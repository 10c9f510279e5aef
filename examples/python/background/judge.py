"""What an answer says to a request that was to run in the background."""

import re
from dataclasses import dataclass
from enum import Enum

from . import exact, read
from .read import Answer


class Verdict(Enum):
    ACCEPTED = "accepted"
    FOREGROUND = "foreground"  # it ran at once
    REFUSED = "refused"
    UNAUTHORIZED = "unauthorized"  # not taken; once more with a fresh token
    LIMITED = "limited"  # not taken; later
    UNCERTAIN = "uncertain"  # it may have been taken: never to be sent again


@dataclass(frozen=True)
class Judgement:
    verdict: Verdict
    id: str | None = None  # of what was accepted
    why: str = ""  # it is uncertain


def judge(answer: Answer) -> Judgement:
    """Judges an answer to a submit.

    A 202 is read as far as its body goes, for its id is the only way to the outcome. A page of HTML, a part of a body
    or JSON that ends in the middle is nobody's answer: a proxy may have spoken.
    """
    status, body = answer.status, answer.text
    if status == 202:
        if id := _accepted_id(answer, body):
            return Judgement(Verdict.ACCEPTED, id)
        return Judgement(Verdict.UNCERTAIN, why="answered 202 without a readable id")
    if 200 <= status < 400 and (id := _queued_id(answer, body)):
        return Judgement(Verdict.ACCEPTED, id)
    if 200 <= status < 300:
        why = not_whole(answer, body) or ("answered with a page of HTML" if is_page(answer, body) else "")
        return Judgement(Verdict.UNCERTAIN, why=why) if why else Judgement(Verdict.FOREGROUND)
    if status == 401:
        return Judgement(Verdict.UNAUTHORIZED)
    if status == 429:
        return Judgement(Verdict.LIMITED)
    if status == 408 or status >= 500 or status < 200:
        return Judgement(Verdict.UNCERTAIN, why=f"answered {status}")
    return Judgement(Verdict.REFUSED)


def _accepted_id(answer: Answer, body: str) -> str | None:
    """The id in a 202: in its body, which may be broken, else in an address that it names."""
    known = read.fields(body) or _pieces(body)
    return (
        read.identifier(known.get("id"))
        or read.identifier(known.get("jobid"))
        or read.id_in(known.get("statelocation"))
        or read.id_in(answer.headers.get("location"))
        or read.guid(body.strip().strip('"'))
    )


def _queued_id(answer: Answer, body: str) -> str | None:
    """The id of an answer that names a state although its status does not say so: a proxy gave it another one."""
    known = read.fields(body) or {}
    at = read.id_in(known.get("statelocation")) or read.id_in(answer.headers.get("location"))
    return at and (read.identifier(known.get("id")) or read.identifier(known.get("jobid")) or at)


def _pieces(body: str) -> read.Fields:
    """The members at the beginning of JSON that ends in the middle, before anything is nested in it."""
    flat = re.split(r"[{\[]", body.lstrip().removeprefix("{"), maxsplit=1)[0]
    members = re.findall(r'"(\w+)"\s*:\s*(?:"([^"\\]*)"|(\d+)(?=\s*[,}]))', flat)
    return {name.lower(): word or digits for name, word, digits in members}


def not_whole(answer: Answer, body: str) -> str:
    """Why a body is not all of an answer, or nothing."""
    if answer.broken:
        return "the body of the answer broke off"
    if answer.status == 206 or "content-range" in answer.headers:
        return "answered with a part of a body"
    if body.lstrip()[:1] in ("{", "[") and _says_json(answer.content_type):
        try:
            exact.loads(body)
        except ValueError:
            return "answered with JSON that cannot be read"
    return ""


def _says_json(content_type: str) -> bool:
    return not content_type or bool(re.search(r"json|^text/(plain|html|xml)|octet-stream", content_type, re.IGNORECASE))


def is_page(answer: Answer, body: str) -> bool:
    """Whether a body is a page of HTML, by its first bytes or by its declared type."""
    start = re.sub(r"^\s*((<\?xml[^>]*\?>|<!--.*?-->)\s*)*", "", body[:4096], count=1, flags=re.DOTALL)
    if re.match(r"<(!doctype html|html|head|body|title|meta|script)[\s/>]", start, re.IGNORECASE):
        return True
    html = answer.content_type.lower().startswith(("text/html", "application/xhtml"))
    return html and start[:1] not in ("{", "[", "")
