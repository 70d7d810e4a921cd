"""Fields of the user's own: the list with a form for a new one, and a page for each."""

from __future__ import annotations

from typing import cast

from litestar import Response, get, post

from wabox.contacts import own
from wabox.contacts.own_values import Display, Field, Kind
from wabox.dashboard.contacts.forms import errors_of, note
from wabox.dashboard.frame.desk import Desk, known_id
from wabox.dashboard.frame.form import Form
from wabox.dashboard.names.contacts import SHAPES
from wabox.db import Rows, Tx
from wabox.errors import Invalid
from wabox.languages import later
from wabox.mounting import Mount
from wabox.texts import renaming


@get("/contacts/fields")
async def page(desk: Desk) -> Response[str]:
    """All fields, each with how many contacts have it."""
    return await _page(desk, {}, {})


@post("/contacts/fields")
async def make(desk: Desk) -> Response[str]:
    """The field is there; no contact has it yet."""
    form = await desk.form()

    def verb(tx: Tx) -> None:
        kind, display = _shape(form)
        own.create(
            tx,
            desk.user.id,
            name=form.text("name")[:64],
            kind=kind,
            display=display,
            currency=desk.box.config.billing.currency,
            now=desk.box.now(),
        )

    try:
        await desk.box.db.write(verb)
    except Invalid as wrong:
        typed = {"name": form.text("name")[:64], "shape": form.text("shape")[:32]}
        return await _page(desk, typed, errors_of(wrong), status=422)
    return desk.go("/contacts/fields", said="field_made")


@get("/contacts/fields/{field_id:int}")
async def show(field_id: int, desk: Desk) -> Response[str]:
    """One field."""
    return await _show(desk, field_id, {}, {})


@post("/contacts/fields/{field_id:int}")
async def change(field_id: int, desk: Desk) -> Response[str]:
    """The field is called and shown as the form says."""
    form = await desk.form()

    def verb(tx: Tx) -> None:
        kind, display = _shape(form)
        renaming.change(
            tx,
            desk.user.id,
            known_id(field_id),
            name=form.text("name")[:64],
            kind=kind,
            display=display,
            currency=desk.box.config.billing.currency,
            now=desk.box.now(),
        )

    try:
        await desk.box.db.write(verb)
    except Invalid as wrong:
        typed = {"name": form.text("name")[:64], "shape": form.text("shape")[:32]}
        return await _show(desk, field_id, typed, errors_of(wrong), status=422)
    return desk.go("/contacts/fields", said="saved")


@post("/contacts/fields/{field_id:int}/remove")
async def remove(field_id: int, desk: Desk) -> Response[str]:
    """The field is gone, with what contacts had in it."""

    def verb(tx: Tx) -> None:
        name = own.by_id(tx, desk.user.id, known_id(field_id)).name
        had = renaming.remove(tx, desk.user.id, field_id, now=desk.box.now())
        note(tx, desk, "contact.field_removed", field_id, name=name, contacts=str(had))

    try:
        await desk.box.db.write(verb)
    except Invalid as wrong:
        return await _show(desk, field_id, {}, {"form": wrong.sentence}, status=422)
    return desk.go("/contacts/fields", said="field_removed")


def _shape(form: Form) -> tuple[Kind, Display]:
    """The kind and the display that were chosen together. Raises Invalid."""
    kind, _, display = form.text("shape").partition("/")
    if form.text("shape") not in SHAPES:
        sentence = later("Choose what the field holds.")
        raise Invalid("bad_field", sentence, details={"shape": sentence})
    return cast(Kind, kind), cast(Display, display)


async def _page(desk: Desk, typed: dict[str, str], errors: dict[str, str], *, status: int = 200) -> Response[str]:
    found = await desk.box.db.read(own.counted, desk.user.id)
    currency = desk.box.config.billing.currency
    return desk.page(
        "contacts/fields.html",
        status=status,
        here="contacts",
        found=found,
        typed=typed,
        errors=errors,
        currency=currency,
    )


async def _show(
    desk: Desk, field_id: int, typed: dict[str, str], errors: dict[str, str], *, status: int = 200
) -> Response[str]:
    def ask(rows: Rows) -> Field:
        return own.by_id(rows, desk.user.id, known_id(field_id))

    field = await desk.box.db.read(ask)
    filled = {"name": field.name, "shape": f"{field.kind}/{field.display}"} | typed
    return desk.page(
        "contacts/field.html",
        status=status,
        here="contacts",
        field=field,
        typed=filled,
        errors={"shape" if name in ("kind", "display") else name: text for name, text in errors.items()},
        currency=field.currency or desk.box.config.billing.currency,
    )


router = Mount(path="/", route_handlers=[page, make, show, change, remove])
