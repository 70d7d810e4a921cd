"""Carries out what is wanted of devices: sessions opened, closed, restarted, logged out, codes asked for."""

from __future__ import annotations

from wabox.box import Box
from wabox.devices import devices
from wabox.whatsapp.driver import Driver


class Links:
    """Compares what the owner wants with what the driver holds open."""

    def __init__(self, box: Box, driver: Driver) -> None:
        self._box = box
        self._driver = driver
        self._open: set[int] = set()

    async def tick(self) -> None:
        """Pass on every command, then open what shall be open. Errors of one device hold up no other."""
        for device in await self._box.db.read(devices.commanded):
            self._command(device)
            await self._box.db.write(devices.command_done, device)
        wanted = {device.id: device for device in await self._box.db.read(devices.wanted)}
        for device_id in self._open - set(wanted):
            self._driver.close(device_id)
        for device_id in set(wanted) - self._open:
            self._driver.open(wanted[device_id].spec)
        self._open = set(wanted)

    def _command(self, device: devices.Device) -> None:
        match device.command:
            case "restart":
                self._driver.restart(device.id)
            case "pair" if device.pairing_phone:
                self._ensure_open(device)
                self._open.add(device.id)
                self._driver.ask_pairing_code(device.id, device.pairing_phone)
            case "logout" | "forget":
                self._ensure_open(device)
                self._driver.logout(device.id, forget=device.command == "forget")
                self._open.discard(device.id)

    def _ensure_open(self, device: devices.Device) -> None:
        """A session must be open to be logged out at WhatsApp, or to be given a code."""
        if device.id not in self._open:
            self._driver.open(device.spec)
