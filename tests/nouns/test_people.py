from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from wabox.accounts.sealing import Seal
from wabox.accounts.users import User
from wabox.campaigns import replies
from wabox.contacts import exporting, identities, inbox, suppression, writing
from wabox.db import Tx
from wabox.devices import orders
from wabox.devices.stored import Device
from wabox.errors import Invalid, NotFound
from wabox.messages import addressees, answers, chats, dossier, handing, log, outbox, stored, template
from wabox.webhooks import endpoints
from wabox.webhooks.targets import Allow
from wabox.whatsapp.driver import Inbound, Resolved

LID, CHAT, PHONE = "111222333444555", "111222333444555@lid", "8801711000001"
EVENTS = ["message.received", "contact.opted_out", "delivery.skipped"]


@pytest.fixture
def device(tx: Tx, asha: User, now: datetime) -> Device:
    """asha's phone; her webhook hears of everything."""
    seal = Seal(b"k" * 32)
    endpoints.put(tx, asha.id, url="https://shop.example/x", events=EVENTS, allow=Allow(), seal=seal, now=now)
    return orders.create_primary(tx, asha.id, now=now)


def said(device: Device, text: str, now: datetime, *, number: int = 1, phone: str | None = None) -> Inbound:
    message_id = f"3A{number}"
    return Inbound(device.id, 1, message_id, CHAT, phone, "Ali", text, "chat", now, lid=LID, username="ali")


def queue(tx: Tx, device: Device, address: str, now: datetime) -> int:
    return outbox.accept(tx, device, phone=address, template=template.parse("Hello"), values={}, now=now)


def told(tx: Tx, event: str) -> list[dict[str, object]]:
    found = tx.all("select payload from deliveries where event = :event order by id", event=event)
    return [json.loads(row["payload"]) for row in found]


def suppressed(tx: Tx, user: User) -> set[str]:
    return {one for one in (PHONE, CHAT) if suppression.is_out(tx, user.id, one)}


def test_who_hides_the_number_is_heard_and_has_an_id(tx: Tx, asha: User, device: Device, now: datetime) -> None:
    replies.hear(tx, said(device, "hello", now), now=now)
    (thread,) = inbox.threads(tx, asha.id)
    assert (thread.phone, thread.name, thread.last.text) == (CHAT, "Ali", "hello")
    assert thread.person_id is not None
    person = identities.by_id(tx, asha.id, thread.person_id)
    assert (person.phone, person.username) == (None, "ali")
    (payload,) = told(tx, "message.received")
    assert (payload["person_id"], payload["phone"], payload["username"]) == (person.id, None, "ali")


def test_a_chat_that_wabox_wrote_to_gives_the_number(tx: Tx, asha: User, device: Device, now: datetime) -> None:
    addressees.learn(tx, device, PHONE, Resolved("yes", CHAT, (f"{PHONE}@c.us",)), now=now)
    waits = queue(tx, device, PHONE, now)
    replies.hear(tx, said(device, "STOP", now), now=now)
    assert told(tx, "message.received")[0]["phone"] == PHONE
    assert suppressed(tx, asha) == {PHONE, CHAT}
    assert stored.by_id(tx, waits).error == "opted_out"
    assert [one.phone for one in inbox.threads(tx, asha.id)] == [PHONE]


def test_stop_by_a_hidden_id_holds_before_and_after_the_number_is_known(
    tx: Tx, asha: User, device: Device, now: datetime
) -> None:
    replies.hear(tx, said(device, "STOP", now), now=now)
    person = identities.find(tx, asha.id, CHAT)
    assert person is not None
    assert stored.by_id(tx, queue(tx, device, CHAT, now)).error == "opted_out"
    waits = queue(tx, device, PHONE, now)
    assert stored.by_id(tx, waits).status == "queued"
    for _ in range(2):  # what is known already is told again
        addressees.told(tx, asha.id, lid=LID, phone=PHONE, username=None, now=now)
    assert stored.by_id(tx, waits).error == "opted_out"
    assert suppressed(tx, asha) == {PHONE, CHAT}
    assert [one["phone"] for one in told(tx, "contact.opted_out")] == [None, PHONE]
    assert identities.by_id(tx, asha.id, person.id).phone == PHONE
    assert [one.phone for one in inbox.threads(tx, asha.id)] == [PHONE]
    assert [one.theirs.text for one in log.talk(tx, asha.id, PHONE).said if one.theirs] == ["STOP"]


