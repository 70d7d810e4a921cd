from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from wabox.accounts.users import User
from wabox.contacts import inbox, words, writing
from wabox.db import Tx
from wabox.devices import orders
from wabox.errors import NotFound
from wabox.whatsapp.driver import Inbound


def hear(tx: Tx, user: User, text: str, now: datetime, *, number: int = 1, phone: str = "8801711000001") -> bool:
    label = f"d{user.id}"
    row = tx.one("select id from devices where label = :label", label=label)
    device_id = row["id"] if row else orders.create(tx, user.id, label, most=9, now=now).id
    event = Inbound(device_id, 1, f"ABC{number}", f"{phone}@c.us", phone, "Ali", text, "chat", now)
    return inbox.record(tx, user.id, event, verdict=words.judge(text), now=now)


def test_a_message_is_recorded_once(tx: Tx, asha: User, now: datetime) -> None:
    assert hear(tx, asha, "hello", now)
    assert not hear(tx, asha, "hello", now)
    assert [one.text for one in inbox.thread(tx, asha.id, "8801711000001")] == ["hello"]


def test_threads_show_the_last_message_of_each_person(tx: Tx, asha: User, now: datetime) -> None:
    writing.upsert(tx, asha.id, phone="8801711000002", name="Bina", now=now)
    for number, (phone, text) in enumerate(
        [("8801711000001", "one"), ("8801711000002", "two"), ("8801711000001", "three")]
    ):
        hear(tx, asha, text, now, number=number, phone=phone)
    found = inbox.threads(tx, asha.id)
    assert [(one.name, one.last.text, one.unseen) for one in found] == [("Ali", "three", 2), ("Bina", "two", 1)]
    assert found[1].contact_id is not None
    assert [one.last.text for one in inbox.threads(tx, asha.id, before=found[0].last.id)] == ["two"]
    assert [one.text for one in inbox.thread(tx, asha.id, "8801711000001", most=1)] == ["three"]


def test_what_was_seen_is_not_new(tx: Tx, asha: User, now: datetime) -> None:
    hear(tx, asha, "one", now)
    assert inbox.unseen(tx, asha.id) == 1
    assert inbox.seen(tx, asha.id, "8801711000001", now=now) == 1
    assert inbox.seen(tx, asha.id, "8801711000001", now=now) == 0
    assert inbox.unseen(tx, asha.id) == 0


def test_near_misses_wait_in_the_tray_until_judged(tx: Tx, asha: User, now: datetime) -> None:
    for number, text in enumerate(["please stop", "বন্ধ?", "STOP", "hello"]):
        hear(tx, asha, text, now, number=number)
    waiting = inbox.tray(tx, asha.id)
    assert [one.text for one in waiting] == ["please stop", "বন্ধ?"]
    assert inbox.in_tray(tx, asha.id) == 2
    judged = inbox.review(tx, asha.id, waiting[0].id, "opt_out", now=now)
    assert judged is not None
    assert (judged.verdict, judged.reviewed_at) == ("opt_out", now)
    assert inbox.review(tx, asha.id, waiting[0].id, "nothing", now=now) is None
    kept = inbox.review(tx, asha.id, waiting[1].id, "nothing", now=now)
    assert kept is not None
    assert kept.verdict == "near_miss"
    assert inbox.in_tray(tx, asha.id) == 0


def test_bilal_sees_nothing_of_ashas_inbox(tx: Tx, asha: User, bilal: User, now: datetime) -> None:
    hear(tx, asha, "please stop", now)
    entry = inbox.tray(tx, asha.id)[0]
    assert inbox.threads(tx, bilal.id) == []
    assert inbox.thread(tx, bilal.id, entry.phone) == []
    assert inbox.tray(tx, bilal.id) == []
    assert inbox.seen(tx, bilal.id, entry.phone, now=now) == 0
    with pytest.raises(NotFound):
        inbox.review(tx, bilal.id, entry.id, "opt_out", now=now)
    assert inbox.in_tray(tx, asha.id) == 1


def test_text_that_sqlite_cannot_hold_is_kept_as_far_as_it_goes(tx: Tx, asha: User, now: datetime) -> None:
    hear(tx, asha, "a\0b\ud800c" + "x" * 100_000, now)
    kept = inbox.thread(tx, asha.id, "8801711000001")[0].text
    assert kept.startswith("a\ufffdb\ufffdc")
    assert len(kept) == inbox.LONGEST_TEXT


def test_a_page_whose_clock_is_ahead_does_not_write_from_the_future(tx: Tx, asha: User, now: datetime) -> None:
    device = orders.create_primary(tx, asha.id, now=now)
    event = Inbound(device.id, 1, "X", "c", "8801711000001", None, "hi", "chat", now + timedelta(days=3))
    inbox.record(tx, asha.id, event, verdict=None, now=now)
    assert inbox.thread(tx, asha.id, "8801711000001")[0].at == now
