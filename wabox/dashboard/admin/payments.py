"""The payments that wait to be checked, and what was decided of the others."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post

from wabox import fence
from wabox.accounts import users
from wabox.billing import invoices, payments
from wabox.dashboard.frame.asked import cursor_of
from wabox.dashboard.frame.desk import Desk, known_id
from wabox.dashboard.frame.form import Form
from wabox.db import Rows, Tx
from wabox.errors import Invalid
from wabox.letters import accounts as account_letters
from wabox.letters import billing as bill_letters
from wabox.mounting import Mount

PER_PAGE = 50


@get("/admin/payments", owner=True)
async def page(desk: Desk) -> Response[str]:
    """What waits to be checked, and what was decided."""
    return await _page(desk, {})


@post("/admin/payments/{payment_id:int}/approve", owner=True)
async def approve(payment_id: int, desk: Desk) -> Response[str]:
    """The money is there."""
    await desk.box.db.write(_approve, desk, known_id(payment_id))
    return desk.go("/admin/payments", said="payment_approved")


def _approve(tx: Tx, desk: Desk, payment_id: int) -> None:
    """Once: a second press changes and tells nothing."""
    before, rivals = payments.by_id(tx, payment_id), payments.rivals(tx, payment_id)
    seller = invoices.seller_of(tx, desk.box.config, desk.user)
    done = payments.approve(tx, payment_id, by=desk.user.id, seller=seller, ip=desk.ip, now=desk.box.now())
    if before.status != done.status:
        bill_letters.decided(tx, desk.box, done)
        for one in rivals:
            if one.status == "pending":
                bill_letters.decided(tx, desk.box, payments.by_id(tx, one.id))


@post("/admin/payments/{payment_id:int}/reject", owner=True)
async def reject(payment_id: int, desk: Desk) -> Response[str]:
    """The claim is not believed."""
    form = await desk.form()
    try:
        await desk.box.db.write(_reject, desk, known_id(payment_id), form)
    except Invalid as wrong:
        return await _page(desk, {payment_id: wrong.sentence}, status=422)
    return desk.go("/admin/payments", said="payment_rejected")


def _reject(tx: Tx, desk: Desk, payment_id: int, form: Form) -> None:
    before = payments.by_id(tx, payment_id)
    was = users.by_id(tx, before.user_id)
    rejected = payments.reject(
        tx,
        payment_id,
        by=desk.user.id,
        reason=form.text("reason"),
        is_false=int(form.ticked("is_false")),
        ip=desk.ip,
        now=desk.box.now(),
    )
    if before.status != rejected.status:
        bill_letters.decided(tx, desk.box, rejected)
    account_letters.if_locked(tx, desk.box, rejected.user_id, was)


async def _page(desk: Desk, errors: dict[int, str], *, status: int = 200) -> Response[str]:
    before = cursor_of(desk.request.query_params.get("before", ""))

    def ask(rows: Rows) -> dict[str, Any]:
        past = payments.decided(rows, before=before, most=PER_PAGE + 1)
        older = past[PER_PAGE - 1].id if len(past) > PER_PAGE else None
        waiting = payments.queue(rows)
        rivals = {one.id: payments.rivals(rows, one.id) for one in waiting + past}
        gap = fence.gap(rows, now=desk.box.now())
        return {"gap": gap, "waiting": waiting, "past": past[:PER_PAGE], "older": older, "rivals": rivals}

    shown = await desk.box.db.read(ask)
    return desk.page(
        "admin/payments.html",
        status=status,
        here="payments",
        before=before,
        errors=errors,
        **shown,
    )


router = Mount(path="/", route_handlers=[page, approve, reject])
