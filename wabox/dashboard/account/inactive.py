"""Where one's own account stands while it is not active: what that means, why, and what can be done."""

from __future__ import annotations

from litestar import Response, get, post

from wabox.accounts import links, registration, states, users
from wabox.accounts.throttle import HOUR, Bucket
from wabox.dashboard.frame.answers import nothing_here
from wabox.dashboard.frame.desk import Desk
from wabox.db import Tx
from wabox.errors import TooMany
from wabox.languages import later
from wabox.letters import accounts as letters
from wabox.letters.writing import Post
from wabox.mounting import Kept, Mount

LETTERS = 3  # confirming links an hour to one account


@get("/account", any_state=True)
async def page(desk: Desk) -> Response[str]:
    """For who waits or is suspended; an active account has nothing to read here."""
    if desk.user.state == "active":
        return desk.go("/")
    standing = await desk.box.db.read(states.standing, desk.user.id)
    whom = await desk.box.db.read(users.whom_to_write)
    asked = desk.box.db.read_here(registration.rule, desk.box.config) or states.NOTHING_MORE
    return desk.page("account/inactive.html", here="settings", standing=standing, asked=asked, whom=whom)


@post("/account/confirm", any_state=True)
async def confirm(desk: Desk, sent: Bucket) -> Response[str]:
    """The link that confirms the address goes once more."""
    asked = desk.box.db.read_here(registration.rule, desk.box.config)
    standing = await desk.box.db.read(states.standing, desk.user.id)
    if asked is None or not asked.verification or standing.confirmed:
        raise nothing_here()
    wait = sent.take(desk.user.id, desk.box.now())
    if wait:
        raise TooMany("too_many_tries", later("Too many tries. Wait a while, then try again."), retry_after=wait)
    await desk.box.db.write(_owe_link, desk)
    return desk.go("/account", said="link_sent")


def _owe_link(tx: Tx, desk: Desk) -> None:
    token = links.make(tx, "verify", desk.user.id, registration.VERIFY_LASTS, desk.box.now())
    post = Post(desk.box, desk.user.email, desk.user.id, desk.voice.language)
    letters.verify(tx, post, token)


router = Mount(
    path="/",
    route_handlers=[page, confirm],
    dependencies={"sent": Kept(lambda _: Bucket(LETTERS / HOUR, LETTERS)).provide},
)
