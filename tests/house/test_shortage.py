from __future__ import annotations

import errno
from collections.abc import Iterator

import pytest

from wabox import shortage


@pytest.fixture(autouse=True)
def nothing_before() -> Iterator[None]:
    shortage.forget()
    yield
    shortage.forget()


@pytest.mark.parametrize(
    ("error", "kinds"),
    [
        (MemoryError(), ["memory"]),
        (OSError(errno.EMFILE, "Too many open files"), ["files"]),
        (OSError(errno.ENFILE, "File table overflow"), ["files"]),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), ["memory"]),
        (OSError(errno.ENOSPC, "No space left on device"), []),
        (ValueError(), []),
    ],
)
def test_what_ran_out_is_remembered(error: Exception, kinds: list[str]) -> None:
    shortage.notice(error)
    assert shortage.recent() == kinds


def test_a_logged_error_is_looked_at_with_its_cause() -> None:
    outer = RuntimeError()
    outer.__cause__ = OSError(errno.EMFILE, "Too many open files")
    shortage.from_log(None, "error", {"exc_info": outer})
    assert shortage.recent() == ["files"]


def test_causes_that_run_in_a_circle_hold_up_nobody() -> None:
    one, other = RuntimeError(), RuntimeError()
    one.__context__, other.__context__ = other, one
    shortage.notice(one)
    assert shortage.recent() == []
