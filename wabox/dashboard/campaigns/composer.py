"""A new campaign: the composer with its look ahead, the last question with all numbers, and the launch.

Two plain forms in a row, so that it works without a script; with one, the numbers follow what is typed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post

from wabox.campaigns import launching, preflight, repeating, repeats, unfinished
from wabox.campaigns import stored as campaigns
from wabox.campaigns.occasions import EVERY
from wabox.campaigns.preflight import Preflight
from wabox.campaigns.repeating import Wanted
from wabox.contacts import audiences, own, segments
from wabox.contacts import stored as contacts
from wabox.contacts.stored import Contact
from wabox.dashboard.campaigns import drafts, standing
from wabox.dashboard.campaigns.drafts import Draft, Meant
from wabox.dashboard.campaigns.standing import Standing
from wabox.dashboard.frame import asked, file_forms, picking, to_self
from wabox.dashboard.frame.asked import cursor_of
from wabox.dashboard.frame.desk import Desk, known_id
from wabox.dashboard.frame.tickets import Tickets, fresh
from wabox.dashboard.frame.to_self import Told
from wabox.db import Rows, Tx
from wabox.devices import stored as devices
from wabox.errors import Invalid, Refusal
from wabox.languages import later
from wabox.media.stored import Media
from wabox.messages import carrying, template
from wabox.messages import to_self as testing
from wabox.messages.carrying import Carried
from wabox.messages.spintax import MAX_RENDERED
from wabox.messages.template import Template
from wabox.mounting import Kept, Mount
from wabox.quiet import DAYS

MOST_TAGS = 200
MOST_COUNTED_AT_ONCE = 20_000  # with more contacts the page comes first and its numbers a second later
SAMPLES = 4
MOST_UNASKED = 100  # people; to start it for more, their number is typed
COUNTING = later("Your contacts are being counted.")
NOBODY = later("Nobody is in this audience; choose another one, or add contacts first.")
TOO_MUCH = later("With somebody's data the text becomes empty or too long; see the samples.")
ALREADY = later("This form became a campaign before; look under Campaigns, or write a new one like it.")
TYPE_IT = later("Type the number of people exactly, then start it.")
SOMEBODY = {"name": "Rina Akter", "custom": "", "phone": "8801711123456"}


@dataclass(frozen=True, slots=True)
class Sample:
    """What one real person would read. who: their name or number. error: why they cannot get it."""

    who: str
    phone: str
    text: str
    error: str | None


@dataclass(frozen=True, slots=True)
class Preview:
    """The text on real people, or on somebody made up while there is nobody. error: what is wrong with it.

    hints: what in it may be meant otherwise. marked: the text in pieces, as `template.marked`. most: letters.
    """

    samples: tuple[Sample, ...] = ()
    variants: int = 1
    error: str | None = None
    made_up: bool = False
    hints: tuple[str, ...] = ()
    marked: tuple[tuple[str, bool], ...] = ()
    most: int = MAX_RENDERED


@get("/campaigns/new")
async def new(desk: Desk) -> Response[str]:
    """The composer; `like` fills it as an earlier campaign was, `text` with a stored text.

    `tag` or `audience` says to whom, `plan` changes a planned campaign, `repeat` a repeating one, `draft` goes on
    with what was kept.
    """
    query = desk.request.query_params
    like, plan, repeat, kept = (cursor_of(query.get(one, "")) for one in ("like", "plan", "repeat", "draft"))
    if kept is not None:
        found = await desk.box.db.read(unfinished.of_user, desk.user.id, known_id(kept))
        return await _composer(desk, drafts.kept(found), {})
    if plan is not None:
        return await _change(desk, known_id(plan))
    if repeat is not None:
        return await _composer(desk, await desk.box.db.read(_of_repeat, desk, known_id(repeat)), {})
    draft = _to(query)
    if like is not None:
        draft = drafts.like(await desk.box.db.read(campaigns.of_user, desk.user.id, known_id(like)), desk.voice)
        if tag := query.get("tag", "")[:64]:
            draft = drafts.to_tag(draft, tag)
    text = await desk.box.db.read(picking.wanted, desk)
    if text is not None:
        draft = replace(draft, message=text.message, text_id=str(text.id))
    if text is not None and text.media is not None:
        draft = replace(draft, media_id=text.media_id, as_document="1" if text.as_document else "")
    return await _composer(desk, draft, {})


def _to(query: Mapping[str, str]) -> Draft:
    """An empty draft to whom the address says."""
    draft = Draft(tag=query.get("tag", "")[:64], media_id=query.get("media", "")[:20])
    if saved := cursor_of(query.get("audience", "")):
        return drafts.to_audience(draft, saved)
    return replace(draft, audience="tag") if draft.tag else draft


def _of_repeat(rows: Rows, desk: Desk, repeat_id: int) -> Draft:
    return standing.of_repeat(rows, repeats.of_user(rows, desk.user.id, repeat_id), desk.voice)


async def _change(desk: Desk, campaign_id: int) -> Response[str]:
    campaign = await desk.box.db.read(campaigns.of_user, desk.user.id, campaign_id)
    if not await desk.box.db.read(launching.may_change, campaign):
        return desk.go(f"/campaigns/{campaign_id}", said="campaign_begun")
    return await _composer(desk, await desk.box.db.read(drafts.of_plan, campaign, desk.voice), {})


@post("/campaigns/new/keep")
async def keep(desk: Desk) -> Response[str]:
    """What was written so far is kept, while it is."""
    draft = drafts.read(await desk.form())
    return desk.page("campaigns/_kept.html", kept=await _kept(desk, draft))


@post("/campaigns/new/audience")
async def keep_audience(desk: Desk) -> Response[str]:
    """Who was chosen exactly is kept under a name, and is the audience; the form stays as it was."""
    form = await desk.form()
    draft = drafts.read(form)

    def verb(tx: Tx) -> int:
        segment = drafts.segment_of(replace(draft, audience="exactly"), now=None)
        return audiences.add(tx, desk.user.id, form.text("save_as"), segment, now=desk.box.now()).id

    try:
        audience_id = await desk.box.db.write(verb)
    except Invalid as wrong:
        return await _composer(desk, draft, {"save_as": wrong.sentence}, status=422)
    return await _composer(desk, drafts.to_audience(draft, audience_id), {})


@post("/campaigns/drafts/{draft_id:int}/delete")
async def drop(draft_id: int, desk: Desk) -> Response[str]:
    """What was kept is gone."""
    await desk.box.db.write(unfinished.drop, desk.user.id, known_id(draft_id))
    return desk.go("/campaigns", said="draft_gone")


async def _kept(desk: Desk, draft: Draft) -> bool:
    if not draft.name.strip() and not draft.message.strip():
        return False
    name, form = draft.name.strip()[: drafts.MOST_NAME], urlencode(draft.pairs())
    return await desk.box.db.write(
        unfinished.keep, desk.user.id, draft.ticket, name=name, form=form, now=desk.box.now()
    )


@post("/campaigns/new")
async def again(desk: Desk) -> Response[str]:
    """Back from the last question, with everything as it was."""
    return await _composer(desk, drafts.read(await desk.form()), {})


@post("/campaigns/new/preview")
async def preview(desk: Desk) -> Response[str]:
    """The text on real people, as it is typed."""
    draft = drafts.read(await desk.form())
    return desk.page("campaigns/_preview.html", preview=await desk.box.db.read(_preview, desk, draft))


@post("/campaigns/new/look")
async def look(desk: Desk) -> Response[str]:
    """Who would get it, who would not and why, and when it would be done."""
    draft = drafts.read(await desk.form())

    def ask(rows: Rows) -> dict[str, Any]:
        return {**_ahead(rows, desk, draft), "preview": _preview(rows, desk, draft)}

    return desk.page("campaigns/_look.html", **await desk.box.db.read(ask))


@post("/campaigns/new/review", streams=True, request_max_body_size=None)
async def review(desk: Desk) -> Response[str]:
    """The last question: all numbers once more. What is wrong leads back to the composer.

    A file that came with the form is kept first, and goes along instead of the one that was chosen.
    """
    form, file = await file_forms.sent(desk)
    draft = drafts.read(form)
    if file is not None:
        try:
            draft = replace(draft, media_id=file.number())
        except file_forms.REFUSED as refusal:
            return await _composer(desk, draft, {"file": refusal.sentence}, status=refusal.status)
    await _kept(desk, draft)
    return await _review(desk, draft)


@post("/campaigns/new/self", streams=True, request_max_body_size=None)
async def send_to_self(desk: Desk, tickets: Tickets) -> Response[str]:
    """What the first of the audience would read goes to one's own number; the form stays."""
    form, file = await file_forms.sent(desk)
    draft = drafts.read(form)
    try:
        if file is not None:
            draft = replace(draft, media_id=file.number())
        people = await desk.box.db.read(_some, desk, draft)
        who = (people[0].name or desk.voice.phone(people[0].phone)) if people else SOMEBODY["name"]
        verb = partial(_to_self, desk=desk, draft=draft, people=people)
        told = await to_self.tell(desk, tickets, form, verb, who=who)
    except file_forms.REFUSED as refusal:
        told = Told(refusal=refusal)
    return to_self.piece(desk, told) or await _composer(desk, draft, {}, told=told, status=told.status)


