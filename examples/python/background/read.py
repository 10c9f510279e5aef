"""Reads what the ERP and its gateways write, in every form in which it is known to come.

Nothing here raises: what cannot be read is None, and the caller asks again or tells that it does not know.
"""

import contextlib
import email.utils
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx

from . import exact

Fields = dict[str, Any]
"""A JSON object, its names in lower case: the ERP has been seen with `id` and with `Id`."""


@dataclass(frozen=True)
class Answer:
    """An answer as it came, its body whole unless `broken`."""

    status: int
    headers: httpx.Headers
    body: bytes
    broken: bool = False  # the body ended before its end; what there is of it may still name an id

    @property
    def content_type(self) -> str:
        return str(self.headers.get("content-type", ""))

    @property
    def text(self) -> str:
        return text(self.body, self.content_type)


def text(body: bytes, content_type: str = "") -> str:
    """The body as text: a mark goes, a declared charset counts, and what is no UTF-8 is windows-1252."""
    declared = re.search(r"charset=\"?([\w-]+)", content_type, re.IGNORECASE)
    charset = declared[1].lower() if declared else "utf-8"
    if charset in ("utf-16", "utf16"):
        charset = "utf-16-be"
    if len(body) > 1 and (body[0] == 0) != (body[1] == 0):  # JSON begins with ASCII
        charset = "utf-16-be" if body[0] == 0 else "utf-16-le"
    for mark, marked in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if body.startswith(mark):
            body, charset = body[len(mark) :], marked
    for name in [charset] if charset.startswith("utf-16") else ["utf-8", charset]:
        with contextlib.suppress(UnicodeDecodeError, LookupError):
            return body.decode(name)
    return body.decode("windows-1252", "replace")


def fields(json: str) -> Fields | None:
    """The object in a JSON text. None also for a list, a page of HTML, and JSON that ends in the middle."""
    try:
        return lowered(exact.loads(json))
    except ValueError:
        return None


def lowered(value: object) -> Fields | None:
    return {name.lower(): one for name, one in value.items()} if isinstance(value, dict) else None


def scalar(value: object) -> str:
    """A text, number or boolean as text; of anything else nothing."""
    match value:
        case bool():
            return str(value).lower()
        case str() | int() | Decimal():
            return str(value).strip()
    return ""


def identifier(value: object) -> str | None:
    """An id in the form in which paths have it: a GUID in any of its forms, else letters and digits."""
    plain = scalar(value)
    if not re.fullmatch(r"[\w-]{1,128}|\{[\w-]+\}", plain, re.ASCII) or not plain.strip("0{}-"):
        return None
    return guid(plain) or (None if plain.startswith("{") else plain)


def guid(value: object) -> str | None:
    """A GUID in lower case with dashes."""
    parts = re.fullmatch(r"\{?(.{8})-?(.{4})-?(.{4})-?(.{4})-?(.{12})\}?", scalar(value))
    found = "-".join(parts.groups()).lower() if parts else ""
    return found if re.fullmatch(r"[0-9a-f-]{36}", found) and found.count("-") == 4 and found.strip("0-") else None


def id_in(address: object) -> str | None:
    """The id in the address of a state or of its content. Only the id is taken: addresses may name other hosts."""
    at = re.match(r"[^?#]*/background/([^/?#]+)", scalar(address), re.IGNORECASE)
    return identifier(at[1]) if at else None


def time(value: object) -> datetime | None:
    """A time with an offset, with `Z` or without a zone, which is UTC. None for none, and for .NET's year one."""
    form = r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d:\d\d)(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?"
    parts = re.fullmatch(form, scalar(value), re.ASCII)
    if not parts or parts[1].startswith("0001"):
        return None
    day, clock, fraction, zone = parts.groups()
    try:
        return datetime.fromisoformat(f"{day}T{clock or '00:00:00'}{(fraction or '')[:7]}{zone or 'Z'}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def retry_after(headers: httpx.Headers, now: float) -> float | None:
    """For how many seconds the answer asks to wait, between a second and an hour."""
    waits = []
    for value in headers.get_list("retry-after"):
        if date := _date(value):
            waits.append(date - (_date(headers.get("date", "")) or now))  # a date counts by the clock that wrote it
        else:
            waits += numbers(value)
    return bounded(max(waits)) if waits else None


def limit_reset(headers: httpx.Headers, now: float) -> float | None:
    """In how many seconds the limit on calls ends; the old gateway told it in seconds since 1970."""
    ends = numbers(headers.get("x-ratelimit-reset", ""))
    return bounded(ends[0] - now if ends[0] > 1e9 else ends[0]) if ends else None


def numbers(values: str) -> list[float]:
    found = (one.strip() for one in values.split(","))
    return [float(one) for one in found if re.fullmatch(r"\d{1,99}(\.\d+)?", one, re.ASCII)]


def bounded(seconds: float) -> float:
    return min(max(seconds, 1), 3600)


def _date(value: str) -> float | None:
    if not re.search(r"\d:\d\d", value):
        return None
    with contextlib.suppress(ValueError, OverflowError):
        return email.utils.parsedate_to_datetime(value).timestamp()
    return None


_told = (
    *("message", "value", "text", "title", "error", "error_description", "exceptionmessage", "messagedetail"),
    *("detail", "errormessage", "errorinfo", "modelstate", "errors", "innerexception"),
)


def message(body: str) -> tuple[str, str | None]:
    """What an error body says to people, in one line, and the old gateway's code of the fault."""
    known = fields(body)
    if known is None:
        return _cut(_line(body), 300), None
    fault = scalar(known.get("exceptionfaultcode")) or scalar(known.get("faultcode"))
    return "; ".join(dict.fromkeys(_sentences(known))), fault or None


def _sentences(value: object, depth: int = 0) -> Iterator[str]:
    if depth > 6:
        return
    match value:
        case str():
            if line := _line(value):
                yield _cut(line, 2000)
        case list():
            for one in value:
                yield from _sentences(one, depth + 1)
        case dict():
            known = lowered(value) or {}
            for name in _told if depth == 0 or any(name in known for name in _told) else known:
                yield from _sentences(known.get(name), depth + 1)


def _line(value: str) -> str:
    return " ".join(value.split())


def _cut(value: str, most: int) -> str:
    return value[:most] + "…" if len(value) > most else value


def status_code(value: object, least: int) -> int:
    """The status of an HTTP answer in a JSON value, or 0."""
    try:
        code = float(scalar(value))
    except ValueError:
        return 0
    return int(code) if math.isfinite(code) and least <= code <= 999 else 0
