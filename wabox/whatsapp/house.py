"""What all sessions of one gateway share, and whether a browser may be started in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from wabox.whatsapp import browser
from wabox.whatsapp.browser import Chromium
from wabox.whatsapp.driver import Detail, Event
from wabox.whatsapp.patience import Limits
from wabox.whatsapp.profile import Profile
from wabox.whatsapp.runtime import Runtime


class Held(Exception):
    """The browser must not or cannot be started; trying again at once is of no use."""

    def __init__(self, detail: Detail, text: str) -> None:
        super().__init__(text)
        self.detail: Detail = detail
        self.text = text


@dataclass(frozen=True, slots=True)
class House:
    """What all sessions share. may_renew: no other device would suffer from a new Playwright.

    night: it is the hour in which idle pages are renewed. engines: where installed wa-js lie; patches_off: names
    of our mends that stay out of the pages.
    """

    url: str
    chromium: str | None
    profiles: Path
    runtime: Runtime
    limits: Limits
    min_free_bytes: int
    emit: Callable[[Event], None]
    now: Callable[[], datetime]
    may_renew: Callable[[int], bool]
    night: Callable[[], bool]
    engines: Path | None = None
    patches_off: tuple[str, ...] = ()

    def chromium_for(self, profile: Profile) -> Chromium:
        """The browser to start. Raises Held if none may be started. Reads the disk."""
        if browser.refuses(self.url):
            raise Held(
                "run_as_root",
                "wabox runs as root, where Chromium has no sandbox. Run it as its own user: "
                "sudo ./install.sh service.",
            )
        found = browser.find(self.chromium)
        if found is None:
            raise Held("browser_missing", "There is no Chromium on this box. Install chromium.")
        self.check_room(profile)
        return found

    def check_room(self, profile: Profile) -> None:
        """The page can write what it must not forget. Raises Held if the disk is all but full. Reads the disk.

        A page whose store failed once neither sends nor remembers until it is opened anew.
        """
        if profile.free_bytes() < self.min_free_bytes:
            raise Held("storage_full", "The disk is full. Free some space.")
