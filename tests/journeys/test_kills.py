from __future__ import annotations

import random
import signal
import time

import httpx
import pytest

from tests.journeys.box import Shop, once_each, until
from tests.journeys.conftest import long_only
from tests.journeys.receiver import Receiver
from tests.some import some
from wabox import crash

pytestmark = pytest.mark.timeout(240)


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
    for life, step in enumerate(crash.STEPS, start=1):
        shop.start(WABOX_CRASH=f"{step}:3")
        unanswered = ask_again(shop, [*unanswered, *range(10_000 + life * 10, 10_005 + life * 10)])
        until(lambda: not shop.program.running, 30, what=f"dies at {step}")
        assert shop.program.ended() == -signal.SIGKILL, step
    shop.start()
    assert ask_again(shop, unanswered) == []
    assert len(shop.all_end()) == before + 5 * len(crash.STEPS)
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
