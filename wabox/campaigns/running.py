"""What becomes of running campaigns by themselves: they complete, or a tripwire pauses them."""

from __future__ import annotations

from datetime import datetime

from wabox import times
from wabox.db import Rows, Tx

TRIPWIRES: tuple[tuple[str, str], ...] = (
    ("tripwire_not_on_whatsapp", "sent + failed >= 100 and not_on_whatsapp * 100 > (sent + failed) * 20"),
    ("tripwire_opt_outs", "sent + failed >= 100 and opted_out_after * 100 > sent * 5"),
    ("tripwire_failures", "sent + failed >= 100 and failures_in_row >= 10"),
)

_OVER = "expanded = 1 and total = sent + failed + skipped + cancelled + unknown"


def finish(tx: Tx, *, now: datetime) -> int:
    """Every running campaign with nobody left is completed. Returns how many."""
    return tx.run(
        f"update campaigns set status = 'completed', finished_at = :now where status = 'sending' and {_OVER}",  # noqa: S608
        now=times.stored(now),
    )


def something_to_do(rows: Rows) -> bool:
    """Whether `finish` or `trip` would find anything; asked each tick, so that no tick writes for nothing."""
    trips = " or ".join(
        f"({condition} and instr(acknowledged, '{reason}') = 0)" for reason, condition in TRIPWIRES
    )
    found = rows.value(f"select 1 from campaigns where status = 'sending' and (({_OVER}) or {trips}) limit 1")  # noqa: S608
    return found is not None


def trip(tx: Tx, *, now: datetime) -> int:
    """Pause every running campaign that does harm, with the reason. Judged from 100 attempts on."""
    tripped = 0
    for reason, condition in TRIPWIRES:
        tripped += tx.run(
            f"""update campaigns set status = 'paused', status_reason = :reason
                where status = 'sending' and instr(acknowledged, :reason) = 0 and {condition}""",  # noqa: S608
            reason=reason,
        )
    return tripped
