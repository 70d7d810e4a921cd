"""The API reference with this box's own address. Open to all, without secrets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get

from wabox import reference
from wabox.dashboard.frame.answers import nothing_here
from wabox.dashboard.frame.asked import typed
from wabox.dashboard.frame.desk import Desk
from wabox.messages import reasons
from wabox.mounting import Mount, reached_at
from wabox.reference import events, faults, samples
from wabox.reference.shape import Chapter, Route
from wabox.webhooks import endpoints

API = "/api/v1"


OTHERS = ("events", "errors")  # chapters of the page that are none of routes


@get("/docs", public=True)
async def page(desk: Desk) -> Response[str]:
    """How to begin, and every route, event and error by its name; or all that is found by a word."""
    return await _page(desk, "")


@get("/docs/{chapter:str}", public=True)
async def read(chapter: str, desk: Desk) -> Response[str]:
    """One chapter: its routes with samples to copy; each event with its body; each error with its cure."""
    if chapter not in OTHERS and all(one.key != chapter for one in reference.CHAPTERS):
        raise nothing_here()
    return await _page(desk, chapter)


def chapter_of(route: Route) -> str:
    """The address of the page on which the route stands."""
    key = next(one.key for one in reference.CHAPTERS if route in one.routes)
    return f"/docs/{key}#{route.anchor}"


async def _page(desk: Desk, here: str) -> Response[str]:
    query = desk.request.query_params
    language = query.get("in", "") if query.get("in", "") in samples.LANGUAGES else "curl"
    q = "" if here else typed(query.get("q", ""), 60)
    endpoint = await desk.box.db.read(endpoints.get, desk.user.id) if desk.visitor else None
    chosen = "" if language == "curl" else language
    shows = _shown(desk, here, q)
    return desk.page(
        "docs/page.html",
        here="docs",
        base=reached_at(desk.request) + API,
        language=language,
        languages=samples.LANGUAGES,
        q=q,
        chapter=here,
        index=reference.CHAPTERS,
        every_event=events.EVENTS,
        every_fault=faults.FAULTS,
        at=lambda key: (f"/docs/{key}" if key else "/docs") + (f"?in={chosen}" if chosen else ""),
        in_language=lambda one: (
            desk.request.scope["path"] + "?" + urlencode({"in": one, "q": q} if q else {"in": one})
        ),
        chosen=chosen,
        **shows,
        ends=reasons.ends(),
        tells=endpoint is not None and endpoint.enabled,
        webhook_php=events.PHP,
        webhook_node=events.NODE,
    )


def _shown(desk: Desk, here: str, q: str) -> dict[str, Any]:
    """What of the reference stands on this page in full."""
    if q:
        said = desk.voice.say
        return {
            "chapters": list(_found(desk, q)),
            "faults": [one for one in faults.FAULTS if _speaks(q, one.code, one.about, said(one.about))],
            "events": [one for one in events.EVENTS if _speaks(q, one.name, one.about, said(one.about))],
        }
    return {
        "chapters": [one for one in reference.CHAPTERS if one.key == here],
        "faults": faults.FAULTS if here == "errors" else [],
        "events": events.EVENTS if here == "events" else [],
    }


def _found(desk: Desk, q: str) -> Iterable[Chapter]:
    """The chapters with the routes that say all these words; of a chapter that is called so all."""
    for chapter in reference.CHAPTERS:
        routes = tuple(one for one in chapter.routes if _tells(desk, one, q))
        if _speaks(q, chapter.key, desk.voice.say(chapter.title)):
            routes = chapter.routes
        if routes:
            yield replace(chapter, routes=routes)


def _tells(desk: Desk, route: Route, q: str) -> bool:
    names = " ".join(one.name for one in route.fields)
    return _speaks(q, f"{route.method} {route.path}", names, route.about, desk.voice.say(route.about))


def _speaks(q: str, *texts: str) -> bool:
    """Whether each of the words stands somewhere in the texts."""
    said = " ".join(texts).casefold()
    return all(word in said for word in q.casefold().split())


router = Mount(path="/", route_handlers=[page, read])
