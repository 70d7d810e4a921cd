"""Payments by bKash, Nagad or bank: claimed by a user, believed only when an admin has looked.

pending → approved or rejected; a rejected one may still be approved, an approved one is final. A
transaction id counts once ever, whichever provider is named and however it is spelled; the file itself refuses a
second. Two people may claim one id: the admin sees both, and approving one settles the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from wabox import times
from wabox.accounts import audit
from wabox.billing import false_claims, invoices, ledger, plans, subscriptions, txids
from wabox.db import Rows, Tx, reader
from wabox.errors import Invalid, NotFound, Refusal

Provider = Literal["bkash", "nagad", "bank"]
Status = Literal["pending", "approved", "rejected"]
PROVIDERS: tuple[Provider, ...] = ("bkash", "nagad", "bank")
MOST_PENDING = 5
LONGEST_REASON = 300
USED = "This transaction id was used before; each counts once. If it is yours, ask whoever runs this box."
CLAIMED = (
    "Somebody else gave this transaction id before, and each counts once. Look whether you typed it right. If you "
    "paid this yourself, tick that and send it again: whoever runs this box then looks at both and decides."
)
ANOTHERS = "This transaction id counted for another account."


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
    """What a user says was paid, as typed. receipt: the name of a kept picture.

    insists: that it is theirs, although somebody else gave the same transaction id.
    """

    plan_id: int
    provider: str
    amount_minor: int
    txid: str
    sender: str
    receipt: str | None = None
    insists: bool = False


_COLUMNS = """select y.*, p.name as plan, p.price_minor, u.email from payments y
    join plans p on p.id = y.plan_id join users u on u.id = y.user_id"""


def submit(tx: Tx, user_id: int, claim: Claim, *, ip: str | None, now: datetime) -> Payment | Refusal:
    """The claim waits for an admin; the same claim of the same user again is what it was.

    An id that the user gave before, or somebody else and the user does not insist, is a refusal. That is on
    record: so it is returned, and the caller raises it after the commit. Raises Invalid for what else is wrong.
    """
    canon = txids.canonical(claim.txid)
    plan = _check(tx, claim)
    before = _claims_of(tx, canon)
    other = _refusal(tx, user_id, claim, before, ip=ip, now=now)
    if other is not None:
        return other
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
    contested = {"contested": [one.id for one in before]} if before else {}
    _note(tx, user_id, "payment.submitted", payment_id, ip, now, plan=plan.terms.name, **contested)
    return by_id(tx, payment_id)


def approve(tx: Tx, payment_id: int, *, by: int, seller: str, ip: str | None, now: datetime) -> Payment:
    """The money is there: plan or credits, ledger, invoice and audit in this transaction. Again: as it was.

    Other claims of the same id that wait are rejected, as no false ones. Raises Invalid `account_closed`,
    `txid_counted`.
    """
    payment = by_id(tx, payment_id)
    if payment.status != "approved":
        _check_open(tx, payment)
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
    false_claims.forgive(tx, payment_id)
    _settle_rivals(tx, payment_id, by=by, ip=ip, now=now)
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
        false_claims.count(tx, payment.user_id, payment_id, ip=ip, now=now)
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
    """What waits for an admin, oldest first, claims of one transaction id side by side."""
    found = rows.all(
        f"""{_COLUMNS} where y.status = 'pending'
            order by (select min(id) from payments where canon_txid = y.canon_txid), y.id limit 200"""  # noqa: S608
    )
    return [_payment(row) for row in found]


def rivals(rows: Rows, payment_id: int) -> list[Payment]:
    """Other people's claims of the same transaction id, oldest first."""
    found = rows.all(
        f"""{_COLUMNS} where y.id <> :id
            and y.canon_txid = (select canon_txid from payments where id = :id) order by y.id""",  # noqa: S608
        id=payment_id,
    )
    return [_payment(row) for row in found]


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


def _check_open(rows: Rows, payment: Payment) -> None:
    """Raises Invalid for a payment that cannot be approved any more."""
    if rows.value("select 1 from users where id = :id and closed_at is not null", id=payment.user_id):
        raise Invalid("account_closed", "This account is deleted, so nothing can be added to it.")
    if any(one.status == "approved" for one in rivals(rows, payment.id)):
        raise Invalid(
            "txid_counted", "This transaction id counted for another account already, and it counts once."
        )


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


def _claims_of(rows: Rows, canon: str) -> list[Payment]:
    found = rows.all(f"{_COLUMNS} where y.canon_txid = :canon order by y.id", canon=canon)
    return [_payment(row) for row in found]


def _refusal(
    tx: Tx, user_id: int, claim: Claim, before: list[Payment], *, ip: str | None, now: datetime
) -> Payment | Refusal | None:
    """What the claims before this one make of it; None: it is taken."""
    mine = next((one for one in before if one.user_id == user_id), None)
    if mine is not None and mine.status == "pending":
        return mine
    if mine is None and (claim.insists or not before):
        return None
    _note(tx, user_id, "payment.txid_reused", (mine or before[0]).id, ip, now)
    if mine is not None:
        return Invalid("txid_used", USED, details={"txid": USED})
    return Invalid("txid_claimed", CLAIMED, details={"txid": CLAIMED, "insists": CLAIMED})


def _settle_rivals(tx: Tx, payment_id: int, *, by: int, ip: str | None, now: datetime) -> None:
    """Who else claimed the id that counted now is answered too; that alone makes no one's claim a false one."""
    for one in rivals(tx, payment_id):
        if _decide(tx, one.id, "rejected", ("pending",), by=by, reason=ANOTHERS, now=now):
            _note(tx, by, "payment.rejected", one.id, ip, now, user_id=one.user_id, false_claim=False)


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


def _note(
    tx: Tx, who: int, action: str, payment_id: int, ip: str | None, now: datetime, **details: object
) -> None:
    audit.note(tx, user_id=who, action=action, subject=str(payment_id), details=details, ip=ip, now=now)


_payment = reader(Payment)
