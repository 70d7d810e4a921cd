"""What stands between a phone and its link: each thing looked at, what was found, and the next step in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from wabox.devices import sentences
from wabox.devices.stored import ENDED, Device
from wabox.whatsapp.driver import Checkup

Status = Literal["good", "note", "bad"]
MEGABYTE = 1024 * 1024
UNSCANNED = timedelta(minutes=2)
MOST_SKEW = timedelta(minutes=1)
STOPPED = "The phone is not started here."
NO_BROWSER = "The browser is not open."
OPENING = "WhatsApp Web is opening."
BROWSER = "The browser is open."
UNREACHED = "WhatsApp Web is not reached."
REACHED = "WhatsApp Web is reached."
WRONG_CLOCK = "The clock of this machine is wrong."
CLOCK = "The clock of this machine is right."
LACKS = "The page lacks what wabox needs."
FITS = "The page has what wabox needs."
CODE = "A QR code is there that a phone can scan."
NO_CODE = "The last QR code is over, and the next one is not there yet."
UNSCANNED_CODE = "No phone has scanned a code for two minutes."
PASSKEY = "WhatsApp wants the account's passkey before it links."
CHECKPOINT = "WhatsApp wants to be sure that the account is yours."
DIALOG = "The page shows a box that wants an answer."
TROUBLE = "The page had to be opened anew."
TAKES = "WhatsApp's page says how large a file it takes."
LINKED = "The phone is linked, and the page is ready."

STEPS = {
    NO_BROWSER: "Wait a minute. If it stays so, run wabox doctor on the machine.",
    OPENING: "Wait a minute. If it stays so, run wabox doctor on the machine.",
    UNREACHED: "Check the internet connection of the box, and that nothing blocks web.whatsapp.com.",
    WRONG_CLOCK: "Set it, or let the machine set it by itself: WhatsApp refuses machines whose time is wrong.",
    LACKS: "Update wabox. Nothing is sent until then, and nothing is lost.",
    NO_CODE: "Wait a few seconds: wabox asks WhatsApp for a new one.",
    UNSCANNED_CODE: "A phone links four devices at most: look there under Linked devices, and remove one that you "
    "do not use. Then scan the newest code, or use a code by phone number.",
    PASSKEY: "This takes ten minutes at most. If the phone shows a code, it must be the one here. The passkey "
    "itself cannot be used here, for it answers to WhatsApp's own site only. If the phone asks for nothing, wait "
    "until this step is over and the QR code is back; then link with a code by phone number, or try again on "
    "another day.",
    CHECKPOINT: "If the phone asks for nothing, open web.whatsapp.com in a browser on your own computer, and "
    "answer there.",
    DIALOG: "Look at the picture. Press its main button here if that is what you want.",
    CODE: sentences.OF_STATE["qr"],
}
# What the doctor adds to an advice, which names the trouble already; its other findings only follow from that.
ADDS = ("passkey", "checkpoint", "dialog", "clock")
SENTENCES = (*STEPS.values(), *STEPS, STOPPED, BROWSER, REACHED, CLOCK, FITS, TROUBLE, TAKES, LINKED)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. value: a version, a name, a code; as it is, in no language."""

    code: str
    status: Status
    sentence: str
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, in the order in which a link comes about.

    steps: what to do, in texts of one or more sentences; the advice that is given everywhere, and what is to be
    done besides, as was seen just now. None if nothing is to be done.
    """

    findings: tuple[Finding, ...]
    steps: tuple[str, ...]
    pressable: bool

    @property
    def next_step(self) -> str | None:
        """The steps as one text; None if nothing is to be done."""
        return " ".join(self.steps) or None


def examine(device: Device, seen: Checkup, *, now: datetime) -> Report:
    """What stands between this phone and its link."""
    found = [Finding("stopped", "bad", STOPPED)] if not device.wanted else _way(device, seen, now)
    ended = sentences.advice(device) if device.detail in ENDED else None
    if ended is not None:
        found.insert(0, Finding("ended", "bad", ended, device.reason))
    if seen.trouble is not None:
        found.append(Finding("trouble", "note", TROUBLE, seen.trouble))
    return Report(tuple(found), _steps(device, found), seen.pressable)


def is_unscanned(seen: Checkup) -> bool:
    """Whether a code was shown for so long that a phone that could link would have."""
    return _lasts(seen)


def _steps(device: Device, found: list[Finding]) -> tuple[str, ...]:
    """The advice for the device and one step more; of a page that is well or waits for its scan, what was seen."""
    advice, known = sentences.advice(device), [one for one in found if one.sentence in STEPS]
    if device.remark not in (None, "reconnecting"):
        known = [one for one in known if one.code in ADDS]
    known = [one for one in known if one.status == "bad"] or known
    more = [STEPS[one.sentence] for one in known[:1]]
    if more and device.remark is None and device.state != "starting":
        return tuple(more)
    return (*([advice] if advice else []), *more)


def _lasts(seen: Checkup) -> bool:
    return seen.shown_for is not None and seen.shown_for > UNSCANNED


def _way(device: Device, seen: Checkup, now: datetime) -> list[Finding]:
    opening = device.state == "starting" and not _lasts(seen)
    if seen.browser is None:
        return [Finding("browser", "note", OPENING) if opening else Finding("browser", "bad", NO_BROWSER)]
    found = [Finding("browser", "good", BROWSER, seen.browser), _site(seen, opening=opening)]
    if seen.skew is not None:
        wrong = abs(seen.skew) > MOST_SKEW
        found.append(Finding("clock", "bad" if wrong else "good", WRONG_CLOCK if wrong else CLOCK))
    if seen.page_version is not None:
        versions = f"{seen.page_version} / {seen.wajs_version}"
        lacks = ", ".join(seen.missing)
        found.append(Finding("page", "bad" if lacks else "good", LACKS if lacks else FITS, lacks or versions))
    return [*found, *_link(device, seen, now)]


def _site(seen: Checkup, *, opening: bool) -> Finding:
    if seen.reached is None or seen.page_version is None:
        if opening:
            return Finding("site", "note", OPENING)
        return Finding("site", "bad", UNREACHED, seen.reached)
    return Finding("site", "good", REACHED, seen.reached)


def _link(device: Device, seen: Checkup, now: datetime) -> list[Finding]:
    if device.detail == "passkey_required":
        return [Finding("passkey", "bad", PASSKEY, device.compare_code)]
    if device.detail == "checkpoint":
        return [Finding("checkpoint", "bad", CHECKPOINT)]
    found = [Finding("dialog", "bad", DIALOG)] if seen.dialog else []
    if device.state == "qr":
        found.append(_code(device, seen, now))
    if device.ready:
        found.append(Finding("link", "good", LINKED))
        if seen.takes:
            sizes = (f"{kind} {size // MEGABYTE:,} MB" for kind, size in seen.takes.items())
            found.append(Finding("takes", "good", TAKES, ", ".join(sizes)))
    return found


def _code(device: Device, seen: Checkup, now: datetime) -> Finding:
    if is_unscanned(seen):
        return Finding("code", "bad", UNSCANNED_CODE)
    if device.living_qr(now) is None:
        return Finding("code", "note", NO_CODE)
    return Finding("code", "good", CODE)
