"""Settings: the shop, language and zone, answers, alerts, and the rules by which the box and its phones send."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, cast

import msgspec
from litestar import get, patch
from msgspec import UNSET, Meta, Struct, UnsetType

from wabox import languages
from wabox.accounts import shops, users
from wabox.accounts.keys import Caller
from wabox.alerts import choices, services
from wabox.alerts.kinds import KINDS
from wabox.api import alerts, record, strict, wire
from wabox.api.strict import StrictRequest
from wabox.box import Box
from wabox.campaigns import own_words
from wabox.db import Rows, Tx
from wabox.devices import rules
from wabox.devices import stored as devices
from wabox.devices.rules import Own
from wabox.messages import ruling
from wabox.mounting import Mount
from wabox.quiet import DAYS

SHOP, SENDING, ANSWERS, ALERTS = "shop", "sending", "answers", "alerts"

Clock = Annotated[
    str, Meta(extra_json_schema={"pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$", "examples": ["21:00"]})
]
Hours = Annotated[
    list[Clock],
    Meta(min_length=2, max_length=2, description="From when to when; the end may lie on the next day."),
]
Week = Annotated[
    dict[str, list[Hours]],
    Meta(
        description="Quiet hours by the weekday on which they begin; a day without any is an empty list.",
        extra_json_schema={
            "propertyNames": {"enum": list(DAYS)},
            "examples": [{"friday": [["12:00", "14:00"], ["21:00", "08:00"]]}],
        },
    ),
]
Gap = Annotated[
    list[float],
    Meta(min_length=2, max_length=2, description="Random pause between two messages, from and to, in seconds."),
]
Cap = Annotated[int, Meta(ge=0, le=100_000, description="0 = no limit.")]
Word = Annotated[
    str,
    Meta(min_length=1, max_length=200, extra_json_schema={"pattern": "^[a-z]{3,20}$", "examples": ["bas"]}),
]
Answer = Annotated[str, Meta(max_length=own_words.LONGEST_TEXT, extra_json_schema={"pattern": wire.PLAIN_PATTERN})]
ShopName = Annotated[str, Meta(max_length=shops.LONGEST, extra_json_schema={"pattern": wire.PLAIN_PATTERN})]
ShopPhone = Annotated[
    str,
    Meta(
        max_length=shops.LONGEST_PHONE,
        extra_json_schema={"pattern": "^[+]880 ?1[0-9]{9}$", "examples": ["+880 1711123456"]},
    ),
]
Weekday = Annotated[str, Meta(extra_json_schema={"enum": list(DAYS)})]
Date = Annotated[str, Meta(extra_json_schema={"format": "date", "examples": ["2026-12-16"]})]


class DaysOff(Struct, forbid_unknown_fields=True):
    """Whole days on which nothing is sent; dates that are over are forgotten."""

    weekdays: Annotated[list[Weekday], Meta(max_length=7)] = []
    dates: Annotated[list[Date], Meta(max_length=366)] = []


class Sending(Struct):
    """By which rules a phone sends. quiet_hours: all seven days. A cap of 0 is no cap."""

    quiet_hours: dict[str, list[list[str]]]
    days_off: DaysOff
    gap_seconds: list[float]
    daily_cap: int
    hourly_cap: int
    new_chats_per_day: int
    warmup: bool


class OwnSending(Struct):
    """What was set here. null, and a weekday that is missing: as it is outside."""

    quiet_hours: dict[str, list[list[str]]] | None
    days_off: DaysOff | None
    gap_seconds: list[float] | None
    daily_cap: int | None
    hourly_cap: int | None
    new_chats_per_day: int | None
    warmup: bool | None


class SendingChanges(Struct, forbid_unknown_fields=True):
    """What is left out stays; null = as it is outside: a phone as the box, the box as `wabox.toml`.

    quiet_hours: the same every day, like `["21:00", "08:00"]`, or by weekday; days not named are as outside.
    Nothing may be less strict than `wabox.toml`.
    """

    quiet_hours: Week | Hours | UnsetType | None = UNSET
    days_off: DaysOff | UnsetType | None = UNSET
    gap_seconds: Gap | UnsetType | None = UNSET
    daily_cap: Cap | UnsetType | None = UNSET
    hourly_cap: Cap | UnsetType | None = UNSET
    new_chats_per_day: Cap | UnsetType | None = UNSET
    warmup: bool | UnsetType | None = UNSET


class Answers(Struct):
    """words: further whole messages of people that count as STOP. opt_out, opt_in: null = wabox's own text."""

    words: list[str]
    opt_out: str | None
    opt_in: str | None


class AnswersChanges(Struct, forbid_unknown_fields=True):
    """What is left out stays; null = wabox's own. STOP and the like always count."""

    words: Annotated[list[Word], Meta(max_length=100)] | UnsetType | None = UNSET
    opt_out: Answer | UnsetType | None = UNSET
    opt_in: Answer | UnsetType | None = UNSET


class Alerts(Struct):
    """kinds: those that are told. mail: to your account's address. whatsapp: to this number, null = none."""

    kinds: list[str]
    mail: bool
    whatsapp: str | None
    services: list[alerts.Service]


