"""The index of words: which few rows of a user's many may say something, never what they say.

Each user's rows are in units of 4,096, and these in blocks of 16. A unit holds, for each mark of a text (a hash of
a few letters that follow each other), the blocks that have it. A block that lacks a mark of what is sought is not
looked at; whatever is found is read in the row itself, so what was deleted is never found. Rows behind the last
unit, and units that changed since they were marked, are looked through.

`stale` counts the changes of a unit. It is opened with 1, marked by a reader, and `keep` writes the marks only if
it counts what the reader saw: a process that is killed anywhere leaves units that are looked through.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from wabox.db import Rows, Tx
from wabox.finding import reading
from wabox.finding.kinds import KINDS, Kind, Name, text_of

UNIT = 4_096  # rows
BLOCK = 16  # rows
_BLOCKS = UNIT // BLOCK
_BYTES = _BLOCKS // 8  # of a bit for each block
_PARTS = 256  # rows of the table that hold the marks of a unit


@dataclass(frozen=True, slots=True)
class Unit:
    """Rows of a user from first_id to last_id. stale: how many changes its marks do not know."""

    id: int
    kind: Name
    user_id: int
    first_id: int
    last_id: int
    stale: int


@dataclass(frozen=True, slots=True)
class Due:
    """A unit that somebody has the rows for: from first_id to last_id."""

    kind: Name
    user_id: int
    first_id: int
    last_id: int


@dataclass(frozen=True, slots=True)
class Marked:
    """What a reader made of a unit. ends: the last id of each block. parts: the marks, as the table holds them."""

    unit: Unit
    ends: list[int]
    parts: list[tuple[int, int, int, bytes]]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rows to look through: above one id, and below another."""

    above: int
    below: int


def open_unit(tx: Tx, due: Due) -> bool:
    """The user's next unit stands there, to be marked. False: another one stands there already."""
    return bool(
        tx.run(
            """insert into search_units (kind, user_id, first_id, last_id, ends, stale)
               select :kind, :user_id, :first, :last, '[]', 1
               where not exists (select 1 from search_units
                                 where kind = :kind and user_id = :user_id and last_id >= :first)""",
            kind=due.kind,
            user_id=due.user_id,
            first=due.first_id,
            last=due.last_id,
        )
    )


def is_behind(rows: Rows) -> bool:
    """Whether a unit's marks are not true, or somebody has a unit's worth of rows behind the last one."""
    return (
        rows.value("select 1 from search_units where stale > 0 limit 1") is not None or next_due(rows) is not None
    )


def next_due(rows: Rows) -> Due | None:
    """Somebody's unit that shall be opened; None: nobody has so many rows behind the last. Asks of all users."""
    for row in rows.all("select id from users where forgotten_at is null order by id"):
        for kind in KINDS:
            first, last = _next(rows, kind, row["id"])
            if last is not None:
                return Due(kind.name, row["id"], first, last)
    return None


def mark_one(rows: Rows) -> Marked | None:
    """The marks of a unit whose marks are not true, the newest first. Reads all of its rows: for a reader."""
    row = rows.one(
        """select id, kind, user_id, first_id, last_id, stale from search_units where stale > 0
           order by id desc limit 1"""
    )
    if row is None:
        return None
    unit = Unit(*row)
    kind = next(one for one in KINDS if one.name == unit.kind)
    found = rows.all(
        f"""select {kind.columns} from {kind.table} m where m.user_id = :user_id
            and m.id between :first and :last order by m.id""",  # noqa: S608 - constants
        user_id=unit.user_id,
        first=unit.first_id,
        last=unit.last_id,
    )
    ends: list[int] = []
    blocks: dict[int, int] = {}
    for first in range(0, len(found), BLOCK):
        here, bit = found[first : first + BLOCK], 1 << len(ends)
        ends.append(here[-1]["id"])
        for mark in reading.marks([text_of(row) for row in here]):
            blocks[mark] = blocks.get(mark, 0) | bit
    return Marked(unit, ends, _parts(unit, blocks))


