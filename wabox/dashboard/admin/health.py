"""The owner's page that answers: is my box well, what is wrong with it, and what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from time import monotonic
from typing import Any, cast

from litestar import Response, get, post

from wabox import __version__, retention
from wabox.backup import nightly
from wabox.box import Box
from wabox.checkup import counts, database, standing
from wabox.checkup.counts import Counts
from wabox.checkup.findings import Finding
from wabox.checkup.vitals import Watch
from wabox.config import Config
from wabox.dashboard.frame.desk import Desk
from wabox.dashboard.names import admin, messages
from wabox.dashboard.names.shown import Tone
from wabox.dashboard.voice import Voice
from wabox.devices import stored as devices
from wabox.errors import Invalid, Unavailable
from wabox.languages import later
from wabox.messages.reasons import Reason
from wabox.mounting import Kept, Mount

MACHINE_SECONDS = 60.0
OF_ENGINE = ("step", "steps")  # values that are names of what the engine does
UNITS = ("B", "KB", "MB", "GB", "TB")


class Machine:
    """What the doctor finds on this machine, looked at once a minute at most, on a thread aside."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._found: list[Finding] = []
        self._at = -MACHINE_SECONDS
        self._busy = asyncio.Lock()

    async def findings(self) -> list[Finding]:
        """The latest; whoever comes first waits for them."""
        async with self._busy:
            if monotonic() - self._at >= MACHINE_SECONDS:
                self._found = await asyncio.to_thread(_looked, self._box.config)
                self._at = monotonic()
        return self._found


def _looked(config: Config) -> list[Finding]:
    return [*standing.of_machine(config), *nightly.findings(config)]


@get("/admin/health", owner=True)
async def page(desk: Desk, watch: Watch, machine: Machine) -> Response[str]:
    """The whole page."""
    return desk.page("admin/health.html", here="settings", **await _shown(desk, watch, machine))


@get("/admin/health/live", owner=True)
async def live(desk: Desk, watch: Watch, machine: Machine) -> Response[str]:
    """What changes by itself."""
    return desk.page("admin/_health.html", **await _shown(desk, watch, machine))


@post("/admin/health/check", owner=True)
async def check(desk: Desk, watch: Watch, checking: asyncio.Lock) -> Response[str]:
    """The database is looked through now."""
    if checking.locked():
        raise Invalid("busy", later("The database is being checked already; look again in a minute."))
    async with checking:
        await database.look_through(desk.box)
    watch.forget()
    return desk.go("/admin/health", said="checked")


async def _shown(desk: Desk, watch: Watch, machine: Machine) -> dict[str, Any]:
    vitals = await watch.look()
    numbers = vitals.counts
    own = await _own(desk) if numbers is not None else []
    found = [*await machine.findings(), *standing.of_process(vitals)]
    wrong = sorted((one for one in found if one.level != "ok"), key=lambda one: one.level != "bad")
    others = sum(numbers.devices.values()) - len(own) if numbers is not None else 0
    return {
        "vitals": vitals,
        "counts": numbers,
        "version": __version__,
        "level": wrong[0].level if wrong else "ok",
        "wrong": wrong,
        "worst": sum(one.level == "bad" for one in wrong),
        "fine": [one for one in found if one.level == "ok"],
        "own": own,
        "others": _others(numbers, own) if numbers is not None and others > 0 else [],
        "waits": _waits(numbers) if numbers is not None else [],
        "kept": _kept(desk, numbers) if numbers is not None else [],
        "said_of": said_of,
        "size": size,
        "span": span,
    }


async def _own(desk: Desk) -> list[devices.Device]:
    try:
        return await desk.box.db.read(devices.list_of, desk.user.id)
    except Unavailable:
        return []


def _waits(found: Counts) -> list[tuple[tuple[Tone, str, str], int]]:
    return [(_reason(name), n) for name, n in sorted(found.waiting.items(), key=lambda one: -one[1])]


def _kept(desk: Desk, found: Counts) -> list[tuple[str, int | None, int | None, int]]:
    """(what, its bytes, days it is kept, how many were removed so far); None = not known, or for ever."""
    spans = retention.spans(desk.box.config.data)
    return [
        (
            admin.KEPT[kind],
            found.weights.get(kind),
            spans[kind].days if kind in spans else None,
            found.removed.get(kind, 0),
        )
        for kind in retention.KINDS
    ]


def _others(found: Counts, own: Iterable[devices.Device]) -> list[tuple[str, int]]:
    """Phones of other users: how many in each state, and nothing else of them."""
    left = dict(found.devices)
    for one in own:
        left[one.state] = left.get(one.state, 0) - 1
    return [(state, left[state]) for state in admin.PHONE if left.get(state, 0) > 0]


def _reason(name: str) -> tuple[Tone, str, str]:
    if name == counts.GOING:
        return ("busy", "send", messages.GOING)
    return messages.REASON.get(cast(Reason, name), ("calm", "clock", name))


def said_of(voice: Voice, finding: Finding) -> tuple[str, str]:
    """What was found and what to do, in the reader's language."""
    values = {name: _value(voice, name, value) for name, value in finding.values.items()}
    return voice.say(finding.text, **values), voice.say(finding.remedy, **values)


def _value(voice: Voice, name: str, value: object) -> str:
    if isinstance(value, int):
        return voice.num(value)
    if name in OF_ENGINE:
        return ", ".join(voice.say(admin.STEPS.get(one, one)) for one in str(value).split(", "))
    return voice.say(str(value))


def size(voice: Voice, number: int) -> str:
    """Bytes as people say them: `1.4 GB`."""
    value, unit = float(number), 0
    while value >= 1000 and unit < len(UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{voice.num(round(value, 1) if value < 10 and unit else round(value))} {UNITS[unit]}"


def span(voice: Voice, seconds: float) -> str:
    """A span in its largest unit: `12 s`, `5 min`, `3 h`, `2 days`."""
    whole = max(0, int(seconds))
    if whole < 60:
        return voice.say(later("%(n)s s"), n=voice.num(whole))
    if whole < 3_600:
        return voice.say(later("%(n)s min"), n=voice.num(whole // 60))
    if whole < 172_800:
        return voice.say(later("%(n)s h"), n=voice.num(whole // 3_600))
    return voice.say(later("%(n)s days"), n=voice.num(whole // 86_400))


router = Mount(
    path="/",
    route_handlers=[page, live, check],
    dependencies={"machine": Kept(Machine).provide, "checking": Kept(lambda _: asyncio.Lock()).provide},
)
