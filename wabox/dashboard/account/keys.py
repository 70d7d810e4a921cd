"""The main key, and those beside it: a name, what the key may do, when and from where it was last used."""

from __future__ import annotations

from litestar import Response, get, post

from wabox.accounts import audit, keys
from wabox.dashboard.frame.desk import Desk, known_id
from wabox.db import Tx
from wabox.errors import Invalid
from wabox.languages import later
from wabox.mounting import Mount

MAIN_KEY = later("Main key")
SCOPES: dict[str, str] = {
    "send": later("Send and cancel messages"),
    "read": later("Read everything: messages, contacts, campaigns, reports"),
    "contacts": later("Change contacts"),
    "campaigns": later("Make and control campaigns, change stored texts"),
    "devices": later("Link and control phones"),
    "admin": later("Make keys, set the webhook"),
    "all": later("Everything"),
}


@get("/settings/keys")
async def page(desk: Desk) -> Response[str]:
    """Every live key, and a form for one more."""
    return await _page(desk)


@post("/settings/keys")
async def make(desk: Desk) -> Response[str]:
    """A named key, shown this once."""
    form = await desk.form()
    name, scopes = form.text("name"), form.texts("scopes")
    try:
        issued = await desk.box.db.write(_make, desk, name, scopes)
    except Invalid as wrong:
        errors = wrong.details or {"name": wrong.sentence}
        return await _page(desk, status=422, errors=errors, name=name, scopes=scopes)
    return await _page(desk, key=issued.key, key_name=issued.name)


@post("/settings/key")
async def rotate(desk: Desk) -> Response[str]:
    """A new main key, shown this once; the old one is dead."""
    return await _page(desk, key=await desk.box.db.write(_rotate, desk), key_name=desk.voice.say(MAIN_KEY))


@post("/settings/keys/{key_id:int}/revoke")
async def revoke(key_id: int, desk: Desk) -> Response[str]:
    """The key is dead."""
    await desk.box.db.write(_revoke, desk, known_id(key_id))
    return desk.go("/settings/keys", said="key_revoked")


def _rotate(tx: Tx, desk: Desk) -> str:
    now = desk.box.now()
    audit.note(tx, user_id=desk.user.id, action="key.rotated", ip=desk.ip, now=now)
    return keys.rotate(tx, desk.user.id, now=now).key


def _make(tx: Tx, desk: Desk, name: str, scopes: list[str]) -> keys.IssuedKey:
    now = desk.box.now()
    if not scopes:
        sentence = later("Tick at least one thing this key may do.")
        raise Invalid("bad_scope", sentence, details={"scopes": sentence})
    issued = keys.named(tx, desk.user.id, name=name, scopes=scopes, now=now)
    details = {"name": issued.name, "scopes": list(issued.scopes)}
    audit.note(tx, user_id=desk.user.id, action="key.issued", details=details, ip=desk.ip, now=now)
    return issued


def _revoke(tx: Tx, desk: Desk, key_id: int) -> None:
    now = desk.box.now()
    gone = keys.withdraw(tx, desk.user.id, key_id, now=now)
    details = {"name": gone.name}
    audit.note(tx, user_id=desk.user.id, action="key.revoked", details=details, ip=desk.ip, now=now)


async def _page(
    desk: Desk,
    *,
    status: int = 200,
    key: str | None = None,
    key_name: str = "",
    name: str = "",
    scopes: list[str] | None = None,
    errors: dict[str, str] | None = None,
) -> Response[str]:
    return desk.page(
        "account/keys.html",
        status=status,
        here="keys",
        keys=await desk.box.db.read(keys.of_user, desk.user.id),
        main=keys.MAIN,
        words_of=SCOPES,
        offered=keys.SCOPES,
        key=key,
        key_name=key_name,
        name=name,
        chosen=scopes or ["send"],
        errors=errors or {},
    )


router = Mount(path="/", route_handlers=[page, make, rotate, revoke])
