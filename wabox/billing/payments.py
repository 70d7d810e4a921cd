"""Payments by bKash, Nagad or bank: claimed by a user, believed only when an admin has looked.

pending → approved or rejected; a rejected one may still be approved, an approved one is final. A
transaction id counts once ever per provider, however it is spelled; the file itself refuses a second.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast

from wabox import times
from wabox.accounts import audit, states, users
from wabox.billing import invoices, ledger, plans, subscriptions
from wabox.billing.money import digits
from wabox.db import Row, Rows, Tx
from wabox.errors import Invalid, NotFound, Refusal

Provider = Literal["bkash", "nagad", "bank"]
Status = Literal["pending", "approved", "rejected"]
PROVIDERS: tuple[Provider, ...] = ("bkash", "nagad", "bank")
MOST_PENDING = 5
FALSE_CLAIMS = 3  # so many lock the account for review
LONGEST_REASON = 300
_CANONICAL = re.compile(r"[0-9a-z]{4,40}")
_DROPPED = frozenset("/._#:")


@dataclass(frozen=True, slots=True)
class Payment:
    """A claim. price_minor: what the plan costs. email: whose it is. receipt: the picture's name."""

    id: int
    user_id: int
    email: str
    plan_id: int
    plan: str
    price_minor: int
    provider: Provider
    amount_minor: int
    currency: str
    txid: str
    sender: str
    receipt: str | None
    status: Status
    reason: str | None
    false_claim: bool
    decided_at: datetime | None
    created_at: datetime

    @property
    def amount_fits(self) -> bool:
        """Whether the price was paid."""
        return self.amount_minor == self.price_minor


@dataclass(frozen=True, slots=True)
class Claim:
    """What a user says was paid, as typed. receipt: the name of a kept picture."""

    plan_id: int
    provider: str
    amount_minor: int
    txid: str
    sender: str
    receipt: str | None = None


_COLUMNS = """select y.*, p.name as plan, p.price_minor, u.email from payments y
    join plans p on p.id = y.plan_id join users u on u.id = y.user_id"""


def canonical(txid: str) -> str:
    """The one spelling of a transaction id: no case, spaces, dashes or digits of other scripts.

    Raises Invalid `bad_txid` where something else than letters a-z and digits is left.
    """
    folded = digits(unicodedata.normalize("NFKC", txid)).casefold()
    left = "".join(one for one in folded if one not in _DROPPED and unicodedata.category(one)[0] not in "ZC"
                   and unicodedata.category(one) not in ("Pd", "Mn"))  # fmt: skip
    if not _CANONICAL.fullmatch(left):
        sentence = "Give the transaction id as the provider's message shows it: letters and digits."
        raise Invalid("bad_txid", sentence, details={"txid": sentence})
    return left


def submit(tx: Tx, user_id: int, claim: Claim, *, ip: str | None, now: datetime) -> Payment | Refusal:
    """The claim waits for an admin. A transaction id that was used is a refusal, returned and not raised.

    The same claim of the same user again is what it was. Somebody else's id counts as a false claim, which
    must be written down: so the caller raises the refusal after the commit. Raises Invalid for what else
    is wrong.
    """
    canon = canonical(claim.txid)
    plan = _check(tx, claim)
    used = _using(tx, claim.provider, canon)
    if used is not None:
        return _again(tx, user_id, used, ip=ip, now=now)
    waiting = tx.value(
        "select count(*) from payments where user_id = :user_id and status = 'pending'", user_id=user_id
    )
    if waiting >= MOST_PENDING:
        raise Invalid("too_many_pending", f"{MOST_PENDING} payments wait to be checked already; wait for them.")
    payment_id = tx.insert(
        """insert into payments (user_id, plan_id, provider, amount_minor, currency, txid, canon_txid, sender,
                                 receipt, ip, created_at)
           values (:user_id, :plan_id, :provider, :amount_minor, :currency, :txid, :canon, :sender, :receipt, :ip,
                   :now)""",
        user_id=user_id,
        plan_id=plan.id,
        provider=claim.provider,
        amount_minor=claim.amount_minor,
        currency=plan.terms.currency,
        txid=claim.txid.strip(),
        canon=canon,
        sender=claim.sender.strip(),
        receipt=claim.receipt,
        ip=ip,
        now=times.stored(now),
    )
    _note(tx, user_id, "payment.submitted", payment_id, ip, now, plan=plan.terms.name)
    return by_id(tx, payment_id)


