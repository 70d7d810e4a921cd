"""The cast: asha owns the box, bilal is another user on it, chen is a stranger without a key."""

from __future__ import annotations

import secrets
import sqlite3
import tempfile
from base64 import b64encode
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests import fresh
from wabox import config, datadir
from wabox.accounts import keys, terms, users
from wabox.accounts.sealing import Seal
from wabox.billing import subscriptions
from wabox.box import Box
from wabox.contacts import suppression
from wabox.content import reviews
from wabox.db import Database, Tx
from wabox.devices import orders
from wabox.devices import stored as devices
from wabox.devices.stored import Device
from wabox.messages import counting

NOON = datetime(2026, 3, 10, 6, 0, tzinfo=UTC)  # midday in Dhaka
PASSWORD_HASH = "not-a-real-hash"


@dataclass(slots=True)
class Hands:
    """The box's clock, turned by hand."""

    at: datetime = NOON

    def now(self) -> datetime:
        return self.at

    def forward(self, **span: float) -> None:
        self.at += timedelta(**span)


@dataclass(frozen=True, slots=True)
class Person:
    """A user with a key and the primary device's id."""

    id: int
    key: str
    device_id: int


@dataclass(slots=True)
class Stage:
    """A box in a directory of its own, with asha and bilal on it."""

    box: Box
    hands: Hands
    asha: Person
    bilal: Person
    closers: list[Callable[[], None]] = field(default_factory=list)

    def device(self, device_id: int | None = None) -> Device:
        """The device now; asha's primary by default."""
        return self.box.db.read_here(devices.by_id, device_id or self.asha.device_id)

    def value(self, sql: str, **params: Any) -> Any:
        """The first column of the first row."""
        return self.box.db.read_here(lambda rows: rows.value(sql, **params))

    def close(self) -> None:
        for close in self.closers:
            close()
        self.box.db.stop()


DEFAULTS: dict[str, Any] = {
    "whatsapp": {"url": "http://127.0.0.1:1"},
    "locale": {"country": "BD", "timezone": "Asia/Dhaka"},
    "sending": {
        "gap_seconds": [0, 0],
        "quiet_hours": [],
        "daily_cap": 0,
        "hourly_cap": 0,
        "new_chats_per_day": 0,
        "warmup": False,
    },
}


def settings(**sections: dict[str, Any]) -> dict[str, Any]:
    """wabox.toml for tests: nothing holds a message, unless a section says so."""
    return {name: {**DEFAULTS.get(name, {}), **sections.get(name, {})} for name in {**DEFAULTS, **sections}}


def stage(path: Path, **sections: dict[str, Any]) -> Stage:
    """A fresh stage with a secret key of its own. Its rows are written once in this process, then copied."""
    made = config.parse(settings(**sections), base=path)
    told = made.billing.enabled, made.judges_content, made.zone.key
    if told not in _photos:
        with tempfile.TemporaryDirectory() as place:
            first = _first(Path(place), sections)
            _photos[told] = photographed(first)
            first.close()
    photo = _photos[told]
    key = {datadir.DataDir(path).key_file.name: b64encode(secrets.token_bytes(datadir.KEY_BYTES)) + b"\n"}
    return restaged(path, replace(photo, files=photo.files | key, sections=sections))


_photos: dict[tuple[bool, bool, str], Photo] = {}  # by what of wabox.toml stands in the rows


def _first(path: Path, sections: dict[str, dict[str, Any]]) -> Stage:
    data = datadir.prepare(path / "data")
    datadir.secret_key(data)
    fresh.database(data.database)
    hands = Hands()
    box = _box(path, hands, sections)
    box.db.write_now(subscriptions.switch, enabled=box.config.billing.enabled, now=hands.now())
    box.db.write_now(reviews.switch, enabled=box.config.judges_content, now=hands.now())
    box.db.write_now(counting.keep_zone, box.config.zone)
    asha = box.db.write_now(_person, "asha@example.com", "owner")
    bilal = box.db.write_now(_person, "bilal@example.com", "user")
    return Stage(box, hands, asha, bilal)


def _box(path: Path, hands: Hands, sections: dict[str, Any]) -> Box:
    made = config.parse(settings(**sections), base=path)
    data = datadir.DataDir(path / "data")
    key = datadir.secret_key(data)
    database = Database(data.database, {"phone_hash": suppression.hasher(key)})
    database.start()
    return Box(config=made, db=database, seal=Seal(key), now=hands.now)


@dataclass(frozen=True, slots=True)
class Photo:
    """A stage as it stood, to be set up again elsewhere: what takes long to play is played once."""

    files: dict[str, bytes]
    at: datetime
    asha: Person
    bilal: Person
    sections: dict[str, Any]


def photographed(made: Stage, **sections: dict[str, Any]) -> Photo:
    """The stage now, as far as it is rows: no files, no profiles. sections: those it was made with."""
    data = datadir.DataDir(made.box.db.path.parent)
    with closing(sqlite3.connect(data.database)) as connection:
        files = {data.database.name: connection.serialize()}
    for one in (data.key_file, data.first_start):
        files[one.name] = one.read_bytes()
    return Photo(files, made.hands.at, made.asha, made.bilal, sections)


def restaged(path: Path, photo: Photo) -> Stage:
    """A stage of its own that stands as in the photo, with the same keys."""
    data = datadir.prepare(path / "data")
    for name, content in photo.files.items():
        (data.path / name).touch(mode=0o600)
        (data.path / name).write_bytes(content)
    hands = Hands(photo.at)
    return Stage(_box(path, hands, photo.sections), hands, photo.asha, photo.bilal)


def _person(tx: Tx, email: str, role: users.Role) -> Person:
    user = users.create(tx, email=email, password_hash=PASSWORD_HASH, role=role, now=NOON)
    users.accept_disclaimer(tx, user.id, version=users.DISCLAIMER_VERSION, ip="127.0.0.1", now=NOON)
    terms.accept(tx, user.id, ip="127.0.0.1", now=NOON)
    device = orders.create_primary(tx, user.id, now=NOON)
    return Person(user.id, keys.issue(tx, user.id, now=NOON).key, device.id)
