"""How calls end, in types that a `match` has to look at one by one."""

from dataclasses import dataclass, field
from typing import Any

from . import exact, read
from .read import Answer


@dataclass(frozen=True)
class Operation:
    """A call that the ERP has accepted. Keep it: with it anybody can wait for the outcome."""

    id: str
    accepted_at: float
    action: bool = False  # it is one of the ERP's actions, whose body tells whether it succeeded
    poll_from: float = 0  # the ERP asked not to be polled before


@dataclass(frozen=True)
class Content:
    """The body of an answer. Not each is JSON: look at `type`."""

    type: str
    body: bytes

    @property
    def text(self) -> str:
        return read.text(self.body, self.type)

    def json(self) -> Any:
        """The content as JSON, its numbers with all of their digits: int or Decimal. Raises ValueError for none."""
        return exact.loads(self.text)


@dataclass(frozen=True)
class Answered:
    """What the call was answered, in the background or at once."""

    status_code: int
    headers: dict[str, list[str]] = field(default_factory=dict)
    """Their names in lower case. The `location` of what was created ends in its number."""
    content: Content | None = None


@dataclass(frozen=True)
class Succeeded(Answered):
    """The call ended, and well: with `Finished` and a 2xx, or at once with a 2xx."""

    note: str = ""  # why there is no content, although the state told of some


@dataclass(frozen=True)
class Failed(Answered):
    """The call ended otherwise."""

    message: str = ""


@dataclass(frozen=True)
class Accepted:
    operation: Operation


@dataclass(frozen=True)
class Refused:
    """Certainly not taken: it may be submitted again."""

    message: str
    status_code: int | None = None


@dataclass(frozen=True)
class Uncertain:
    """Nobody knows whether it was taken. Never submit it again: look whether it is there."""

    message: str


@dataclass(frozen=True)
class Expired:
    """The ERP no longer knows the operation; look what became of it."""

    message: str


@dataclass(frozen=True)
class Unclear:
    """It ended in a way that nobody knows: look."""

    status_code: int
    message: str


@dataclass(frozen=True)
class Unreadable:
    """The ERP keeps refusing to tell: find out why, and wait again."""

    status_code: int
    message: str


Submitted = Accepted | Succeeded | Failed | Refused | Uncertain
"""What became of a submit; Succeeded or Failed if the call ran at once."""

Ended = Succeeded | Failed | Expired | Unclear | Unreadable
"""How an operation ended."""


def content_of(answer: Answer) -> Content | None:
    return Content(answer.content_type, answer.body) if answer.body else None


def ended(action: bool, answered: Answered, note: str = "") -> Succeeded | Failed:
    """What a 2xx means: success, unless an action's body says that it failed."""
    content = answered.content
    body = (read.fields(content.text) if action and content else None) or {}
    if read.scalar(body.get("actionresult")).lower() == "failed":
        message = read.scalar(body.get("errorinfo"))
        return Failed(answered.status_code, answered.headers, content, message)
    return Succeeded(answered.status_code, answered.headers, content, note)


def at_once(action: bool, answer: Answer) -> Succeeded | Failed:
    """What a 2xx means that came at once."""
    headers = {name.lower(): answer.headers.get_list(name) for name in answer.headers}
    return ended(action, Answered(answer.status, headers, content_of(answer)))