@pytest.mark.parametrize("way", ["an inbound with both", "a number check", "the page"])
def test_whatever_tells_it_joins_two_people_and_both_ids_find_them(
    tx: Tx, asha: User, device: Device, now: datetime, way: str
) -> None:
    replies.hear(tx, said(device, "one", now), now=now)
    with_number = Inbound(device.id, 1, "3A9", f"{PHONE}@c.us", PHONE, "Ali", "two", "chat", now)
    replies.hear(tx, with_number, now=now)
    hidden, shown = (identities.ensure(tx, asha.id, one, now=now) for one in (CHAT, PHONE))
    if way == "a number check":
        addressees.learn(tx, device, PHONE, Resolved("yes", f"{PHONE}@c.us", (CHAT,)), now=now)
    elif way == "the page":
        addressees.told(tx, asha.id, lid=LID, phone=PHONE, username="new", now=now)
    else:
        replies.hear(tx, said(device, "three", now, number=3, phone=PHONE), now=now)
    assert {identities.by_id(tx, asha.id, one).id for one in (hidden, shown)} == {shown}
    (thread,) = inbox.threads(tx, asha.id)
    assert (thread.phone, thread.unseen) == (PHONE, 3 if "inbound" in way else 2)
    assert tx.value("select count(*) from chats") == 1


def test_start_by_the_hidden_id_counts_for_the_person(tx: Tx, asha: User, device: Device, now: datetime) -> None:
    addressees.learn(tx, device, PHONE, Resolved("yes", CHAT), now=now)
    replies.opt_out_by_owner(tx, asha.id, PHONE, source="owner", by=None, now=now)
    assert suppressed(tx, asha) == {PHONE, CHAT}
    replies.hear(tx, said(device, "START", now), now=now)
    assert suppressed(tx, asha) == set()


def test_the_stricter_consent_wins_whoever_gave_it(tx: Tx, asha: User, device: Device, now: datetime) -> None:
    replies.opt_out_by_owner(tx, asha.id, PHONE, source="owner", by=None, now=now)
    replies.hear(tx, said(device, "hello", now), now=now)
    waits = queue(tx, device, CHAT, now)
    addressees.told(tx, asha.id, lid=LID, phone=PHONE, username=None, now=now)
    assert suppressed(tx, asha) == {PHONE, CHAT}
    assert (stored.by_id(tx, waits).error, stored.by_id(tx, waits).phone) == ("opted_out", PHONE)


def test_an_opt_out_outlives_the_erased_person_by_every_id(
    tx: Tx, asha: User, device: Device, now: datetime
) -> None:
    replies.hear(tx, said(device, "STOP", now), now=now)
    tx.run("update deliveries set status = 'delivered'")
    tx.run("update messages set status = 'sent' where status = 'queued'")
    addressees.erase(tx, asha.id, CHAT, addressees.traces(tx, asha.id, CHAT), now=now)
    for table in ("people", "person_ids", "inbox", "chats", "deliveries"):
        assert tx.value(f"select count(*) from {table}") == 0
    assert tx.value("select count(*) from messages where phone <> ''") == 0
    writing.upsert(tx, asha.id, phone=PHONE, name="Ali", now=now)
    waits = queue(tx, device, PHONE, now)
    addressees.learn(tx, device, PHONE, Resolved("yes", CHAT), now=now)
    assert stored.by_id(tx, waits).error == "opted_out"
    replies.hear(tx, said(device, "hello again", now, number=2), now=now)
    assert stored.by_id(tx, queue(tx, device, PHONE, now)).error == "opted_out"


def test_the_page_joins_nobody_that_wabox_has_nothing_to_do_with(
    tx: Tx, asha: User, device: Device, now: datetime
) -> None:
    addressees.told(tx, asha.id, lid=LID, phone=PHONE, username="ali", now=now)
    assert tx.value("select count(*) from people") == 0


