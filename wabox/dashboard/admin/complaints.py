"""Who was complained about: the list, and one more, recorded by hand for somebody who called or wrote."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from litestar import Response, get, post

from wabox.accounts import states, users
from wabox.campaigns import replies
from wabox.contacts import phones
from wabox.content import complaints
from wabox.content.complaints import Writer
from wabox.dashboard.admin.filter import check_open
from wabox.dashboard.frame.asked import cursor_of, typed
from wabox.dashboard.frame.desk import Desk
from wabox.db import Tx
from wabox.errors import Invalid
from wabox.languages import later
from wabox.letters import accounts as letters
from wabox.mounting import Mount

PER_PAGE = 50
LATELY = timedelta(days=90)
CHOOSE = later("Choose who wrote to this number.")


@get("/admin/complaints", owner=True)
async def page(desk: Desk) -> Response[str]:
    """Newest first; with a number, who wrote to it lately."""
    return await _page(desk, typed(desk.request.query_params.get("phone", ""), 64))


@post("/admin/complaints", owner=True)
async def record(desk: Desk) -> Response[str]:
    """It is on record, and nothing more goes from that account to that number."""
    check_open(desk)
    form = await desk.form()
    phone, chosen, note = form.text("phone")[:64], form.text("user"), form.text("note")
    try:
        await desk.box.db.write(_record, desk, phone, chosen, note)
    except Invalid as wrong:
        errors = wrong.details or {"phone": wrong.sentence}
        return await _page(desk, phone, note=note, errors=errors, status=422)
    return desk.go("/admin/complaints", said="complaint_noted")


def _record(tx: Tx, desk: Desk, phone: str, chosen: str, note: str) -> None:
    now, digits = desk.box.now(), _digits(desk, phone)
    writers = [one.user_id for one in complaints.wrote_to(tx, digits, since=now - LATELY)]
    if not chosen.isascii() or not chosen.isdigit() or int(chosen[:18]) not in writers:
        raise Invalid("bad_user", CHOOSE, details={"user": CHOOSE})
    user_id = int(chosen)
    was = users.by_id(tx, user_id)
    complaints.record(
        tx,
        user_id,
        digits,
        source="owner",
        by=states.Actor(desk.user.id, desk.ip),
        note=note,
        lock_after=desk.box.config.content.lock_after_complaints,
        now=now,
    )
    letters.if_locked(tx, desk.box, user_id, was)
    replies.opt_out_by_owner(tx, user_id, digits, source="owner", by=desk.user.email, now=now)


async def _page(
    desk: Desk, phone: str, *, note: str = "", errors: dict[str, str] | None = None, status: int = 200
) -> Response[str]:
    check_open(desk)
    wrong = dict(errors or {})
    before = cursor_of(desk.request.query_params.get("before", ""))
    found = await desk.box.db.read(complaints.page, before=before, limit=PER_PAGE + 1)
    shown: dict[str, Any] = {"writers": await _writers(desk, phone, wrong)}
    return desk.page(
        "admin/complaints.html",
        status=status,
        here="settings",
        phone=phone,
        note=note,
        errors=wrong,
        listed=found[:PER_PAGE],
        before=before,
        older=found[PER_PAGE - 1].id if len(found) > PER_PAGE else None,
        **shown,
    )


async def _writers(desk: Desk, phone: str, wrong: dict[str, str]) -> list[Writer] | None:
    """None: no number was given, or it is none."""
    if not phone:
        return None
    try:
        digits = _digits(desk, phone)
    except Invalid as refused:
        wrong.setdefault("phone", refused.sentence)
        return None
    return await desk.box.db.read(complaints.wrote_to, digits, since=desk.box.now() - LATELY)


def _digits(desk: Desk, phone: str) -> str:
    return phones.parse(phone, country=desk.box.config.locale.country).digits


router = Mount(path="/", route_handlers=[page, record])
