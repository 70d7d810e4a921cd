from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from wabox.accounts.sealing import Seal
from wabox.accounts.users import User
from wabox.contacts import inbox, suppression, writing
from wabox.contacts import stored as contacts
from wabox.contacts.lists import csv_files, imports, intake, layouts
from wabox.db import Tx
from wabox.devices import orders
from wabox.devices.stored import Device
from wabox.errors import Invalid
from wabox.messages import addressees, answers, handing, outbox, stored, template
from wabox.webhooks import endpoints
from wabox.webhooks.targets import Allow
from wabox.whatsapp.driver import Inbound, Resolved

PHONE, OTHER = "8801711000001", "8801711000002"
EVENTS = ["delivery.sent", "delivery.cancelled", "message.received"]


@pytest.fixture
def device(tx: Tx, asha: User, now: datetime) -> Device:
    """asha's phone; whatever happens is told to her webhook."""
    seal = Seal(b"k" * 32)
    endpoints.put(tx, asha.id, url="https://shop.example/x", events=EVENTS, allow=Allow(), seal=seal, now=now)
    return orders.create_primary(tx, asha.id, now=now)


def meet(tx: Tx, device: Device, now: datetime, *, phone: str = PHONE) -> dict[str, int]:
    """A contact with one message sent, one waiting, one received, and posts about them."""
    name = f"Person {phone[-1]}"
    writing.upsert(tx, device.user_id, phone=phone, name=name, tags=("vip",), now=now)
    sent, queued = (
        outbox.accept(tx, device, phone=phone, template=template.parse(f"Dear {name}"), values={}, now=now)
        for _ in range(2)
    )
    handing.claim(tx, sent, now=now)
    chat = f"{phone}@c.us"
    handing.armed(tx, stored.by_id(tx, sent), chat_id=chat, other_chat_ids=(chat,), machine_boot="b", now=now)
    answers.sent(tx, stored.by_id(tx, sent), at=now, next_send_at=now)
    event = Inbound(device.id, 1, f"IN{phone}", chat, phone, name, f"I am {name}", "chat", now)
    inbox.record(tx, device.user_id, event, verdict=None, now=now)
    addressees.learn(tx, device, phone, Resolved("yes", chat), now=now)
    tx.run("update deliveries set status = 'delivered'")
    return {"sent": sent, "queued": queued}


def erase(tx: Tx, user_id: int, now: datetime) -> addressees.Erased:
    return addressees.erase(tx, user_id, PHONE, addressees.traces(tx, user_id, PHONE), now=now)


def dump(tx: Tx) -> str:
    """Everything in the file, but what an append-only hash or a post that is still owed holds."""
    tables = [row["name"] for row in tx.all("select name from sqlite_master where type = 'table'")]
    where = {"deliveries": "where status <> 'owed'", "devices": "where 0"}
    return json.dumps(
        [[str(tuple(row)) for row in tx.all(f"select * from {t} {where.get(t, '')}")] for t in tables]
    )


def test_nothing_about_an_erased_person_is_left(
    tx: Tx, asha: User, device: Device, now: datetime, tmp_path: Path
) -> None:
    ids = meet(tx, device, now)
    meet(tx, device, now, phone=OTHER)
    examined = csv_files.examine("phone,name\n01711000001,Person 1\n০১৭১১০০০০০১,Person 1\n12,Kept\n".encode())
    file = imports.keep(tmp_path, examined.content)
    found = imports.create(
        tx,
        asha.id,
        name="x.csv",
        file=file,
        examined=examined,
        layout=layouts.laid_out(examined, country="BD"),
        country="BD",
        now=now,
    )
    found = imports.start(tx, asha.id, found.id, now=now)
    with intake.Reading(tmp_path, found, country="BD", now=now) as reading:
        intake.write(tx, reading.batch(found), now=now)
    assert "Person 1" in dump(tx)
    erased = erase(tx, asha.id, now)
    assert erased == addressees.Erased(contact=True, cancelled=1, messages=2, received=1)
    left = dump(tx)
    assert PHONE not in left
    assert "Person 1" not in left
    assert "0171100000" not in left.replace(OTHER, "")
    assert left.count("Person 2") >= 4
    assert "Kept" in left
    assert stored.by_id(tx, ids["sent"]).status == "sent"
    assert stored.by_id(tx, ids["queued"]).status == "cancelled"


def test_an_opt_out_outlives_the_person(tx: Tx, asha: User, device: Device, now: datetime) -> None:
    meet(tx, device, now)
    suppression.opt_out(tx, asha.id, PHONE, source="word", word="STOP", now=now)
    erase(tx, asha.id, now)
    assert suppression.is_out(tx, asha.id, PHONE)
    assert PHONE not in dump(tx)
    assert writing.upsert(tx, asha.id, phone=PHONE, now=now)[0].opted_out


def test_receipts_for_an_erased_persons_messages_still_count(
    tx: Tx, asha: User, device: Device, now: datetime
) -> None:
    sent = meet(tx, device, now)["sent"]
    wa_id = stored.by_id(tx, sent).wa_message_id
    erase(tx, asha.id, now)
    assert wa_id is not None
    assert answers.receipt(tx, wa_id, 2, at=now, next_send_at=now)
    assert stored.by_id(tx, sent).status == "delivered"


def test_a_person_is_not_erased_while_a_message_is_on_its_way(
    tx: Tx, asha: User, device: Device, now: datetime
) -> None:
    handing.claim(tx, meet(tx, device, now)["queued"], now=now)
    with pytest.raises(Invalid, match="on its way"):
        erase(tx, asha.id, now)
    assert contacts.by_phone(tx, asha.id, PHONE) is not None


def test_bilal_cannot_erase_ashas_people(tx: Tx, asha: User, bilal: User, device: Device, now: datetime) -> None:
    meet(tx, device, now)
    before = dump(tx)
    found = addressees.traces(tx, asha.id, PHONE)
    assert addressees.traces(tx, bilal.id, PHONE) == addressees.Traces([], [])
    assert addressees.erase(tx, bilal.id, PHONE, found, now=now) == addressees.Erased(
        contact=False, cancelled=0, messages=0, received=0
    )
    assert dump(tx) == before
