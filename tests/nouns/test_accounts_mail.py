"""Mails owed: sealed while they wait, tried for two days, forgotten when done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cast import NOON, Stage, stage
from wabox import times
from wabox.accounts import mail
from wabox.errors import Invalid

LINK = "http://box/reset/planted-token"


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Stage]:
    made = stage(tmp_path)
    yield made
    made.close()


def owe(box: Stage, **more: str) -> int:
    letter: dict[str, Any] = {"to": "Chen@Example.com", "subject": "Your password", "body": f"Open {LINK}", **more}
    return box.box.db.write_now(mail.owe, **letter, seal=box.box.seal, now=NOON)


def test_a_mail_waits_sealed_and_is_forgotten_once_sent(box: Stage) -> None:
    mail_id = owe(box)
    dump = "select group_concat(recipient || subject || coalesce(body, '')) from mails"
    assert "planted-token" not in box.value(dump)
    assert box.box.db.read_here(mail.due, NOON) == [mail_id]
    letter = box.box.db.read_here(mail.letter, mail_id, seal=box.box.seal)
    assert letter is not None and (letter.recipient, letter.body) == ("chen@example.com", f"Open {LINK}")
    assert box.box.db.write_now(mail.sent, mail_id, now=NOON)
    assert not box.box.db.write_now(mail.sent, mail_id, now=NOON)
    assert box.value("select body is null and status = 'sent' from mails") == 1
    assert box.box.db.read_here(mail.letter, mail_id, seal=box.box.seal) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"to": "chen@example.com\r\nBcc: x@example.com"},
        {"to": "chen@example.com, x@example.com"},
        {"subject": "Hi\r\nBcc: x@example.com"},
        {"subject": " "},
        {"body": ""},
    ],
)
def test_what_could_become_a_header_is_refused(box: Stage, wrong: dict[str, str]) -> None:
    """Row 39."""
    with pytest.raises(Invalid):
        owe(box, **wrong)
    assert box.value("select count(*) from mails") == 0


def test_it_is_tried_with_growing_gaps_for_two_days(box: Stage) -> None:
    mail_id = owe(box)
    now, gaps, early = NOON, [], []
    while box.value("select status from mails") == "queued":
        box.box.db.write_now(mail.failed, mail_id, "refused", final=False, now=now)
        due = box.value("select due_at from mails")
        if due is not None:
            gaps.append(times.read(due) - now)
            early += box.box.db.read_here(mail.due, now)
            now += gaps[-1]
    assert early == []
    assert gaps == sorted(gaps)
    assert timedelta(days=1.5) < now - NOON <= mail.TRIED_FOR
    assert box.value("select status || coalesce(body, ' gone') from mails") == "failed gone"
    assert box.box.db.read_here(mail.unsent, since=NOON) == 1


def test_a_final_no_is_not_tried_again(box: Stage) -> None:
    mail_id = owe(box)
    box.box.db.write_now(mail.failed, mail_id, "no such user", final=True, now=NOON)
    assert box.value("select status || attempts || last_error from mails") == "failed1no such user"


def test_without_a_server_mails_are_skipped_and_counted(box: Stage) -> None:
    owe(box)
    assert box.box.db.write_now(mail.skip, now=NOON) == 1
    (shown,) = box.box.db.read_here(mail.page)
    assert (shown.status, shown.last_error, shown.due_at) == ("skipped", mail.NO_SERVER, None)


def test_what_was_tried_in_vain_is_counted_until_it_goes(box: Stage) -> None:
    mail_id = owe(box)
    owe(box)
    assert box.box.db.read_here(mail.stuck) == 0
    box.box.db.write_now(mail.failed, mail_id, "nobody there", final=False, now=NOON)
    assert box.box.db.read_here(mail.stuck) == 1
    box.box.db.write_now(mail.sent, mail_id, now=NOON)
    assert box.box.db.read_here(mail.stuck) == 0
