"""The shop: its name, language and time zone, quiet hours and days off, and what is answered to STOP and START."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from litestar import Response, get, post

from wabox.accounts import audit, shops, users
from wabox.campaigns import own_words
from wabox.campaigns.own_words import OwnWords
from wabox.campaigns.replies import CONFIRMATIONS, NAMED
from wabox.checkup import machine_clock
from wabox.dashboard.frame import ruling as forms
from wabox.dashboard.frame import zones
from wabox.dashboard.frame.desk import Desk
from wabox.db import Rows, Tx
from wabox.devices import rules
from wabox.devices.rules import DaysOff, Own
from wabox.errors import Invalid
from wabox.languages import NAMES
from wabox.messages import ruling
from wabox.mounting import Mount

BUYER = ("person", "phone")


@get("/settings")
async def page(desk: Desk) -> Response[str]:
    """Everything of the shop."""
    return await _page(desk)


@post("/settings/shop", any_state=True)
async def save_shop(desk: Desk) -> Response[str]:
    """The shop is called so."""
    form = await desk.form()
    typed = {name: form.text(name) for name in ("name", *(BUYER if _buys(desk) else ()))}
    try:
        await desk.box.db.write(_save_shop, desk, typed)
    except Invalid as wrong:
        return await _page(desk, status=422, typed=typed, errors=wrong.details)
    return desk.go("/settings", said="saved")


@post("/settings/locale", any_state=True)
async def set_locale(desk: Desk) -> Response[str]:
    """Language and time zone of this user."""
    form = await desk.form()
    language, timezone = form.text("language") or None, form.text("timezone") or None
    try:
        await desk.box.db.write(_set_locale, desk, language, timezone)
    except Invalid as wrong:
        return await _page(desk, status=422, errors=wrong.details)
    return desk.go("/settings", said="saved")


@post("/settings/hours")
async def save_hours(desk: Desk) -> Response[str]:
    """The box's own quiet hours and days off are these."""
    shown = forms.of_form(await desk.form())
    try:
        await desk.box.db.write(_save_hours, desk, forms.given(shown))
    except Invalid as wrong:
        return await _page(desk, status=422, shown=shown, errors=forms.errors(wrong, shown))
    return desk.go("/settings#hours", said="saved")


@get("/settings/answers")
async def answers(desk: Desk) -> Response[str]:
    """They stand on the shop's page."""
    return desk.go("/settings#answers")


@post("/settings/answers")
async def save_answers(desk: Desk) -> Response[str]:
    """They are these; what is blank is wabox's own."""
    form = await desk.form()
    words = tuple(line.strip() for line in form.text("words").splitlines() if line.strip())
    own = OwnWords(words, form.text("opt_out"), form.text("opt_in"))
    try:
        await desk.box.db.write(_save_answers, desk, own)
    except Invalid as wrong:
        return await _page(desk, status=422, own=own, errors=wrong.details)
    return desk.go("/settings#answers", said="saved")


def _buys(desk: Desk) -> bool:
    """Whether invoices are written to this account."""
    return desk.box.config.billing.enabled and desk.user.role != "owner"


def _save_shop(tx: Tx, desk: Desk, typed: dict[str, str]) -> None:
    _note(tx, desk, "shop.changed", shops.change(tx, desk.user.id, typed, now=desk.box.now()))


def _set_locale(tx: Tx, desk: Desk, language: str | None, timezone: str | None) -> None:
    users.set_language(tx, desk.user.id, language)
    users.set_timezone(tx, desk.user.id, timezone)
    _note(tx, desk, "locale.changed", {"language": language, "timezone": timezone})


def _save_hours(tx: Tx, desk: Desk, given: dict[str, Any]) -> None:
    hours = {name: given[name] for name in forms.WHEN}
    if hours["days_off"] == DaysOff():
        hours["days_off"] = None
    done = ruling.set_box(tx, desk.user, hours, config=desk.box.config, now=desk.box.now())
    _note(tx, desk, "rules.changed", done.told)


def _save_answers(tx: Tx, desk: Desk, own: OwnWords) -> None:
    given = {"words": own.words, "opt_out": own.opt_out, "opt_in": own.opt_in}
    _note(tx, desk, "answers.changed", own_words.change(tx, desk.user.id, given))


def _note(tx: Tx, desk: Desk, action: str, told: dict[str, Any]) -> None:
    """On record, if anything changed."""
    if told:
        audit.note(tx, user_id=desk.user.id, action=action, details=told, ip=desk.ip, now=desk.box.now())


async def _page(
    desk: Desk,
    *,
    status: int = 200,
    typed: dict[str, str] | None = None,
    shown: forms.Shown | None = None,
    own: OwnWords | None = None,
    errors: dict[str, str] | None = None,
) -> Response[str]:
    kept = await desk.box.db.read(_kept, desk)
    return desk.page(
        "account/page.html",
        status=status,
        here="settings",
        errors=errors or {},
        languages=NAMES,
        zones=zones.every(),
        clock_wrong=kept["clock_wrong"],
        typed=typed or asdict(kept["shop"]),
        buys=_buys(desk),
        own=own or kept["own"],
        usual=_usual(desk, kept["shop"].name),
        longest=own_words.LONGEST_TEXT,
        shown=shown or forms.of_own(kept["rules"]),
        outside=rules.merged(desk.box.config.sending, Own(), Own()),
        **zones.ruled(desk),
    )


def _usual(desk: Desk, shop: str | None) -> dict[str, str]:
    """wabox's own answers, as they go."""
    if shop is None:
        return {name: desk.voice.say(text) for name, text in CONFIRMATIONS.items()}
    return {name: desk.voice.say(text, shop=shop) for name, text in NAMED.items()}


def _kept(rows: Rows, desk: Desk) -> dict[str, Any]:
    return {
        "shop": shops.of_user(rows, desk.user.id),
        "own": own_words.of_user(rows, desk.user.id),
        "rules": rules.own_of_box(rows),
        "clock_wrong": machine_clock.is_wrong(rows),
    }


router = Mount(path="/", route_handlers=[page, save_shop, set_locale, save_hours, answers, save_answers])
