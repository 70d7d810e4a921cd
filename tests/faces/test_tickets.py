"""A form sends once, however often and however fast it is pressed."""

from __future__ import annotations

import asyncio

import pytest

from wabox.dashboard.frame.tickets import Sent, Tickets


async def test_two_presses_at_once_send_once() -> None:
    tickets, go, sent = Tickets(), asyncio.Event(), []

    async def send() -> int:
        sent.append(1)
        await go.wait()
        return 7

    presses = [asyncio.create_task(tickets.once(1, "t", send)) for _ in range(3)]
    await asyncio.sleep(0)
    go.set()
    assert await asyncio.gather(*presses) == [Sent(7, again=False), Sent(7, again=True), Sent(7, again=True)]
    assert sent == [1]
    assert await tickets.made(1, "t") == 7


async def test_when_the_first_press_fails_one_of_those_that_waited_sends() -> None:
    tickets, go, tries = Tickets(), asyncio.Event(), []

    async def send() -> int:
        tries.append(1)
        await go.wait()
        if len(tries) == 1:
            raise ValueError
        return 8

    presses = [asyncio.create_task(tickets.once(1, "t", send)) for _ in range(3)]
    await asyncio.sleep(0)
    go.set()
    with pytest.raises(ValueError):
        await presses[0]
    assert await asyncio.gather(*presses[1:]) == [Sent(8, again=False), Sent(8, again=True)]
    assert tries == [1, 1]


async def test_a_ticket_is_its_users_alone_and_the_oldest_are_forgotten() -> None:
    tickets = Tickets(most=2)

    async def send() -> int:
        return 9

    assert not (await tickets.once(1, "t", send)).again
    assert not (await tickets.once(2, "t", send)).again
    assert not (await tickets.once(3, "t", send)).again
    assert await tickets.made(1, "t") is None
    assert await tickets.made(3, "t") == 9
