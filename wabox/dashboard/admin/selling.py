"""What the owner of a box with customers does: plans, and the payments that wait to be checked."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post

from wabox.accounts import audit, users
from wabox.billing import money, payments, plans
from wabox.billing.money import digits
from wabox.billing.plans import Terms
from wabox.dashboard.frame import letters
from wabox.dashboard.frame.answers import nothing_here
from wabox.dashboard.frame.desk import Desk, known_id
from wabox.dashboard.frame.form import Form
from wabox.dashboard.language import later
from wabox.db import Rows, Tx
from wabox.errors import Invalid
from wabox.mounting import Mount

PER_PAGE = 50


@get("/admin/plans")
async def list_plans(desk: Desk) -> Response[str]:
    """Every plan, those for sale first, and the form for a new one."""
    _only_owner(desk)
    return await _plans(desk, Form({}), {})


@post("/admin/plans")
async def create_plan(desk: Desk) -> Response[str]:
    """A plan is for sale."""
    _only_owner(desk)
    form = await desk.form()

    def verb(tx: Tx) -> None:
        made = plans.create(tx, _terms(desk, form), now=desk.box.now())
        _note(tx, desk, "plan.created", made.id, name=made.terms.name)

    try:
        await desk.box.db.write(verb)
    except Invalid as wrong:
        return await _plans(desk, form, wrong.details, status=422)
    return desk.go("/admin/plans", said="plan_saved")


@get("/admin/plans/{plan_id:int}")
async def show_plan(plan_id: int, desk: Desk) -> Response[str]:
    """The plan's terms, to change for whoever buys it from now on."""
    _only_owner(desk)
    plan = await desk.box.db.read(plans.by_id, known_id(plan_id))
    return _plan(desk, plan, _form_of(plan), {})


@post("/admin/plans/{plan_id:int}")
async def change_plan(plan_id: int, desk: Desk) -> Response[str]:
    """The plan is sold on other terms from now on."""
    _only_owner(desk)
    form = await desk.form()

    def verb(tx: Tx) -> None:
        made = plans.change(tx, known_id(plan_id), _terms(desk, form), now=desk.box.now())
        _note(tx, desk, "plan.changed", made.id, name=made.terms.name, was=plan_id)

    try:
        await desk.box.db.write(verb)
    except Invalid as wrong:
        plan = await desk.box.db.read(plans.by_id, known_id(plan_id))
        return _plan(desk, plan, form, wrong.details, status=422)
    return desk.go("/admin/plans", said="plan_saved")


@post("/admin/plans/{plan_id:int}/archive")
async def archive_plan(plan_id: int, desk: Desk) -> Response[str]:
    """The plan is not for sale any more."""
    _only_owner(desk)

    def verb(tx: Tx) -> None:
        if plans.archive(tx, known_id(plan_id)):
            _note(tx, desk, "plan.archived", plan_id)

    await desk.box.db.write(verb)
    return desk.go("/admin/plans", said="plan_archived")


@post("/admin/plans/{plan_id:int}/restore")
async def restore_plan(plan_id: int, desk: Desk) -> Response[str]:
    """The plan is for sale again."""
    _only_owner(desk)

    def verb(tx: Tx) -> None:
        if plans.restore(tx, known_id(plan_id)):
            _note(tx, desk, "plan.restored", plan_id)

    await desk.box.db.write(verb)
    return desk.go("/admin/plans", said="plan_saved")


@get("/admin/payments")
async def list_payments(desk: Desk) -> Response[str]:
    """What waits to be checked, and what was decided."""
    _only_owner(desk)
    return await _payments(desk, {})


@post("/admin/payments/{payment_id:int}/approve")
async def approve(payment_id: int, desk: Desk) -> Response[str]:
    """The money is there."""
    _only_owner(desk)
    await desk.box.db.write(_approve, desk, known_id(payment_id))
    return desk.go("/admin/payments", said="payment_approved")


def _approve(tx: Tx, desk: Desk, payment_id: int) -> None:
    """Once: a second press changes and tells nothing."""
    before, rivals = payments.by_id(tx, payment_id), payments.rivals(tx, payment_id)
    seller = desk.box.config.billing.seller or desk.user.email
    done = payments.approve(tx, payment_id, by=desk.user.id, seller=seller, ip=desk.ip, now=desk.box.now())
    if before.status != done.status:
        letters.decided(tx, desk.box, done)
        for one in rivals:
            if one.status == "pending":
                letters.decided(tx, desk.box, payments.by_id(tx, one.id))