class AlertsChanges(Struct, forbid_unknown_fields=True):
    """What is left out stays. kinds: all that shall be told. whatsapp: a number of yours; null = none."""

    kinds: (
        Annotated[list[Annotated[str, Meta(extra_json_schema={"enum": list(KINDS)})]], Meta(max_length=len(KINDS))]
        | UnsetType
    ) = UNSET
    mail: bool | UnsetType = UNSET
    whatsapp: (
        Annotated[
            str,
            Meta(max_length=40, extra_json_schema={"pattern": wire.PHONE_PATTERN, "examples": ["8801711123456"]}),
        ]
        | UnsetType
        | None
    ) = UNSET


class Shop(Struct):
    """name: of your shop. person, phone: yours, as invoices to you carry them. null = not told."""

    name: str | None
    person: str | None
    phone: str | None


class ShopChanges(Struct, forbid_unknown_fields=True):
    """What is left out stays; null = not told."""

    name: ShopName | UnsetType | None = UNSET
    person: ShopName | UnsetType | None = UNSET
    phone: ShopPhone | UnsetType | None = UNSET


class Settings(Struct):
    """timezone, language: yours, null = the shop's. sending: in force of phones without rules of their own.

    own: what of it was set for the box, by its owner. bounds: what `wabox.toml` sets; nothing may be less strict.
    """

    timezone: str | None
    language: str | None
    shop: Shop
    sending: Sending
    own: OwnSending
    bounds: Sending
    answers: Answers
    alerts: Alerts


class SettingsChanges(Struct, forbid_unknown_fields=True):
    """What is left out stays. sending: only who runs the box may set its rules."""

    timezone: (
        Annotated[str, Meta(extra_json_schema={"pattern": "^[A-Za-z0-9_+/-]{1,64}$", "examples": ["Asia/Dhaka"]})]
        | UnsetType
        | None
    ) = UNSET
    language: Annotated[str, Meta(extra_json_schema={"enum": list(languages.ALL)})] | UnsetType | None = UNSET
    shop: ShopChanges | UnsetType = UNSET
    sending: SendingChanges | UnsetType = UNSET
    answers: AnswersChanges | UnsetType = UNSET
    alerts: AlertsChanges | UnsetType = UNSET


class DeviceSettings(Struct):
    """sending: what is in force of this phone. own: what of it was set for the phone. bounds: of `wabox.toml`."""

    device_label: str
    sending: Sending
    own: OwnSending
    bounds: Sending


class DeviceChanges(Struct, forbid_unknown_fields=True):
    """The phone's own rules; they go before the box's, within the plan and `wabox.toml`."""

    sending: SendingChanges


@get("/settings", responses=wire.errors(), summary="Your settings")
async def show(box: Box, caller: Caller) -> Settings:
    """Language, time zone, and the rules by which phones send that have none of their own."""
    return await box.db.read(_settings, box, caller.user.id)


@patch("/settings", responses=wire.errors(), summary="Change your settings")
async def change(data: SettingsChanges, request: StrictRequest, box: Box, caller: Caller) -> Settings:
    """What rules forbid holds from the next message on. 422 `beyond_bounds` says what bounds a value."""

    def verb(tx: Tx) -> Settings:
        note = record.by(request, box, caller)
        _set_locale(tx, caller.user.id, data, note)
        if not isinstance(data.shop, UnsetType):
            _set_shop(tx, box, caller, data.shop, note)
        if not isinstance(data.sending, UnsetType):
            given = _given(data.sending)
            done = _named(lambda: ruling.set_box(tx, caller.user, given, config=box.config, now=box.now()))
            if done.told:
                note(tx, "rules.changed", details=done.told)
        if not isinstance(data.answers, UnsetType):
            _set_answers(tx, caller.user.id, data.answers, note)
        if not isinstance(data.alerts, UnsetType):
            _set_alerts(tx, box, caller, data.alerts, note)
        return _settings(tx, box, caller.user.id)

    return await box.db.write(verb)


@get(
    "/devices/{device_label:str}/settings",
    responses=wire.errors(404),
    summary="A phone's rules",
)
async def show_device(device_label: wire.LabelInPath, box: Box, caller: Caller) -> DeviceSettings:
    """By which rules the phone sends."""
    return await box.db.read(_of_device, box, caller.user.id, device_label)


@patch(
    "/devices/{device_label:str}/settings",
    responses=wire.errors(404),
    summary="Change a phone's rules",
    opt={"scope": "devices"},
)
async def change_device(
    data: DeviceChanges, device_label: wire.LabelInPath, request: StrictRequest, box: Box, caller: Caller
) -> DeviceSettings:
    """What they forbid holds from the phone's next message on. 422 `beyond_bounds` says what bounds a value."""

    def verb(tx: Tx) -> DeviceSettings:
        device, given = devices.by_label(tx, caller.user.id, device_label), _given(data.sending)
        done = _named(lambda: ruling.set_phone(tx, caller.user, device, given, config=box.config, now=box.now()))
        if done.told:
            record.by(request, box, caller)(tx, "rules.changed", subject=device.label, details=done.told)
        return _of_device(tx, box, caller.user.id, device_label)

    return await box.db.write(verb)


