"""What is kept how long, of everything that grows: by days, and within the megabytes that the database may take.

Nothing unsettled ever goes: what is owed, waits, is in hand, unsure or still to be deleted for everyone, what a
live campaign has written, what waits for a person's eye, what reports have not counted. What the books, the law
and other people's will need is no class here: ledger, invoices, payments, opt-outs and consent stay; of a decided
payment only its picture goes. Counts of campaigns and reports stay true without the rows, and ids are never used
again.
What is over age is looked for by a reader and taken away by its ids, asked again, a few hundred a transaction.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from wabox import times
from wabox.accounts import mail
from wabox.config import Data
from wabox.db import Rows, Tx
from wabox.messages import stored as messages
from wabox.webhooks import deliveries

PIECE = 500
PACE = timedelta(days=1)  # how far the time of keeping moves at one look, where nothing synchronises the clock
ROOMY = 0.95  # of the megabytes: so much is left when they were passed, or each hour would begin anew
# In these steps of days room is made, everybody's oldest first. Younger than the last nothing goes for want of it.
STEPS = {
    "deliveries": range(28, 6, -7),
    "refused_rows": range(150, 29, -30),
    "imports": range(150, 29, -30),
    "mails": range(60, 6, -7),
    "messages": range(330, 29, -30),
    "inbox": range(330, 89, -30),
    "audit": range(700, 179, -40),
}
PICTURES_AT_LEAST = timedelta(days=30)  # after the decision: somebody may still object to it
AT_LEAST = {"inbox": timedelta(days=90)}  # WhatsApp's page tells everything again after a sync


@dataclass(frozen=True, slots=True)
class Kind:
    """One class of rows. old: SQL, of a row x of the table, that it is settled and was over before :before.

    tables: which it fills, for its size. mark: the key in `box` that says how far it was forgotten. among: the
    rows x to look through, where an index finds them; else all, the oldest first. instead: what is done to them,
    where the row itself stays.
    """

    table: str
    old: str
    tables: tuple[str, ...]
    mark: str | None = None
    among: str | None = None
    instead: str | None = None


_FINISHED = """x.queued_at < :before and x.status not in ('queued', 'sending', 'unknown')
    and x.revoke_due_at is null and x.edit_due_at is null
    and not exists (select 1 from reactions r where r.message_id = x.id and r.due_at is not null)
    and not exists (select 1 from deliveries d where d.message_id = x.id)
    and not exists (select 1 from campaigns c where c.id = x.campaign_id
                    and c.status in ('scheduled', 'sending', 'paused'))
    and x.id > coalesce((select cast(value as integer) from box where key = 'report_left'), 0)"""
_DONE = "i.status in ('done', 'failed', 'cancelled') and coalesce(i.finished_at, i.created_at) < :before"

# In this order: a message goes after what its webhook was told of it, an import after its refused rows.
KINDS: dict[str, Kind] = {
    "deliveries": Kind(
        "deliveries",
        "x.status <> 'owed' and x.created_at < :before and coalesce(x.last_at, x.created_at) < :before",
        ("deliveries", "delivery_attempts"),
        mark="posts_forgotten_to",
    ),
    "messages": Kind(
        "messages",
        _FINISHED,
        ("messages",),
        mark="messages_forgotten_to",
        among="users u cross join messages x on x.user_id = u.id and x.queued_at < :before where",
    ),
    "inbox": Kind(
        "inbox",
        """x.at < :before and not (x.verdict is 'near_miss' and x.reviewed_at is null)
           and not exists (select 1 from reactions r where r.inbox_id = x.id and r.due_at is not null)
           and not exists (select 1 from inbox_files f where f.inbox_id = x.id and f.asked_at is not null)""",
        ("inbox", "inbox_files"),
        mark="inbox_forgotten_to",
    ),
    "refused_rows": Kind(
        "import_refusals",
        f"exists (select 1 from imports i where i.id = x.import_id and {_DONE})",  # noqa: S608 - a constant
        ("import_refusals",),
    ),
    "imports": Kind(
        "imports",
        f"""exists (select 1 from imports i where i.id = x.id and {_DONE})
            and not exists (select 1 from import_refusals r where r.import_id = x.id)""",  # noqa: S608 - a constant
        ("imports",),
    ),
    "audit": Kind(  # why and since when an account is locked is asked of it
        "audit",
        "x.at < :before and x.action not in ('account.locked', 'account.unlocked')",
        ("audit",),
        mark="audit_kept_from",  # younger ones the table itself does not let go
    ),
    "mails": Kind("mails", "x.status <> 'queued' and x.created_at < :before", ("mails",)),
    "receipts": Kind(  # the row goes first; a picture without one is swept up
        "payments",
        "x.receipt is not null and x.status <> 'pending' and x.decided_at < :before",
        (),
        instead="update payments as x set receipt = null",
    ),
}


def spans(data: Data) -> dict[str, timedelta]:
    """{kind: how long it is kept}; what is kept for ever is not there."""
    days = {
        "deliveries": data.keep_webhook_days,
        "messages": data.keep_messages_days,
        "inbox": data.keep_inbox_days,
        "refused_rows": data.keep_import_days,
        "imports": data.keep_import_days,
        "audit": data.keep_audit_days,
        "receipts": data.keep_receipt_days,
    }
    found = {kind: max(timedelta(days=n), AT_LEAST.get(kind, timedelta())) for kind, n in days.items() if n}
    return {**found, "mails": mail.KEPT}


def time_of_keeping(tx: Tx, now: datetime, *, synchronised: bool) -> datetime:
    """The moment by which ages are judged: now; but a clock that leaps ahead takes it along only a day at a time.

    A machine without a battery may start ten years ahead, with nothing that says so. A box that was off for a
    month has caught up after a day.
    """
    last = times.read_or_none(tx.value("select value from box where key = 'kept_at'"))
    if last is None:
        last = times.read_or_none(tx.value("select value from box where key = 'seen_at'"))
    judged = now if synchronised or last is None else min(now, last + PACE)
    tx.run("insert or replace into box (key, value) values ('kept_at', :at)", at=times.stored(judged))
    return judged


def over_age(rows: Rows, kind: str, *, before: datetime, most: int = PIECE) -> list[int]:
    """Ids of the oldest that may go. For a reader: it may look at many."""
    one = KINDS[kind]
    among, order = one.among or f"{one.table} x where", "" if one.among else "order by x.id"
    found = rows.all(
        f"select x.id from {among} {one.old} {order} limit :most",  # noqa: S608 - this house's constants
        before=times.stored(before),
        most=most,
    )
    return [row["id"] for row in found]


def remove(tx: Tx, kind: str, ids: list[int], *, before: datetime, now: datetime) -> int:
    """Those of them that may still go are gone, and counted. How many."""
    one = KINDS[kind]
    if one.mark is not None:
        _put_mark(tx, one.mark, before)
    gone = tx.all(
        f"""{one.instead or f"delete from {one.table} as x"}
            where x.id in (select value from json_each(:ids)) and {one.old} returning user_id""",  # noqa: S608 - constants
        ids=json.dumps(ids),
        before=times.stored(before),
    )
    for user_id, n in Counter(row["user_id"] for row in gone).items():
        _count(tx, kind, user_id, -n)
    if gone:
        _note(tx, kind, len(gone), now=now)
    return len(gone)


def used_bytes(rows: Rows) -> int:
    """What the database takes, without pages that are free to be used again."""
    pages, free = rows.value("pragma page_count"), rows.value("pragma freelist_count")
    return int(pages - free) * int(rows.value("pragma page_size"))


def too_much(rows: Rows, megabytes: int, *, share: float = 1.0) -> bool:
    """Whether the database takes more than that share of what it may. megabytes: 0 = as much as it likes."""
    return bool(megabytes) and used_bytes(rows) > megabytes * 1_000_000 * share


def pictures(rows: Rows) -> dict[int, str]:
    """{payment: the name of its picture}."""
    return {
        row["id"]: row["receipt"] for row in rows.all("select id, receipt from payments where receipt is not null")
    }


def beyond(sizes: Mapping[int, int], may_go: Sequence[int], megabytes: int) -> list[int]:
    """The first of those that may go, until the rest of all fits. megabytes: 0 = as much as they like."""
    left = sum(sizes.values())
    if not megabytes or left <= megabytes * 1_000_000:
        return []
    going = []
    for one in may_go:
        if left <= megabytes * 1_000_000 * ROOMY:
            break
        going.append(one)
        left -= sizes[one]
    return going


def removed(rows: Rows) -> dict[str, int]:
    """{kind: how many went so far}."""
    return {row["kind"]: row["n"] for row in rows.all("select kind, sum(n) as n from removals group by kind")}


def weigh(rows: Rows) -> dict[str, int]:
    """{kind, or "else": bytes of its tables and their indexes}. Reads the whole file: for a reader, at night.

    Empty where this machine's SQLite cannot tell.
    """
    names = {row["name"]: row["tbl_name"] for row in rows.all("select name, tbl_name from sqlite_master")}
    of_table = {table: kind for kind, one in KINDS.items() for table in one.tables}
    found: dict[str, int] = dict.fromkeys((*KINDS, "else"), 0)
    for row in rows.all("select name, pgsize from dbstat where aggregate = 1"):
        found[of_table.get(names.get(row["name"], ""), "else")] += row["pgsize"]
    return found


def weighed(tx: Tx, found: Mapping[str, int]) -> None:
    """What was weighed is remembered for the health page."""
    tx.run("insert or replace into box (key, value) values ('weighed', :found)", found=json.dumps(found))


def weights(rows: Rows) -> dict[str, int]:
    """What was weighed last; empty before the first time."""
    found: Any = json.loads(rows.value("select value from box where key = 'weighed'") or "{}")
    return {str(kind): int(size) for kind, size in found.items()}


def _count(tx: Tx, kind: str, user_id: int, n: int) -> None:
    if kind == "messages":
        messages.rows_added(tx, user_id, n)
    elif kind == "deliveries":
        deliveries.rows_added(tx, user_id, n)


def _note(tx: Tx, kind: str, n: int, *, now: datetime) -> None:
    """How much went: nobody takes it for lost."""
    tx.tally(
        """insert into removals (kind, month, n) values (:kind, :month, :n)
           on conflict do update set n = n + :n""",
        n,
        kind=kind,
        month=times.stored(now)[:7],
    )


def _put_mark(tx: Tx, key: str, before: datetime) -> None:
    """How far was forgotten: nothing so old is heard anew."""
    tx.run(
        """insert into box (key, value) values (:key, :before)
           on conflict do update set value = max(value, :before)""",
        key=key,
        before=times.stored(before),
    )
