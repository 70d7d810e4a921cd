"""Carries out what is wanted of devices: sessions opened, closed, replaced, logged out, codes asked for."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from wabox import fence, identity
from wabox.box import Box
from wabox.devices import orders
from wabox.devices import stored as devices
from wabox.devices.stored import Device
from wabox.engine.backoff import Backoff
from wabox.messages import claiming
from wabox.whatsapp.driver import Driver

log = structlog.get_logger()

IN_HAND_FOR = timedelta(seconds=30)
STRANGE_FOR = timedelta(days=7)
NOBODYS = 0  # the number of a session that is opened to be logged out: what it shows is for nobody


@dataclass(frozen=True, slots=True)
class _Order:
    """A command given to the driver. device: as it was then; done: false if it shall be given again."""

    device: Device
    done: Future[bool] | Future[None]

    def is_for(self, device: Device) -> bool:
        """Whether this is still what is asked. A logout under way is, whatever was asked since."""
        mine = self.device
        if mine.leaving:
            return True
        return (mine.command, mine.session, mine.pairing_phone) == (
            device.command,
            device.session,
            device.pairing_phone,
        )


class Links:
    """Compares what the owner wants with what the driver holds open, and asks it anew each time.

    A command stands in the database until the driver says that it is done; whatever befalls wabox before,
    the next start gives it again.
    """

    def __init__(self, box: Box, driver: Driver) -> None:
        self._box = box
        self._driver = driver
        self._noted = False
        self._orders: dict[int, _Order] = {}
        self._failed = Backoff()

    async def begin(self) -> None:
        """No profile is left that no device has any more: those of removed devices are logged out and wiped.

        One that this database does not know may be of a newer database, if an older one was put in its place:
        it goes only when it has lain unused for a week. What is not named as ours are is left alone.
        """
        if await self._box.db.read(fence.of) is not None:
            return
        kept = await asyncio.to_thread(self._driver.kept)
        known = await self._box.db.read(devices.profiles)
        left = [name for name in kept if known.get(name)]
        if left:
            await self._box.db.write(orders.forget_again, left)
        strange = {name for name in kept - set(known) if orders.PROFILE.fullmatch(name)}
        if not strange:
            return
        unused_since = self._box.now() - STRANGE_FOR
        gone = await asyncio.to_thread(self._driver.discard, strange, unused_since=unused_since)
        log.warning("profiles of no device", wiped=len(gone), kept_for_now=len(strange) - len(gone))

    async def tick(self) -> None:
        """See what became of the commands, give those that are due, open what shall be open, close the rest.

        Between two of these reads the owner may press a button. So nothing is remembered of what was wanted: each
        tick asks the database anew, and the driver what is open; a command counts as done only if it is the one
        that was given (`_Order.is_for`), and a session by its number, which each start and restart gives anew.
        While the box is held nothing is asked and nobody stays open: another box may have the same link.
        """
        held = await self._box.db.read(fence.of)
        if held is not None:
            if not await self._ends_what_is_in_hand(held):
                self._close_all()
            self._noted = False
            return
        if not self._noted:
            self._noted = True
            await self._note()
        await self._follow()

    async def _ends_what_is_in_hand(self, held: fence.Fence) -> bool:
        """A box that is packed for a move lets a hand-over end first, for a while: else it would be in doubt."""
        if held.why != "moving" or self._box.now() - held.since > IN_HAND_FOR:
            return False
        return await self._box.db.read(claiming.in_hand)

    async def _note(self) -> None:
        """Before any page is opened this machine knows which directory has the phones of this box."""
        box = await self._box.db.write(identity.took_over)
        await asyncio.to_thread(identity.note, box, identity.here(self._box.config.data.dir))

    async def _follow(self) -> None:
        for device_id, order in list(self._orders.items()):
            if order.done.done() and not self._failed.rests(device_id):
                with self._failed.apart("order", device_id):
                    await self._settle(order)
                    self._orders.pop(device_id, None)
        for device in await self._box.db.read(devices.commanded):
            if not self._failed.rests(device.id):
                with self._failed.apart("command", device.id):
                    await self._command(device)
        wanted = {device.id: device for device in await self._box.db.read(devices.wanted)}
        opened = self._driver.opened()
        for device_id in set(opened) - set(wanted):
            with self._failed.apart("close", device_id):
                self._driver.close(device_id)
        for device in wanted.values():
            if device.leaving or opened.get(device.id) == device.session or self._failed.rests(device.id):
                continue
            with self._failed.apart("open", device.id):
                self._driver.open(device.spec)

    def _close_all(self) -> None:
        for device_id in list(self._driver.opened()):
            self._driver.close(device_id)

    async def _command(self, device: Device) -> None:
        given = self._orders.get(device.id)
        if given is not None and given.is_for(device):
            return
        if device.command == "pair" and await self._box.db.write(orders.code_is_void, device):
            return  # asked anew, it could end the link that there is by now
        done = self._give(device)
        if done is None:
            return
        order = self._orders[device.id] = _Order(device, done)
        if done.done():
            await self._settle(order)
            self._orders.pop(device.id, None)

    def _give(self, device: Device) -> Future[bool] | Future[None] | None:
        if device.leaving:
            if device.logout_due_at is not None and self._box.now() < device.logout_due_at:
                return None
            spec = replace(device.spec, session=NOBODYS)
            forget = device.command == "forget"
            return self._driver.log_out(spec, forget=forget, anyway=device.leaves_anyway)
        if device.command == "pair" and device.pairing_phone:
            self._driver.open(device.spec)  # a session must be open to be given a code
            return self._driver.ask_pairing_code(device.spec, device.pairing_phone)
        return None  # a restart: its session has a new number, and is done when that session speaks

    async def _settle(self, order: _Order) -> None:
        """A code that could not be asked for is asked for once; a logout is tried again."""
        device, done = order.device, order.done
        failed = done.cancelled() or done.exception() is not None
        if device.leaving and (failed or done.result() is False):
            await self._box.db.write(orders.logout_failed, device, now=self._box.now())
            log.warning("logout not done", device_id=device.id, tries=device.logout_tries + 1)
        else:
            await self._box.db.write(orders.command_done, device)
