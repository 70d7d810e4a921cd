"""One visit: who asks, and what every page needs to answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from litestar import Request, Response
from litestar.datastructures import FormMultiDict

from wabox import fence
from wabox.accounts.sessions import Session
from wabox.accounts.users import User
from wabox.box import Box
from wabox.dashboard.frame import answers, form, guard
from wabox.dashboard.frame.answers import nothing_here
from wabox.dashboard.frame.form import Form
from wabox.dashboard.names import faults, menu
from wabox.dashboard.names.said import SAID
from wabox.dashboard.voice import Voice
from wabox.messages import facts, line
from wabox.mounting import box_of

BIGGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Desk:
    """What a page's handler is given."""

    box: Box
    request: guard.Asked
    visitor: Session | None
    voice: Voice

    @property
    def session(self) -> Session:
        """The live session; only a public route may have none."""
        assert self.visitor is not None
        return self.visitor

    @property
    def user(self) -> User:
        """Who is logged in."""
        return self.session.user

    @property
    def rules(self) -> facts.Rules:
        """The sending rules in force for the user."""
        return line.rules(self.box.config, self.user.timezone)

    @property
    def ip(self) -> str:
        """Where the request comes from; a trusted proxy's word for it is in the scope already."""
        client = self.request.client
        return client.host if client else ""

    async def form(self) -> Form:
        """The posted form."""
        return form.parse(await self.request.body())

    async def files(self) -> FormMultiDict:
        """The posted form, where it may hold files."""
        return await form.sent(self.request)

    def page(self, template: str, *, status: int = 200, **values: Any) -> Response[str]:
        """The template, with the visit's own values beside the given ones."""
        shown = {
            "session": self.visitor,
            "csrf": self.request.scope["state"]["csrf"],
            "config": self.box.config,
            "said": SAID.get(self.request.query_params.get("said", "")),
            "nav": menu.places(self.box.config, self.user.role) if self.visitor else menu.NAV,
            "damaged": self.box.db.damaged,
            "failing": self._failing(),
            "fenced": self._fenced(),
        }
        assert shown.keys().isdisjoint(values), "a page hides what is every page's"
        return answers.html(template, self.voice, {**shown, **values}, status=status)

    def _failing(self) -> str | None:
        """Why nothing can be written now, in words; None while it can, or while worse is said."""
        if self.box.db.damaged or self.box.db.failing is None:
            return None
        return faults.failing(self.box.db.failing_code)

    def _fenced(self) -> fence.Fence | None:
        """What holds the whole box, for who is logged in."""
        if self.visitor is None or self.box.db.damaged:
            return None
        return self.box.db.read_here(fence.of)

    def go(self, path: str, *, said: str | None = None) -> Response[str]:
        """On to that page, or a place on it, which shows what was done. said: a key of SAID."""
        assert said is None or said in SAID
        page, hash_mark, place = path.partition("#")
        mark = "&" if "?" in page else "?"
        return answers.redirect(path if said is None else f"{page}{mark}said={said}{hash_mark}{place}")


async def provide(request: Request[Any, Any, Any]) -> Desk:
    """The desk of this request."""
    state = request.scope["state"]
    return Desk(box_of(request), request, state["session"], state["voice"])


def known_id(number: int) -> int:
    """The number, if the database could have it. Raises NotFound."""
    if not 0 < number <= BIGGEST_ID:
        raise nothing_here()
    return number
