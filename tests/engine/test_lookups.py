"""Names are looked up side by side: one that is slow to answer holds up its own user only."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator, Sequence

import pytest

from wabox.webhooks import lookups
from wabox.webhooks.lookups import Names, NamesBusy

SLOW = "slow.example"


class Dns:
    """Answers at once, but for slow names, which wait until they are let go."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.let_go = threading.Event()

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        if host.startswith("slow"):
            self.let_go.wait(30)
        if host.startswith("gone"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return ["203.0.113.7"]


@pytest.fixture
def dns() -> Iterator[Dns]:
    found = Dns()
    yield found
    found.let_go.set()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a thread that will not come."""
    monkeypatch.setattr(lookups, "PATIENCE_SECONDS", 0.01)


def hang(found: Names, users: range) -> list[asyncio.Task[Sequence[str]]]:
    """These users' names do not answer."""
    return [asyncio.ensure_future(found.find(user, SLOW, 443)) for user in users]


async def test_many_slow_names_hold_up_no_other_user(dns: Dns) -> None:
    found = Names(dns)
    slow = hang(found, range(10))
    await asyncio.sleep(0)
    assert await found.find(77, "quick.example", 443) == ["203.0.113.7"]
    dns.let_go.set()
    assert await asyncio.gather(*slow) == [["203.0.113.7"]] * 10


async def test_all_posts_of_a_user_share_one_look_up(dns: Dns) -> None:
    found = Names(dns)
    posts = [asyncio.ensure_future(found.find(7, SLOW, 443)) for _ in range(20)]
    await asyncio.sleep(0)
    dns.let_go.set()
    await asyncio.gather(*posts)
    assert dns.asked == [SLOW]
    await found.find(7, SLOW, 443)
    assert dns.asked == [SLOW, SLOW]


async def test_one_that_is_given_up_takes_no_other_along(dns: Dns) -> None:
    found = Names(dns)
    first, second = (asyncio.ensure_future(found.find(7, SLOW, 443)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    dns.let_go.set()
    assert await second == ["203.0.113.7"]


async def test_without_a_free_thread_the_names_are_busy_and_not_unknown(dns: Dns) -> None:
    found = Names(dns, most=3)
    slow = hang(found, range(3))
    await asyncio.sleep(0)
    for _ in range(2):
        with pytest.raises(NamesBusy):
            await found.find(77, "quick.example", 443)
    dns.let_go.set()
    await asyncio.gather(*slow)
    assert await found.find(77, "quick.example", 443) == ["203.0.113.7"]


async def test_who_waits_longest_gets_the_next_thread(dns: Dns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookups, "PATIENCE_SECONDS", 30)
    found = Names(dns, most=1)
    slow = hang(found, range(1))
    await asyncio.sleep(0)
    others = [asyncio.ensure_future(found.find(user, f"{user}.example", 443)) for user in (9, 7, 8)]
    await asyncio.sleep(0)
    dns.let_go.set()
    await asyncio.gather(*slow, *others)
    assert dns.asked == [SLOW, "9.example", "7.example", "8.example"]


async def test_a_new_address_waits_for_the_old_name_of_its_own_user_only(dns: Dns) -> None:
    found = Names(dns)
    slow = hang(found, range(7, 8))
    await asyncio.sleep(0)
    with pytest.raises(NamesBusy):
        await found.find(7, "new.example", 443)
    dns.let_go.set()
    await asyncio.gather(*slow)
    assert await found.find(7, "new.example", 443) == ["203.0.113.7"]


async def test_a_name_that_is_new_again_is_given_its_own_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookups, "PATIENCE_SECONDS", 30)
    go_on = threading.Event()

    def itself(host: str, port: int) -> Sequence[str]:
        go_on.wait(30)
        return [host]

    found = Names(itself)
    asked = [asyncio.ensure_future(found.find(7, host, 443)) for host in ("old", "new", "newer", "new")]
    await asyncio.sleep(0)
    go_on.set()
    assert await asyncio.gather(*asked) == [["old"], ["new"], ["newer"], ["new"]]


async def test_a_name_without_an_address_says_so_to_all_who_asked(dns: Dns) -> None:
    found = Names(dns)
    said = await asyncio.gather(*(found.find(7, "gone.example", 443) for _ in range(3)), return_exceptions=True)
    assert [type(one) for one in said] == [socket.gaierror] * 3
    assert dns.asked == ["gone.example"]


async def test_a_machine_without_room_for_a_thread_is_busy(dns: Dns, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    found = Names(dns)
    with monkeypatch.context() as full:
        full.setattr(threading.Thread, "start", refuses)
        with pytest.raises(NamesBusy):
            await found.find(7, "quick.example", 443)
    assert await found.find(7, "quick.example", 443) == ["203.0.113.7"]


def test_the_systems_look_up_gives_each_address_once() -> None:
    assert lookups.addresses("127.0.0.1", 80) == ["127.0.0.1"]
