"""How fast the box sends: its owner sets it, everybody sees it; and which phones have rules of their own."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post

from wabox.accounts import audit
from wabox.dashboard.frame import ruling as forms
from wabox.dashboard.frame.desk import Desk
from wabox.db import Rows, Tx
from wabox.devices import rules
from wabox.devices import stored as devices
from wabox.devices.rules import Own
from wabox.errors import Invalid
from wabox.messages import ruling
from wabox.mounting import Mount


@get("/settings/sending")
async def page(desk: Desk) -> Response[str]:
    """By which rules the phones send."""
    return await _page(desk)


@post("/settings/sending")
async def save(desk: Desk) -> Response[str]:
    """The box's own pace and limits are these."""
    shown = forms.of_form(await desk.form())
    try:
        await desk.box.db.write(_save, desk, forms.given(shown))
    except Invalid as refused:
        return await _page(desk, status=422, shown=shown, errors=forms.errors(refused, shown))
    return desk.go("/settings/sending", said="saved")


def _save(tx: Tx, desk: Desk, given: dict[str, Any]) -> None:
    now = desk.box.now()
    pace = {name: value for name, value in given.items() if name not in forms.WHEN}
    done = ruling.set_box(tx, desk.user, pace, config=desk.box.config, now=now)
    if done.told:
        audit.note(tx, user_id=desk.user.id, action="rules.changed", details=done.told, ip=desk.ip, now=now)


async def _page(
    desk: Desk, *, status: int = 200, shown: forms.Shown | None = None, errors: dict[str, str] | None = None
) -> Response[str]:
    own, phones = await desk.box.db.read(_facts, desk)
    return desk.page(
        "account/sending.html",
        status=status,
        here="settings",
        shown=shown or forms.of_own(own),
        errors=errors or {},
        rules=rules.merged(desk.box.config.sending, own, Own()),
        outside=rules.merged(desk.box.config.sending, Own(), Own()),
        spells=forms.spells,
        phones=phones,
    )


def _facts(rows: Rows, desk: Desk) -> tuple[Own, list[devices.Device]]:
    return rules.own_of_box(rows), devices.list_of(rows, desk.user.id)


router = Mount(path="/", route_handlers=[page, save])
