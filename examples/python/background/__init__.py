"""Calls the Visma.net ERP API in the background, and gets the answer back."""

from .awaiter import Background
from .journal import InMemory, Journal, SQLite
from .outcome import (
    Accepted,
    Content,
    Ended,
    Expired,
    Failed,
    Operation,
    Refused,
    Submitted,
    Succeeded,
    Uncertain,
    Unclear,
    Unreadable,
)
from .plan import Poll

__all__ = [
    "Accepted",
    "Background",
    "Content",
    "Ended",
    "Expired",
    "Failed",
    "InMemory",
    "Journal",
    "Operation",
    "Poll",
    "Refused",
    "SQLite",
    "Submitted",
    "Succeeded",
    "Uncertain",
    "Unclear",
    "Unreadable",
]
