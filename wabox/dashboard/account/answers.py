"""What is answered to STOP and START, and which further words count as STOP."""

from __future__ import annotations

from litestar import Response, get, post

from wabox.accounts import audit
from wabox.campaigns import own_words
from wabox.campaigns.own_words import OwnWords
from wabox.campaigns.replies import CONFIRMATIONS
from wabox.dashboard.frame.desk import Desk
from wabox.db import Tx
from wabox.errors import Invalid
from wabox.mounting import Mount


@get("/settings/answers")
async def page(desk: Desk) -> Response[str]:
    """The account's own words."""
    return _page(desk, await desk.box.db.read(own_words.of_user, desk.user.id))


@post("/settings/answers")
async def save(desk: Desk) -> Response[str]:
    """They are these; what is blank is wabox's own."""
    form = await desk.form()
    words = tuple(line.strip() for line in form.text("words").splitlines() if line.strip())
    typed = OwnWords(words, form.text("opt_out"), form.text("opt_in"))
    try:
        await desk.box.db.write(_save, desk, typed)
    except Invalid as refused:
        return _page(desk, typed, status=422, errors=refused.details)
    return desk.go("/settings/answers", said="saved")


def _save(tx: Tx, desk: Desk, typed: OwnWords) -> None:
    given = {"words": typed.words, "opt_out": typed.opt_out, "opt_in": typed.opt_in}
    told = own_words.change(tx, desk.user.id, given)
    if told:
        now = desk.box.now()
        audit.note(tx, user_id=desk.user.id, action="answers.changed", details=told, ip=desk.ip, now=now)


def _page(desk: Desk, own: OwnWords, *, status: int = 200, errors: dict[str, str] | None = None) -> Response[str]:
    return desk.page(
        "account/answers.html",
        status=status,
        here="settings",
        own=own,
        errors=errors or {},
        usual=CONFIRMATIONS,
        longest=own_words.LONGEST_TEXT,
    )


router = Mount(path="/", route_handlers=[page, save])
