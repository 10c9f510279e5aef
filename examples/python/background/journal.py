"""What became of each submit, by its key."""

import asyncio
import base64
import json
import sqlite3
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from .outcome import Accepted, Content, Failed, Operation, Refused, Submitted, Succeeded, Uncertain


class Journal(Protocol):
    """A table of your database does as well as what is here."""

    def get(self, key: str) -> Submitted | None: ...

    async def put(self, key: str, submitted: Submitted) -> None:
        """Returns once it cannot get lost."""


class InMemory:
    """Forgets everything with the process."""

    def __init__(self) -> None:
        self._known: dict[str, Submitted] = {}

    def get(self, key: str) -> Submitted | None:
        return self._known.get(key)

    async def put(self, key: str, submitted: Submitted) -> None:
        self._known[key] = submitted


class SQLite:
    """Keeps the journal in a file, for one process at a time.

    A submit is on the disk before it is sent; what was being sent when the process ended is found there as Uncertain.
    """

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, check_same_thread=False)  # which syncs each commit to the disk
        with self._db:
            self._db.execute("CREATE TABLE IF NOT EXISTS submits (key TEXT PRIMARY KEY, submitted TEXT NOT NULL)")

    def close(self) -> None:
        self._db.close()

    def get(self, key: str) -> Submitted | None:
        row = self._db.execute("SELECT submitted FROM submits WHERE key = ?", (key,)).fetchone()
        return _read(row[0]) if row else None

    async def put(self, key: str, submitted: Submitted) -> None:
        await asyncio.to_thread(self._put, key, _write(submitted))

    def _put(self, key: str, submitted: str) -> None:
        with self._db:
            self._db.execute("INSERT OR REPLACE INTO submits VALUES (?, ?)", (key, submitted))


def _write(submitted: Submitted) -> str:
    fields = {"outcome": type(submitted).__name__, **asdict(submitted)}
    return json.dumps(fields, default=lambda body: base64.b64encode(body).decode())


def _read(text: str) -> Submitted:
    fields: dict[str, Any] = json.loads(text)
    if content := fields.get("content"):
        fields["content"] = Content(content["type"], base64.b64decode(content["body"]))
    match fields.pop("outcome"):
        case "Accepted":
            return Accepted(Operation(**fields["operation"]))
        case "Succeeded":
            return Succeeded(**fields)
        case "Failed":
            return Failed(**fields)
        case "Refused":
            return Refused(**fields)
    return Uncertain(**fields)
