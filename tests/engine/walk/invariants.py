"""What must be true after every step, whatever the step was."""

from __future__ import annotations

import sqlite3

from tests import recount
from tests.engine.walk.world import CREDITS, World
from wabox.checkup import promises
from wabox.messages.template import parse

SURELY_NOT = ("failed", "skipped", "cancelled")
SURELY = ("sent", "delivered", "read")


def hold(world: World) -> None:
    """Raises AssertionError with what does not hold."""
    assert not world.violations, world.violations
    with world.looking() as rows:
        assert list(promises.broken(rows)) == []
        assert promises.loose(rows) == {}
        _once(world)
        _true(world, rows)
        _held(world, rows)
        _said(world, rows)
        _counted(rows)
        assert recount.differences(rows) == {}
        _paid(world, rows)


def _once(world: World) -> None:
    """Nobody got a message twice, under one id or under two."""
    taken = list(world.whatsapp.taken.values())
    assert [one.text for one in taken if one.copies > 1] == []
    single = [one.text for one in taken if one.text in world.judge.texts]
    assert len(single) == len(set(single)), single


def _true(world: World, rows: sqlite3.Connection) -> None:
    """What wabox says of a message is so."""
    false = [
        f"{row['text']} is {row['status']}, and WhatsApp has it{'' if has else ' not'}"
        for row in rows.execute("select status, wa_message_id, text from messages")
        if row["status"] in ((SURELY_NOT) if (has := world.whatsapp.has(row["wa_message_id"])) else SURELY)
    ]
    assert false == []


def _held(world: World, rows: sqlite3.Connection) -> None:
    """What is to go has its file, and what is told to be deleted for everyone is."""
    bare = rows.execute(
        """select m.text from messages m join media f on f.id = m.media_id
           where m.status in ('queued', 'sending') and f.removed_at is not null"""
    )
    assert [row["text"] for row in bare] == [], "waits without its file"
    gone = [row["wa_message_id"] for row in rows.execute("select * from messages where revoked_at is not null")]
    assert [one for one in gone if one not in world.whatsapp.revoked] == []


def _said(world: World, rows: sqlite3.Connection) -> None:
    """Every message says what was asked; a stored text has its file, and says no field that is not there."""
    texts = [row["text"] for row in rows.execute("select text from messages where is_system = 0")]
    assert [one for one in texts if one not in world.judge.texts] == []
    fields = {"order", *(row["name"] for row in rows.execute("select name from contact_fields"))}
    stored = [row["message"] for row in rows.execute("select message from texts")]
    assert [one for one in stored if not fields.issuperset(parse(one, None).own)] == [], (
        "says a field that is gone"
    )
    bare = rows.execute(
        "select t.name from texts t join media f on f.id = t.media_id where f.removed_at is not null"
    )
    assert [row["name"] for row in bare] == [], "a stored text has lost its file"


def _counted(rows: sqlite3.Connection) -> None:
    """Everybody of a campaign is somewhere, exactly once; one that is over keeps no credits."""
    wrong = rows.execute(
        """select * from (
             select c.*, c.total - c.sent - c.failed - c.skipped - c.cancelled - c.unknown as left,
               (select count(*) from messages where campaign_id = c.id and status in ('queued', 'sending')) as open
             from campaigns c)
           where left < 0 or (expanded = 1 and left <> open)
             or (status in ('completed', 'stopped', 'failed') and reserved <> 0)"""
    )
    assert [dict(row) for row in wrong] == []


def _paid(world: World, rows: sqlite3.Connection) -> None:
    """A credit is at home, reserved by a campaign that goes on, or with a message that is not taken back."""
    (left,) = rows.execute("select credits from users where id = ?", (world.stage.asha.id,)).fetchone()
    (reserved,) = rows.execute("select coalesce(sum(reserved), 0) from campaigns").fetchone()
    (held,) = rows.execute(
        """select count(*) from messages where is_system = 0
           and status not in ('failed', 'skipped', 'cancelled')"""
    ).fetchone()
    assert left + reserved + held == CREDITS, (left, reserved, held)


def owned(world: World) -> None:
    """After wabox has looked: what a campaign keeps reserved has a device to go from, or its owner is told."""
    stranded = world.value(
        """select count(*) from campaigns c where reserved > 0 and status = 'sending' and not exists (
             select 1 from devices d where d.user_id = c.user_id and d.removed_at is null and
             (c.device_ids is null or d.id in (select value from json_each(c.device_ids))))"""
    )
    assert stranded == 0, "credits are reserved for nobody"


def ends(world: World) -> list[str]:
    """What messages and campaigns have come to."""
    return world.box.db.read_here(
        lambda rows: [
            row["met"]
            for row in rows.all(
                """select status || coalesce(' ' || error, '') as met from messages
                   union all select 'campaign ' || status from campaigns
                   union all select 'file ' || status from messages where media_id is not null
                   union all select 'deleted for everyone' from messages where revoked_at is not null
                   union all select 'with a field' from messages
                     where text glob '* for *: [-0-9]*' or text glob 'campaign * * [-0-9]*'
                   union all select 'removed' from media where removed_at is not null"""
            )
        ]
    )
