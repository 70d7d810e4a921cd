"""What a page tells of messages, passed on as events: as it happens, and swept up afterwards."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

import structlog

from wabox.whatsapp import telling
from wabox.whatsapp.driver import Event, SessionSpec
from wabox.whatsapp.page import Page, PageHung, PageLost
from wabox.whatsapp.profile import Profile

log = structlog.get_logger(__name__)

_OVERLAP_SECONDS = 600
_LIMIT = 500
_SECONDS = 15


class Hearing:
    """One device's ears for messages. The page's events are hints; the sweep makes them whole."""

    def __init__(
        self,
        spec: SessionSpec,
        profile: Profile,
        emit: Callable[[Event], None],
        now: Callable[[], datetime],
    ) -> None:
        self._device_id, self._session = spec.device_id, spec.session
        self._profile = profile
        self._emit = emit
        self._now = now
        self._withdrawn: set[tuple[str, str]] = set()

    def take(self, event: dict[str, Any]) -> None:
        """The page tells of a message, or of a person."""
        heard = {
            "ack": self.receipt,
            "inbound": self.inbound,
            "withdrawn": self.withdrawn,
            "joined": self.joined,
            "used": self.phone_used,
            "reaction": self.reaction,
        }
        heard[event["what"]](event)

    def receipt(self, raw: Any, *, stored: bool = False) -> None:
        """The page saw an ack, or its history holds one."""
        if receipt := telling.receipt(self._device_id, self._session, raw, self._now(), stored=stored):
            self._emit(receipt)

    def inbound(self, raw: Any) -> None:
        """The page saw a person's message."""
        if inbound := telling.inbound(self._device_id, self._session, raw, self._now()):
            self._profile.saw(
                int(min(inbound.at, self._now()).timestamp())
            )  # a time to come would deafen the sweep
            self._emit(inbound)

    def withdrawn(self, raw: Any) -> None:
        """A person deleted what they wrote: told once, though each sweep finds all that ever were."""
        withdrawn = telling.withdrawn(self._device_id, self._session, raw)
        if withdrawn is None or (withdrawn.chat_id, withdrawn.message_id) in self._withdrawn:
            return
        self._withdrawn.add((withdrawn.chat_id, withdrawn.message_id))
        self._emit(withdrawn)

    def joined(self, raw: Any) -> None:
        """The page has learnt whose number it is."""
        if joined := telling.joined(self._device_id, self._session, raw):
            self._emit(joined)

    def phone_used(self, raw: Any) -> None:
        """Something was written on the phone itself."""
        if used := telling.phone_used(self._device_id, self._session, raw, self._now()):
            self._emit(used)

    def reaction(self, raw: Any) -> None:
        """Somebody put an emoji to a message. One that came while no page was open is not told later."""
        if reaction := telling.reaction(self._device_id, self._session, raw):
            self._emit(reaction)

    async def sweep(self, page: Page) -> None:
        """What the page's store holds of the time since the last message seen is told, too.

        Of what people deleted it is all that the page has. Nothing from before the link is told. Much is told
        twice: consumers know ids they had.
        """
        note = self._profile.note
        if note is None:
            return
        since = max(note.linked_at, note.seen_at - _OVERLAP_SECONDS)
        try:
            found = await page.ask("sweep", {"since": since, "linked": note.linked_at, "limit": _LIMIT}, _SECONDS)
        except (PageHung, PageLost) as lost:
            log.info("sweep_failed", device_id=self._device_id, why=str(lost))
            return
        data = found if isinstance(found, dict) else {}
        for raw in data.get("inbound") or ():
            self.inbound(raw)
        for raw in data.get("joined") or ():
            self.joined(raw)
        for raw in data.get("withdrawn") or ():  # after whose number it is: what they deleted stands under that
            self.withdrawn(raw)
        for raw in data.get("acks") or ():
            self.receipt(raw, stored=True)
        self.phone_used({"t": data.get("used")})
        with suppress(OSError):
            self._profile.save()