def _set_locale(tx: Tx, user_id: int, data: SettingsChanges, note: Callable[..., int]) -> None:
    if not isinstance(data.timezone, UnsetType):
        users.set_timezone(tx, user_id, data.timezone)
        note(tx, "locale.changed", details={"timezone": data.timezone})
    if not isinstance(data.language, UnsetType):
        users.set_language(tx, user_id, data.language)
        note(tx, "locale.changed", details={"language": data.language})


def _set_shop(tx: Tx, box: Box, caller: Caller, data: ShopChanges, note: Callable[..., int]) -> None:
    told = strict.below(SHOP, lambda: shops.change(tx, caller.user.id, _set(data), now=box.now()))
    if told:
        note(tx, "shop.changed", details=told)


def _set(data: Struct) -> dict[str, Any]:
    """What of it was sent."""
    return {name: value for name in data.__struct_fields__ if (value := getattr(data, name)) is not UNSET}


def _set_answers(tx: Tx, user_id: int, data: AnswersChanges, note: Callable[..., int]) -> None:
    told = strict.below(ANSWERS, lambda: own_words.change(tx, user_id, _set(data)))
    if told:
        note(tx, "answers.changed", details=told)


def _set_alerts(tx: Tx, box: Box, caller: Caller, data: AlertsChanges, note: Callable[..., int]) -> None:
    given = _set(data)
    user, country = caller.user, box.config.locale.country
    told = strict.below(
        ALERTS, lambda: choices.change(tx, user.id, given, role=user.role, country=country, now=box.now())
    )
    if told:
        note(tx, "alerts.changed", details=told)


def _named(verb: Callable[[], ruling.Change]) -> ruling.Change:
    """A refusal names the fields as the body has them."""
    return strict.below(SENDING, verb)


def _given(data: SendingChanges) -> dict[str, Any]:
    """What of the rules the body sets, as the noun takes it. Raises Invalid `bad_rule`."""
    given = {name: value for name in rules.NAMES if (value := getattr(data, name)) is not UNSET}
    hours = given.get("quiet_hours")
    if isinstance(hours, list):
        hours = {day: [hours] for day in DAYS}
    if hours is not None:
        given["quiet_hours"] = strict.below(SENDING, lambda: rules.hours(cast("Mapping[str, Any]", hours)))
    if given.get("days_off") is not None:
        off: DaysOff = given["days_off"]
        given["days_off"] = strict.below(SENDING, lambda: rules.days_off(off.weekdays, off.dates))
    if given.get("gap_seconds") is not None:
        given["gap_seconds"] = tuple(given["gap_seconds"])
    return given


def _settings(rows: Rows, box: Box, user_id: int) -> Settings:
    user = users.by_id(rows, user_id)
    assert user is not None
    own, chosen = rules.own_of_box(rows), choices.of_user(rows, user_id)
    return Settings(
        timezone=user.timezone,
        language=user.language,
        shop=msgspec.convert(shops.of_user(rows, user_id), Shop, from_attributes=True),
        sending=_in_force(rules.merged(box.config.sending, own, Own())),
        own=_own(own),
        bounds=_in_force(rules.merged(box.config.sending, Own(), Own())),
        answers=msgspec.convert(own_words.of_user(rows, user_id), Answers, from_attributes=True),
        alerts=Alerts(
            [*chosen.told(user.role)],
            chosen.mail,
            chosen.phone,
            [alerts.shown(one) for one in services.of_user(rows, user_id)],
        ),
    )


def _of_device(rows: Rows, box: Box, user_id: int, label: str) -> DeviceSettings:
    device = devices.by_label(rows, user_id, label)
    own = rules.read(device.rules)
    return DeviceSettings(
        device_label=device.label,
        sending=_in_force(rules.merged(box.config.sending, rules.own_of_box(rows), own)),
        own=_own(own),
        bounds=_in_force(rules.merged(box.config.sending, Own(), Own())),
    )


def _in_force(found: rules.Rules) -> Sending:
    quiet = found.quiet
    return Sending(
        quiet_hours={
            day: [[f"{start:%H:%M}", f"{end:%H:%M}"] for start, end in quiet.hours[at]]
            for at, day in enumerate(DAYS)
        },
        days_off=DaysOff(
            [day for at, day in enumerate(DAYS) if at in quiet.weekdays],
            [one.isoformat() for one in sorted(quiet.dates)],
        ),
        gap_seconds=list(found.gap_seconds),
        daily_cap=found.daily_cap,
        hourly_cap=found.hourly_cap,
        new_chats_per_day=found.new_chats_per_day,
        warmup=found.warmup,
    )


def _own(own: Own) -> OwnSending:
    """As it was set, with null for what was not."""
    told = msgspec.to_builtins(own, str_keys=True)
    return msgspec.convert({**dict.fromkeys(rules.NAMES), **told}, OwnSending)


router = Mount(path="", route_handlers=[show, change, show_device, change_device], tags=["Settings"])
