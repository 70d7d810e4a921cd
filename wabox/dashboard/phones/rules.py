"""A phone's own sending rules, which go before the box's."""

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


@get("/whatsapp/devices/{label:str}/rules")
async def page(label: str, desk: Desk) -> Response[str]:
    """By which rules this phone sends."""
    return await _page(desk, label)


@post("/whatsapp/devices/{label:str}/rules")
async def save(label: str, desk: Desk) -> Response[str]:
    """The phone's own rules are these."""
    shown = forms.of_form(await desk.form())
    try:
        await desk.box.db.write(_save, desk, label, forms.given(shown))
    except Invalid as refused:
        return await _page(desk, label, status=422, shown=shown, errors=forms.errors(refused, shown))
    return desk.go(f"/whatsapp/devices/{label}/rules", said="saved")


def _save(tx: Tx, desk: Desk, label: str, given: dict[str, Any]) -> None:
    now, device = desk.box.now(), devices.by_label(tx, desk.user.id, label)
    done = ruling.set_phone(tx, desk.user, device, given, config=desk.box.config, now=now)
    if done.told:
        audit.note(
            tx,
            user_id=desk.user.id,
            action="rules.changed",
            subject=device.label,
            details=done.told,
            ip=desk.ip,
            now=now,
        )


async def _page(
    desk: Desk,
    label: str,
    *,
    status: int = 200,
    shown: forms.Shown | None = None,
    errors: dict[str, str] | None = None,
) -> Response[str]:
    device, box = await desk.box.db.read(_facts, desk, label)
    own = rules.read(device.rules)
    return desk.page(
        "phones/rules.html",
        status=status,
        here="whatsapp",
        device=device,
        shown=shown or forms.of_own(own),
        errors=errors or {},
        rules=rules.merged(desk.box.config.sending, box, own),
        outside=rules.merged(desk.box.config.sending, box, Own()),
        spells=forms.spells,
    )


def _facts(rows: Rows, desk: Desk, label: str) -> tuple[devices.Device, Own]:
    return devices.by_label(rows, desk.user.id, label), rules.own_of_box(rows)


router = Mount(path="/", route_handlers=[page, save])
