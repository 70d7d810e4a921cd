"""One's plan and credits: what is in force, the free trial, buying, payments and invoices."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from litestar import Response, get, post

from wabox.billing import invoices, ledger, logo, money, payments, plans, screenshots, subscriptions, trials
from wabox.billing.payments import Claim
from wabox.box import Box
from wabox.config import Billing
from wabox.dashboard.billing import printing
from wabox.dashboard.frame.answers import HEADERS, nothing_here
from wabox.dashboard.frame.asked import cursor_of
from wabox.dashboard.frame.desk import Desk, known_id
from wabox.dashboard.frame.form import Form
from wabox.dashboard.names.money import PROVIDER
from wabox.db import Rows, Tx
from wabox.errors import Invalid, Refusal, TooLarge
from wabox.letters import accounts as account_letters
from wabox.mounting import Mount

ENTRIES = 30


@get("/billing")
async def page(desk: Desk) -> Response[str]:
    """Plan, credits, what to buy, payments, invoices and the ledger."""
    return await _page(desk)


@post("/billing/trial")
async def start_trial(desk: Desk) -> Response[str]:
    """The free trial begins."""
    days = desk.box.config.billing.trial_ip_days
    try:
        await desk.box.db.write(trials.start, desk.user.id, ip=desk.ip, ip_days=days, now=desk.box.now())
    except Invalid as wrong:
        return await _page(desk, status=422, wrong=wrong.sentence)
    return desk.go("/billing", said="trial_started")


@get("/billing/buy/{plan_id:int}")
async def buy(plan_id: int, desk: Desk) -> Response[str]:
    """How to pay, and the form for what was paid."""
    return await _buy(desk, plan_id, Form({}), {})


@post("/billing/buy/{plan_id:int}", streams=True, request_max_body_size=None)
async def pay(plan_id: int, desk: Desk) -> Response[str]:
    """The payment waits to be checked."""
    form, picture = await desk.form_with("receipt", most_bytes=screenshots.MOST_BYTES)
    kept: str | None = None
    try:
        if picture is not None:
            kept = await asyncio.to_thread(screenshots.keep, directory(desk.box), picture.data())
        claim = Claim(
            plan_id=known_id(plan_id),
            provider=form.text("provider"),
            amount_minor=money.minor(form.text("amount"), desk.box.config.billing.currency),
            txid=form.text("txid"),
            sender=form.text("sender"),
            receipt=kept,
            insists=form.ticked("insists"),
        )
        found = await desk.box.db.write(_submit, desk, claim)
        if isinstance(found, Refusal):
            raise found
    except (Invalid, TooLarge) as wrong:
        _drop(desk, kept)
        errors = wrong.details or {"form": wrong.sentence}
        return await _buy(desk, plan_id, form, errors, status=wrong.status)
    if found.receipt != kept:
        _drop(desk, kept)
    return desk.go("/billing", said="payment_claimed")


def _submit(tx: Tx, desk: Desk, claim: Claim) -> payments.Payment | Refusal:
    found = payments.submit(tx, desk.user.id, claim, ip=desk.ip, now=desk.box.now())
    account_letters.if_locked(tx, desk.box, desk.user.id, desk.user)
    return found


@get("/billing/payments/{payment_id:int}/receipt")
async def receipt(payment_id: int, desk: Desk) -> Response[bytes]:
    """The picture, for whose payment it is and for the owner of the box."""
    found = await desk.box.db.read(payments.by_id, known_id(payment_id))
    if found.receipt is None or (found.user_id != desk.user.id and desk.user.role != "owner"):
        raise nothing_here()
    data, kind = await asyncio.to_thread(screenshots.read, directory(desk.box), found.receipt)
    policy = {"Content-Security-Policy": "default-src 'none'; sandbox", "Content-Disposition": "inline"}
    return Response(data, media_type=kind, headers={**HEADERS, **policy})


@get("/billing/invoices/{number:int}")
async def invoice(number: int, desk: Desk) -> Response[str]:
    """An invoice, to look at and to print."""
    found, shown = await _invoice(desk, number)
    return desk.page("billing/invoice.html", here="billing", found=found, logo=shown)


@get("/billing/invoices/{number:int}/invoice.pdf")
async def paper(number: int, desk: Desk) -> Response[bytes]:
    """The same as a PDF, printed by the box's own browser."""
    found, carried = await _invoice(desk, number)
    shown = desk.page("billing/_invoice.html", found=found, logo=carried)
    printed = await printing.pdf(
        shown.content,
        language=desk.voice.language,
        title=found.shown_number,
        chromium=desk.box.config.whatsapp.chromium,
    )
    name = f'attachment; filename="invoice-{found.shown_number}.pdf"'
    return Response(printed, media_type="application/pdf", headers={**HEADERS, "Content-Disposition": name})


