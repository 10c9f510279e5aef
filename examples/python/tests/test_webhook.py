"""What a hook answers, and what it keeps."""

from pathlib import Path

import pytest

from background.inbox import Inbox
from background.webhook import Hook

ID = "5c1f0f0e-6a0e-4c55-9a55-0d3a2f0b7f11"
BODY = f'{{"id":"{ID}","statusCode":201,"stateLocation":"https://api.finance.visma.net/v1/background/{ID}"}}'.encode()
KEY, SIGNATURE = "c2lnbi1rZXktZm9yLXRlc3Rz", "6ofqp6lObkxT7EXi+whoDC0SebLYtNImEG/OzxNXMr8="


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(tmp_path / "inbox")


def test_what_is_signed_is_stored_once_and_outlives_the_process(inbox: Inbox, tmp_path: Path) -> None:
    hook = Hook("/hook", inbox.store, keys=["new", KEY])
    assert [hook.receive(BODY, SIGNATURE) for _ in range(3)] == [202] * 3
    assert Inbox(tmp_path / "inbox").ids() == [ID]


def test_what_is_not_signed_is_not_stored(inbox: Inbox) -> None:
    hook = Hook("/hook", inbox.store, keys=[KEY])
    assert [hook.receive(BODY, signature) for signature in (None, "", "x", SIGNATURE[:-4])] == [401] * 4
    assert hook.receive(BODY + b" ", SIGNATURE) == 401
    assert inbox.ids() == []


def test_what_cannot_be_stored_is_not_acknowledged() -> None:
    def full(id: str, body: str) -> None:
        raise OSError("the disk is full")

    assert Hook("/hook/secret", full).receive(BODY, None) == 503


def test_what_names_no_operation_is_kept_as_it_is(inbox: Inbox) -> None:
    hook = Hook("/hook/secret", inbox.store)
    assert [hook.receive(body, None) for body in (b"{}", b"nonsense", b"{}")] == [202] * 3
    assert inbox.ids() == ["", ""]
