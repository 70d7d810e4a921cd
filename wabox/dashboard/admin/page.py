"""The owner's list of accounts: who is here, in which state and why, and what may be done about it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from litestar import Response, get, post

from wabox import closing, customers
from wabox.accounts import (
    audit,
    keys,
    links,
    mail_server,
    passwords,
    registration,
    secrets,
    sessions,
    states,
    terms,
    users,
)
from wabox.accounts.registration import Rule
from wabox.accounts.states import Move
from wabox.accounts.users import User
from wabox.billing import goodwill, ledger, plans, subscriptions
from wabox.content import complaints, refusals
from wabox.dashboard.frame.answers import nothing_here
from wabox.dashboard.frame.asked import cursor_of, typed
from wabox.dashboard.frame.desk import Desk, known_id
from wabox.dashboard.frame.form import Form
from wabox.db import Rows, Tx
from wabox.devices import orders
from wabox.devices import stored as devices
from wabox.errors import Invalid
from wabox.letters import accounts as letters
from wabox.letters.writing import Post
from wabox.mounting import Mount

PER_PAGE = 50
LINK_LASTS = timedelta(days=3)
GOODWILL: dict[str, tuple[Callable[..., object], str]] = {
    "credits": (goodwill.give, "credits"),
    "extend": (goodwill.extend, "days"),
    "plan": (goodwill.change, "plan_id"),
}


@get("/admin/users", owner=True)
async def page(desk: Desk) -> Response[str]:
    """Newest first."""
    return await _page(desk)


@post("/admin/users", owner=True)
async def add(desk: Desk) -> Response[str]:
    """The account is there, active; its first password is set by the link, which is shown once and mailed."""
    email = (await desk.form()).text("email")[:254]
    unknown = await asyncio.to_thread(passwords.hashed, secrets.token())
    try:
        user_id, link = await desk.box.db.write(_add, desk, email, unknown)
    except Invalid as wrong:
        return await _page(desk, status=422, email=email, errors=wrong.details)
    return await _show(desk, user_id, status=201, link=link)


async def _page(
    desk: Desk, *, status: int = 200, email: str = "", errors: dict[str, str] | None = None
) -> Response[str]:
    query = desk.request.query_params
    q, before = typed(query.get("q", ""), 100), query.get("before", "")
    before_id = cursor_of(before)
    config = desk.box.config
    sells = config.billing.enabled
    asked_for = "ending" if query.get("plan", "") == "ending" else query.get("only", "")
    shows = customers.ONLY[1:] if sells else customers.ONLY[-1:] if config.judges_content else ()
    only: customers.Only = next((one for one in shows if one == asked_for), "")
    now = desk.box.now()
    found = await desk.box.db.read(
        customers.page, q, only=only, billing=sells, now=now, before=before_id, limit=PER_PAGE + 1
    )
    shown = found[:PER_PAGE]
    asked = {"q": q, **({"only": only} if only else {})}
    return desk.page(
        "admin/page.html",
        status=status,
        email=email,
        errors=errors or {},
        here="accounts" if desk.box.config.others_use_it else "settings",
        q=q,
        customers=shown,
        sells=sells,
        picked=only,
        shows=shows,
        now=now,
        newest=asked if before_id is not None else None,
        older={**asked, "before": shown[-1].user.id} if len(found) > PER_PAGE else None,
    )


@get("/admin/users/{user_id:int}", owner=True)
async def show(user_id: int, desk: Desk) -> Response[str]:
    """One account."""
    return await _show(desk, known_id(user_id))


@post("/admin/users/{user_id:int}/{what:str}", owner=True)
async def act(user_id: int, what: str, desk: Desk) -> Response[str]:
    """The account is moved, and it is on record with the reason."""
    if what == "link":
        return await _show(desk, user_id, link=await desk.box.db.write(_link, desk, known_id(user_id)))
    if what in GOODWILL and desk.box.config.billing.enabled:
        return await _kindly(desk, known_id(user_id), what)
    if what == "delete":
        return await _delete(desk, known_id(user_id))
    move = next((one for one in states.MOVES if one == what), None)
    if move is None:
        raise nothing_here()
    reason = (await desk.form()).text("reason")
    try:
        await desk.box.db.write(_move, desk, known_id(user_id), move, reason)
    except Invalid as wrong:
        return await _show(desk, user_id, status=422, wrong=wrong.sentence)
    return desk.go(f"/admin/users/{user_id}", said="account_moved")


async def _kindly(desk: Desk, user_id: int, what: str) -> Response[str]:
    """The owner gives credits, extends the plan or changes it."""
    form = await desk.form()
    said = {name: form.text(name)[:9] for name in ("credits", "days", "plan_id")}
    given = {name: int(text) if text.isdecimal() else 0 for name, text in said.items()}
    by = states.Actor(desk.user.id, desk.ip)
    verb, field = GOODWILL[what]
    try:
        await desk.box.db.write(verb, user_id, given[field], by=by, reason=form.text("reason"), now=desk.box.now())
    except Invalid as wrong:
        return await _show(desk, user_id, status=422, errors={what: wrong.details}, kept={what: form})
    return desk.go(f"/admin/users/{user_id}", said="goodwill")


async def _delete(desk: Desk, user_id: int) -> Response[str]:
    """The account is gone for good, with what it held."""
    reason = (await desk.form()).text("reason")
    by = states.Actor(desk.user.id, desk.ip)
    try:
        await desk.box.db.write(closing.close, user_id, by=by, reason=reason, now=desk.box.now())
    except Invalid as wrong:
        return await _show(desk, user_id, status=422, wrong=wrong.sentence)
    return desk.go(f"/admin/users/{user_id}", said="account_closed")


def _add(tx: Tx, desk: Desk, email: str, password_hash: str) -> tuple[int, str]:
    """As `wabox user add`. Raises Invalid `bad_email`, `email_taken`."""
    now = desk.box.now()
    user = users.create(tx, email=email, password_hash=password_hash, now=now)
    orders.create_primary(tx, user.id, now=now)
    details, subject = {"name": user.email}, str(user.id)
    audit.note(
        tx, user_id=desk.user.id, action="account.made", subject=subject, details=details, ip=desk.ip, now=now
    )
    token = links.make(tx, "reset", user.id, LINK_LASTS, now)
    if mail_server.is_set(tx, desk.box.config):
        letters.invited(tx, Post(desk.box, user.email, user.id, desk.voice.language), token)
    return user.id, f"{desk.box.base_url}/reset/{token}"


def _move(tx: Tx, desk: Desk, user_id: int, move: Move, reason: str) -> User:
    by = states.Actor(desk.user.id, desk.ip)
    asked, now = _asked(tx, desk), desk.box.now()
    moved = states.move(tx, user_id, move, by=by, reason=reason, asked=asked, now=now)
    letters.moved(tx, desk.box, moved, move, reason)
    return moved


def _asked(rows: Rows, desk: Desk) -> Rule:
    """What the box asks of new accounts."""
    return registration.rule(rows, desk.box.config) or states.NOTHING_MORE


def _link(tx: Tx, desk: Desk, user_id: int) -> str:
    """A link to a new password, for somebody who gets no mail. Raises NotFound."""
    user, now = _known(tx, user_id), desk.box.now()
    token = links.make(tx, "reset", user.id, LINK_LASTS, now)
    audit.note(
        tx,
        user_id=desk.user.id,
        action="account.link_made",
        subject=str(user.id),
        details={"name": user.email},
        ip=desk.ip,
        now=now,
    )
    return f"{desk.box.base_url}/reset/{token}"


def _known(rows: Rows, user_id: int) -> User:
    user = users.by_id(rows, user_id)
    if user is None:
        raise nothing_here()
    return user


async def _show(
    desk: Desk,
    user_id: int,
    *,
    status: int = 200,
    wrong: str | None = None,
    link: str | None = None,
    errors: dict[str, dict[str, str]] | None = None,
    kept: dict[str, Form] | None = None,
) -> Response[str]:
    now = desk.box.now()
    shown = await desk.box.db.read(_facts, user_id, now)
    if desk.box.config.billing.enabled:
        shown |= await desk.box.db.read(_bought, user_id, now)
    return desk.page(
        "admin/user.html",
        status=status,
        here="accounts" if desk.box.config.others_use_it else "settings",
        wrong=wrong,
        link=link,
        errors=errors or {},
        kept=kept or {},
        verification=desk.box.db.read_here(_asked, desk).verification,
        **shown,
    )


def _facts(rows: Rows, user_id: int, now: datetime) -> dict[str, Any]:
    user, since = _known(rows, user_id), now - complaints.COUNTED_FOR
    return {
        "user": user,
        "moves": states.moves_from(user, states.standing(rows, user_id)),
        "standing": states.standing(rows, user_id),
        "terms": terms.accepted(rows, user_id),
        "phones": len(devices.list_of(rows, user_id)),
        "keys": len(keys.of_user(rows, user_id)),
        "logins": len(sessions.of_user(rows, user_id)),
        "complained": complaints.people(rows, user_id, since=since),
        "refused": refusals.counted(rows, user_id, since=since),
    }


def _bought(rows: Rows, user_id: int, now: datetime) -> dict[str, Any]:
    """What the account is on, where plans are sold."""
    return {
        "plan": subscriptions.standing(rows, user_id, enabled=True, now=now),
        "credits": ledger.credits_left(rows, user_id),
        "plans": [one for one in plans.for_sale(rows) if one.terms.days is not None],
        "now": now,
    }


router = Mount(path="/", route_handlers=[page, add, show, act])
