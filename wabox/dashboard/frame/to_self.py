"""What a composer says after "Send to me": which number it goes to, or why not. The form stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from litestar import Response

from wabox.dashboard.frame import answers, file_forms
from wabox.dashboard.frame.desk import Desk
from wabox.db import Tx
from wabox.errors import Forbidden, Refusal
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


async def tell(desk: Desk, verb: Callable[[Tx], Sent], *, who: str = "") -> Told:
    """It is sent, or what stands in the way is told."""
    try:
        return Told(await desk.box.db.write(verb), who)
    except REFUSED as refusal:
        return Told(refusal=refusal)


def piece(desk: Desk, told: Told) -> Response[str] | None:
    """The answer for a page that stays; None: the whole page is asked for."""
    if not answers.is_fragment(desk.request):
        return None
    return desk.page("frame/_to_self.html", status=told.status, told=told)
