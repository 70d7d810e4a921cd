"""A phone's doctor: what stands between it and its link, with a picture of the page for its owner alone."""

from __future__ import annotations

import asyncio

from litestar import Response, get, post

from wabox.accounts import audit
from wabox.dashboard.frame.desk import Desk
from wabox.db import Tx
from wabox.devices import doctor
from wabox.devices import stored as devices
from wabox.errors import Unavailable
from wabox.languages import later
from wabox.mounting import Mount
from wabox.whatsapp.driver import Checkup, SessionLost

NO_PICTURE = later("There is no page to look at just now. Wait a moment, then look again.")


@get("/whatsapp/devices/{label:str}/doctor")
async def page(label: str, desk: Desk) -> Response[str]:
    """What was found, and the next step; the picture when it is asked for."""
    device = await desk.box.db.read(devices.by_label, desk.user.id, label)
    seen = Checkup()
    if desk.box.sights is not None:
        seen = await asyncio.to_thread(desk.box.sights.checkup, device.id)
    return desk.page(
        "phones/doctor.html",
        here="whatsapp",
        device=device,
        report=doctor.examine(device, seen, now=desk.box.now()),
        trouble_at=seen.trouble_at,
        open=seen.browser is not None,
        looks=desk.request.query_params.get("look") == "1",
    )


@get("/whatsapp/devices/{label:str}/picture")
async def picture(label: str, desk: Desk) -> Response[bytes]:
    """The phone's page as its owner may see it; kept nowhere."""
    device = await desk.box.db.read(devices.by_label, desk.user.id, label)
    try:
        if desk.box.sights is None:
            raise SessionLost
        png = await asyncio.to_thread(desk.box.sights.picture, device.id)
    except SessionLost:
        raise Unavailable("device_not_ready", NO_PICTURE, retry_after=10) from None
    return Response(png, media_type="image/png", headers={"Cache-Control": "no-store"})


@post("/whatsapp/devices/{label:str}/press")
async def press(label: str, desk: Desk) -> Response[str]:
    """The main button of the box on the page is pressed, on its owner's order."""

    def find(tx: Tx) -> devices.Device:
        device = devices.by_label(tx, desk.user.id, label)
        now = desk.box.now()
        audit.note(tx, user_id=desk.user.id, action="device.pressed", subject=device.label, ip=desk.ip, now=now)
        return device

    device = await desk.box.db.write(find)
    pressed = False
    try:
        if desk.box.sights is not None:
            pressed = await asyncio.to_thread(desk.box.sights.press, device.id)
    except SessionLost:
        pressed = False
    said = "device_pressed" if pressed else "device_not_pressed"
    return desk.go(f"/whatsapp/devices/{device.label}/doctor", said=said)


router = Mount(path="/", route_handlers=[page, picture, press])
