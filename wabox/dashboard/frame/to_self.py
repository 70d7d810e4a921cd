"""What a composer says after "Send to me": which number it goes to, or why not. The form stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from litestar import Response

from wabox.dashboard.frame import answers, file_forms
from wabox.dashboard.frame.desk import Desk
from wabox.dashboard.frame.form import Form
from wabox.dashboard.frame.tickets import Tickets, fresh
from wabox.db import Tx
from wabox.errors import Forbidden, Refusal
from wabox.messages import to_self as testing
from wabox.messages.to_self import Sent

REFUSED = (*file_forms.REFUSED, Forbidden)


@dataclass(frozen=True, slots=True)
class Told:
    """What came of it. who: whose data it has, "" = nobody's. refusal: then nothing was sent."""

    sent: Sent | None = None
    who: str = ""
    refusal: Refusal | None = None

    @property
    def status(self) -> int:
        """Of the answer."""
        return 200 if self.refusal is None else self.refusal.status


async def tell(desk: Desk, tickets: Tickets, form: Form, verb: Callable[[Tx], Sent], *, who: str = "") -> Told:
    """It is sent, or what stands in the way is told. A page that is loaded again sends nothing more.

    form: its `test` is new on each page; on a page that stays, each press sends.
    """
    ticket = "" if answers.is_fragment(desk.request) else form.text("test")[:64]

    async def send() -> int:
        return (await desk.box.db.write(verb)).message_id

    try:
        sent = await tickets.once(desk.user.id, f"self:{ticket or fresh()}", send)
        return Told(await desk.box.db.read(testing.of_user, desk.user.id, sent.id), who)
    except REFUSED as refusal:
        return Told(refusal=refusal)


def piece(desk: Desk, told: Told) -> Response[str] | None:
    """The answer for a page that stays; None: the whole page is asked for."""
    if not answers.is_fragment(desk.request):
        return None
    return desk.page("frame/_to_self.html", status=told.status, told=told)