def _to_self(tx: Tx, *, desk: Desk, draft: Draft, people: list[Contact]) -> testing.Sent:
    media = file_forms.known(tx, desk.user.id, draft.media_id)
    parsed = drafts.text_of(draft, media, own.names(tx, desk.user.id))
    labels = draft.labels if draft.phones == "some" else ()
    return testing.send(
        tx,
        desk.user.id,
        template=parsed,
        values=contacts.values(people[0], parsed.language) if people else SOMEBODY,
        carried=file_forms.carried(tx, desk, draft.media_id, as_document=bool(draft.as_document)),
        now=desk.box.now(),
        device_label=labels[0] if labels else devices.PRIMARY,
        ip=desk.ip,
    )


@post("/campaigns")
async def launch(desk: Desk, tickets: Tickets) -> Response[str]:
    """It stands, and starts at once or at its time. Asked again if the audience is not what was shown.

    Pressed again as it was it leads to what it made; with anything changed, stamp and draft say if it may go.
    """
    form = await desk.form()
    draft = drafts.read(form)
    ticket = drafts.ticket_as_is(draft)
    before = await tickets.made(desk.user.id, ticket)
    if before is not None:
        return _made(desk, draft, before)
    meant, stands, errors = await _understood(desk, draft)
    if meant is None:
        return await _composer(desk, draft, errors, status=422)
    contact_ids = await desk.box.db.read(_when_it_begins, desk, meant)
    if str(len(contact_ids)) != form.text("shown"):
        return await _review(desk, draft, changed=True)
    wanted = await desk.box.db.read(_to_type, desk, meant) if len(contact_ids) > MOST_UNASKED else None
    if wanted is not None and asked.number(form.text("sure")) != wanted:
        return await _review(desk, draft, errors={"sure": TYPE_IT})

    def create() -> Awaitable[int]:
        return desk.box.db.write(_create, desk, draft, meant, stands, contact_ids)

    try:
        sent = await tickets.once(desk.user.id, ticket, create)
    except Refusal as refusal:
        return await _composer(desk, draft, {"form": refusal.sentence}, status=refusal.status)
    return _made(desk, draft, sent.id)