def approve(tx: Tx, payment_id: int, *, by: int, seller: str, ip: str | None, now: datetime) -> Payment:
    """The money is there: plan or credits, ledger, invoice and audit in this transaction. Again: as it was."""
    payment = by_id(tx, payment_id)
    if payment.status != "approved" and _closed(tx, payment.user_id):
        raise Invalid("account_closed", "This account is deleted, so nothing can be added to it.")
    if not _decide(tx, payment_id, "approved", ("pending", "rejected"), by=by, reason=None, now=now):
        return payment
    plan = plans.by_id(tx, payment.plan_id)
    period = None if plan.is_pack else subscriptions.begin(tx, payment.user_id, plan, now=now)
    if plan.terms.credits is not None:
        email = tx.value("select email from users where id = :id", id=by)
        ledger.grant(
            tx, payment.user_id, plan.terms.credits, note=plan.terms.name, by=email, now=now, payment_id=payment_id
        )
        subscriptions.settle(tx, now=now)
    invoices.settle(
        tx,
        payment_id=payment_id,
        user_id=payment.user_id,
        plan=plan,
        amount_minor=payment.amount_minor,
        period=period,
        seller=seller,
        now=now,
    )
    tx.run("delete from false_claims where payment_id = :id and kind = 'rejected'", id=payment_id)
    _note(tx, by, "payment.approved", payment_id, ip, now, user_id=payment.user_id)
    return by_id(tx, payment_id)


def reject(
    tx: Tx, payment_id: int, *, by: int, reason: str, is_false: int, ip: str | None, now: datetime
) -> Payment:
    """The claim is not believed; its transaction id stays used. A third false one locks the account.

    is_false: 1 for a false claim, 0 for a mistake. Raises Invalid `approved_is_final`, `bad_reason`.
    """
    reason = reason.strip()
    if not 1 <= len(reason) <= LONGEST_REASON:
        sentence = "Say why; the customer reads it."
        raise Invalid("bad_reason", sentence, details={"reason": sentence})
    payment = by_id(tx, payment_id)
    if payment.status == "approved":
        raise Invalid("approved_is_final", "This payment is approved, which is final.")
    if not _decide(tx, payment_id, "rejected", ("pending",), by=by, reason=reason, now=now, is_false=is_false):
        return payment
    _note(tx, by, "payment.rejected", payment_id, ip, now, user_id=payment.user_id, false_claim=bool(is_false))
    if is_false:
        _count_false(tx, payment.user_id, payment_id, "rejected", ip=ip, now=now)
    return by_id(tx, payment_id)


def withdraw(tx: Tx, user_id: int, *, now: datetime) -> int:
    """What waits to be checked is rejected, as no false claim: its user is leaving. Returns how many."""
    return tx.run(
        """update payments set status = 'rejected', reason = 'The account was deleted.', decided_at = :now
           where user_id = :user_id and status = 'pending'""",
        user_id=user_id,
        now=times.stored(now),
    )


def forget_addresses(tx: Tx, *, before: datetime) -> int:
    """Addresses that payments of that age were handed in from are gone; returns how many."""
    return tx.run(
        "update payments set ip = null where ip is not null and created_at < :before", before=times.stored(before)
    )


def by_id(rows: Rows, payment_id: int) -> Payment:
    """The payment, whoever's. Raises NotFound."""
    row = rows.one(f"{_COLUMNS} where y.id = :id", id=payment_id)
    if row is None:
        raise NotFound("not_found", "There is no such payment.")
    return _payment(row)


def of_user(rows: Rows, user_id: int) -> list[Payment]:
    """The user's payments, newest first."""
    found = rows.all(f"{_COLUMNS} where y.user_id = :user_id order by y.id desc limit 100", user_id=user_id)
    return [_payment(row) for row in found]


def queue(rows: Rows) -> list[Payment]:
    """What waits for an admin, oldest first."""
    return [_payment(row) for row in rows.all(f"{_COLUMNS} where y.status = 'pending' order by y.id limit 200")]


def waiting(rows: Rows) -> int:
    """How many wait for an admin."""
    return int(rows.value("select count(*) from payments where status = 'pending'"))


def decided(rows: Rows, *, before: int | None = None, most: int = 50) -> list[Payment]:
    """What an admin has decided, newest first. before: the last id of the page above."""
    found = rows.all(
        f"""{_COLUMNS} where y.status <> 'pending' and y.id < ifnull(:before, 9e18)
            order by y.id desc limit :most""",
        before=before,
        most=most,
    )
    return [_payment(row) for row in found]


