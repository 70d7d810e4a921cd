from __future__ import annotations

import random
import signal
import time

import httpx
import pytest

from tests.journeys.box import Shop, once_each, until
from tests.journeys.conftest import long_only
from tests.journeys.receiver import Receiver
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
    """Each life dies at another step, and must first settle what the life before left."""
    unanswered: list[int] = []
    shop.program.terminate()
    for life, step in enumerate(crash.STEPS, start=1):
        shop.start(WABOX_CRASH=f"{step}:3")
        unanswered = ask_again(shop, [*unanswered, *range(life * 10, life * 10 + 5)])
        until(lambda: not shop.program.running, 30, what=f"dies at {step}")
        assert shop.program.ended() == -signal.SIGKILL, step
    shop.start()
    assert ask_again(shop, unanswered) == []
    assert len(shop.all_end()) == 5 * len(crash.STEPS)
    once_each(shop)
    each_reported_once(shop, receiver)


def kill_often(shop: Shop, people: range, *, kills: int, longest: float, dice: random.Random) -> list[float]:
    """Queue for all these people, and kill the process at random moments; returns how long each was up."""
    left = ask_again(shop, list(people))
    assert left == []
    lives = []
    for _ in range(kills):
        up = dice.uniform(0.2, longest)
        time.sleep(up)
        lives.append(up)
        shop.program.kill()
        shop.start()
    return lives


def test_death_at_random_moments_under_a_long_line(shop: Shop, receiver: Receiver) -> None:
    dice = random.Random(2026)
    lives = kill_often(shop, range(1000, 1200), kills=3, longest=9, dice=dice)
    shop.all_end(120)
    once_each(shop)
    each_reported_once(shop, receiver)
    assert len(lives) == 3


@long_only()
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(4))
def test_twenty_deaths_at_random_moments(shop: Shop, receiver: Receiver, seed: int) -> None:
    first = 2000 + 1000 * seed
    kill_often(shop, range(first, first + 200), kills=20, longest=9, dice=random.Random(seed))
    shop.all_end(300)
    once_each(shop)
    each_reported_once(shop, receiver)
