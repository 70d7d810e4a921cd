"""Reads which report a page is asked for: a period by name or by days, a phone, a campaign, a tag, a source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from wabox import reports, times
from wabox.accounts import shops
from wabox.campaigns import stored as campaigns
from wabox.dashboard.frame.answers import nothing_here
from wabox.dashboard.frame.asked import address, cursor_of, typed
from wabox.dashboard.frame.desk import Desk
from wabox.dashboard.names.reports import SOURCE
from wabox.db import Rows
from wabox.devices import stored as devices
from wabox.languages import later
from wabox.messages.counting import SOURCES
from wabox.reports import Asked

PERIODS = {"1": 1, "7": 7, "30": 30, "90": 90}
USUAL = "30"
OFFERED = 100  # campaigns to choose from, the newest
FIELDS = ("period", "since", "until", "device", "campaign", "tag", "source")
NO_DAY = later("This is no day; choose one from the calendar.")
NO_PERIOD = later("A report has 1 to 366 days, and ends on its first day or later.")


@dataclass(frozen=True, slots=True)
class Search:
    """What was asked, as it was typed. period: a key of PERIODS, "own", or "" for the usual one."""

    period: str
    since: str
    until: str
    device: str
    campaign: str
    tag: str
    source: str

    @property
    def chosen(self) -> str:
        """The period that it is."""
        own = "own" if self.since or self.until else USUAL
        return self.period if self.period in PERIODS or self.period == "own" else own

    @property
    def filtered(self) -> bool:
        """Whether it is of some messages only."""
        return bool(self.device or self.campaign or self.tag or self.source)

    def query(self, **others: str) -> str:
        """The address of this search, with some fields otherwise."""
        return address(**{**{name: getattr(self, name) for name in FIELDS}, **others})


def search(desk: Desk) -> Search:
    """As the address says."""
    query = desk.request.query_params
    return Search(*(typed(query.get(name, ""), 100) for name in FIELDS))


def asked(search: Search, desk: Desk) -> tuple[Asked, str | None]:
    """The report, and what is wrong with its days; then it is of the usual ones."""
    today = times.local_day(desk.voice.now, desk.voice.zone)
    first, last, problem = _days(search, today)
    return (
        Asked(
            first,
            last,
            search.device or None,
            _campaign(search.campaign),
            search.tag or None,
            next((one for one in SOURCES if one == search.source), None),
        ),
        problem,
    )


def _days(search: Search, today: date) -> tuple[date, date, str | None]:
    usual = (today - timedelta(days=PERIODS[USUAL] - 1), today)
    if search.chosen != "own":
        return today - timedelta(days=PERIODS[search.chosen] - 1), today, None
    try:
        last = _day(search.until) or today
        first = _day(search.since) or last - timedelta(days=PERIODS[USUAL] - 1)
    except (ValueError, OverflowError):
        return *usual, NO_DAY
    if not 0 <= (last - first).days < reports.MOST_DAYS:
        return *usual, NO_PERIOD
    return first, last, None


def _day(text: str) -> date | None:
    return datetime.strptime(text, "%Y-%m-%d").date() if text else None  # noqa: DTZ007 - a day has no zone


def _campaign(text: str) -> int | None:
    if not text:
        return None
    number = cursor_of(text)
    if not number:
        raise nothing_here()
    return number


def choices(rows: Rows, desk: Desk, wanted: Asked) -> dict[str, Any]:
    """What can be chosen: phones, the newest campaigns and that of the report, tags that campaigns went to."""
    user_id = desk.user.id
    offered = campaigns.page(rows, user_id, per_page=OFFERED).campaigns
    if wanted.campaign_id is not None and wanted.campaign_id not in {one.id for one in offered}:
        offered = [*offered, campaigns.of_user(rows, user_id, wanted.campaign_id)]
    labels = [one.label for one in devices.list_of(rows, user_id)]
    pairs: dict[str, list[tuple[str, str]]] = {
        "phones": _pairs(labels, wanted.device_label),
        "campaigns": [(str(one.id), one.name) for one in offered],
        "tags": _pairs(reports.tags(rows, user_id), wanted.tag),
        "sources": [(key, desk.voice.say(word)) for key, word in SOURCE.items()],
    }
    chosen = (wanted.device_label, str(wanted.campaign_id or ""), wanted.tag, wanted.source)
    named = [dict(pairs[name]).get(one or "", "") for name, one in zip(pairs, chosen, strict=True)]
    return {**pairs, "told": [one for one in named if one], "shop": _shop(rows, desk)}


def _pairs(words: list[str], chosen: str | None) -> list[tuple[str, str]]:
    """To choose from; what is chosen is there, though it may be gone."""
    return [(one, one) for one in dict.fromkeys([*words, *([chosen] if chosen else [])])]


def _shop(rows: Rows, desk: Desk) -> str:
    """What stands above a printed report: the shop as it is called, or as WhatsApp shows it, else the address."""
    names = [
        shops.of_user(rows, desk.user.id).name,
        *(one.pushname for one in devices.list_of(rows, desk.user.id)),
    ]
    return next((name for name in names if name), desk.user.email)