def has_receipt(rows: Rows, name: str) -> bool:
    """Whether a payment needs this picture."""
    return rows.value("select 1 from payments where receipt = :name", name=name) is not None


def _closed(rows: Rows, user_id: int) -> bool:
    return rows.value("select 1 from users where id = :id and closed_at is not null", id=user_id) is not None


def _check(rows: Rows, claim: Claim) -> plans.Plan:
    wrong: dict[str, str] = {}
    if claim.provider not in PROVIDERS:
        wrong["provider"] = "Choose how you paid."
    if not 4 <= len(claim.sender.strip()) <= 60 or not claim.sender.isprintable():
        wrong["sender"] = "Give the number or account the money came from."
    if claim.amount_minor <= 0:
        wrong["amount"] = "Give the amount you sent."
    if len(claim.txid) > 100 or not claim.txid.strip().isprintable():
        wrong["txid"] = "Give the transaction id as the provider's message shows it: letters and digits."
    if wrong:
        raise Invalid("bad_payment", "Look at the marked fields.", details=wrong)
    plan = plans.by_id(rows, claim.plan_id)
    if not plan.active or plan.terms.trial:
        raise Invalid("not_for_sale", "This plan is not for sale any more; choose another.")
    return plan


def _using(rows: Rows, provider: str, canon: str) -> Payment | None:
    row = rows.one(
        f"{_COLUMNS} where y.provider = :provider and y.canon_txid = :canon", provider=provider, canon=canon
    )
    return None if row is None else _payment(row)


def _again(tx: Tx, user_id: int, used: Payment, *, ip: str | None, now: datetime) -> Payment | Refusal:
    if used.user_id == user_id and used.status == "pending":
        return used
    sentence = "This transaction id was used before; each counts once. If it is yours, ask whoever runs this box."
    _note(tx, user_id, "payment.txid_reused", used.id, ip, now)
    if used.user_id != user_id:
        _count_false(tx, user_id, used.id, "reused", ip=ip, now=now)
    return Invalid("txid_used", sentence, details={"txid": sentence})


def _decide(
    tx: Tx,
    payment_id: int,
    to: Status,
    origin: tuple[Status, ...],
    *,
    by: int,
    reason: str | None,
    now: datetime,
    is_false: int = 0,
) -> bool:
    moved = tx.run(
        f"""update payments set status = :to, reason = :reason, false_claim = :false, decided_by = :by,
            decided_at = :now where id = :id and status in ({", ".join(f"'{one}'" for one in origin)})""",  # noqa: S608
        id=payment_id,
        to=to,
        reason=reason,
        false=is_false,
        by=by,
        now=times.stored(now),
    )
    return moved == 1


def _count_false(tx: Tx, user_id: int, payment_id: int, kind: str, *, ip: str | None, now: datetime) -> None:
    """A false claim is counted once; every third locks the account until somebody has looked at it."""
    counted = tx.run(
        """insert or ignore into false_claims (user_id, payment_id, kind, at)
           values (:user_id, :payment_id, :kind, :now)""",
        user_id=user_id,
        payment_id=payment_id,
        kind=kind,
        now=times.stored(now),
    )
    total = tx.value("select count(*) from false_claims where user_id = :user_id", user_id=user_id)
    if not counted or total % FALSE_CLAIMS:
        return
    user = users.by_id(tx, user_id)
    if user is not None and user.role == "user" and user.state != "locked":
        reason = f"{total} claims of payment were false."
        states.move(tx, user_id, "lock", by=states.Actor(None, ip), reason=reason, now=now)


def _note(
    tx: Tx, who: int, action: str, payment_id: int, ip: str | None, now: datetime, **details: object
) -> None:
    audit.note(tx, user_id=who, action=action, subject=str(payment_id), details=details, ip=ip, now=now)


def _payment(row: Row) -> Payment:
    return Payment(
        id=row["id"],
        user_id=row["user_id"],
        email=row["email"],
        plan_id=row["plan_id"],
        plan=row["plan"],
        price_minor=row["price_minor"],
        provider=cast(Provider, row["provider"]),
        amount_minor=row["amount_minor"],
        currency=row["currency"],
        txid=row["txid"],
        sender=row["sender"],
        receipt=row["receipt"],
        status=cast(Status, row["status"]),
        reason=row["reason"],
        false_claim=bool(row["false_claim"]),
        decided_at=times.read_or_none(row["decided_at"]),
        created_at=times.read(row["created_at"]),
    )
