"""One visit: who asks, and what every page needs to answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from litestar import Request, Response

from wabox.accounts import shops
from wabox.accounts.sessions import Session
from wabox.accounts.users import User
from wabox.box import Box
from wabox.dashboard.frame import answers, form, guard, parts, strip
from wabox.dashboard.frame.answers import nothing_here
from wabox.dashboard.frame.form import Form
from wabox.dashboard.names import menu
from wabox.dashboard.names.said import SAID
from wabox.dashboard.voice import Voice
from wabox.mounting import box_of

BIGGEST_ID = 2**63 - 1
SAYS = "said"  # the cookie that what was done is said by
SAYS_SECONDS = 60


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
    def ip(self) -> str:
        """Where the request comes from; a trusted proxy's word for it is in the scope already."""
        client = self.request.client
        return client.host if client else ""

    async def form(self) -> Form:
        """The posted form."""
        return form.parse(await form.body(self.request))

    async def form_with(self, field: str, *, most_bytes: int) -> tuple[Form, parts.Small | None]:
        """The posted form, and the small file in this field of it if one was chosen; the route says `streams`."""
        return await parts.small(self.request, self.visitor, field=field, most_bytes=most_bytes)

    def page(self, template: str, *, status: int = 200, **values: Any) -> Response[str]:
        """The template, with the visit's own values beside the given ones."""
        said = "" if answers.is_fragment(self.request) else self._said()
        shown = {
            "session": self.visitor,
            "csrf": self.request.scope["state"]["csrf"],
            "config": self.box.config,
            "sends_mail": self.box.sends_mail,
            "said": SAID.get(said),
            "nav": menu.groups(self.box.config, self.user.role) if self.visitor else menu.GROUPS,
            "pulse": self._pulse(),
            "shop_name": self._shop(),
            "path": self.request.scope["path"],
        }
        assert shown.keys().isdisjoint(values), "a page hides what is every page's"
        answer = answers.html(template, self.voice, {**shown, **values}, status=status)
        if said:
            answer.set_cookie(guard.cookie(self.request, SAYS, "", max_age=0))
        asks_again = self.request.method == "GET" and answers.is_fragment(self.request) and status == 200
        return answers.unless_known(self.request, answer) if asks_again else answer

    def _said(self) -> str:
        """What was done just now, once: a link alone, or the same page again, says nothing."""
        said = self.request.query_params.get("said", "")
        return said if said in SAID and said == guard.held(self.request, SAYS) else ""

    def _pulse(self) -> strip.Pulse | None:
        """What every whole page says first; a piece of one has no place for it."""
        if self.visitor is None or answers.is_fragment(self.request):
            return None
        return strip.of(self.box, self.user, self.voice.now)

    def _shop(self) -> str | None:
        """What the reader's shop is called; a piece of a page has no title."""
        if self.visitor is None or answers.is_fragment(self.request):
            return None
        return self.box.db.read_here(shops.of_user, self.user.id).name

    def go(self, path: str, *, said: str | None = None) -> Response[str]:
        """On to that page, or a place on it, which shows what was done. said: a key of SAID."""
        assert said is None or said in SAID
        if said is None:
            return answers.redirect(path)
        page, hash_mark, place = path.partition("#")
        mark = "&" if "?" in page else "?"
        answer = answers.redirect(f"{page}{mark}said={said}{hash_mark}{place}")
        answer.set_cookie(guard.cookie(self.request, SAYS, said, max_age=SAYS_SECONDS))
        return answer


async def provide(request: Request[Any, Any, Any]) -> Desk:
    """The desk of this request."""
    state = request.scope["state"]
    return Desk(box_of(request), request, state["session"], state["voice"])


def known_id(number: int) -> int:
    """The number, if the database could have it. Raises NotFound."""
    if not 0 < number <= BIGGEST_ID:
        raise nothing_here()
    return number