def test_who_changes_the_number_takes_the_opt_out_along(tx: Tx, asha: User, device: Device, now: datetime) -> None:
    addressees.learn(tx, device, PHONE, Resolved("yes", CHAT), now=now)
    replies.hear(tx, said(device, "STOP", now), now=now)
    addressees.learn(tx, device, "8801711000002", Resolved("yes", CHAT), now=now)
    assert suppression.is_out(tx, asha.id, "8801711000002")
    assert suppression.is_out(tx, asha.id, PHONE)


def test_an_opt_out_of_before_hidden_ids_were_known_goes_along_with_them(
    tx: Tx, asha: User, device: Device, now: datetime
) -> None:
    """An upgrade gives ids to people who opted out by their number alone."""
    addressees.learn(tx, device, PHONE, Resolved("yes", CHAT), now=now)
    replies.opt_out_by_owner(tx, asha.id, PHONE, source="owner", by=None, now=now)
    tx.run("delete from suppressions where phone_hash = phone_hash(:chat)", chat=CHAT)
    waits = queue(tx, device, "8801711000002", now)
    addressees.learn(tx, device, "8801711000002", Resolved("yes", CHAT), now=now)
    assert stored.by_id(tx, waits).error == "opted_out"


def test_bilal_finds_none_of_ashas_people(tx: Tx, asha: User, bilal: User, device: Device, now: datetime) -> None:
    replies.hear(tx, said(device, "STOP", now), now=now)
    person = identities.find(tx, asha.id, CHAT)
    assert person is not None
    with pytest.raises(NotFound):
        identities.by_id(tx, bilal.id, person.id)
    addressees.told(tx, bilal.id, lid=LID, phone=PHONE, username=None, now=now)
    assert not suppression.is_out(tx, bilal.id, PHONE)
    assert identities.holder(tx, bilal.id, CHAT) is None
    assert identities.hidden(tx, bilal.id) == []
    assert [one.id for one in identities.hidden(tx, asha.id, "@AL")] == [person.id]


def test_only_who_wrote_first_is_answered_and_in_that_chat(
    tx: Tx, asha: User, device: Device, now: datetime
) -> None:
    tx.run("update devices set phone = '8801700000009' where id = :id", id=device.id)
    replies.hear(tx, said(device, "hello", now), now=now)
    person = identities.ensure(tx, asha.id, CHAT, now=now)
    assert chats.recipient(tx, asha.id, person) == chats.Recipient(CHAT, "primary")
    other = orders.create(tx, asha.id, "other", most=9, now=now)
    with pytest.raises(Invalid) as refused:
        chats.recipient(tx, asha.id, person, device_label=other.label)
    assert refused.value.code == "wrote_elsewhere"
    silent = identities.ensure(tx, asha.id, PHONE, now=now)
    with pytest.raises(Invalid) as refused:
        chats.recipient(tx, asha.id, silent)
    assert refused.value.code == "never_wrote"


def test_an_edit_shows_the_new_text_and_an_edit_to_stop_opts_out(
    tx: Tx, asha: User, device: Device, now: datetime
) -> None:
    first = said(device, "please stop it", now)
    assert replies.hear(tx, first, now=now).verdict == "near_miss"
    edited = replace(first, text="STOP", edited=True)
    later = now + timedelta(minutes=1)
    assert [replies.hear(tx, edited, now=later).changed for _ in range(2)] == [True, False]
    (line,) = inbox.thread(tx, asha.id, CHAT)
    assert (line.text, line.verdict, line.edited_at) == ("STOP", "opt_out", later)
    assert inbox.tray(tx, asha.id) == []
    assert [one["edited"] for one in told(tx, "message.received")] == [False, True]
    replies.hear(tx, first, now=later)  # swept up as it was: nothing new
    assert inbox.thread(tx, asha.id, CHAT)[0].text == "STOP"
    harmless = replace(first, text="never mind", edited=True)
    replies.hear(tx, harmless, now=later)
    assert suppression.is_out(tx, asha.id, CHAT)


