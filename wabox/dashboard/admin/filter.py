"""The owner's rules for what may be written: the list, the house's own, and a text to try them on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from litestar import Response, get, post

from wabox.content import builtin, judging, matcher, reviews, rules
from wabox.content.rules import Actor, Draft
from wabox.dashboard.frame.answers import nothing_here
from wabox.dashboard.frame.desk import Desk, known_id
from wabox.dashboard.names.admin import BUILTIN
from wabox.db import Rows, Tx
from wabox.errors import Invalid, NotFound
from wabox.mounting import Mount

LONGEST_TRIED = 4_096
NEW = Draft("word", "", "hold", "")


@get("/admin/filter", owner=True)
async def page(desk: Desk) -> Response[str]:
    """Everything on one page."""
    return await _page(desk)


@get("/admin/filter/rules/{rule_id:int}", owner=True)
async def edit(rule_id: int, desk: Desk) -> Response[str]:
    """One rule, to be changed."""
    check_open(desk)
    entry = await desk.box.db.read(rules.known, known_id(rule_id))
    draft = Draft(entry.kind, entry.text, entry.action, entry.reason)
    return _form(desk, draft, rule_id, {})


@post("/admin/filter/rules", owner=True)
async def add(desk: Desk) -> Response[str]:
    """A new rule holds from now on."""
    check_open(desk)
    draft = await _draft(desk)
    try:
        await desk.box.db.write(rules.add, draft, by=actor(desk), now=desk.box.now())
    except Invalid as wrong:
        return await _page(desk, draft=draft, errors=wrong.details, status=422)
    return desk.go("/admin/filter", said="rule_saved")


@post("/admin/filter/rules/{rule_id:int}", owner=True)
async def change(rule_id: int, desk: Desk) -> Response[str]:
    """The rule is as the form says."""
    check_open(desk)
    draft = await _draft(desk)
    try:
        await desk.box.db.write(rules.change, known_id(rule_id), draft, by=actor(desk), now=desk.box.now())
    except Invalid as wrong:
        return _form(desk, draft, rule_id, wrong.details, status=422)
    return desk.go("/admin/filter", said="rule_saved")


@post("/admin/filter/rules/{rule_id:int}/{what:str}", owner=True)
async def switch(rule_id: int, what: str, desk: Desk) -> Response[str]:
    """The rule is on, off or gone."""
    check_open(desk)
    by, now = actor(desk), desk.box.now()
    verbs: dict[str, Callable[[Tx], None]] = {
        "on": lambda tx: rules.enable(tx, known_id(rule_id), enabled=True, by=by, now=now),
        "off": lambda tx: rules.enable(tx, known_id(rule_id), enabled=False, by=by, now=now),
        "delete": lambda tx: rules.delete(tx, known_id(rule_id), by=by, now=now),
    }
    if what not in verbs:
        raise _nothing_here()
    await desk.box.db.write(verbs[what])
    return desk.go("/admin/filter", said="rule_deleted" if what == "delete" else "rule_saved")


@post("/admin/filter/builtins/{name:str}", owner=True)
async def set_builtin(name: str, desk: Desk) -> Response[str]:
    """One of the house's rules holds, refuses or is off."""
    check_open(desk)
    setting = (await desk.form()).text("action")
    await desk.box.db.write(rules.set_builtin, name, setting, by=actor(desk), now=desk.box.now())
    return desk.go("/admin/filter", said="rule_saved")


@post("/admin/filter/try", owner=True)
async def try_text(desk: Desk) -> Response[str]:
    """What would become of a text, and by which rules; nothing is kept."""
    check_open(desk)
    text = (await desk.form()).text("tried", trim=False)[:LONGEST_TRIED]
    made = await desk.box.db.read(judging.ready)
    met = made.judge(text) if made is not None and text.strip() else ()
    shown: dict[str, Any] = {"tried": text, "met": met, "called": _called}
    if desk.request.headers.get("hx-request") == "true":
        return desk.page("admin/_tried.html", **shown)
    return await _page(desk, tried=shown)


def check_open(desk: Desk) -> None:
    """Raises NotFound where nobody's texts are judged: a shop alone on its box has no such pages."""
    if not desk.box.config.judges_content:
        raise _nothing_here()


def actor(desk: Desk) -> Actor:
    """Who does it, from where."""
    return Actor(desk.user.id, desk.ip)


def _called(rule: matcher.Rule) -> str:
    return BUILTIN[rule.text] if rule.kind == "builtin" else rule.text


async def _draft(desk: Desk) -> Draft:
    form = await desk.form()
    return Draft(form.text("kind"), form.text("text"), form.text("action"), form.text("reason"))


async def _page(
    desk: Desk,
    *,
    draft: Draft = NEW,
    errors: dict[str, str] | None = None,
    tried: dict[str, Any] | None = None,
    status: int = 200,
) -> Response[str]:
    check_open(desk)
    shown = {"tried": "", "met": (), "called": _called, **(tried or {}), **await desk.box.db.read(_facts)}
    return desk.page(
        "admin/filter.html",
        status=status,
        here="settings",
        draft=draft,
        errors=errors or {},
        builtins=[(one, BUILTIN[one.name]) for one in builtin.BUILTINS],
        **shown,
    )


def _form(desk: Desk, draft: Draft, rule_id: int, errors: dict[str, str], *, status: int = 200) -> Response[str]:
    return desk.page(
        "admin/rule.html",
        status=status,
        here="settings",
        draft=draft,
        rule_id=rule_id,
        errors=errors,
    )


def _facts(rows: Rows) -> dict[str, Any]:
    return {"listed": rules.listed(rows), "settings": judging.settings(rows), "waiting": reviews.waiting(rows)}


def _nothing_here() -> NotFound:
    return nothing_here()


router = Mount(path="/", route_handlers=[page, edit, add, change, switch, set_builtin, try_text])