def keep(tx: Tx, marked: Marked) -> bool:
    """The unit is known by these marks; one without rows is gone. False: it changed meanwhile, mark it again."""
    unit = marked.unit
    kept = tx.run(
        "update search_units set ends = :ends, stale = 0 where id = :id and stale = :stale",
        id=unit.id,
        stale=unit.stale,
        ends=json.dumps(marked.ends, separators=(",", ":")),
    )
    if not kept:
        return False
    tx.run("delete from search_marks where unit_id = :id", id=unit.id)
    if not marked.ends:
        tx.run("delete from search_units where id = :id", id=unit.id)
        return True
    tx.many("insert into search_marks (unit_id, user_id, part, marks) values (?, ?, ?, ?)", marked.parts)
    return True


def stretches(rows: Rows, kind: Kind, user_id: int, marks: tuple[int, ...], *, below: int) -> Iterator[Stretch]:
    """Where such rows may be, the newest first. marks: as `Sought.marks` gives them. below: an id."""
    yield Stretch(_last(rows, kind, user_id), below)
    for unit in rows.all(
        """select id, first_id, last_id, ends, stale from search_units
           where kind = :kind and user_id = :user_id and first_id < :below order by last_id desc""",
        kind=kind.name,
        user_id=user_id,
        below=below,
    ):
        if unit["stale"]:
            yield Stretch(unit["first_id"] - 1, min(unit["last_id"] + 1, below))
            continue
        ends: list[int] = json.loads(unit["ends"])
        blocks = _blocks(rows, unit["id"], marks, len(ends))
        while blocks:
            last = blocks.bit_length() - 1
            first = last
            while first and blocks >> (first - 1) & 1:
                first -= 1
            blocks &= (1 << first) - 1
            above = ends[first - 1] if first else unit["first_id"] - 1
            if above + 1 < below:
                yield Stretch(above, min(ends[last] + 1, below))


def _blocks(rows: Rows, unit_id: int, marks: tuple[int, ...], count: int) -> int:
    """A bit for each block that has all of these marks."""
    blocks = (1 << count) - 1
    for mark in marks:
        found = rows.value(
            "select marks from search_marks where unit_id = :unit_id and part = :part",
            unit_id=unit_id,
            part=mark % _PARTS,
        )
        blocks &= _in_part(found or b"", (mark // _PARTS).to_bytes(2, "big"))
        if not blocks:
            break
    return blocks


def _parts(unit: Unit, blocks: dict[int, int]) -> list[tuple[int, int, int, bytes]]:
    """Rows of the table. Each mark: two bytes of it, how many follow, the blocks: one by one, or a bit each."""
    parts: dict[int, bytearray] = {}
    for mark, bits in sorted(blocks.items()):
        listed = bits.bit_count() < _BYTES
        where = bytes(_numbers(bits)) if listed else bits.to_bytes(_BYTES, "little")
        parts.setdefault(mark % _PARTS, bytearray()).extend(
            (mark // _PARTS).to_bytes(2, "big") + bytes([len(where)]) + where
        )
    return [(unit.id, unit.user_id, part, bytes(held)) for part, held in sorted(parts.items())]


def _in_part(held: bytes, key: bytes) -> int:
    """The blocks of a mark, a bit each. key: what of it stands in the row."""
    place, end = 0, len(held)
    while place < end:
        length = held[place + 2]
        if held[place : place + 2] == key:
            where = held[place + 3 : place + 3 + length]
            return int.from_bytes(where, "little") if length == _BYTES else sum(1 << one for one in where)
        place += 3 + length
    return 0


def _numbers(bits: int) -> list[int]:
    """Which bits are set."""
    found = []
    while bits:
        low = bits & -bits
        found.append(low.bit_length() - 1)
        bits ^= low
    return found


def _next(rows: Rows, kind: Kind, user_id: int) -> tuple[int, int | None]:
    """From where to where the user's next unit goes; None: there are not enough rows for one."""
    last = _last(rows, kind, user_id)
    end = rows.value(
        f"""select id from {kind.table} where user_id = :user_id and id > :last
            order by id limit 1 offset {UNIT - 1}""",  # noqa: S608 - constants
        user_id=user_id,
        last=last,
    )
    return last + 1, end


def _last(rows: Rows, kind: Kind, user_id: int) -> int:
    found = rows.value(
        "select max(last_id) from search_units where kind = :kind and user_id = :user_id",
        kind=kind.name,
        user_id=user_id,
    )
    return int(found or 0)