@post("/admin/payments/{payment_id:int}/reject")
async def reject(payment_id: int, desk: Desk) -> Response[str]:
    """The claim is not believed."""
    _only_owner(desk)
    form = await desk.form()
    try:
        await desk.box.db.write(_reject, desk, known_id(payment_id), form)
    except Invalid as wrong:
        return await _payments(desk, {payment_id: wrong.sentence}, status=422)
    return desk.go("/admin/payments", said="payment_rejected")


def _only_owner(desk: Desk) -> None:
    """Raises NotFound for everybody else: these pages are not there for them."""
    if desk.user.role != "owner":
        raise nothing_here()


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
        letters.decided(tx, desk.box, rejected)
    letters.if_locked(tx, desk.box, rejected.user_id, was)


def _note(tx: Tx, desk: Desk, action: str, plan_id: int, **details: object) -> None:
    now = desk.box.now()
    audit.note(tx, user_id=desk.user.id, action=action, subject=str(plan_id), details=details, ip=desk.ip, now=now)


def _terms(desk: Desk, form: Form) -> Terms:
    """The terms in the form. Raises Invalid by field for what is no number."""
    currency = desk.box.config.billing.currency
    wrong: dict[str, str] = {}

    def whole(name: str, empty: int | None) -> int | None:
        text = digits(form.text(name)).replace(",", "").replace(" ", "")
        if text == "":
            return empty
        if not (text.isascii() and text.isdigit() and len(text) < 13):
            wrong[name] = later("Give a whole number.")
            return empty
        return int(text)

    price = 0
    try:
        price = money.minor(form.text("price") or "0", currency)
    except Invalid as refusal:
        wrong["price"] = refusal.sentence
    terms = Terms(
        name=form.text("name"),
        price_minor=price,
        currency=currency,
        days=whole("days", None),
        credits=whole("credits", None),
        daily_cap=whole("daily_cap", 0) or 0,
        max_wa_accounts=whole("max_wa_accounts", 1) or 0,
        trial=form.ticked("trial"),
    )
    if wrong:
        raise Invalid("bad_plan", "Look at the marked fields.", details=wrong)
    return terms


def _form_of(plan: plans.Plan) -> Form:
    terms = plan.terms
    fields = {
        "name": terms.name,
        "price": money.plain(terms.price_minor, terms.currency),
        "days": str(terms.days or ""),
        "credits": str(terms.credits or ""),
        "daily_cap": str(terms.daily_cap),
        "max_wa_accounts": str(terms.max_wa_accounts),
        **({"trial": "1"} if terms.trial else {}),
    }
    return Form({name: [text] for name, text in fields.items()})


async def _plans(desk: Desk, form: Form, errors: dict[str, str], *, status: int = 200) -> Response[str]:
    found = await desk.box.db.read(plans.everything)
    return desk.page(
        "admin/plans.html",
        status=status,
        here="plans",
        found=found,
        form=form,
        errors=errors,
        currency=desk.box.config.billing.currency,
    )


def _plan(desk: Desk, plan: plans.Plan, form: Form, errors: dict[str, str], *, status: int = 200) -> Response[str]:
    currency = desk.box.config.billing.currency
    return desk.page(
        "admin/plan.html", status=status, here="plans", plan=plan, form=form, errors=errors, currency=currency
    )


async def _payments(desk: Desk, errors: dict[int, str], *, status: int = 200) -> Response[str]:
    asked = desk.request.query_params.get("before", "")
    before = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 19 else None

    def ask(rows: Rows) -> dict[str, Any]:
        past = payments.decided(rows, before=before, most=PER_PAGE + 1)
        older = past[PER_PAGE - 1].id if len(past) > PER_PAGE else None
        waiting = payments.queue(rows)
        rivals = {one.id: payments.rivals(rows, one.id) for one in waiting + past}
        return {"waiting": waiting, "past": past[:PER_PAGE], "older": older, "rivals": rivals}

    shown = await desk.box.db.read(ask)
    return desk.page(
        "admin/payments.html",
        status=status,
        here="payments",
        before=before,
        errors=errors,
        **shown,
    )


router = Mount(
    path="/",
    route_handlers=[
        list_plans,
        create_plan,
        show_plan,
        change_plan,
        archive_plan,
        restore_plan,
        list_payments,
        approve,
        reject,
    ],
)