def test_an_edit_of_what_was_never_heard_is_heard(tx: Tx, asha: User, device: Device, now: datetime) -> None:
    replies.hear(tx, replace(said(device, "STOP", now), edited=True), now=now)
    assert suppression.is_out(tx, asha.id, CHAT)
    assert len(inbox.thread(tx, asha.id, CHAT)) == 1


def went(tx: Tx, device: Device, now: datetime) -> None:
    job_id = queue(tx, device, PHONE, now)
    handing.claim(tx, job_id, now=now)
    chat = f"{PHONE}@c.us"
    message = stored.by_id(tx, job_id)
    armed = handing.armed(tx, message, chat_id=chat, other_chat_ids=(), machine_boot="b", now=now)
    answers.sent(tx, armed, at=now, next_send_at=now)


@pytest.mark.parametrize(
    ("text", "business", "seconds", "automatic"),
    [
        ("Thanks! We stop work at 6", True, 2, True),
        ("Thanks! We stop work at 6", True, 0, True),
        ("Thanks! We stop work at 6", True, 4, False),
        ("Thanks! We stop work at 6", False, 2, False),
        ("STOP", True, 1, False),
    ],
)
def test_a_business_that_answers_within_seconds_is_no_person(
    tx: Tx,
    asha: User,
    device: Device,
    now: datetime,
    text: str,
    business: bool,  # noqa: FBT001
    seconds: int,
    automatic: bool,  # noqa: FBT001
) -> None:
    went(tx, device, now)
    at = now + timedelta(seconds=seconds)
    event = Inbound(device.id, 1, "3A1", f"{PHONE}@c.us", PHONE, "Shop", text, "chat", at, business=business)
    replies.hear(tx, event, now=at)
    (line,) = inbox.thread(tx, asha.id, PHONE)
    assert line.automatic == automatic
    assert told(tx, "message.received")[0]["automatic"] == automatic
    assert bool(chats.begun(tx, asha.id, PHONE)) == (not automatic)
    assert bool(inbox.tray(tx, asha.id)) == (not automatic and text != "STOP")
    assert suppression.is_out(tx, asha.id, PHONE) == (text == "STOP")


@pytest.mark.parametrize(
    ("chat", "kind"),
    [
        (CHAT, "pinned_message"),
        (f"{PHONE}@c.us", "e2e_notification"),
        (f"{PHONE}@c.us", "gp2"),
        (f"{PHONE}@c.us", "call_log"),
        ("0@c.us", "chat"),
        ("status@broadcast", "chat"),
    ],
)
def test_what_nobody_wrote_opens_no_talk_and_opts_nobody_out(
    tx: Tx, asha: User, device: Device, now: datetime, chat: str, kind: str
) -> None:
    phone = None if chat == CHAT else chat.partition("@")[0]
    event = Inbound(device.id, 1, "3A1", chat, phone, "Ali", "STOP", kind, now, lid=LID if chat == CHAT else None)
    heard = replies.hear(tx, event, now=now)
    assert (heard.verdict, heard.changed) == (None, False)
    assert inbox.threads(tx, asha.id) == []
    assert told(tx, "message.received") == told(tx, "contact.opted_out") == []
    assert suppressed(tx, asha) == set()
    assert tx.value("select count(*) from chats") == tx.value("select count(*) from people") == 0


def test_what_is_of_a_type_of_tomorrow_is_shown_and_read_as_nothing(
    tx: Tx, asha: User, device: Device, now: datetime
) -> None:
    event = replace(said(device, "", now), kind="of_tomorrow")
    replies.hear(tx, event, now=now)
    (thread,) = inbox.threads(tx, asha.id)
    assert (thread.last.kind, thread.last.text, thread.unseen) == ("of_tomorrow", "", 1)
    (payload,) = told(tx, "message.received")
    assert (payload["kind"], payload["whatsapp_type"], payload["text"]) == ("unknown", "of_tomorrow", "")
    assert tx.value("select count(*) from chats") == 0
    assert suppressed(tx, asha) == set()
    assert [one["kind"] for one in dossier.received(tx, asha.id)] == ["unknown"]


