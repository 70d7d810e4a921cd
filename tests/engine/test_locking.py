"""A lock in mid-campaign: nothing goes, the reason is told, and after it each person gets what they were owed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.conftest import Engine, make
from wabox.accounts import audit, mail, states, users
from wabox.accounts.states import Actor, Move
from wabox.campaigns import launching
from wabox.campaigns import stored as campaigns
from wabox.contacts import phones, segments, writing
from wabox.db import Rows, Tx
from wabox.engine import page_events
from wabox.engine.expansion import Expansion, _settle
from wabox.messages import explaining, stored
from wabox.whatsapp.driver import Inbound

PEOPLE = [f"880171100{number:04d}" for number in range(6)]


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Engine]:
    """A box on which others have accounts; three complaints lock one. bilal's phone is linked too."""
    made = make(tmp_path, accounts={"registration": "open"}, content={"lock_after_complaints": 3})
    made.link(made.stage.bilal.device_id, "8801700000008")
    yield made
    made.stage.close()


def begin(engine: Engine) -> int:
    """bilal's campaign to six people, all of it queued."""
    made = engine.stage

    def verb(tx: Tx) -> int:
        now = made.hands.now()
        drafts = [writing.Draft(phones.parse(one, country="BD"), tags=("leads",)) for one in PEOPLE]
        writing.bulk(tx, made.bilal.id, drafts, now=now)
        segment = segments.of_tag("leads")
        return launching.create(
            tx,
            made.bilal.id,
            name="April",
            message="Hello",
            audience=segments.write(segment),
            contact_ids=segments.ids(tx, made.bilal.id, segment),
            device_ids=None,
            scheduled_for=None,
            now=now,
        ).id

    campaign_id = made.box.db.write_now(verb)
    Expansion(made.box).turn(campaign_id)
    return campaign_id


def move(engine: Engine, what: Move) -> None:
    made = engine.stage
    by, now = Actor(made.asha.id, "10.0.0.1"), made.hands.now()
    made.box.db.write_now(states.move, made.bilal.id, what, by=by, reason="spam", now=now)


def reasons(engine: Engine) -> Counter[str | None]:
    """Why what waits of bilal's waits."""
    box, now = engine.stage.box, engine.stage.hands.now()

    def ask(rows: Rows) -> Counter[str | None]:
        ids = rows.all(
            "select id from messages where user_id = :id and status = 'queued'", id=engine.stage.bilal.id
        )
        waiting = [stored.by_id(rows, row["id"]) for row in ids]
        found = explaining.explain(rows, waiting, config=box.config, now=now)
        return Counter(one.reason for one in found.values())

    return box.db.read_here(ask)


def sent(engine: Engine) -> Counter[str]:
    """How often each person was written to by bilal."""

    def ask(rows: Rows) -> Counter[str]:
        found = rows.all(
            "select phone from messages where user_id = :id and status = 'sent'", id=engine.stage.bilal.id
        )
        return Counter(row["phone"] for row in found)

    return engine.stage.box.db.read_here(ask)


def status(engine: Engine, campaign_id: int) -> str:
    return engine.stage.box.db.read_here(campaigns.by_id, campaign_id).status


def test_a_locked_persons_campaign_stands_still_and_goes_on_after(shared: Engine) -> None:
    campaign_id, phone = begin(shared), shared.stage.bilal.device_id
    for _ in range(2):
        shared.turns.step(phone)
    assert sent(shared).total() == 2
    move(shared, "lock")
    shared.turn(phone)
    shared.stage.hands.forward(hours=30)
    shared.restarted().turn(phone)
    assert sent(shared).total() == 2
    assert reasons(shared) == {"account_locked": 1, "in_line": 3}
    assert status(shared, campaign_id) == "sending"
    move(shared, "unlock")
    shared.turn(phone)
    assert sent(shared) == dict.fromkeys(PEOPLE, 1)
    shared.stage.box.db.write_now(_settle, shared.stage.hands.now(), tripwires=True)
    assert status(shared, campaign_id) == "completed"


def test_others_on_the_box_send_on(shared: Engine) -> None:
    begin(shared)
    move(shared, "lock")
    job_id = shared.send()
    shared.turn()
    assert shared.status(job_id) == "sent"


def complain(engine: Engine, phone: str) -> None:
    event = Inbound(
        device_id=engine.stage.bilal.device_id,
        session=1,
        message_id=f"false_{phone}@c.us_SPAM",
        chat_id=f"{phone}@c.us",
        phone=phone,
        name=None,
        text="SPAM",
        kind="chat",
        at=engine.stage.hands.now(),
    )
    engine.stage.box.db.write_now(page_events.verb(event, engine.stage.box))


@pytest.mark.parametrize(
    ("language", "subject", "said"),
    [(None, "is locked", "3 people complained"), ("bn", "আটকানো হয়েছে", "যাচাই না হওয়া পর্যন্ত")],
)
def test_a_lock_by_complaints_stops_the_campaign_and_tells_the_person(
    shared: Engine, language: str | None, subject: str, said: str
) -> None:
    made = shared.stage
    if language:
        made.box.db.write_now(users.set_language, made.bilal.id, language)
    begin(shared)
    for phone in PEOPLE[:2]:
        complain(shared, phone)
    assert made.value("select count(*) from mails") == 0
    complain(shared, PEOPLE[2])
    complain(shared, PEOPLE[3])
    shared.turn(made.bilal.device_id)
    assert reasons(shared)["account_locked"] == 1 and not sent(shared)
    (letter,) = made.box.db.read_here(mail.page)
    assert (letter.recipient, letter.user_id) == ("bilal@example.com", made.bilal.id)
    assert subject in letter.subject
    text = made.box.db.read_here(mail.letter, letter.id, seal=made.box.seal)
    assert text is not None and said in text.body and "asha@example.com" in text.body


def test_the_persons_own_record_says_of_complaints_and_lock_without_the_owner(shared: Engine) -> None:
    for phone in PEOPLE[:3]:
        complain(shared, phone)
    found = shared.stage.box.db.read_here(audit.about, shared.stage.bilal.id)
    assert [one.action for one in found[:4]] == ["account.locked", *["complaint.recorded"] * 3]
    assert not any(one.email or one.ip for one in found[:4])
