"""Who holds a file and how long: kept once a user, used, needed, removed by hand, by age or for want of room."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from wabox import times
from wabox.db import Rows, Tx
from wabox.errors import Invalid
from wabox.media import allowance, room, stored
from wabox.media.found import Found
from wabox.media.room import NEEDED, REPEATED, STORED
from wabox.media.stored import Media, Origin

PIECE = 200

# Tables of which a row may name a file; as long as one does, the file's own row stays.
NAMED_BY = ("messages", "campaigns", "texts", "repeats", "inbox_files")
_UNNAMED = " and ".join(f"not exists (select 1 from {one} t where t.media_id = media.id)" for one in NAMED_BY)  # noqa: S608


@dataclass(frozen=True, slots=True)
class Examined:
    """A file that lies in its place and may be written down. sha256: of what was given; stored_sha256: of it."""

    sha256: str
    stored_sha256: str
    bytes: int
    filename: str
    found: Found


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that its user holds. new: they did not before. made_room: others were removed for it."""

    media: Media
    new: bool
    made_room: bool = False


def keep(tx: Tx, user_id: int, examined: Examined, *, origin: Origin, disk_megabytes: int, now: datetime) -> Kept:
    """The user holds the file. The same bytes again are the one they hold already, used now.

    disk_megabytes: what all files may take, the user's an equal part of it; those that nothing needs make room,
    longest unused first. Raises Unavailable `media_full`, InsufficientCredits `no_plan`, Invalid `plan_megabytes`
    for what is over the plan's share of a day. That somebody else holds the same changes nothing that can be seen.
    """
    known = _known(tx, user_id, examined)
    if known is not None:
        use(tx, known.id, now=now)
        return Kept(known, new=False)
    going = _room_for(tx, user_id, examined, origin, disk_megabytes, now)
    _gone(tx, going, now)
    media_id = tx.insert(
        """insert into media (user_id, sha256, stored_sha256, kind, mime, filename, bytes, width, height, seconds,
             origin, created_at, last_used_at)
           values (:user_id, :sha256, :stored, :kind, :mime, :filename, :bytes, :width, :height, :seconds,
             :origin, :now, :now)""",
        user_id=user_id,
        sha256=examined.sha256,
        stored=examined.stored_sha256,
        kind=examined.found.kind,
        mime=examined.found.mime,
        filename=examined.filename,
        bytes=examined.bytes,
        width=examined.found.width,
        height=examined.found.height,
        seconds=examined.found.seconds,
        origin=origin,
        now=times.stored(now),
    )
    return Kept(stored.by_id(tx, media_id), new=True, made_room=bool(going))


def foreseen(
    rows: Rows, user_id: int, examined: Examined, *, origin: Origin, disk_megabytes: int, now: datetime
) -> Media:
    """The file as `keep` would write it down, with the id 0 if it is not here yet. Raises as `keep`."""
    known = _known(rows, user_id, examined)
    if known is not None:
        return known
    _room_for(rows, user_id, examined, origin, disk_megabytes, now)
    found = examined.found
    return Media(
        id=0,
        user_id=user_id,
        sha256=examined.sha256,
        stored_sha256=examined.stored_sha256,
        kind=found.kind,
        mime=found.mime,
        filename=examined.filename,
        bytes=examined.bytes,
        width=found.width,
        height=found.height,
        seconds=found.seconds,
        origin=origin,
        created_at=now,
        last_used_at=now,
        removed_at=None,
    )


def _known(rows: Rows, user_id: int, examined: Examined) -> Media | None:
    row = rows.one(
        """select * from media where user_id = :user_id and sha256 = :sha256 and mime = :mime
           and removed_at is null""",
        user_id=user_id,
        sha256=examined.sha256,
        mime=examined.found.mime,
    )
    return None if row is None else stored.of_row(row)


def _room_for(
    rows: Rows, user_id: int, examined: Examined, origin: Origin, disk_megabytes: int, now: datetime
) -> list[int]:
    """The ids of the files that go for it. Raises as `keep`."""
    if origin in ("upload", "url"):
        allowance.check(rows, user_id, examined.bytes, now=now)
    return room.wanted(rows, user_id, examined.bytes, disk_megabytes)


def rename(tx: Tx, found: Media, filename: str) -> Media:
    """The user's file is called so from now on. What carries it already keeps the name that it had.

    filename: a tidy one.
    """
    if filename == found.filename:
        return found
    for table in ("messages", "campaigns", "texts", "repeats"):
        tx.run(
            f"update {table} set media_name = :name where media_id = :id and media_name is null",  # noqa: S608
            name=found.filename,
            id=found.id,
        )
    tx.run("update media set filename = :name where id = :id", name=filename, id=found.id)
    return stored.by_id(tx, found.id)


def use(tx: Tx, media_id: int, *, now: datetime) -> None:
    """It was used now, so it is kept on."""
    tx.run(
        "update media set last_used_at = max(last_used_at, :now) where id = :id",
        id=media_id,
        now=times.stored(now),
    )


