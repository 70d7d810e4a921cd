"""How much of the disk files may take, of the box and of each account, and what goes when more is wanted.

The accounts that keep files share `[media] disk_megabytes` in equal parts, and one more part is left for whoever
begins next; on a box with one account all of it is its. No part is too small for one large file: where many share,
parts are larger than what there is for each. Who asks for room gives room: first of the files of an account that
is over its equal part and has more than the asker, else of the asker's own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from wabox.db import Row, Rows
from wabox.errors import Unavailable
from wabox.media.kinds import MEGABYTE

LEAST = 64 * MEGABYTE  # a part is no smaller, unless all there is are fewer than two of them

# What must not lose its file: a stored text or a repeating campaign carries it, or it is still to go.
STORED = "exists (select 1 from texts t where t.media_id = media.id)"
REPEATED = "exists (select 1 from repeats r where r.media_id = media.id and r.status <> 'ended')"
NEEDED = f"""({STORED} or {REPEATED}
    or exists (select 1 from messages m where m.media_id = media.id and m.status in ('queued', 'sending'))
    or exists (select 1 from campaigns c where c.media_id = media.id
               and c.status in ('scheduled', 'sending', 'paused')))"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes that the files of the box take, each file once. needed: of these, what must not be removed now."""

    used: int
    needed: int


def of_box(rows: Rows) -> Room:
    """How much of their share of the disk files take."""
    needed = rows.value(
        f"""select coalesce(sum(bytes), 0) from (select max(bytes) as bytes from media
            where removed_at is null and {NEEDED} group by stored_sha256)"""  # noqa: S608 - a constant
    )
    return Room(used_bytes(rows), int(needed))


def used_bytes(rows: Rows) -> int:
    """What all files of the box take, each once."""
    return int(
        rows.value(
            """select coalesce(sum(bytes), 0) from (
                 select max(bytes) as bytes from media where removed_at is null group by stored_sha256)"""
        )
    )


def held_bytes(rows: Rows, user_id: int) -> int:
    """What the user's files take."""
    return int(
        rows.value(
            "select coalesce(sum(bytes), 0) from media where user_id = :user_id and removed_at is null",
            user_id=user_id,
        )
    )


def part(rows: Rows, user_id: int, disk_megabytes: int) -> int:
    """The bytes that the user's files may take: an equal part of what all may, never too small to be of use."""
    return max(_equal_part(rows, user_id, disk_megabytes), min(LEAST, disk_megabytes * MEGABYTE // 2))


def _equal_part(rows: Rows, user_id: int, disk_megabytes: int) -> int:
    """What each has if those that keep files, the user, and one who begins next share it."""
    sharing = rows.value(
        "select count(distinct user_id) from media where removed_at is null and user_id <> :id", id=user_id
    )
    next_one = rows.value(
        """select exists (select 1 from users u where u.state = 'active' and u.closed_at is null and u.id <> :id
           and not exists (select 1 from media m where m.user_id = u.id and m.removed_at is null))""",
        id=user_id,
    )
    return disk_megabytes * MEGABYTE // (1 + int(sharing) + int(next_one))


def left_for(rows: Rows, user_id: int, disk_megabytes: int) -> int:
    """How many bytes more the user's files may take if all goes that nothing needs."""
    needed = rows.value(
        f"select coalesce(sum(bytes), 0) from media where user_id = :id and removed_at is null and {NEEDED}",  # noqa: S608
        id=user_id,
    )
    return max(part(rows, user_id, disk_megabytes) - int(needed), 0)


def wanted(rows: Rows, user_id: int, coming: int, disk_megabytes: int) -> list[int]:
    """The files that must go so that so many bytes of the user's fit, by id. Raises Unavailable `media_full`."""
    most, mine = disk_megabytes * MEGABYTE, part(rows, user_id, disk_megabytes)
    held = held_bytes(rows, user_id) + coming
    missing = used_bytes(rows) + coming - most
    if held <= mine and missing <= 0:
        return []
    if coming > mine:
        raise full(mine, most)
    going = _Going(rows)
    over, freed = going.let_go(going.of(user_id), held - mine)
    if over > 0:
        raise full(mine, most)
    fair = max(_equal_part(rows, user_id, disk_megabytes), min(held, mine))
    if going.free((*going.of_those_over(fair), *going.of(user_id)), missing - freed) > 0:
        raise full(most, most) if mine == most else _taken_by_others()
    return going.ids


@dataclass(slots=True)
class _Going:
    """What nothing needs, the longest unused first, and what of it goes."""

    rows: Rows
    ids: list[int] = field(default_factory=list)
    _free: list[Row] = field(init=False)
    _copies: Counter[str] = field(init=False)
    _held: Counter[int] = field(init=False)

    def __post_init__(self) -> None:
        self._free = self.rows.all(
            f"""select id, user_id, stored_sha256, bytes from media where removed_at is null and not {NEEDED}
                order by last_used_at, id"""  # noqa: S608 - a constant
        )
        there = self.rows.all("select user_id, stored_sha256, bytes from media where removed_at is null")
        self._copies = Counter(row["stored_sha256"] for row in there)
        self._held = Counter()
        for row in there:
            self._held[row["user_id"]] += row["bytes"]

    def of(self, user_id: int) -> Iterator[Row]:
        taken = set(self.ids)
        yield from (row for row in self._free if row["user_id"] == user_id and row["id"] not in taken)

    def of_those_over(self, most: int) -> Iterator[Row]:
        """Of accounts that hold more than this, as long as they do."""
        taken = set(self.ids)
        held = self._held.copy()
        for row in self._free:
            if row["id"] not in taken and held[row["user_id"]] > most:
                held[row["user_id"]] -= row["bytes"]
                yield row

    def let_go(self, found: Iterable[Row], held: int) -> tuple[int, int]:
        """Of these so many bytes of rows go; how many are not among them, and how many it frees of the disk."""
        freed = 0
        for row in found:
            if held <= 0:
                break
            held -= row["bytes"]
            freed += self._take(row)
        return held, freed

    def free(self, found: Iterable[Row], missing: int) -> int:
        """Of these so many bytes of the disk go; how many are not among them."""
        for row in found:
            if missing <= 0:
                break
            missing -= self._take(row)
        return missing

    def _take(self, row: Row) -> int:
        """It goes. A file is free when the last row that names it goes: how many bytes that are."""
        self.ids.append(row["id"])
        self._held[row["user_id"]] -= row["bytes"]
        self._copies[row["stored_sha256"]] -= 1
        return 0 if self._copies[row["stored_sha256"]] else int(row["bytes"])


def _taken_by_others() -> Unavailable:
    sentence = (
        "The box has no room for more files just now, and yours do not take your part of it; try again later, or "
        "ask the owner of the box for more."
    )
    return Unavailable("media_full", sentence, details={"file": sentence}, retry_after=3600)


def full(mine: int, most: int) -> Unavailable:
    """What is said where nothing more can go. mine: of all that there is, what the account may have, in bytes."""
    if mine < most:
        sentence = (
            f"Your files take all of the {mine // MEGABYTE:,} MB that are your part of this box; delete some that "
            "nothing needs, or ask the owner of the box for more."
        )
    else:
        sentence = (
            f"The files of this box take all of the {most // MEGABYTE:,} MB that they may; delete some that "
            "nothing needs, or raise [media] disk_megabytes."
        )
    return Unavailable("media_full", sentence, details={"file": sentence}, retry_after=3600)
