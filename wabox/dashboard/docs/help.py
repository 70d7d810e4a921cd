"""The texts that come with wabox, to be read on the box itself: no internet is needed."""

from __future__ import annotations

from dataclasses import dataclass

from litestar import Response, get

from wabox.dashboard.docs import manual
from wabox.dashboard.frame import guard
from wabox.dashboard.frame.answers import nothing_here
from wabox.dashboard.frame.desk import Desk
from wabox.languages import later
from wabox.mounting import Mount


@dataclass(frozen=True, slots=True)
class Text:
    """A file of wabox/docs. owner: only for whoever runs the box. shared: listed where others use it too."""

    name: str
    title: str
    about: str
    owner: bool = False
    shared: bool = False


TEXTS = (
    Text(
        "owner",
        later("Running your box"),
        later("Contacts and campaigns, how fast it sends, and what to do when something is wrong."),
        owner=True,
    ),
    Text(
        "contract",
        later("What wabox promises"),
        later("To whoever runs it, to programs that use it, and to the people it writes to."),
    ),
    Text(
        "whatsapp",
        later("What is assumed of WhatsApp"),
        later("What wabox takes for true without having seen it, and how to try it on your phones."),
    ),
    Text(
        "people",
        later("People whose number is hidden"),
        later("How somebody is known who writes without a number."),
    ),
    Text(
        "selling",
        later("Selling it to others"),
        later("Plans, payments and credits, step by step."),
        owner=True,
        shared=True,
    ),
    Text(
        "faults",
        later("What may happen to a box"),
        later("Crashes, power cuts, full disks and the like, and what holds then."),
        owner=True,
    ),
    Text(
        "performance", later("How fast it is"), later("What was measured, and how to measure yours."), owner=True
    ),
)


@get("/help", public=True)
async def page(desk: Desk) -> Response[str]:
    """Every text that the reader has use for."""
    found = [text for text in _readable(desk) if not text.shared or desk.box.config.others_use_it]
    return desk.page("docs/help.html", here="help", texts=found)


@get("/help/{text:str}", public=True)
async def show(text: str, desk: Desk) -> Response[str]:
    """One text, with its sections at the top."""
    chosen = next((one for one in TEXTS if one.name == text), None)
    if chosen is None:
        raise nothing_here()
    readable = _readable(desk)
    if chosen not in readable:
        raise guard.Elsewhere(guard.login_path(desk.request)) if desk.visitor is None else nothing_here()
    shown = manual.written(chosen.name, frozenset(one.name for one in readable))
    return desk.page("docs/help_text.html", here="help", text=chosen, shown=shown)


def _readable(desk: Desk) -> list[Text]:
    """The texts that this reader may open."""
    runs_it = desk.visitor is not None and desk.user.role == "owner"
    return [text for text in TEXTS if runs_it or not text.owner]


router = Mount(path="/", route_handlers=[page, show])
