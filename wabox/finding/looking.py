"""Looks for words in a user's rows, the newest first, in no more rows than somebody who waits would bear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wabox.db import Rows
from wabox.finding import index
from wabox.finding.kinds import Kind, text_of
from wabox.finding.reading import Sought

MOST_ROWS = 8_000  # that are read for one question
_PIECE = 256
_ALL = "m.user_id = :user_id"


@dataclass(frozen=True, slots=True)
class Looked:
    """ids: of rows that say it, the newest first. above: every row with a greater id was looked at; 0 = all.

    Where as many were found as were asked for, that goes down to the last of them.
    """

    ids: list[int]
    above: int

    @property
    def complete(self) -> bool:
        """Whether there are no others."""
        return self.above == 0


def look(
    rows: Rows,
    kind: Kind,
    user_id: int,
    what: Sought,
    *,
    most: int,
    below: int = 2**63 - 1,
    where: str = _ALL,
    params: dict[str, Any] | None = None,
) -> Looked:
    """The user's newest rows m of this kind that say it, below an id. where: what else must hold of m."""
    ids: list[int] = []
    left = MOST_ROWS
    for stretch in index.stretches(rows, kind, user_id, what.marks, below=below):
        upper = stretch.below
        while upper > stretch.above + 1:
            found = rows.all(
                f"""select {kind.columns} from {kind.table} m where {where}
                    and m.id > :above and m.id < :upper order by m.id desc limit :piece""",  # noqa: S608 - this house's
                **{**(params or {}), "user_id": user_id},
                above=stretch.above,
                upper=upper,
                piece=_PIECE,
            )
            for row in found:
                if what.is_in(text_of(row)):
                    ids.append(row["id"])
                    if len(ids) == most:
                        return Looked(ids, row["id"] - 1)
            left -= len(found) + 1
            upper = 0 if len(found) < _PIECE else found[-1]["id"]
            if left <= 0:
                return Looked(ids, max(upper - 1, stretch.above))
    return Looked(ids, 0)
