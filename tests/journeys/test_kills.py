from __future__ import annotations

import base64
import contextlib
import hashlib
import random
import signal
import time
from collections.abc import Collection, Iterator
from typing import Any

import httpx
import pytest

from tests.journeys.box import FIRST_PERSON, Shop, alone, once_each, until
from tests.journeys.conftest import calm, long_only, tells_nothing
from tests.journeys.receiver import Receiver
from tests.some import some
from wabox import crash

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[Shop]:
    """The box of this file, which dies and dies; what it is in doubt of rests shortly."""
    sections = {"sending": {"doubt_seconds": 2}, "webhooks": {"allow": [receiver.address]}}
    with alone(tmp_path_factory.mktemp("mortal"), **sections) as box:
        assert box.call("PUT", "/webhooks", {"webhook_url": receiver.url}).status_code == 200
        yield box
    tells_nothing(box)


@pytest.fixture
def shop(mortal: Shop) -> Shop:
    return calm(mortal)


def ask_again(shop: Shop, people: list[int]) -> list[int]:
    """Send to these people; returns those for whom no 202 came, as a client would try them again."""
    unanswered = []
    for person in people:
        try:
            shop.send(person)
        except httpx.TransportError:
            unanswered.append(person)
    return unanswered


def each_reported_once(shop: Shop, receiver: Receiver) -> None:
    """Every message's delivery.sent came, under one webhook-id however often it was posted."""
    jobs = {one["job_id"] for one in shop.messages()}
    until(lambda: receiver.of("delivery.sent").keys() >= jobs, 30, what="every webhook came")
    several = {job: ids for job, ids in receiver.of("delivery.sent").items() if len(ids) != 1}
    assert not several


def test_death_at_any_step_of_a_message_sends_it_once_and_only_once(shop: Shop, receiver: Receiver) -> None:
    """Rows 1-9: each life dies at another step, and must first settle what the life before left."""
    unanswered: list[int] = []
    before = len(shop.messages())
    shop.program.terminate()
    steps = [step for step in crash.STEPS if step != "uploading"]  # a text is in no upload
    for life, step in some(enumerate(steps, start=1)):
        shop.start(WABOX_CRASH=f"{step}:3")
        unanswered = ask_again(shop, [*unanswered, *range(10_000 + life * 10, 10_005 + life * 10)])
        until(lambda: not shop.program.running, 30, what=f"dies at {step}")
        assert shop.program.ended() == -signal.SIGKILL, step
    shop.start()
    assert ask_again(shop, unanswered) == []
    assert len(shop.all_end()) == before + 5 * len(steps)
    once_each(shop)
    each_reported_once(shop, receiver)


def kill_often(shop: Shop, people: range, *, kills: int, longest: float, dice: random.Random) -> None:
    """Queue for all these people, then kill the process at random moments, also while it recovers."""
    assert ask_again(shop, list(people)) == []
    for _ in range(kills):
        time.sleep(dice.uniform(0.2, longest))
        shop.program.kill()
        shop.start()


def test_death_at_random_moments_under_a_long_line(shop: Shop, receiver: Receiver) -> None:
    """Row 10: also while it recovers."""
    shop.whatsapp.ask("PUT", "faults", {"ack_ms": 10, "deliver_ms": 20})
    kill_often(shop, range(11_000, 11_200), kills=3, longest=6, dice=random.Random(2026))
    shop.all_end(120)
    once_each(shop)
    each_reported_once(shop, receiver)


@long_only()
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(4))
def test_twenty_deaths_at_random_moments(shop: Shop, receiver: Receiver, seed: int) -> None:
    first = 12_000 + 1_000 * seed
    kill_often(shop, range(first, first + 200), kills=20, longest=9, dice=random.Random(seed))
    shop.all_end(300)
    once_each(shop)
    each_reported_once(shop, receiver)


@long_only()
@pytest.mark.timeout(900)
def test_deaths_in_quick_succession(shop: Shop, receiver: Receiver) -> None:
    """Row 10: killed again before the life after has even served."""
    dice = random.Random(7)
    assert ask_again(shop, list(range(20_500, 20_600))) == []
    for _ in range(10):
        time.sleep(dice.uniform(1, 8))
        shop.program.kill()
        for _ in range(2):
            shop.launch()
            time.sleep(dice.uniform(0.1, 1))
            shop.program.kill()
        shop.start()
    shop.all_end(300)
    once_each(shop)
    each_reported_once(shop, receiver)


@long_only()
@pytest.mark.timeout(900)
def test_three_phones_and_whatsapp_itself_die_at_random(shop: Shop, receiver: Receiver) -> None:
    labels = ["primary", "sales", "office"]
    for number, label in some(enumerate(labels[1:], start=1)):
        assert shop.call("POST", "/devices", {"device_label": label}).status_code == 201
        shop.link(phone=f"880170000001{number}", label=label)
    for person in range(21_000, 21_060):
        for label in labels:
            shop.send(person, f"Hello from {label}", label)
    dice = random.Random(11)
    for kill in range(8):
        time.sleep(dice.uniform(1, 12))
        if kill % 4 == 3:
            shop.whatsapp.program.kill()
            shop.whatsapp.start()
        else:
            shop.program.kill()
            shop.start()
    shop.all_end(400)
    once_each(shop)
    each_reported_once(shop, receiver)


