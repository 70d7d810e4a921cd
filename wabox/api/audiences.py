"""Audiences under a name: list, keep, look, change, delete."""

from __future__ import annotations

from typing import Annotated

from litestar import Response, delete, get, patch, post
from litestar.params import Parameter
from msgspec import UNSET, Meta, Struct, UnsetType

from wabox import times
from wabox.accounts.keys import Caller
from wabox.api import idempotency, record, wire
from wabox.api.strict import StrictRequest
from wabox.box import Box
from wabox.campaigns import following
from wabox.contacts import audiences
from wabox.contacts.segments import Segment
from wabox.db import Rows, Tx
from wabox.mounting import Mount

AudienceId = Annotated[int, Parameter(ge=1, le=wire.BIGGEST_ID, description="An audience's id.")]
Name = Annotated[
    str, Meta(min_length=1, max_length=audiences.MOST_NAME, extra_json_schema={"pattern": wire.NAME_PATTERN})
]


class NewAudience(Struct, forbid_unknown_fields=True):
    """segment: who is meant, as in POST /campaigns; everybody, if it is empty."""

    name: Name
    segment: Segment


class AudienceChanges(Struct, forbid_unknown_fields=True):
    """What is to be changed; what is absent stays."""

    name: Name | UnsetType = UNSET
    segment: Segment | UnsetType = UNSET


class Audience(Struct):
    """people: how many it means now, before opt-outs. campaigns: ids of the planned ones that are for it."""

    id: int
    name: str
    segment: Segment
    people: int
    campaigns: list[int]
    created_at: wire.Time
    updated_at: wire.Time


@get("/audiences", responses=wire.errors(), summary="Your audiences")
async def list_audiences(
    box: Box, caller: Caller, page: wire.PageNumber = 1, per_page: wire.PerPage = 50
) -> wire.Page[Audience]:
    """By name, each counted now."""

    def ask(rows: Rows) -> wire.Page[Audience]:
        found = audiences.every(rows, caller.user.id)
        shown = [_shown(rows, box, one) for one in found[(page - 1) * per_page : page * per_page]]
        return wire.page_of(
            shown, lambda one: one, page=page, per_page=per_page, total=len(found), next_cursor=None
        )

    return await box.db.read(ask)


@post("/audiences", status_code=201, responses=wire.errors(409), summary="Keep an audience")
async def add(data: NewAudience, request: StrictRequest, box: Box, caller: Caller) -> Response[Audience]:
    """A segment under a name, for POST /campaigns. Its people are looked for when a campaign begins."""

    def verb(tx: Tx) -> Audience:
        made = audiences.add(tx, caller.user.id, data.name, data.segment, now=box.now())
        return _shown(tx, box, made)

    return await idempotency.once(box, request, caller, verb, kind=Audience, status=201)


@get("/audiences/{audience_id:int}", responses=wire.errors(404), summary="One audience")
async def show(audience_id: AudienceId, box: Box, caller: Caller) -> Audience:
    """Who it means, and how many that are now."""

    def ask(rows: Rows) -> Audience:
        return _shown(rows, box, audiences.of_user(rows, caller.user.id, audience_id))

    return await box.db.read(ask)


@patch("/audiences/{audience_id:int}", responses=wire.errors(404), summary="Change an audience")
async def change(
    data: AudienceChanges, audience_id: AudienceId, request: StrictRequest, box: Box, caller: Caller
) -> Audience:
    """Another name, or other people; campaigns that are planned for it are then for these."""

    def verb(tx: Tx) -> Audience:
        before = audiences.of_user(tx, caller.user.id, audience_id)
        after = following.change(
            tx,
            caller.user.id,
            audience_id,
            name=None if data.name is UNSET else data.name,
            segment=None if data.segment is UNSET else data.segment,
            config=box.config,
            now=box.now(),
        )
        if after.kept != before.kept:
            told: dict[str, object] = {"name": after.name}
            record.by(request, box, caller)(tx, "audience.changed", subject=str(audience_id), details=told)
        return _shown(tx, box, after)

    return await box.db.write(verb)


@delete("/audiences/{audience_id:int}", status_code=204, responses=wire.errors(404), summary="Delete an audience")
async def remove(audience_id: AudienceId, request: StrictRequest, box: Box, caller: Caller) -> None:
    """It is gone; its people stay. 422 `in_use` while a planned campaign is for it."""

    def verb(tx: Tx) -> None:
        gone = following.remove(tx, caller.user.id, audience_id)
        told: dict[str, object] = {"name": gone.name}
        record.by(request, box, caller)(tx, "audience.deleted", subject=str(audience_id), details=told)

    await box.db.write(verb)


def _shown(rows: Rows, box: Box, one: audiences.Audience) -> Audience:
    return Audience(
        id=one.id,
        name=one.name,
        segment=one.segment,
        people=following.count(rows, one, config=box.config, at=box.now()),
        campaigns=[campaign.id for campaign in following.planned(rows, one.user_id, one.id)],
        created_at=times.wire(one.created_at),
        updated_at=times.wire(one.updated_at),
    )


router = Mount(
    path="",
    route_handlers=[list_audiences, add, show, change, remove],
    tags=["Contacts"],
    opt={"scope": "contacts"},
)
