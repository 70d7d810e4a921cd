"""By which roads an alert goes: mail, the webhook, services, and WhatsApp from a phone that is well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from wabox import times
from wabox.accounts import mail_server, shops, users
from wabox.accounts.users import User
from wabox.alerts import choices, looking, services, stored
from wabox.alerts.choices import Choice
from wabox.alerts.stored import News
from wabox.box import Box
from wabox.contacts import suppression
from wabox.content import judging
from wabox.db import Rows, Tx
from wabox.devices import stored as devices
from wabox.devices.stored import Device
from wabox.errors import Invalid, NotFound, Refusal
from wabox.languages import later
from wabox.letters import alerts as letters
from wabox.letters import writing
from wabox.letters.writing import Post
from wabox.messages import outbox, template
from wabox.messages import stored as messages
from wabox.webhooks import deliveries

log = structlog.get_logger()

EVENT = "box.alert"
LONGEST = 4_000  # characters of a message
STALE = timedelta(hours=24)  # what WhatsApp could not bring by then is no news any more
MOST_IN_AN_HOUR = 10  # alerts on WhatsApp
NO_PHONE = later("No other phone of yours is ready, so WhatsApp cannot bring it. Link a second one.")
NO_NUMBER = later("Write the number that alerts shall go to, and save.")
STOPPED = later("That number has written STOP to you; it must write START first.")
NOT_ASKED = later("Your webhook does not ask for box.alert; tick it on the page Webhooks.")
NO_MAIL = later("No mail server is set, so no mail goes. See Settings, E-mail.")


def tell(tx: Tx, box: Box, told: Sequence[News], *, now: datetime) -> None:
    """Whomever it concerns is told, each by the roads they chose, in the transaction that notes it as told."""
    for user_id in dict.fromkeys(one.key.user_id for one in told):
        user = users.by_id(tx, user_id)
        choice = choices.of_user(tx, user_id)
        wanted = [one for one in told if one.key.user_id == user_id and choice.wants(one.key.kind)]
        if user is None or user.closed_at is not None:
            continue
        post = writing.to(box, user)
        named = [replace(one, words=looking.named(tx, one.words)) for one in wanted]
        wanted = [one for one in named if _can_be_written(post, one)]
        if not wanted:
            continue
        for one in wanted:
            _post(tx, post, one, now)
        headed, mail_id = _headed(tx, post, wanted), None
        if choice.mail:
            subject, body = _subject(headed), letters.body(post, wanted)
            mail_id = writing.owe_written(tx, post, subject, body + "\n")
        services.owe(tx, user_id, headed, letters.body(post, wanted), now=now)
        message_id = _write(tx, post, user, choice, wanted, now)
        choices.went(tx, user_id, mail_id=mail_id, message_id=message_id, now=now)
        log.info("alert", user_id=user_id, kinds=sorted({one.key.kind for one in wanted}))


def test_mail(tx: Tx, box: Box, user: User, *, now: datetime) -> None:
    """A test goes by mail. Raises Invalid `no_mail_server`."""
    if not mail_server.is_set(tx, box.config):
        raise Invalid("no_mail_server", NO_MAIL, details={"mail": NO_MAIL})
    post = writing.to(box, user)
    said = post.say(letters.TEST)
    mail_id = writing.owe_written(tx, post, said, said + "\n")
    choices.went(tx, user.id, mail_id=mail_id, message_id=None, now=now)


def test_whatsapp(tx: Tx, box: Box, user: User, *, now: datetime) -> None:
    """A test goes by WhatsApp, as any message. Raises Invalid with details of `whatsapp`, and as `accept`."""
    choice = choices.of_user(tx, user.id)
    if choice.phone is None:
        raise Invalid("no_number", NO_NUMBER, details={"whatsapp": NO_NUMBER})
    if suppression.is_out(tx, user.id, choice.phone):
        raise Invalid("opted_out", STOPPED, details={"whatsapp": STOPPED})
    device = _bearer(tx, user.id)
    if device is None:
        raise Invalid("no_phone", NO_PHONE, details={"whatsapp": NO_PHONE})
    said = writing.to(box, user).say(letters.TEST)
    message_id = _accept(tx, device, choice.phone, said, now)
    choices.went(tx, user.id, mail_id=None, message_id=message_id, now=now)


def test_webhook(tx: Tx, box: Box, user: User, *, now: datetime) -> None:
    """A test is owed to the webhook. Raises Invalid `not_asked_for`."""
    if not deliveries.is_asked_for(tx, user.id, EVENT):
        raise Invalid("not_asked_for", NOT_ASKED, details={"webhook": NOT_ASKED})
    said = writing.to(box, user).say(letters.TEST)
    _owe(
        tx, user.id, {"kind": "test", "state": "began", "about": None, "text": said, "since": times.wire(now)}, now
    )


def test_service(tx: Tx, box: Box, user: User, service_id: int, *, now: datetime) -> None:
    """A test is owed to this service. Raises NotFound."""
    said = writing.to(box, user).say(letters.TEST)
    services.owe_test(tx, user.id, service_id, said, now=now)


def _can_be_written(post: Post, news: News) -> bool:
    """One whose words fit no sentence is left out: the others are told all the same."""
    try:
        letters.subject(post, [news])
        letters.body(post, [news])
    except Exception as fault:  # noqa: BLE001 - its text is found data
        log.error("alert cannot be written", kind=news.key.kind, fault=type(fault).__name__)
        return False
    return True


def _headed(rows: Rows, post: Post, told: Sequence[News]) -> str:
    """What ails, behind the name of the shop: some read the alerts of several."""
    name, said = shops.of_user(rows, post.user_id).name, letters.subject(post, told)
    return f"{name}: {said}" if name else said


def _post(tx: Tx, post: Post, news: News, now: datetime) -> None:
    payload = {
        "kind": news.key.kind,
        "state": news.state,
        "about": news.key.about or None,
        "text": letters.line(post, news),
        "since": times.wire(news.since),
    }
    _owe(tx, news.key.user_id, payload, now)


def _owe(tx: Tx, user_id: int, payload: Mapping[str, object], now: datetime) -> None:
    deliveries.owe(tx, user_id=user_id, event=EVENT, payload={**payload, "at": times.wire(now)}, now=now)


def _write(tx: Tx, post: Post, user: User, choice: Choice, told: Sequence[News], now: datetime) -> int | None:
    """An ordinary message, with every gate before it: quiet hours and caps win, and so does a STOP."""
    if choice.phone is None or suppression.is_out(tx, user.id, choice.phone):
        return None
    if all(one.state == "over" for one in told) and _takes_back(tx, user.id, choice, now):
        return None
    device = _bearer(tx, user.id)
    text = _text(tx, post, told)
    if device is None or text is None or _is_storm(tx, user.id, now):
        return None
    try:
        return _accept(tx, device, choice.phone, text, now)
    except Refusal as refused:  # no credits: the other roads are left
        log.warning("alert not on WhatsApp", user_id=user.id, why=refused.code)
        return None


def _text(rows: Rows, post: Post, told: Sequence[News]) -> str | None:
    """What WhatsApp brings: without links where the box's rules would hold them, as those to a bare number are.

    None: the rules say something of it all the same, and who reads what they hold would be told of it again.
    """
    for links in (True, False):
        text = letters.body(post, told, links=links)[:LONGEST]
        if not judging.in_force(rows) or judging.verdict(rows, text) is None:
            return text
    return None


def _accept(tx: Tx, device: Device, phone: str, text: str, now: datetime) -> int:
    parsed = template.plain(text)
    return outbox.accept(
        tx, device, phone=phone, template=parsed, values={}, now=now, expires_at=now + STALE, priority="high"
    )


def _bearer(rows: Rows, user_id: int) -> Device | None:
    """A phone that is well: never one that ails, whatever it still could."""
    ill = {one.about for one in stored.lasting(rows, user_id) if one.kind in ("phone_down", "engine_incompatible")}
    found = (one for one in devices.list_of(rows, user_id) if one.ready and not one.down and one.label not in ill)
    return next(found, None)


def _takes_back(tx: Tx, user_id: int, choice: Choice, now: datetime) -> bool:
    """Whether all is well before the last alert went: it is taken back, and nobody is told of either."""
    if choice.message_id is None or stored.lasting(tx, user_id):
        return False
    try:
        waits = messages.of_user(tx, user_id, choice.message_id)
    except NotFound:  # forgotten since
        return False
    return waits.status == "queued" and outbox.cancel(tx, waits, now=now)


def _is_storm(rows: Rows, user_id: int, now: datetime) -> bool:
    return stored.told_since(rows, user_id, now - timedelta(hours=1)) > MOST_IN_AN_HOUR


def _subject(line: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in line).split())[:200]
