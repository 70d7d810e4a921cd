"""The plans that the owner sells: the list, a new one, and one with its terms."""

from __future__ import annotations

from litestar import Response, get, post

from wabox.accounts import audit
from wabox.billing import money, plans
from wabox.billing.money import digits
from wabox.billing.plans import Terms
from wabox.dashboard.frame.desk import Desk, known_id
from wabox.dashboard.frame.form import Form
from wabox.db import Tx
from wabox.errors import Invalid
from wabox.languages import later
from wabox.mounting import Mount


@get("/admin/plans", owner=True)
async def page(desk: Desk) -> Response[str]:
    """Every plan, those for sale first, and the form for a new one."""
    return await _page(desk, Form({}), {})


@post("/admin/plans", owner=True)
async def create(desk: Desk) -> Response[str]:
    """A plan is for sale."""
    form = await desk.form()

    def verb(tx: Tx) -> None:
        made = plans.create(tx, _terms(desk, form), now=desk.box.now())
        _note(tx, desk, "plan.created", made.id, name=made.terms.name)

    try:
        await desk.box.db.write(verb)
    except Invalid as wrong:
        return await _page(desk, form, wrong.details, status=422)
    return desk.go("/admin/plans", said="plan_saved")


@get("/admin/plans/{plan_id:int}", owner=True)
async def show(plan_id: int, desk: Desk) -> Response[str]:
    """The plan's terms, to change for whoever buys it from now on."""
    plan = await desk.box.db.read(plans.by_id, known_id(plan_id))
    return _show(desk, plan, _form_of(plan), {})


@post("/admin/plans/{plan_id:int}", owner=True)
async def change(plan_id: int, desk: Desk) -> Response[str]:
    """The plan is sold on other terms from now on."""
    form = await desk.form()

    def verb(tx: Tx) -> None:
        made = plans.change(tx, known_id(plan_id), _terms(desk, form), now=desk.box.now())
        _note(tx, desk, "plan.changed", made.id, name=made.terms.name, was=plan_id)

    try:
        await desk.box.db.write(verb)
    except Invalid as wrong:
        plan = await desk.box.db.read(plans.by_id, known_id(plan_id))
        return _show(desk, plan, form, wrong.details, status=422)
    return desk.go("/admin/plans", said="plan_saved")


@post("/admin/plans/{plan_id:int}/archive", owner=True)
async def archive(plan_id: int, desk: Desk) -> Response[str]:
    """The plan is not for sale any more."""

    def verb(tx: Tx) -> None:
        if plans.archive(tx, known_id(plan_id)):
            _note(tx, desk, "plan.archived", plan_id)

    await desk.box.db.write(verb)
    return desk.go("/admin/plans", said="plan_archived")


@post("/admin/plans/{plan_id:int}/restore", owner=True)
async def restore(plan_id: int, desk: Desk) -> Response[str]:
    """The plan is for sale again."""

    def verb(tx: Tx) -> None:
        if plans.restore(tx, known_id(plan_id)):
            _note(tx, desk, "plan.restored", plan_id)

    await desk.box.db.write(verb)
    return desk.go("/admin/plans", said="plan_saved")


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
        daily_megabytes=whole("daily_megabytes", 0) or 0,
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
        "daily_megabytes": str(terms.daily_megabytes),
        "max_wa_accounts": str(terms.max_wa_accounts),
        **({"trial": "1"} if terms.trial else {}),
    }
    return Form({name: [text] for name, text in fields.items()})


async def _page(desk: Desk, form: Form, errors: dict[str, str], *, status: int = 200) -> Response[str]:
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


def _show(desk: Desk, plan: plans.Plan, form: Form, errors: dict[str, str], *, status: int = 200) -> Response[str]:
    currency = desk.box.config.billing.currency
    return desk.page(
        "admin/plan.html", status=status, here="plans", plan=plan, form=form, errors=errors, currency=currency
    )


router = Mount(path="/", route_handlers=[page, create, show, change, archive, restore])
