"""Reports: the summary, day by day with filters, and what came of one campaign."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal, cast

from litestar import Response, get
from litestar.params import Parameter, QueryParameter
from msgspec import Struct

from wabox import reports, times
from wabox.accounts.keys import Caller
from wabox.api import strict, wire
from wabox.api.strict import StrictRequest
from wabox.box import Box
from wabox.campaigns import progress
from wabox.campaigns import stored as campaigns
from wabox.db import Rows
from wabox.messages import stored
from wabox.messages.counting import Source
from wabox.mounting import Mount

MONTH = timedelta(days=reports.DAYS - 1)
DAY = {"format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}


class Plan(Struct):
    """The plan; expires_at is null for one that does not expire."""

    name: str
    expires_at: str | None


class Count(Struct):
    """Messages that came to each end."""

    sent: int
    failed: int
    skipped: int


class Counts(Struct):
    """today; week: the last 7 days; month: the last 30 days; total: ever. Days of your time zone."""

    today: Count
    week: Count
    month: Count
    total: Count


class Day(Struct):
    """One day of your time zone, as 2026-04-25."""

    date: str
    sent: int


class Summary(Struct):
    """credits: null = unlimited. daily: 30 days, oldest first, today last."""

    plan: Plan
    credits: int | None
    messages: Counts
    daily: list[Day]


@get("/reports/summary", responses=wire.errors(), summary="Plan, credits and counters")
async def summary(box: Box, caller: Caller) -> Summary:
    """Your plan, credits and message counters, with a 30-day series."""
    timezone = caller.user.timezone
    zone = box.config.zone_named(timezone)
    billing = box.config.billing.enabled
    found = await box.db.read(reports.summary, caller.user.id, zone=zone, billing=billing, now=box.now())
    return Summary(
        plan=Plan(found.plan, times.wire_or_none(found.expires_at)),
        credits=found.credits,
        messages=Counts(_count(found.today), _count(found.week), _count(found.month), _count(found.total)),
        daily=[Day(day.date.isoformat(), day.count.sent) for day in found.daily],
    )


class Numbers(Struct):
    """sent includes delivered, which includes read; replied: people who answered a campaign within three days.

    These four count on the day the message was sent, the others on their own. opted_out: people who asked for
    no more messages.
    """

    sent: int
    delivered: int
    read: int
    replied: int
    failed: int
    skipped: int
    cancelled: int
    unknown: int
    opted_out: int


class DatedNumbers(Numbers, kw_only=True):
    """What became of the messages of one day of your time zone. date: as 2026-04-25."""

    date: str


class Daily(Struct, rename={"first": "from", "last": "to"}):
    """days: oldest first, each there. complete: false while messages from before an upgrade are still counted."""

    first: str
    last: str
    timezone: str
    complete: bool
    total: Numbers
    days: list[DatedNumbers]


@get("/reports/daily", responses=wire.errors(404), opt={"also": ["text/csv"]}, summary="Your messages by day")
async def daily(
    box: Box,
    caller: Caller,
    request: StrictRequest,
    first: Annotated[
        str | None,
        QueryParameter(name="from", description="The first day; without it the last 30.", schema_extra=DAY),
    ] = None,
    last: Annotated[
        str | None,
        QueryParameter(name="to", description="The last day, included; today without it.", schema_extra=DAY),
    ] = None,
    device_label: Annotated[
        str | None,
        Parameter(
            description="Of this phone; one that is deleted, too.", schema_extra={"pattern": wire.LABEL_PATTERN}
        ),
    ] = None,
    campaign_id: Annotated[int | None, Parameter(ge=1, le=wire.BIGGEST_ID)] = None,
    tag: Annotated[
        str | None,
        Parameter(
            max_length=64,
            description="Of campaigns whose audience names it.",
            schema_extra={"pattern": wire.PLAIN_PATTERN},
        ),
    ] = None,
    source: Annotated[
        Source | None,
        Parameter(
            description="`campaign`; `api` and `dashboard`: single messages, by who wrote them; `other`: wabox's "
            "own answers, and single ones from before they were told apart."
        ),
    ] = None,
    format: Annotated[
        Literal["json", "csv"], Parameter(description="csv: for spreadsheets, as `Accept: text/csv` also asks.")
    ] = "json",
) -> Response[Daily]:
    """What was sent, delivered, read and answered on each day, and what was not. At most 366 days.

    Kept as it happens, so it is quick however many messages there are, and stays when old ones are removed.
    """
    zone = box.config.zone_named(caller.user.timezone)
    until = strict.day_of(last, "to") or times.local_day(box.now(), zone)
    since = strict.day_of(first, "from")
    if since is None:
        since = max(until, date.min + MONTH) - MONTH
    asked = reports.Asked(since, until, device_label, campaign_id, tag, source)
    found = await box.db.read(reports.daily, caller.user.id, asked)
    if format == "csv" or request.headers.get("accept", "").split(",")[0].split(";")[0].strip() == "text/csv":
        name = f"reports-{since}-{until}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return cast(Response[Daily], Response(reports.as_csv(found), media_type="text/csv", headers=headers))
    days = [DatedNumbers(**_dict(day.numbers), date=str(day.date)) for day in found.days]
    return Response(Daily(str(since), str(until), zone.key, found.complete, _numbers(found.total), days))


class Hour(Struct):
    """What befell its messages in the hour that begins at `at`."""

    at: wire.Time
    sent: int
    delivered: int
    read: int
    replied: int


class NotReached(Struct):
    """How many people did not get it for this reason. error: as of a message; null for none."""

    status: stored.Status
    error: str | None
    people: int


class CampaignReport(Struct):
    """total: its audience. sent includes delivered, which includes read; queued: what is still to go.

    replied: people who answered within three days; opted_out: who asked for no more messages then. complete: as
    of /reports/daily.
    """

    id: int
    name: str
    status: campaigns.Status
    total: int
    queued: int
    sent: int
    delivered: int
    read: int
    replied: int
    opted_out: int
    failed: int
    skipped: int
    cancelled: int
    unknown: int
    complete: bool
    not_reached: list[NotReached]
    hours: list[Hour]


@get("/reports/campaigns/{campaign_id:int}", responses=wire.errors(404), summary="What came of a campaign")
async def of_campaign(
    campaign_id: Annotated[int, Parameter(ge=1, le=wire.BIGGEST_ID, description="A campaign's id.")],
    box: Box,
    caller: Caller,
) -> CampaignReport:
    """From its audience to the answers, by hour, and why people did not get it."""
    zone = box.config.zone_named(caller.user.timezone)

    def ask(rows: Rows) -> CampaignReport:
        found = reports.of_campaign(rows, caller.user.id, campaign_id, zone=zone)
        one = found.campaign
        return CampaignReport(
            id=one.id,
            name=one.name,
            status=one.status,
            total=one.total,
            queued=one.queued,
            sent=one.sent,
            delivered=one.delivered,
            read=one.read,
            replied=found.replied,
            opted_out=one.opted_out_after,
            failed=one.failed,
            skipped=one.skipped,
            cancelled=one.cancelled,
            unknown=one.unknown,
            complete=found.complete,
            not_reached=[
                NotReached(end.status, end.error or None, end.count) for end in progress.endings(rows, one)
            ],
            hours=[Hour(times.wire(h.at), h.sent, h.delivered, h.read, h.replied) for h in found.hours],
        )

    return await box.db.read(ask)


def _numbers(found: reports.Numbers) -> Numbers:
    return Numbers(**_dict(found))


def _dict(found: reports.Numbers) -> dict[str, int]:
    return {column: getattr(found, column) for column in reports.COLUMNS}


def _count(count: reports.Count) -> Count:
    return Count(count.sent, count.failed, count.skipped)


router = Mount(path="", route_handlers=[summary, daily, of_campaign], tags=["Reports"])
