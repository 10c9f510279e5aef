"""Notifications: how to ask for them, and how to receive them."""

import base64
import hashlib
import hmac
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from . import read

Pairs = Sequence[tuple[str, str]]

_RESERVED = re.compile(
    r"x-vwd-.*|content-.*|host|authorization|connection|transfer-encoding|te|trailer|upgrade|keep-alive|proxy-.*",
    re.IGNORECASE,
)


def to_url(address: str) -> str:
    """The value of `erp-api-background` that has a notification posted there. Keep a secret part in its path."""
    url = urlsplit(address)
    here = url.hostname in ("127.0.0.1", "::1", "localhost")
    fine = url.scheme == "https" or (url.scheme == "http" and here)
    if not fine or not url.hostname or url.username is not None or not re.fullmatch(r"[!-~]+", address):
        raise ValueError("the address of a webhook: want https://, without a user and without blanks")
    return address


def to_subscription(pairs: Pairs = ()) -> str:
    """The value of `erp-api-background` that has the subscription of the application notified.

    Each pair comes back as a header of the notification, unsigned: it may help to find your order, and proves nothing.
    """
    names = set()
    for name, value in pairs:
        if not re.fullmatch(r"[a-zA-Z0-9-]+", name) or _RESERVED.fullmatch(name) or name.lower() in names:
            raise ValueError(
                f"the pair {name!r} of a subscription: want names of letters, digits and dashes, each once, "
                "and none that HTTP or the sender uses"
            )
        if not re.fullmatch(r"[!-~]([ -~]*[!-~])?", value) or "," in value:
            raise ValueError(f"the pair {name!r} of a subscription: want a value of visible ASCII without commas")
        names.add(name.lower())
    return "subscription" + (":" + ",".join(f"{name}={value}" for name, value in pairs) if pairs else "")


def signed_by(keys: Sequence[str], body: bytes, signature: str | None) -> int:
    """Which of the keys has signed a body, -1 for none. Verify the bytes that came, before anything is read of them."""
    given = (signature or "").strip().encode()
    for i, key in enumerate(keys):
        own = base64.b64encode(hmac.digest(key.encode(), body, hashlib.sha256))
        if key and hmac.compare_digest(own, given):
            return i
    return -1


def notification(body: str) -> tuple[str | None, int]:
    """The id and the status code that a notification tells; 0 for none.

    The id is a hint: read the state of the operation before you believe anything.
    """
    outer = read.fields(body) or {}
    id, code = _told(outer)
    if id and (code or outer.get("statelocation") or outer.get("contentlocation")):
        return id, code
    for name in ("data", "payload", "body"):  # an envelope
        inner_id, inner_code = _told(read.lowered(outer.get(name)) or {})
        if inner_id:
            return inner_id, inner_code or code
    return id, code


def _told(known: read.Fields) -> tuple[str | None, int]:
    named = (read.guid(known.get(name)) for name in ("id", "jobid", "referenceid", "reference"))
    located = (read.guid(read.id_in(known.get(name))) for name in ("statelocation", "contentlocation"))
    id = next((one for one in (*named, *located) if one), None)
    return id, read.status_code(known.get("statuscode"), 100)


@dataclass(frozen=True)
class Hook:
    """Where notifications are received: verified, stored, and only then acknowledged."""

    path: str
    """In URL mode, where nothing is signed, it has to hold a secret."""
    store: Callable[[str, str], None]
    """Stores the id (empty if none was found) and the body of a notification, which may come many times. Returns once
    they cannot get lost, and raises if they may be."""
    keys: Sequence[str] | None = None
    """The keys of the subscription, the newest first; None where nothing is signed."""

    def receive(self, body: bytes, signature: str | None) -> int:
        """Takes the body as it came and the header x-vwd-signature-v1, and returns the status to answer with.

        What gets a 2xx never comes again, anything else does.
        """
        if self.keys is not None and signed_by(self.keys, body, signature) < 0:
            return 401
        text = read.text(body)
        try:
            self.store(notification(text)[0] or "", text)
        except Exception:
            logging.getLogger(__name__).exception("a notification could not be stored, and comes again")
            return 503
        return 202


_LARGEST = 1 << 20  # bytes of a notification


def handler(*hooks: Hook) -> type[BaseHTTPRequestHandler]:
    """Hooks for http.server. In another framework call `receive` with the bytes of the body."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 30  # of a sender that stops in the middle

        def do_POST(self) -> None:
            self.send_response(self._receive())
            self.send_header("Content-Length", "0")
            self.send_header("Connection", "close")
            self.end_headers()

        def _receive(self) -> int:
            hook = next((hook for hook in hooks if hook.path == self.path.split("?")[0]), None)
            if not hook:
                return 404
            length = self.headers.get("Content-Length", "")
            if not re.fullmatch(r"[0-9]{1,9}", length):
                return 411
            if int(length) > _LARGEST:
                return 413
            body = self.rfile.read(int(length))
            return hook.receive(body, self.headers.get("x-vwd-signature-v1")) if len(body) == int(length) else 400

        def log_message(self, format: str, *args: object) -> None:
            logging.getLogger(__name__).debug(format, *args)

    return Handler
