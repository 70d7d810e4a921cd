"""Letters about money: what became of a payment, and the end of a plan."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from wabox.accounts import users
from wabox.accounts.users import User
from wabox.billing import money
from wabox.billing.invoices import Invoice
from wabox.billing.payments import Payment
from wabox.billing.plans import Plan
from wabox.billing.subscriptions import Subscription
from wabox.box import Box
from wabox.db import Tx
from wabox.languages import ALL, later
from wabox.late import late
from wabox.letters import writing

if TYPE_CHECKING:
    from babel import dates
else:
    dates = late("babel.dates")

PAID_SUBJECT = later("Your payment is approved")
PAID = later(
    """Your payment %(txid)s is approved: what you bought is there, with an invoice.
%(link)s"""
)
NOT_PAID_SUBJECT = later("Your payment was not accepted")
NOT_PAID = later(
    """Your payment %(txid)s was not accepted:
%(reason)s

If you think this is a mistake, write to %(owner)s. Your payments are listed here:
%(link)s"""
)
ENDS_SUBJECT = later("Your plan %(plan)s ends on %(ends)s")
ENDS = later("Your plan %(plan)s on %(box)s ends on %(ends)s.")
RENEW = later("Renew it before then and sending goes on without a pause: %(link)s")
ENDED_SUBJECT = later("Your plan %(plan)s has ended")
ENDED = later("Your plan %(plan)s on %(box)s ended on %(ends)s. Sending is paused.")
GO_ON = later("Renew it and sending goes on where it stopped: %(link)s")
INVOICE = later("Invoice %(number)s: %(amount)s.")


def decided(tx: Tx, box: Box, payment: Payment) -> None:
    """The customer is told what became of the payment."""
    user = users.by_id(tx, payment.user_id)
    if user is None or user.closed_at is not None:
        return
    subject, text = (PAID_SUBJECT, PAID) if payment.status == "approved" else (NOT_PAID_SUBJECT, NOT_PAID)
    post = writing.to(box, user)
    values = {"txid": payment.txid, "reason": post.say(payment.reason or "–"), "owner": users.whom_to_write(tx)}
    writing.owe(tx, post, subject, text, link=f"{box.base_url}/billing", **values)


def plan_ends(
    box: Box, user: User, plan: Plan, period: Subscription, invoice: Invoice | None, *, now: datetime
) -> tuple[str, str]:
    """(subject, text) of the notice that a plan ends or has ended, in the user's language and time zone.

    invoice: that of the renewal, if it waits to be paid.
    """
    post, over = writing.to(box, user), now >= period.expires_at
    spoken, ends = ALL[post.spoken], period.expires_at.astimezone(box.config.zone_named(user.timezone))
    day = spoken.written(dates.format_date(ends, "d MMM y", locale=spoken.locale))
    values = {
        "plan": plan.terms.name,
        "box": box.base_url,
        "ends": f"{day}, {spoken.clock(ends.time())}",
        "link": f"{box.base_url}/billing",
        "number": invoice.shown_number if invoice else "",
        "amount": money.shown(invoice.amount_minor, invoice.currency) if invoice else "",
    }
    lines = [ENDED if over else ENDS, *([INVOICE] if invoice else []), GO_ON if over else RENEW]
    subject = ENDED_SUBJECT if over else ENDS_SUBJECT
    return post.say(subject, **values), "\n\n".join(post.say(line, **values) for line in lines)