def is_stale(found: Media, now: datetime) -> bool:
    """Whether opening it is to be written down as a use: once a day keeps it on."""
    return found.last_used_at <= now - timedelta(days=1)


def remove(tx: Tx, user_id: int, media_id: int, *, now: datetime) -> Media:
    """The user's file is gone; the log still says what went. Raises NotFound, Invalid `in_use`."""
    found = stored.of_user(tx, user_id, media_id)
    if tx.value(f"select {STORED} from media where id = :id", id=media_id):  # noqa: S608 - a constant
        raise Invalid("in_use", "A stored text carries this file; take it off there, or delete the text, first.")
    if tx.value(f"select {REPEATED} from media where id = :id", id=media_id):  # noqa: S608 - a constant
        raise Invalid(
            "in_use", "A repeating campaign carries this file; take it off there, or delete that, first."
        )
    if is_needed(tx, media_id):
        raise Invalid(
            "in_use",
            "A message or a campaign that is still to go needs this file; cancel it, or wait until it went.",
        )
    _gone(tx, [media_id], now)
    return found


def is_needed(rows: Rows, media_id: int) -> bool:
    """Whether a stored text carries it, or something that is still to go."""
    return bool(rows.value(f"select {NEEDED} from media where id = :id", id=media_id))  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True)
class Use:
    """A campaign or a stored text that carries a file."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Uses:
    """By what a file is used. messages: how many carry it. campaigns: the newest. texts: some, by name.

    needed: a stored text carries it, or something that is still to go.
    """

    messages: int
    campaigns: tuple[Use, ...]
    texts: tuple[Use, ...]
    needed: bool


def uses(rows: Rows, media_id: int, *, most: int = 3) -> Uses:
    """What carries the file. The caller has made sure whose it is."""
    campaigns = rows.all(
        "select id, name from campaigns where media_id = :id order by id desc limit :most", id=media_id, most=most
    )
    texts = rows.all(
        "select id, name from texts where media_id = :id order by name_key limit :most", id=media_id, most=most
    )
    return Uses(
        messages=int(rows.value("select count(*) from messages where media_id = :id", id=media_id)),
        campaigns=tuple(Use(row["id"], row["name"]) for row in campaigns),
        texts=tuple(Use(row["id"], row["name"]) for row in texts),
        needed=is_needed(rows, media_id),
    )


def named_files(rows: Rows) -> set[str]:
    """The hashes of all files that a row names."""
    return {
        row["stored_sha256"]
        for row in rows.all("select distinct stored_sha256 from media where removed_at is null")
    }


def files_of(rows: Rows, user_id: int) -> set[str]:
    """The hashes of all files that a row of this user names."""
    return {
        row["stored_sha256"]
        for row in rows.all(
            "select stored_sha256 from media where user_id = :user_id and removed_at is null", user_id=user_id
        )
    }


def expire(tx: Tx, *, unused_since: datetime, now: datetime, most: int = PIECE) -> int:
    """Some that nobody used since then and nothing needs are removed; how many."""
    due = tx.all(
        f"""select id from media where removed_at is null and last_used_at < :since and not {NEEDED}
            order by last_used_at limit :most""",  # noqa: S608 - a constant
        since=times.stored(unused_since),
        most=most,
    )
    _gone(tx, [row["id"] for row in due], now)
    return len(due)


def forget(tx: Tx, *, now: datetime, most: int = PIECE) -> int:
    """Rows of removed files that nothing names any more, and no plan counts any more, are gone; how many."""
    return tx.run(
        f"""delete from media where id in (
              select id from media where removed_at is not null and created_at <= :before
              and {_UNNAMED} limit :most)""",  # noqa: S608
        before=times.stored(now - allowance.DAY),
        most=most,
    )


def let_go(tx: Tx, media_ids: Sequence[int]) -> int:
    """Of these files, those that nothing names any more are forgotten, rows and all; how many."""
    return tx.run(
        f"delete from media where id in (select value from json_each(:ids)) and {_UNNAMED}",  # noqa: S608 - constants
        ids=json.dumps(list(media_ids)),
    )


def lost(tx: Tx, there: Sequence[str], *, now: datetime) -> int:
    """Rows whose file is not there are removed; how many. there: the hashes of all that are, asked just before."""
    kept = set(there)
    rows = tx.all("select id, stored_sha256 from media where removed_at is null")
    gone = [row["id"] for row in rows if row["stored_sha256"] not in kept]
    _gone(tx, gone, now)
    return len(gone)


def expires_at(found: Media, keep_days: int) -> datetime | None:
    """When it goes if nobody uses it again; None: when room is wanted."""
    return found.last_used_at + timedelta(days=keep_days) if keep_days else None


def _gone(tx: Tx, media_ids: Sequence[int], now: datetime) -> None:
    tx.run(
        """update media set removed_at = :now
           where id in (select value from json_each(:ids)) and removed_at is null""",
        ids=json.dumps(list(media_ids)),
        now=times.stored(now),
    )
