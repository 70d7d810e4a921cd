"""The terms of a box that others use: for everybody to read, and for whoever has not accepted them yet."""

from __future__ import annotations

from litestar import Response, get, post

from wabox.accounts import audit, terms
from wabox.dashboard.frame.answers import nothing_here
from wabox.dashboard.frame.desk import Desk
from wabox.db import Tx
from wabox.errors import Invalid
from wabox.languages import later
from wabox.mounting import Mount

CHANGED = later("The terms have changed since you opened the page. Read them again, then accept.")


@get("/terms", public=True)
async def show(desk: Desk) -> Response[str]:
    """What whoever has an account here accepts, and when this visitor did."""
    _check(desk)
    user = desk.visitor.user if desk.visitor else None
    return desk.page(
        "login/terms.html",
        here="settings",
        terms=terms.TERMS,
        version=terms.VERSION,
        accepted=desk.box.db.read_here(terms.accepted, user.id) if user else None,
        asked=user is not None and user.role != "owner",
    )


@post("/terms", any_state=True)
async def accept(desk: Desk) -> Response[str]:
    """The visitor has accepted them; version, time and address are kept."""
    _check(desk)
    if (await desk.form()).text("version") != terms.VERSION:
        raise Invalid("terms_changed", CHANGED)
    await desk.box.db.write(_accept, desk)
    return desk.go("/", said="terms_accepted")


def _accept(tx: Tx, desk: Desk) -> None:
    known, now = terms.accepted(tx, desk.user.id), desk.box.now()
    if known is not None and known.version == terms.VERSION:
        return
    terms.accept(tx, desk.user.id, ip=desk.ip, now=now)
    details = {"terms": terms.VERSION}
    audit.note(tx, user_id=desk.user.id, action="account.terms_accepted", details=details, ip=desk.ip, now=now)


def _check(desk: Desk) -> None:
    if not desk.box.config.others_use_it:
        raise nothing_here()


router = Mount(path="/", route_handlers=[show, accept])
