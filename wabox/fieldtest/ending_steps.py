"""Steps 16, 17, 18 and 20: a second window, the network, memory, and how a link ends."""

from __future__ import annotations

import time

from wabox.fieldtest.field import Field, Missed
from wabox.fieldtest.probes import script
from wabox.fieldtest.sending_steps import sent_and_counted
from wabox.whatsapp.driver import Link
from wabox.whatsapp.page import Page

_OVERNIGHT_SECONDS = 12 * 3_600
_SAMPLE_SECONDS = 600.0
_MUCH = 1.5


def conflict(field: Field) -> None:
    """16: a second window on the same profile; afterwards the link is as before."""
    mark = field.journal.mark()
    opened = field.page(_second_window, 2 * field.tempo.ready)
    seen = field.shows(lambda link: link.detail == "conflict", since=mark, seconds=field.tempo.settle * 3)
    field.page(_close_others, field.tempo.ready)
    back = field.ready_again(field.open())
    good = bool(back and back.state == "ready")
    field.check("comes back", None if good and not opened else good, 24, conflict=seen is not None)


def network(field: Field) -> None:
    """17: the network goes for a moment and for longer; the clock is compared with the server's."""
    for name, seconds in (("short", field.tempo.short), ("long", field.tempo.long)):
        mark, began = field.journal.mark(), time.monotonic()
        if field.people.do("network_off", seconds=seconds) != "done":
            raise Missed("the network stayed")
        field.journal.rest(seconds)
        field.people.do("network_on")
        left = field.shows(lambda link: link.state != "ready", since=mark, seconds=0)
        back = field.link if left is None else field.ready_again(mark)
        noticed, good = left is not None, bool(back and back.state == "ready")
        took = time.monotonic() - began - seconds
        field.check(f"{name} break", None if good and not noticed else good, 33, noticed=noticed, seconds=took)
    sent_and_counted(field, "after the network came back", 33)
    skew = field.ask(script("skew"))
    field.check("clock", None if skew is None else abs(skew) <= 60, 34, seconds=skew)


def memory(field: Field) -> None:
    """18: what the browser holds, before and after a reload; how it starts, also without service workers."""
    before = field.memory()
    samples: list[int | None] = []
    until = time.monotonic() + (_OVERNIGHT_SECONDS if field.overnight else 0)
    while time.monotonic() < until:
        field.journal.rest(_SAMPLE_SECONDS)
        samples.append(field.memory())
    mark = field.journal.mark()
    field.page(lambda page: page.reload(), field.tempo.ready)
    field.ready_again(mark)
    after = field.memory()
    good = None if not before or not after else max([after, *(one or 0 for one in samples)]) <= before * _MUCH
    field.check("bounded", good, 23, before=before, overnight=samples, after=after)
    _without_service_workers(field)
    for _ in range(field.tempo.again):
        back = field.ready_again(field.kill_browser())
        field.check("a start without a QR", bool(back and back.state == "ready"), 5, state=back and back.state)


def _without_service_workers(field: Field) -> None:
    """They are used all along; once the page is started without them."""
    field.gateway.let_service_workers("block")
    try:
        mark, began = field.kill_browser(), time.monotonic()
        back = field.ready_again(mark)
        good = bool(back and back.state == "ready")
        seconds = time.monotonic() - began
        field.check("ready without service workers", good, 19, seconds=seconds, memory=field.memory())
    finally:
        field.gateway.let_service_workers("allow")


def removed(field: Field) -> None:
    """20: phone A removes the device: the reason that is heard, and what the page shows then."""
    mark = field.journal.mark()
    if field.people.do("a_removes") != "done":
        raise Missed("phone A kept the device")
    gone = field.shows(lambda link: link.detail == "logged_out", since=mark, seconds=field.tempo.ready)
    states = [f"{one.state} {one.detail or ''}".strip() for one in field.journal.all(Link, mark)]
    reason = field.link.reason
    field.check("it is heard", gone is not None, 6, reason=reason, states=list(dict.fromkeys(states)))
    field.check("its reason is told", reason is not None or None, 35, reason=reason)


async def _second_window(page: Page) -> bool:
    tab = await page.tab.context.new_page()
    await tab.goto(page.tab.url, wait_until="domcontentloaded")
    return True


async def _close_others(page: Page) -> None:
    for tab in page.tab.context.pages:
        if tab is not page.tab:
            await tab.close()
