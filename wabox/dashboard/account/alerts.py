"""What somebody is alerted of and by which roads, what ails now, and a test of each road."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from litestar import Response, get, post

from wabox.accounts import audit, mail
from wabox.alerts import asking, choices, kinds, looking, services, stored
from wabox.alerts.stored import Alert
from wabox.dashboard.frame.desk import Desk, known_id
from wabox.db import Rows, Tx
from wabox.errors import Invalid, NotFound, Refusal, Unavailable
from wabox.letters import roads
from wabox.messages import stored as messages
from wabox.mounting import Mount
from wabox.webhooks import allowed, deliveries

PATH = "/settings/alerts"


@get(PATH)
async def page(desk: Desk) -> Response[str]:
    """The choice, and what came of the last alerts."""
    return await _page(desk)


@get(f"{PATH}/live")
async def live(desk: Desk) -> Response[str]:
    """What came of the last ones, as it is now."""
    return desk.page("account/_alerts.html", errors={}, **await desk.box.db.read(_facts, desk))


@post(PATH)
async def save(desk: Desk) -> Response[str]:
    """They are told so."""
    form = await desk.form()
    given = {
        "kinds": form.texts("kinds"),
        "mail": form.text("mail") == "1",
        "whatsapp": form.text("whatsapp")[:60],
    }
    try:
        await desk.box.db.write(_save, desk, given)
    except Invalid as refused:
        return await _page(desk, status=422, given=given, errors=refused.details)
    return desk.go(PATH, said="saved")


@post(f"{PATH}/test/{{road:str}}")
async def test(road: str, desk: Desk) -> Response[str]:
    """A test goes by this road."""
    try:
        await desk.box.db.write(_test, desk, road)
    except NotFound:
        raise
    except Refusal as refused:
        return await _page(desk, status=refused.status, errors=refused.details or {road: refused.sentence})
    return desk.go(f"{PATH}#roads", said="alert_tested")


@post(f"{PATH}/services")
async def add(desk: Desk) -> Response[str]:
    """Alerts go to this service too. The address is understood first, which tells nobody."""
    address = (await desk.form()).text("address").strip()[: services.LONGEST]
    reach = desk.box.db.read_here(allowed.in_force, allowed.by_file(desk.box.config), desk.user.id)
    try:
        told = await asking.understood(address, reach=reach)
        if told.error is not None:
            raise Invalid("bad_service", told.error, details={"address": told.error})
        await desk.box.db.write(_add, desk, address, told.shown)
    except Invalid as refused:
        return await _page(desk, status=422, errors=refused.details, address=address)
    except Unavailable as busy:
        answer = await _page(desk, status=503, errors={"address": busy.sentence}, address=address)
        answer.headers["Retry-After"] = str(busy.retry_after)
        return answer
    return desk.go(f"{PATH}#services", said="saved")


@post(f"{PATH}/services/{{service_id:int}}/remove")
async def remove(service_id: int, desk: Desk) -> Response[str]:
    """Nothing goes there any more."""
    await desk.box.db.write(_remove, desk, known_id(service_id))
    return desk.go(f"{PATH}#services", said="saved")


@post(f"{PATH}/services/{{service_id:int}}/test")
async def test_service(service_id: int, desk: Desk) -> Response[str]:
    """A test goes there."""
    box = desk.box
    await box.db.write(roads.test_service, box, desk.user, known_id(service_id), now=box.now())
    return desk.go(f"{PATH}#services", said="alert_tested")


def _add(tx: Tx, desk: Desk, address: str, shown: str) -> None:
    now = desk.box.now()
    services.add(tx, desk.user.id, address, shown, seal=desk.box.seal, now=now)
    details, action = {"service": shown}, "alert_service.added"
    audit.note(tx, user_id=desk.user.id, action=action, details=details, ip=desk.ip, now=now)


def _remove(tx: Tx, desk: Desk, service_id: int) -> None:
    services.remove(tx, desk.user.id, service_id)
    action = "alert_service.removed"
    audit.note(tx, user_id=desk.user.id, action=action, ip=desk.ip, now=desk.box.now())


def _save(tx: Tx, desk: Desk, given: dict[str, Any]) -> None:
    user, now, country = desk.user, desk.box.now(), desk.box.config.locale.country
    told = choices.change(tx, user.id, given, role=user.role, country=country, now=now)
    if told:
        audit.note(tx, user_id=user.id, action="alerts.changed", details=told, ip=desk.ip, now=now)


def _test(tx: Tx, desk: Desk, road: str) -> None:
    ways = {"mail": roads.test_mail, "whatsapp": roads.test_whatsapp, "webhook": roads.test_webhook}
    if road not in ways:
        raise NotFound("not_found", "There is no such road; use mail, whatsapp or webhook.")
    ways[road](tx, desk.box, desk.user, now=desk.box.now())


async def _page(
    desk: Desk,
    *,
    status: int = 200,
    given: dict[str, Any] | None = None,
    errors: dict[str, str] | None = None,
    address: str = "",
) -> Response[str]:
    shown = await desk.box.db.read(_facts, desk)
    choice: choices.Choice = shown["choice"]
    chosen = {"kinds": choice.told(desk.user.role), "mail": choice.mail, "whatsapp": choice.phone or ""}
    return desk.page(
        "account/alerts.html",
        status=status,
        here="settings",
        kinds=kinds.of_role(desk.user.role),
        chosen=given or chosen,
        errors=errors or {},
        address=address,
        **shown,
    )


def _facts(rows: Rows, desk: Desk) -> dict[str, Any]:
    user_id = desk.user.id
    choice = choices.of_user(rows, user_id)
    return {
        "choice": choice,
        "lasting": [_named(rows, one) for one in stored.lasting(rows, user_id) if one.times],
        "told": [_named(rows, one) for one in stored.told(rows, user_id) if one.over_at is not None][:10],
        "services": services.of_user(rows, user_id),
        "last_mail": None if choice.mail_id is None else mail.of_user(rows, user_id, choice.mail_id),
        "last_message": _message(rows, user_id, choice.message_id),
        "webhook_asks": deliveries.is_asked_for(rows, user_id, roads.EVENT),
    }


def _named(rows: Rows, alert: Alert) -> Alert:
    return replace(alert, words=looking.named(rows, alert.words))


def _message(rows: Rows, user_id: int, message_id: int | None) -> messages.Message | None:
    try:
        return None if message_id is None else messages.of_user(rows, user_id, message_id)
    except NotFound:  # forgotten since
        return None


router = Mount(path="/", route_handlers=[page, live, save, test, add, remove, test_service])
