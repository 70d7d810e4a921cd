"""The API reference with this box's own address. Open to all, without secrets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import urlencode

from litestar import Response, get

from wabox import reference
from wabox.dashboard.frame.asked import typed
from wabox.dashboard.frame.desk import Desk
from wabox.messages import reasons
from wabox.mounting import Mount, reached_at
from wabox.reference import events, faults, samples
from wabox.reference.shape import Chapter, Route
from wabox.webhooks import endpoints

API = "/api/v1"


@get("/docs", public=True)
async def page(desk: Desk) -> Response[str]:
    """Every route with samples to copy, each event with its body, each error with its cure."""
    query = desk.request.query_params
    language = query.get("in", "") if query.get("in", "") in samples.LANGUAGES else "curl"
    q = typed(query.get("q", ""), 60)
    endpoint = await desk.box.db.read(endpoints.get, desk.user.id) if desk.visitor else None
    chosen = "" if language == "curl" else language
    return desk.page(
        "docs/page.html",
        here="docs",
        base=reached_at(desk.request) + API,
        language=language,
        languages=samples.LANGUAGES,
        q=q,
        in_language=lambda one: "/docs?" + urlencode({"in": one, "q": q} if q else {"in": one}),
        chosen=chosen,
        chapters=list(_found(desk, q)),
        faults=[one for one in faults.FAULTS if _speaks(q, one.code, one.about, desk.voice.say(one.about))],
        ends=reasons.ends(),
        events=[one for one in events.EVENTS if _speaks(q, one.name, one.about, desk.voice.say(one.about))],
        tells=endpoint is not None and endpoint.enabled,
        webhook_php=events.PHP,
        webhook_node=events.NODE,
    )


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


router = Mount(path="/", route_handlers=[page])
