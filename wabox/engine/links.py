"""Carries out what is wanted of devices: sessions opened, closed, restarted, logged out, codes asked for."""

from __future__ import annotations

from wabox.box import Box
from wabox.devices import devices
from wabox.whatsapp.driver import Driver

NOT_OPEN_YET = ("starting", "not_started")


class Links:
    """Compares what the owner wants with what the driver holds open, and asks it anew each time."""

    def __init__(self, box: Box, driver: Driver) -> None:
        self._box = box
        self._driver = driver

    async def tick(self) -> None:
        """Pass on every command, then open what shall be open. An order that failed is given again."""
        for device in await self._box.db.read(devices.commanded):
            self._command(device)
            await self._box.db.write(devices.command_done, device)
        wanted = {device.id: device for device in await self._box.db.read(devices.wanted)}
        opened = self._driver.opened()
        for device_id in opened - set(wanted):
            self._driver.close(device_id)
        for device_id in set(wanted) - opened:
            self._open(wanted[device_id])

    def _open(self, device: devices.Device) -> None:
        """Not one that shows otherwise: the phone has just removed it, and the news is not written yet."""
        if device.state in NOT_OPEN_YET:
            self._driver.open(device.spec)

    def _command(self, device: devices.Device) -> None:
        match device.command:
            case "restart":
                self._driver.restart(device.id)
            case "pair" if device.pairing_phone:
                self._driver.open(device.spec)  # a session must be open to be given a code
                self._driver.ask_pairing_code(device.id, device.pairing_phone)
            case "logout" | "forget":
                self._driver.open(device.spec)  # and to be logged out at WhatsApp
                self._driver.logout(device.id, forget=device.command == "forget")