def _made(desk: Desk, draft: Draft, made: int) -> Response[str]:
    """To what the form became."""
    if draft.when in EVERY:
        return desk.go(f"/campaigns/repeats/{made}", said="repeat_changed" if draft.repeat else "repeat_made")
    return desk.go(f"/campaigns/{made}", said="campaign_changed" if draft.plan else "campaign_made")


def _when_it_begins(rows: Rows, desk: Desk, meant: Meant) -> list[int]:
    """Who is in the audience, as things stand, on the day it begins."""
    at = max(meant.scheduled_for or desk.voice.now, desk.voice.now)
    return segments.meant(rows, desk.user.id, meant.segment, config=desk.box.config, at=at)


def _to_type(rows: Rows, desk: Desk, meant: Meant) -> int | None:
    """How many get it, as whoever starts it has to write; None for few."""
    found = _look(rows, desk, meant.message, meant)
    return found.will_send if found is not None and found.will_send > MOST_UNASKED else None


def _create(
    tx: Tx, desk: Desk, draft: Draft, meant: Meant, stands: Standing | None, contact_ids: list[int]
) -> int:
    made = (
        _campaign(tx, desk, draft, meant, contact_ids)
        if stands is None
        else _repeat(tx, desk, draft, meant, stands)
    )
    changes = draft.plan if stands is None else draft.repeat  # what stands is guarded by its stamp instead
    if not unfinished.done(tx, desk.user.id, draft.ticket, now=desk.box.now()) and not changes:
        raise Invalid("already_made", ALREADY)
    return made


