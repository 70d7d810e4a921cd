"""The box for one process: its database migrated and open, with today's settings."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from wabox import changes, datadir, earlier, fence, migrations, opening
from wabox.accounts.sealing import Seal
from wabox.billing import subscriptions
from wabox.box import Box
from wabox.config import Config
from wabox.contacts import suppression
from wabox.content import reviews
from wabox.db import Database
from wabox.errors import Unavailable
from wabox.messages import counting


@contextlib.contextmanager
def opened(config: Config, data: datadir.DataDir, *, damaged_too: bool = False) -> Iterator[Box]:
    """The box with its database migrated and open. The caller holds the data directory's lock.

    damaged_too: also if it is hurt and can still be read, so that the pages can say so; it is latched then.
    Raises ConfigError when the database cannot be opened.
    """
    opening.check(data)
    key = datadir.secret_key(data)
    found = upgrade(data)
    database = Database(
        data.database,
        {"phone_hash": suppression.hasher(key)},
        external_checkpoints=config.data.external_checkpoints,
    )
    database.start()
    looking = opening.Looking(data.database, database.damage)
    try:
        if found.damage is not None:
            database.damage.latch(found.damage)
        elif damaged_too and not found.whole:
            looking.start()
        box = Box(config=config, db=database, seal=Seal(key), now=now_of(config))
        _switch(box)
        if not database.damaged:
            database.write_now(fence.end_moving)  # whoever packed this box is dead, and its file has no name
        if database.damaged and not damaged_too:
            raise opening.lost(data, f"{data.database} is damaged ({database.damage.why})")
        yield box
    finally:
        looking.stop()
        database.stop()


def _switch(box: Box) -> None:
    """What wabox.toml switches on or off is so in the database, if that can be written."""
    try:
        box.db.write_now(changes.settle)
        box.db.write_now(suppression.settle)
        box.db.write_now(counting.keep_zone, box.config.zone)
        box.db.write_now(subscriptions.switch, enabled=box.config.billing.enabled, now=box.now())
        box.db.write_now(reviews.switch, enabled=box.config.judges_content, now=box.now())
    except Unavailable:
        if not box.db.damaged:
            raise


def upgrade(data: datadir.DataDir) -> opening.Looked:
    """The database has today's schema; before a step that changes an old one, a copy lies in backups/.

    Returns what a look at its pages found. Raises ConfigError when it cannot be opened, must be changed and is
    hurt, or there is no room for the copy.
    """
    existed = data.database.exists()
    with opening.connected(data) as connection:
        found = opening.look_at_start(data) if existed else opening.Looked(whole=True)
        due = migrations.pending(connection)
        if found.damage is not None and due:
            raise opening.lost(data, f"{data.database} is damaged ({found.damage})")
        if existed and due:
            copy = earlier.make_sure(data, connection, due[0])
            migrations.migrate(connection)
            earlier.keep_only(data, copy)
        elif found.damage is None:
            migrations.migrate(connection)
    datadir.started(data)
    return found


def now_of(config: Config) -> Callable[[], datetime]:
    """The box's clock: this machine's, moved by `[testing] clock_offset_seconds`."""
    offset = timedelta(seconds=config.testing.clock_offset_seconds)
    return lambda: datetime.now(UTC) + offset
