"""Notifications, on disk before they are acknowledged."""

import sqlite3
import threading
from pathlib import Path


class Inbox:
    """Keeps notifications in a file; it may be used by many threads."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False)  # which syncs each commit to the disk
        with self._db:
            self._db.execute("CREATE TABLE IF NOT EXISTS inbox (id TEXT, body TEXT NOT NULL, UNIQUE (id, body))")

    def store(self, id: str, body: str) -> None:
        """Stores a notification; another one for the same operation changes nothing."""
        with self._lock, self._db:
            known = self._db.execute("SELECT 1 FROM inbox WHERE id = ? AND id <> ''", (id,)).fetchone()
            if not known:
                self._db.execute("INSERT OR IGNORE INTO inbox VALUES (?, ?)", (id, body))

    def ids(self) -> list[str]:
        """The operations that notifications were taken for, in the order in which they came."""
        with self._lock:
            return [id for (id,) in self._db.execute("SELECT id FROM inbox ORDER BY rowid")]