def test_what_the_page_knows_later_is_heard_as_what_it_is(
    tx: Tx, asha: User, device: Device, now: datetime
) -> None:
    replies.hear(tx, replace(said(device, "", now), kind="unknown"), now=now)
    known = said(device, "STOP", now)
    assert replies.hear(tx, known, now=now).changed
    assert not replies.hear(tx, known, now=now).changed
    assert not replies.hear(tx, replace(known, text="", kind="unknown"), now=now).changed
    (line,) = inbox.thread(tx, asha.id, CHAT)
    assert (line.kind, line.text, line.verdict) == ("chat", "STOP", "opt_out")
    assert [one["kind"] for one in told(tx, "message.received")] == ["unknown", "chat"]
    assert suppressed(tx, asha) == {CHAT}


def test_what_the_page_knows_later_is_to_be_looked_at_anew(
    tx: Tx, asha: User, device: Device, now: datetime
) -> None:
    event = replace(said(device, "", now), kind="unknown")
    replies.hear(tx, event, now=now)
    tx.run("update inbox set reviewed_at = at, automatic = 1")
    replies.hear(tx, said(device, "do you have tea", now), now=now)
    (line,) = inbox.thread(tx, asha.id, CHAT)
    assert (line.text, line.reviewed_at, line.automatic) == ("do you have tea", None, False)
    answer = replace(event, message_id="3A2")
    replies.hear(tx, answer, now=now)
    assert inbox.learnt(tx, replace(answer, text="We are closed", kind="chat"), verdict=None, automatic=True)
    assert {one.text: one.automatic for one in inbox.thread(tx, asha.id, CHAT)}["We are closed"]


def test_people_are_found_by_what_they_call_themselves(
    tx: Tx, asha: User, bilal: User, device: Device, now: datetime
) -> None:
    """In the log and in the inbox, without a number and with one, and nobody of another user."""
    replies.hear(tx, said(device, "do you have tea", now), now=now)
    known = Inbound(
        device.id, 1, "3A2", f"{PHONE}@c.us", PHONE, "Nila 50%", "is it open", "chat", now, username="nila_x"
    )
    replies.hear(tx, known, now=now)
    jobs = {queue(tx, device, one, now): one for one in (CHAT, PHONE, "8801711000077")}
    for text, address in {"@ali": CHAT, "ALI": CHAT, "@Nila_": PHONE, "50%": PHONE}.items():
        found = log.page(tx, asha.id, log.Wanted(text=text))
        assert [(jobs[one.id], found.total) for one in found.messages] == [(address, 1)], text
        assert [one.phone for one in inbox.threads(tx, asha.id, text=text)] == [address], text
        assert log.page(tx, bilal.id, log.Wanted(text=text)).total == 0
        assert inbox.threads(tx, bilal.id, text=text) == []
    assert log.page(tx, asha.id, log.Wanted(text="@")).total == 0
    assert [one.phone for one in inbox.threads(tx, asha.id, text="০১৭১১-০০০")] == [PHONE]
    assert inbox.threads(tx, asha.id, text="1112223334") == [], "nobody is shown a hidden id"
    assert [one.phone for one in inbox.threads(tx, asha.id, text="@")] == [PHONE, CHAT]


def test_an_export_names_those_without_a_number_by_their_id(
    tx: Tx, asha: User, device: Device, now: datetime
) -> None:
    replies.hear(tx, replace(said(device, "STOP", now), name=None, username=None), now=now)
    person = identities.find(tx, asha.id, CHAT)
    (row,) = [exporting.cells_of_hidden(one) for one in exporting.hidden(tx, asha.id)]
    assert person is not None and len(row) == len(exporting.HEADER)
    shown = dict(zip(exporting.HEADER, row, strict=True))
    assert (shown["phone"], shown["name"], shown["opted_out"], shown["person_id"]) == (
        "",
        "",
        "yes",
        str(person.id),
    )
    addressees.told(tx, asha.id, lid=LID, phone=PHONE, username=None, now=now)
    assert exporting.hidden(tx, asha.id) == []