def _repeat(tx: Tx, desk: Desk, draft: Draft, meant: Meant, stands: Standing) -> int:
    wanted = Wanted(
        meant.name,
        meant.message.text,
        segments.write(stands.plain),
        stands.occasion,
        meant.audience_id,
        meant.device_ids,
        meant.text_id,
        None if meant.media is None else _carried(tx, desk, meant, meant.media),
        stands.ends_on,
        stands.most_runs,
    )
    now, config, repeat = desk.box.now(), desk.box.config, cursor_of(draft.repeat)
    if repeat is None:
        return repeating.add(tx, desk.user.id, wanted, config=config, now=now, ip=desk.ip).id
    version = cursor_of(draft.stamp) or 0
    return repeating.change(
        tx, desk.user.id, repeat, wanted, version=version, config=config, now=now, ip=desk.ip
    ).id


def _campaign(tx: Tx, desk: Desk, draft: Draft, meant: Meant, contact_ids: list[int]) -> int:
    plan = cursor_of(draft.plan)
    verb = launching.create if plan is None else partial(launching.replan, campaign_id=plan, stamp=draft.stamp)
    made = verb(
        tx,
        desk.user.id,
        name=meant.name,
        message=meant.message.text,
        audience=segments.write(meant.segment),
        audience_id=meant.audience_id,
        contact_ids=contact_ids,
        device_ids=meant.device_ids,
        scheduled_for=meant.scheduled_for,
        text_id=meant.text_id,
        carried=None if meant.media is None else _carried(tx, desk, meant, meant.media),
        now=desk.box.now(),
        ip=desk.ip,
    )
    return made.id


def _carried(tx: Tx, desk: Desk, meant: Meant, media: Media) -> Carried:
    return carrying.carry(
        tx, desk.user.id, media.id, as_document=meant.as_document, name=media.own_name, now=desk.box.now()
    )


async def _understood(desk: Desk, draft: Draft) -> tuple[Meant | None, Standing | None, dict[str, str]]:
    return await desk.box.db.read(
        standing.understand,
        desk.user.id,
        draft,
        config=desk.box.config,
        zone=desk.voice.zone,
        now=desk.box.now(),
    )


async def _composer(
    desk: Desk, draft: Draft, errors: dict[str, str], *, told: Told | None = None, status: int = 200
) -> Response[str]:
    def ask(rows: Rows) -> dict[str, Any]:
        tags = sorted(contacts.tags(rows, desk.user.id), key=lambda one: -one.contacts)[:MOST_TAGS]
        people = contacts.count(rows, desk.user.id)
        lazy = people > MOST_COUNTED_AT_ONCE
        return {
            **({"ahead": None, "problem": COUNTING, "stands": None} if lazy else _ahead(rows, desk, draft)),
            "lazy": lazy,
            "preview": _preview(rows, desk, draft),
            "devices": devices.list_of(rows, desk.user.id),
            "audiences": audiences.every(rows, desk.user.id),
            "tags": sorted(tags, key=lambda one: one.tag.casefold()),
            "people": people,
            "own": own.every(rows, desk.user.id),
            "days": DAYS,
            "files": file_forms.offered(rows, desk.user.id),
            "attached": file_forms.known(rows, desk.user.id, draft.media_id),
            **picking.offered(rows, desk),
            **file_forms.allowed(rows, desk),
        }

    shown = await desk.box.db.read(ask)
    more = {"draft": draft, "errors": errors, "told": told, "test": fresh()}
    return desk.page("campaigns/new.html", status=status, here="campaigns", **more, **shown)


