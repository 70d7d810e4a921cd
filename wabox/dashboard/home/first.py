"""The list of first steps: what of a shop stands already, and the one click to what does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from litestar import Response, post

from wabox.accounts import totp, users
from wabox.backup import nightly
from wabox.campaigns import stored as campaigns
from wabox.contacts import stored as contacts
from wabox.dashboard.frame.desk import Desk
from wabox.db import Rows
from wabox.devices import stored as devices
from wabox.languages import later
from wabox.messages import line
from wabox.mounting import Mount


@dataclass(frozen=True, slots=True)
class Step:
    """One of them. href: where it is done; posts: one press there does it."""

    word: str
    icon: str
    href: str
    done: bool
    posts: bool = False


def steps(rows: Rows, desk: Desk) -> list[Step]:
    """All of them in order; none once they are done, or the list was closed."""
    if users.first_steps_closed(rows, desk.user.id):
        return []
    found = list(_each(rows, desk))
    return [] if all(one.done for one in found) else found


def _each(rows: Rows, desk: Desk) -> Iterator[Step]:
    user_id = desk.user.id
    owned = devices.list_of(rows, user_id)
    ready = next((one for one in owned if one.ready and one.phone is not None), None)
    linked = any(one.linked or one.linked_at for one in owned)
    sent = any(line.has_sent(rows, one.id, since=None) for one in owned)
    test = "/whatsapp" if ready is None else f"/whatsapp/devices/{ready.label}/test"
    yield Step(later("Link your phone"), "phone", "/whatsapp", linked)
    yield Step(later("Send a test to your own phone"), "send", test, sent, posts=ready is not None)
    people = contacts.count(rows, user_id) > 0
    yield Step(later("Bring your contacts in"), "people", "/contacts/import", people)
    begun = bool(campaigns.page(rows, user_id, per_page=1).campaigns)
    yield Step(later("Write your first campaign"), "megaphone", "/campaigns/new", begun)
    if desk.user.role == "owner":
        kept = nightly.place_of(desk.box.config) is not None
        yield Step(later("Let the box make backups"), "download", "/admin/backups", kept)
    second = totp.standing(rows, user_id).on
    yield Step(later("Ask for a second step at log-in"), "shield", "/settings/security", second)


@post("/first/close")
async def close(desk: Desk) -> Response[str]:
    """The list is gone for good."""
    await desk.box.db.write(users.close_first_steps, desk.user.id, desk.box.now())
    return desk.go("/")


router = Mount(path="/", route_handlers=[close])
