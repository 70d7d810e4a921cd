"""What a webhook is posted for each event, and that the reference shows it so."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.engine.conftest import Engine
from tests.files import pdf
from tests.some import some
from wabox.contacts import inbox_files
from wabox.db import Tx
from wabox.engine import alerting
from wabox.engine.fetching import Fetching
from wabox.messages import editing, handing, outbox, reasons, revoking, stored
from wabox.reference import events
from wabox.webhooks import endpoints
from wabox.webhooks.targets import Allow
from wabox.whatsapp.driver import Attached

OTHER, GONE, OUT = "8801711000002", "8801711000003", "8801711000004"


@pytest.fixture
def told(engine: Engine) -> dict[str, dict[str, Any]]:
    """{event: the body that was owed for it first}, after a day on which everything happened."""
    stage = engine.stage
    write, user_id = stage.box.db.write_now, stage.asha.id

    def listen(tx: Tx) -> None:
        endpoints.put(
            tx,
            user_id,
            url="https://shop.example/wa",
            events=endpoints.EVENTS,
            allow=Allow(),
            seal=stage.box.seal,
            now=stage.hands.now(),
        )

    write(listen)
    read = engine.send()
    engine.turn()
    for ack in (2, 3):
        engine.driver.ack(stage.asha.device_id, engine.message(read).wa_message_id or "", ack)
    message = engine.message(read)
    engine.driver.person_reacts(
        stage.asha.device_id, message.wa_message_id or "", message.wa_chat_id or "", "👍", own=True
    )
    write(editing.ask, user_id, read, "Better", now=stage.hands.now())
    engine.turn()
    write(revoking.ask, user_id, read, now=stage.hands.now())
    engine.turn()
    refused, unsure = engine.send(OTHER), engine.send(GONE)
    write(_ends, refused, outbox.fail, "not_on_whatsapp", now=stage.hands.now())
    write(_ends, unsure, outbox.lose, "no_answer", now=stage.hands.now())
    later = stage.hands.now() + timedelta(days=1)
    kept, waits = engine.send(scheduled_for=later), engine.send(OUT, scheduled_for=later)
    write(outbox.cancel_for, user_id, kept, now=stage.hands.now())
    content = pdf()
    bill = Attached("document", "application/pdf", "bill.pdf", len(content))
    engine.driver.write(stage.asha.device_id, OUT, "my bill", media=bill, content=content)
    write(inbox_files.ask, user_id, 1, stage.box.config.media, now=stage.hands.now())
    Fetching(stage.box, engine.driver).turn(stage.asha.device_id)
    engine.driver.write(stage.asha.device_id, OUT, "STOP")
    _is_unlinked(engine)
    assert [engine.status(one) for one in (read, refused, unsure, kept, waits)] == [
        *("read", "failed", "unknown", "cancelled", "skipped")
    ]
    owed = stage.box.db.read_here(lambda rows: rows.all("select event, payload from deliveries order by id"))
    return {row["event"]: json.loads(row["payload"]) for row in reversed(owed)}


def _is_unlinked(engine: Engine) -> None:
    engine.driver.unlink(engine.stage.asha.device_id)
    engine.stage.box.db.write_now(alerting.look_and_tell, engine.stage.box, {})


def _ends(tx: Tx, message_id: int, end: Callable[..., bool], error: str, *, now: datetime) -> None:
    assert handing.claim(tx, message_id, now=now)
    assert end(tx, stored.by_id(tx, message_id), error, now=now)


def test_the_reference_shows_each_event_as_it_is_posted(told: dict[str, dict[str, Any]]) -> None:
    shown = {one.name: one.body for one in events.EVENTS}
    assert tuple(shown) == endpoints.EVENTS
    assert set(told) == set(endpoints.EVENTS)
    for name, body in some(told.items()):
        assert ["event", *shown[name]] == list(body), name
        assert body.get("status") == shown[name].get("status"), name
        assert keys(body.get("media")) == keys(shown[name].get("media")), name


def keys(found: object) -> list[str]:
    """What a part of a body names; nothing, if it is null or not there."""
    return list(found) if isinstance(found, dict) else []


def test_errors_the_reference_shows_are_errors_wabox_has() -> None:
    named = [one.body["error"] for one in events.EVENTS if one.body.get("error")]
    assert all(reasons.of_end(str(error)) for error in some(named))