async def _review(
    desk: Desk, draft: Draft, *, changed: bool = False, errors: dict[str, str] | None = None
) -> Response[str]:
    meant, stands, misread = await _understood(desk, draft)
    if meant is None:
        return await _composer(desk, draft, misread, status=422)
    found = await desk.box.db.read(_look, desk, meant.message, meant)
    if found is None:
        return await _composer(desk, draft, {"message": TOO_MUCH}, status=422)
    if not found.total:
        return await _composer(desk, draft, {"audience": NOBODY}, status=422)
    chosen = await desk.box.db.read(_preview, desk, draft)
    return desk.page(
        "campaigns/review.html",
        status=422 if errors else 200,
        errors=errors or {},
        asks=found.will_send > MOST_UNASKED,
        here="campaigns",
        draft=draft,
        meant=meant,
        stands=stands,
        everybody=(stands.plain if stands else meant.segment) == segments.EVERYBODY,
        ahead=found,
        preview=chosen,
        changed=changed,
    )


def _ahead(rows: Rows, desk: Desk, draft: Draft) -> dict[str, Any]:
    """The look ahead of a draft that may not be finished: the numbers need only an audience."""
    shown: dict[str, Any] = {"ahead": None, "problem": None, "stands": None}
    named = draft if draft.name.strip() else replace(draft, name="x")
    whole = named if _parses(rows, desk, draft) else replace(named, message="x", media_id="")
    meant, stands, errors = standing.understand(
        rows, desk.user.id, whole, config=desk.box.config, zone=desk.voice.zone, now=desk.voice.now
    )
    if meant is None:
        return {**shown, "problem": next(iter(errors.values()))}
    return {**shown, "ahead": _look(rows, desk, meant.message, meant), "stands": stands}


def _look(rows: Rows, desk: Desk, message: Template, meant: Meant) -> Preflight | None:
    """None: some person's data makes the text impossible; the preview says so."""
    try:
        return preflight.look(
            rows,
            desk.user.id,
            message,
            meant.segment,
            device_ids=meant.device_ids,
            config=desk.box.config,
            now=desk.voice.now,
            at=meant.scheduled_for,
            filename="" if meant.media is None else meant.media.filename,
        )
    except Refusal:
        return None


def _preview(rows: Rows, desk: Desk, draft: Draft) -> Preview:
    if not draft.message.strip():
        return Preview()
    names = own.names(rows, desk.user.id)
    try:
        media = file_forms.known(rows, desk.user.id, draft.media_id)
        parsed = drafts.text_of(draft, media, names)
    except Invalid as wrong:
        return Preview(error=wrong.sentence, marked=tuple(template.marked(draft.message, names)))
    hints = tuple(parsed.hints(names))
    samples = tuple(_sample(parsed, one) for one in _some(rows, desk, draft))
    if samples:
        return Preview(samples, parsed.variants, hints=hints, most=parsed.most)
    made_up = tuple(Sample("", "", text, None) for text in parsed.preview(SAMPLES, SOMEBODY))
    return Preview(made_up, parsed.variants, made_up=True, hints=hints, most=parsed.most)


def _some(rows: Rows, desk: Desk, draft: Draft) -> list[Contact]:
    try:
        now = desk.voice.now
        wanted = drafts.segment_in(rows, desk.user.id, draft, now=now) if draft.audience else segments.EVERYBODY
        segment = segments.as_of(wanted, now)
        today = segments.day(rows, desk.user.id, desk.box.config, desk.voice.now)
        ids = segments.first(rows, desk.user.id, segment, most=SAMPLES, today=today)
    except Invalid:
        return []
    return contacts.some(rows, desk.user.id, ids)


def _sample(parsed: Template, contact: Contact) -> Sample:
    try:
        text = parsed.render(contacts.values(contact, parsed.language), seed=f"sample:{contact.id}")
    except Invalid as wrong:
        return Sample(contact.name or "", contact.phone, "", wrong.sentence)
    return Sample(contact.name or "", contact.phone, text, None)


def _parses(rows: Rows, desk: Desk, draft: Draft) -> bool:
    try:
        media = file_forms.known(rows, desk.user.id, draft.media_id)
        drafts.text_of(draft, media, own.names(rows, desk.user.id))
    except Invalid:
        return False
    return True


router = Mount(
    path="/",
    route_handlers=[new, again, keep, keep_audience, drop, preview, look, review, send_to_self, launch],
    dependencies={"tickets": Kept(lambda _: Tickets()).provide},
)