def queued_with_files(shop: Shop, people: list[int]) -> dict[str, str]:
    """A box that died as the last was queued has messages with files in its line. Who gets which hash."""
    shop.program.terminate()
    shop.whatsapp.ask("PUT", "faults", {"offline": True})  # else the first goes while the last is queued
    shop.start(WABOX_CRASH=f"queued:{len(people)}")
    due = {str(FIRST_PERSON + person): bill(person) for person in people}
    for person in some(people[:-1]):
        assert send_bill(shop, person, bill(person)).status_code == 202
    with pytest.raises(httpx.TransportError):
        send_bill(shop, people[-1], bill(people[-1]))
    until(lambda: not shop.program.running, 30, what="dies when it is queued")
    assert shop.program.ended() == -signal.SIGKILL
    return {phone: hashlib.sha256(content).hexdigest() for phone, content in due.items()}


def bill(person: int) -> bytes:
    """A PDF of 100 kB that nobody else gets."""
    return b"%PDF-1.4\n% bill of " + str(person).encode() + bytes(range(256)) * 400 + b"\n%%EOF\n"


def send_bill(shop: Shop, person: int, content: bytes) -> httpx.Response:
    """POST /send with the file in it."""
    media = {"base64": base64.b64encode(content).decode(), "filename": "bill.pdf"}
    body = {"phone": str(FIRST_PERSON + person), "message": "Hello number", "media": media}
    return shop.call("POST", "/send", body)


def test_death_with_a_place_or_a_card_in_hand_sends_it_once_as_it_was(shop: Shop) -> None:
    """Rows 2, 4, 6, 7 and 8, with what goes instead of a text."""
    shop_is = {"latitude": 23.7806, "longitude": 90.2792, "name": "Rahim Store", "address": "12 Road 5"}
    karim = {"name": "করিম", "phone": "8801711999999"}
    before, had = len(shop.messages()), len(shop.whatsapp.messages())
    shop.program.terminate()
    steps = ["queued", "armed", "entered", "acked", "recorded"]
    due = {}
    for person, step in some(enumerate(steps, start=31_000)):
        phone = str(FIRST_PERSON + person)
        due[phone] = {"contact": karim} if person % 2 else {"location": shop_is}
        shop.start(WABOX_CRASH=f"{step}:1")
        with contextlib.suppress(httpx.TransportError):
            shop.call("POST", "/send", {"phone": phone, "queue_if_offline": True, **due[phone]})
        until(lambda: not shop.program.running, 60, what=f"dies at {step}")
        assert shop.program.ended() == -signal.SIGKILL, step
    shop.start()
    assert len(shop.all_end(90)) == before + len(steps)
    came = came_to(shop, due)
    assert {one["to"]: {name: one[name] for name in due[one["to"]]} for one in came} == due
    assert [(one["copies"], one["text"]) for one in came] == [(1, "")] * len(steps)
    assert len(shop.whatsapp.messages()) == had + len(steps)


@pytest.mark.parametrize("entry", ["early", "late"])
def test_death_with_a_file_in_hand_sends_it_once_byte_for_byte(shop: Shop, entry: str) -> None:
    """Rows 4, 6, 7 and 8, with a file; also in mid-upload, whether the page stores a message before or after."""
    before, had = len(shop.messages()), len(shop.whatsapp.messages())
    steps = ["armed", "entered", "uploading", "acked", "recorded"]
    first = {"early": 30_000, "late": 30_100}[entry]
    due = queued_with_files(shop, list(range(first, first + len(steps))))
    shop.whatsapp.ask("PUT", "faults", {"offline": False, "upload_ms": 1500, "media_entry": entry})
    for step in steps:
        shop.start(WABOX_CRASH=f"{step}:1")
        until(lambda: not shop.program.running, 60, what=f"dies at {step}")
        assert shop.program.ended() == -signal.SIGKILL, step
    shop.start()
    assert len(shop.all_end(90)) == before + len(steps)
    came = [(one["to"], one["media"]["sha256"], one["copies"]) for one in came_to(shop, due)]
    assert sorted(came) == [(phone, sha256, 1) for phone, sha256 in due.items()]
    assert len(shop.whatsapp.messages()) == had + len(steps)


def came_to(shop: Shop, people: Collection[str]) -> list[dict[str, Any]]:
    """What these people have from the shop."""
    return [one for one in shop.whatsapp.messages() if one["to"] in people]


def test_death_while_messages_are_deleted_for_everyone_deletes_each_and_sends_none_again(shop: Shop) -> None:
    """wabox dies at another moment after each wish, and one is lost on the way.

    What WhatsApp had done by then is done again, without harm.
    """
    people = [23_000, 23_001, 23_002, 23_003, 23_004]
    assert ask_again(shop, people) == []
    shop.all_end()
    jobs = {one["phone"]: one["job_id"] for one in shop.messages()}
    had = len(shop.whatsapp.messages())
    wanted = [jobs[str(FIRST_PERSON + person)] for person in people]
    dice = random.Random(48)
    for job in some(wanted[:-1]):
        assert shop.call("POST", f"/messages/{job}/revoke").status_code == 202
        time.sleep(dice.uniform(0, 0.8))
        shop.program.kill()
        shop.start()
    shop.whatsapp.ask("PUT", "faults", {"revoke_lost": 1})
    assert shop.call("POST", f"/messages/{wanted[-1]}/revoke").status_code == 202

    until(lambda: all(shop.message(job)["revoked_at"] for job in wanted), 90, what="each is deleted for everyone")
    assert len(shop.whatsapp.messages()) == had
    got = came_to(shop, [str(FIRST_PERSON + person) for person in people])
    assert [one["copies"] for one in got] == [1] * len(people)
    assert sorted((one["to"], one["text"], one["revoked"]) for one in got) == [
        (str(FIRST_PERSON + person), "", True) for person in people
    ]
    assert {shop.message(job)["status"] for job in wanted} <= {"sent", "delivered", "read"}
