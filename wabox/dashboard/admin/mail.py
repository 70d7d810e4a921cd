"""The owner's mail: by which server it goes, a test, and the log: to whom, and what became of each."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post

from wabox.accounts import audit, mail, mail_server
from wabox.dashboard.frame.asked import cursor_of
from wabox.dashboard.frame.desk import Desk
from wabox.db import Tx
from wabox.errors import Invalid
from wabox.letters import roads
from wabox.mounting import Mount

PATH, PER_PAGE = "/admin/mail", 50
FIELDS = ("host", "port", "tls", "user", "password", "sender")


@get(PATH, owner=True)
async def page(desk: Desk) -> Response[str]:
    """Newest first."""
    return await _page(desk)


@post(f"{PATH}/server", owner=True)
async def save(desk: Desk) -> Response[str]:
    """Mail goes by this server."""
    form = await desk.form()
    given = {name: form.text(name, trim=name != "password") for name in FIELDS}
    try:
        await desk.box.db.write(_save, desk, given)
    except Invalid as refused:
        return await _page(desk, status=422, given=given, errors=refused.details)
    return desk.go(PATH, said="saved")


@post(f"{PATH}/server/remove", owner=True)
async def remove(desk: Desk) -> Response[str]:
    """There is none any more."""
    await desk.box.db.write(_remove, desk)
    return desk.go(PATH, said="saved")


@post(f"{PATH}/test", owner=True)
async def test(desk: Desk) -> Response[str]:
    """A test goes to the owner; what came of it is the first of the list."""
    try:
        await desk.box.db.write(roads.test_mail, desk.box, desk.user, now=desk.box.now())
    except Invalid as refused:
        return await _page(desk, status=422, errors=refused.details)
    return desk.go(PATH, said="alert_tested")


def _save(tx: Tx, desk: Desk, given: dict[str, str]) -> None:
    told = mail_server.change(tx, given, config=desk.box.config, seal=desk.box.seal)
    details = {**told, "password": bool(given["password"])}
    audit.note(
        tx, user_id=desk.user.id, action="mail_server.changed", details=details, ip=desk.ip, now=desk.box.now()
    )


def _remove(tx: Tx, desk: Desk) -> None:
    mail_server.forget(tx, config=desk.box.config)
    audit.note(tx, user_id=desk.user.id, action="mail_server.removed", ip=desk.ip, now=desk.box.now())


async def _page(
    desk: Desk, *, status: int = 200, given: dict[str, str] | None = None, errors: dict[str, str] | None = None
) -> Response[str]:
    before = desk.request.query_params.get("before", "")
    before_id = cursor_of(before)
    found = await desk.box.db.read(mail.page, before=before_id, limit=PER_PAGE + 1)
    server = await desk.box.db.read(mail_server.in_force, desk.box.config, seal=desk.box.seal)
    shown = found[:PER_PAGE]
    return desk.page(
        "admin/mail.html",
        status=status,
        here="settings",
        typed=given or _typed(server),
        by_file=server.by_file,
        has_password=server.password is not None,
        errors=errors or {},
        mails=shown,
        newest=PATH if before_id is not None else "",
        older=f"{PATH}?before={shown[-1].id}" if len(found) > PER_PAGE else "",
    )


def _typed(server: mail_server.Server) -> dict[str, Any]:
    smtp = server.smtp
    return {
        "host": smtp.host or "",
        "port": str(smtp.port),
        "tls": smtp.tls,
        "user": smtp.user or "",
        "sender": smtp.sender or "",
    }


router = Mount(path="/", route_handlers=[page, save, remove, test])
