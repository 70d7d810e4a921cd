"""What a reply quotes, and what its writer deletes for everyone: kept, told, shown, and no more given out."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.engine.conftest import PHONE, Engine
from tests.engine.test_revoking import sent, write
from wabox.campaigns import replies
from wabox.config import Media
from wabox.contacts import inbox, inbox_files
from wabox.errors import Invalid, NotFound
from wabox.messages import log, reacting
from wabox.webhooks import endpoints
from wabox.webhooks.targets import Allow
from wabox.whatsapp.driver import Attached, Inbound, Quoted, SentPoll

OTHER = "8801711300099"


def heard(engine: Engine, text: str, person: str = PHONE, **more: Any) -> tuple[int, Inbound]:
    event = engine.driver.write(engine.stage.asha.device_id, person, text, **more)
    return int(engine.stage.value("select max(id) from inbox")), event


def listen(engine: Engine) -> None:
    write(
        engine,
        endpoints.put,
        engine.stage.asha.id,
        url="https://shop.example/hook",
        events=("message.received", "message.revoked"),
        allow=Allow(),
        seal=engine.stage.box.seal,
    )


def told(engine: Engine) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        engine.stage.value("select payload from deliveries order by id desc limit 1")
    )
    return found


def row(engine: Engine, number: int) -> inbox.Received:
    rows = engine.stage.box.db.read_here
    return next(one for one in rows(inbox.thread, engine.stage.asha.id, PHONE) if one.id == number)


def test_a_reply_says_what_it_quotes_and_where_that_stands(engine: Engine) -> None:
    listen(engine)
    job_id = sent(engine)
    ours = str(engine.message(job_id).wa_message_id)
    first, event = heard(engine, "Is it still there?")
    quotes = {
        heard(engine, "Yes", quoted=Quoted(ours, False, "chat", "hello"))[0]: (job_id, None, True),
        heard(engine, "And?", quoted=Quoted(event.message_id, False, "chat", "Is it"))[0]: (None, first, False),
        heard(engine, "Old", quoted=Quoted("3AOLD", True, "image", "prices"))[0]: (None, None, True),
    }
    told_last = told(engine)["quoted"]
    assert told_last == {"job_id": None, "message_id": None, "own": True, "kind": "image", "text": "prices"}
    talk = engine.stage.box.db.read_here(log.talk, engine.stage.asha.id, PHONE)
    assert {k: (f.job_id, f.message_id, f.own) for k, f in talk.quoted.items()} == quotes
    assert [talk.place_of(PHONE, one) for one in talk.quoted.values()] == [
        f"#ours-{job_id}",
        f"#theirs-{first}",
        None,
    ]
    stranger, _ = heard(engine, "Me too", OTHER, quoted=Quoted(ours, True, "chat", "hello"))
    theirs = engine.stage.box.db.read_here(log.talk, engine.stage.asha.id, OTHER)
    assert theirs.quoted[stranger].job_id is None


def test_what_its_writer_deletes_is_gone_but_that_it_was(engine: Engine) -> None:
    listen(engine)
    number, event = heard(
        engine, "Pay 500 to me", media=Attached("image", "image/png", None, 9), content=b"123456789"
    )
    reply, _ = heard(engine, "Sorry", quoted=Quoted(event.message_id, False, "image", "Pay 500"))
    engine.driver.person_deletes(event)
    gone = row(engine, number)
    assert (gone.text, gone.kind, gone.revoked_at) == ("", "image", engine.stage.hands.now())
    assert row(engine, reply).quoted == Quoted(event.message_id, False, "image", "")
    payload = told(engine)
    assert (payload["event"], payload["job_id"], payload["message_id"]) == ("message.revoked", None, number)
    assert (payload["phone"], payload["error"]) == (PHONE, None)
    with pytest.raises(NotFound):
        write(engine, inbox_files.ask, engine.stage.asha.id, number, Media())
    with pytest.raises(Invalid, match="deleted for everyone"):
        write(engine, reacting.ask, engine.stage.asha.id, "inbox", number, "👍")
    again = replace(event, edited=False)
    engine.stage.box.db.write_now(replies.hear, again, now=engine.stage.hands.now())
    assert engine.stage.value("select count(*) from inbox_files") == 0
    count = engine.stage.value("select count(*) from deliveries")
    engine.driver.person_deletes(event)
    engine.driver.person_edits(event, "Pay 600 to me")
    assert row(engine, number).text == ""
    assert engine.stage.value("select count(*) from deliveries") == count


def test_nobody_deletes_what_another_wrote(engine: Engine) -> None:
    number, event = heard(engine, "Two, please")
    engine.driver.person_deletes(replace(event, chat_id=f"{OTHER}@c.us"))
    assert row(engine, number).text == "Two, please"
    engine.driver.lids[PHONE] = "91234567890"
    number, event = heard(engine, "Three, please")
    assert event.chat_id.endswith("@lid")
    engine.driver.person_deletes(event)
    assert row(engine, number).revoked_at is not None


def test_a_stop_that_is_deleted_is_a_stop(engine: Engine) -> None:
    _, event = heard(engine, "STOP")
    engine.driver.person_deletes(event)
    assert engine.stage.value("select count(*) from suppressions") == 1


def test_a_poll_that_came_has_its_answers(engine: Engine) -> None:
    listen(engine)
    number, _ = heard(engine, "When?", kind="poll_creation", poll=SentPoll(("At six", "At <b>seven</b>")))
    assert row(engine, number).instead == SentPoll(("At six", "At <b>seven</b>"))
    assert told(engine)["poll"] == {"question": "When?", "options": ["At six", "At <b>seven</b>"]}
