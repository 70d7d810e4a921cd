"""What people wrote as a file, and all that is held of one person, for who asks what that is."""

from __future__ import annotations

from litestar import get
from litestar.response import Stream

from wabox import downloads
from wabox.accounts import audit
from wabox.dashboard.frame.desk import Desk
from wabox.dashboard.inbox.talk import known_address
from wabox.db import Rows
from wabox.downloads import Form
from wabox.messages import dossier
from wabox.mounting import Mount


@get("/inbox/export.csv")
async def everybody(desk: Desk) -> Stream:
    """What people wrote, for spreadsheets."""
    return await _given(desk, None, "csv")


@get("/inbox/{phone:str}/export.csv")
async def talk(phone: str, desk: Desk) -> Stream:
    """What was said with this person, for spreadsheets."""
    return await _given(desk, await desk.box.db.read(_held, desk, phone), "csv")


@get("/inbox/{phone:str}/export.jsonl")
async def person(phone: str, desk: Desk) -> Stream:
    """All that is held of this person, an object a line."""
    return await _given(desk, await desk.box.db.read(_held, desk, phone), "jsonl")


def _held(rows: Rows, desk: Desk, phone: str) -> str:
    address = known_address(rows, desk, phone)
    dossier.check_held(rows, desk.user.id, address)
    return address


async def _given(desk: Desk, address: str | None, form: Form) -> Stream:
    now = desk.box.now()
    await desk.box.db.write(
        lambda tx: audit.note(tx, user_id=desk.user.id, action=dossier.deed(address), ip=desk.ip, now=now)
    )
    return downloads.said(desk.box.db, desk.user.id, address, form, now=now)


router = Mount(path="/", route_handlers=[everybody, talk, person])
