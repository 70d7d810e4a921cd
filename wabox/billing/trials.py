"""The free trial: once per user, e-mail address and WhatsApp number ever, and once per IP address for a while.

Numbers and addresses are kept as keyed hashes, and outlive the account: who comes back under a new name is
known again. The number decides at the moment it is linked.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from wabox import times
from wabox.accounts import audit
from wabox.billing import ledger, plans, subscriptions
from wabox.billing.subscriptions import Subscription
from wabox.db import Rows, Tx
from wabox.errors import Invalid

REFUSED = "trial_number_used"


def refusal(rows: Rows, user_id: int, *, ip: str | None, ip_days: int, now: datetime) -> Invalid | None:
    """Why the user may not have the free trial; None if they may. ip_days: 0 = addresses are not looked at."""
    if plans.trial(rows) is None:
        return Invalid("no_trial", "There is no free trial; choose a plan.")
    if rows.value("select role from users where id = :id", id=user_id) == "owner":
        return Invalid("no_trial", "The owner of the box needs no plan.")
    if subscriptions.last(rows, user_id) is not None or _known(rows, "user", str(user_id), user_id):
        return Invalid("trial_used", "A free trial is for the beginning, once; choose a plan.")
    email = rows.value("select email from users where id = :id", id=user_id)
    if _known(rows, "email", email, None):
        return Invalid("trial_used", "This e-mail address had its free trial; choose a plan.")
    if any(_known(rows, "phone", phone, user_id) for phone in _phones(rows, user_id)):
        return Invalid(REFUSED, "Your WhatsApp number had a free trial before; choose a plan.")
    if ip_days and any(_seen_from(rows, one, ip_days, now) for one in _addresses(rows, user_id, ip)):
        return Invalid(
            "trial_ip_used",
            "Somebody had a free trial from your internet address; choose a plan, or ask the owner.",
        )
    return None


def start(tx: Tx, user_id: int, *, ip: str | None, ip_days: int, now: datetime) -> Subscription:
    """The user is on the free trial. Raises Invalid as `refusal` says."""
    refused = refusal(tx, user_id, ip=ip, ip_days=ip_days, now=now)
    if refused is not None:
        raise refused
    plan = plans.trial(tx)
    assert plan is not None
    begun = subscriptions.begin(tx, user_id, plan, now=now)
    if plan.terms.credits is not None:
        ledger.grant(tx, user_id, plan.terms.credits, note=plan.terms.name, by="trial", now=now)
        subscriptions.settle(tx, now=now)
    _mark(tx, user_id, "user", str(user_id), now)
    _mark(tx, user_id, "email", tx.value("select email from users where id = :id", id=user_id), now)
    for phone in _phones(tx, user_id):
        _mark(tx, user_id, "phone", phone, now)
    for address in _addresses(tx, user_id, ip):
        _mark(tx, user_id, "ip", address, now)
    audit.note(tx, user_id=user_id, action="trial.started", subject=plan.terms.name, ip=ip, now=now)
    return begun


def linked(tx: Tx, user_id: int, phone: str, *, now: datetime) -> bool:
    """A number was linked: during a trial it is this trial's, or ends it. Returns whether it ended it.

    For the transaction that writes down the link. What the trial had given and was not used goes again.
    """
    period = subscriptions.last(tx, user_id)
    if period is None or period.expires_at <= now:
        return False
    plan = plans.by_id(tx, period.plan_id)
    if not plan.terms.trial:
        return False
    if not _known(tx, "phone", phone, user_id):
        _mark(tx, user_id, "phone", phone, now)
        return False
    subscriptions.end(tx, user_id, because=REFUSED, now=now)
    if plan.terms.credits is not None:
        ledger.take_away(tx, user_id, plan.terms.credits, note=REFUSED, by="trial", now=now)
    audit.note(tx, user_id=user_id, action="trial.refused", details={"reason": REFUSED}, now=now)
    return True


def leaves(tx: Tx, user_id: int, *, now: datetime) -> None:
    """Whoever had a trial and is leaving is known again by every number linked since."""
    if _known(tx, "user", str(user_id), user_id):
        for phone in _phones(tx, user_id):
            _mark(tx, user_id, "phone", phone, now)


def _known(rows: Rows, kind: str, text: str, besides: int | None) -> bool:
    """Whether a trial was had by this. besides: the user whose own mark does not count, for a phone."""
    found = rows.one(
        "select user_id from trials where kind = :kind and hash = phone_hash(:text)",
        kind=kind,
        text=_text(kind, text),
    )
    return found is not None and (kind != "phone" or found["user_id"] != besides)


def _seen_from(rows: Rows, address: str, days: int, now: datetime) -> bool:
    found = rows.value(
        "select 1 from trials where kind = 'ip' and hash = phone_hash(:text) and at > :since limit 1",
        text=_text("ip", address),
        since=times.stored(now - timedelta(days=days)),
    )
    return found is not None


def _mark(tx: Tx, user_id: int, kind: str, text: str, now: datetime) -> None:
    tx.run(
        """insert or ignore into trials (user_id, kind, hash, at)
           values (:user_id, :kind, phone_hash(:text), :now)""",
        user_id=user_id,
        kind=kind,
        text=_text(kind, text),
        now=times.stored(now),
    )


def _text(kind: str, text: str) -> str:
    return f"trial {kind} {text.casefold()}"


def _phones(rows: Rows, user_id: int) -> list[str]:
    """Every number the user ever linked."""
    found = rows.all("select phone from linked_phones where user_id = :user_id", user_id=user_id)
    return [row["phone"] for row in found]


def _addresses(rows: Rows, user_id: int, ip: str | None) -> set[str]:
    """Where the user registered and asks from."""
    found = rows.all("select ip from terms_acceptances where user_id = :user_id", user_id=user_id)
    return {one for one in (ip, *(row["ip"] for row in found)) if one}