async def _invoice(desk: Desk, number: int) -> tuple[invoices.Invoice, str]:
    """The invoice, for whose it is and for the owner of the box, and the logo that it carries."""
    known = known_id(number)
    found, shown = await desk.box.db.read(lambda rows: (invoices.by_number(rows, known), logo.address(rows)))
    if found.user_id != desk.user.id and desk.user.role != "owner":
        raise nothing_here()
    return found, shown


def _offered(settings: Billing) -> list[str]:
    """The ways to pay that say how; all of them where none does, for then the customer asks."""
    return [one for one in settings.providers if getattr(settings, one)] or list(settings.providers)


def directory(box: Box) -> Path:
    """Where the pictures are."""
    return box.config.data.dir / "receipts"


def _drop(desk: Desk, kept: str | None) -> None:
    if kept is not None:
        screenshots.drop(directory(desk.box), kept)


async def _page(desk: Desk, *, status: int = 200, wrong: str | None = None) -> Response[str]:
    asked = desk.request.query_params.get("before", "")
    before = cursor_of(asked)
    shown = await desk.box.db.read(_account, desk, before)
    return desk.page(
        "billing/page.html",
        status=status,
        here="billing",
        wrong=wrong,
        before=before,
        **shown,
    )


def _account(rows: Rows, desk: Desk, before: int | None) -> dict[str, Any]:
    now, settings = desk.box.now(), desk.box.config.billing
    entries = ledger.page(rows, desk.user.id, before=before, most=ENTRIES + 1)
    refusal = trials.refusal(rows, desk.user.id, ip=desk.ip, ip_days=settings.trial_ip_days, now=now)
    past = subscriptions.history(rows, desk.user.id)
    return {
        "standing": subscriptions.standing(rows, desk.user.id, enabled=True, now=now),
        "credits": ledger.credits_left(rows, desk.user.id),
        "ended": past[0].ended_because if past and past[0].ended_at else None,
        "trial": plans.trial(rows) if refusal is None else None,
        "plans": plans.for_sale(rows) if desk.user.role != "owner" else [],
        "payments": payments.of_user(rows, desk.user.id),
        "invoices": invoices.of_user(rows, desk.user.id),
        "entries": entries[:ENTRIES],
        "older": entries[ENTRIES - 1].id if len(entries) > ENTRIES else None,
        "now": now,
    }


async def _buy(
    desk: Desk, plan_id: int, form: Form, errors: dict[str, str], *, status: int = 200
) -> Response[str]:
    def ask(rows: Rows) -> tuple[plans.Plan, subscriptions.Standing]:
        standing = subscriptions.standing(rows, desk.user.id, enabled=True, now=desk.box.now())
        return plans.by_id(rows, known_id(plan_id)), standing

    plan, standing = await desk.box.db.read(ask)
    if plan.terms.trial or desk.user.role == "owner":
        raise nothing_here()
    settings = desk.box.config.billing
    return desk.page(
        "billing/buy.html",
        status=status,
        here="billing",
        plan=plan,
        standing=standing,
        form=form,
        errors=errors,
        ways=[(one, PROVIDER[one], getattr(settings, one)) for one in _offered(settings)],
        amount=form.text("amount") or money.plain(plan.terms.price_minor, plan.terms.currency),
        now=desk.box.now(),
    )


router = Mount(path="/", route_handlers=[page, start_trial, buy, pay, receipt, invoice, paper])
