"""Linking and unlinking: pages come and go, references rotate, phones scan, codes are entered.

A page is *waiting* (it has a reference, maybe a code), *asked for a passkey*, or *linked*. A scan or a code
moves it from waiting to linked, by way of the passkey while that gate is on; unlinking sends it back.
"""

from __future__ import annotations

import base64
import secrets
from functools import partial
from typing import Any

from wabox.errors import Invalid
from wabox.sandbox import limits, mail, weather
from wabox.sandbox.world import Companion, Page, World, fresh_token

CODE_LETTERS = "123456789ABCDEFGHJKLMNPQRSTVWXYZ"
CODE_SECONDS = 180
MAX_DEVICES = 4
UNKNOWN = "unknown_companion"
FIRST_LIVES = 3  # times as long as the others
PASSKEY_SECONDS = 600


def open_page(world: World, page_id: str, now: float) -> None:
    """The page is known; it has not said yet whether it is linked."""
    world.pages[page_id] = Page(id=page_id, opened_at=now)


def close_page(world: World, page_id: str, now: float = 0) -> None:
    """The page is gone, and its reference and code with it; a link stays."""
    page = world.pages.pop(page_id, None)
    companion = world.kept.companions.get(page.companion or "") if page is not None else None
    if companion is not None:
        companion.seen_at = max(companion.seen_at, now)
        world.keep("companion", companion.id, companion)


def greet(world: World, page_id: str, hello: dict[str, Any], now: float) -> None:
    """The page got its session if it is linked, else a reference to show as a QR."""
    page = world.pages[page_id]
    page.greeted = True
    claimed = hello.get("companion")
    if claimed is None:
        rotate_ref(world, page, now)
        return
    companion = world.kept.companions.get(str(claimed.get("id")))
    if companion is None or companion.secret != claimed.get("secret") or _given_up(world, companion, now):
        world.push(page.id, {"op": "removed", "reason": UNKNOWN})
        return
    if world.faults.conflict and not hello.get("takeover"):
        page.companion, page.conflicted = companion.id, True
        world.push(page.id, {"op": "conflict", "conflict": True})
        return
    pending = [str(each) for each in hello.get("pending") or []]
    start_session(world, page, companion, pending, now)


def _given_up(world: World, companion: Companion, now: float) -> bool:
    days = world.faults.idle_logout_days
    idle = bool(days) and now - max(companion.linked_at, companion.seen_at) > days * 86_400
    over = idle or world.faults.reload_revokes
    if over:
        remove(world, companion.id, told=False)
    return over


def start_session(world: World, page: Page, companion: Companion, pending: list[str], now: float) -> None:
    """The page is the one place where this linked device is in use, and has all that waited for it."""
    for other in world.pages.values():
        if other.companion == companion.id and other is not page and not other.conflicted:
            other.conflicted = True
            world.push(other.id, {"op": "conflict", "conflict": True})
    page.companion, page.conflicted, page.ref, page.code = companion.id, False, None, None
    companion.seen_at = now
    world.keep("companion", companion.id, companion)
    account = world.account(companion.phone)
    world.push(
        page.id,
        {
            "op": "session",
            "me": {"phone": account.phone, "lid": account.lid, "name": account.name},
            "lid_accounts": world.faults.lid_accounts,
            **limits.told(world, account.phone, now),
            "known": mail.acks_of(world, companion.phone, pending),
            **weather.of_session(world),
        },
    )
    weather.reload_later(world, page, world.faults.reload_every_ms, now)
    if world.faults.offline_withheld:
        world.dequeue(companion.id)
    for entry in world.kept.queued.get(companion.id, []):
        entry.later = False
        world.push(page.id, {"op": "event", "seq": entry.seq, "event": entry.event})
    world.push(page.id, {"op": "caught_up"})
    if world.faults.checkpoint or world.faults.dialogs:
        show_boxes(world, page, now)


def show_boxes(world: World, page: Page, now: float) -> None:
    """The page shows what the faults say that stands in a linked page's way."""
    world.push(page.id, {"op": "checkpoint", "type": world.faults.checkpoint})
    account = world.kept.companions[page.companion or ""].phone
    world.push(page.id, {"op": "dialogs", "dialogs": world.faults.dialogs})
    shown = page.unanswered = set(range(len(world.faults.dialogs)))
    for number, box in enumerate(world.faults.dialogs):
        if (after := box["unlink_after_ms"]) is not None:
            world.later(now + after / 1000, partial(_unlink_unless, world, page, shown, number, account))


def _unlink_unless(world: World, page: Page, shown: set[int], number: int, phone: str, _now: float) -> None:
    if page.unanswered is shown and number in shown and world.companions_of(phone):
        unlink(world, phone)


def rotate_ref(world: World, page: Page, now: float) -> None:
    """The page shows a new reference; the one before is worth nothing from here on."""
    page.ref = "2@" + base64.b64encode(secrets.token_bytes(48)).decode()
    page.refs_shown += 1
    page.ref_epoch += 1
    few = world.faults.qr_rotations
    last = few > 0 and page.refs_shown >= few
    page.idle = 0 < world.faults.qr_idle_after < page.refs_shown
    world.push(page.id, {"op": "ref", "ref": page.ref, "idle": page.idle})
    epoch = page.ref_epoch
    lives = world.faults.ref_ms / 1000 * (FIRST_LIVES if page.refs_shown == 1 else 1)
    if last:
        world.later(now + lives, lambda _: _die(page, epoch))
    elif not page.idle:
        world.later(now + lives, lambda at: _rotate_again(world, page, epoch, at))


def _die(page: Page, epoch: int) -> None:
    """The page goes on showing its last reference, which is worth nothing now."""
    if page.ref_epoch == epoch:
        page.ref = None


def _rotate_again(world: World, page: Page, epoch: int, now: float) -> None:
    still_waiting = world.pages.get(page.id) is page and page.ref is not None
    if still_waiting and page.ref_epoch == epoch:
        rotate_ref(world, page, now)


def refresh_ref(world: World, page: Page, now: float) -> None:
    """A click on the QR: a new reference, and the count starts again. A passkey that was waited for is void."""
    if page.companion is None:
        page.waiting = None
        page.refs_shown = 0
        rotate_ref(world, page, now)


def make_code(world: World, page: Page, phone: str, now: float) -> str:
    """The page has a code that this phone can enter for three minutes. Raises Invalid."""
    if page.companion is not None:
        raise Invalid("already_linked", "This page is linked already.")
    if not world.is_on_whatsapp(phone):
        raise Invalid("not_on_whatsapp", "This number is not on WhatsApp.")
    if world.faults.pair_code_revokes:
        everybody = {each.phone for each in world.kept.companions.values()}
        for each in everybody if world.faults.pair_code_revokes == "any" else {phone}:
            unlink(world, each)
    page.code = "".join(secrets.choice(CODE_LETTERS) for _ in range(8))
    page.code_phone, page.code_until = phone, now + CODE_SECONDS
    return page.code


def page_with_ref(world: World, text: str) -> Page:
    """The page that shows this QR now: only the part before the first comma counts. Raises Invalid."""
    ref = text.strip().split(",", 1)[0]
    for page in world.pages.values():
        if page.ref is not None and page.ref == ref and not page.idle:
            return page
    raise Invalid("unknown_qr", "No page shows this QR code now. Take the newest one.")


def page_with_code(world: World, phone: str, text: str, now: float) -> Page:
    """The page that waits for this code from this phone. Raises Invalid."""
    code = text.replace("-", "").replace(" ", "").upper()
    for page in world.pages.values():
        if page.code == code and page.companion is None and now < page.code_until:
            if page.code_phone == phone:
                return page
            raise Invalid("wrong_phone", "This code was made for another phone number.")
    raise Invalid("unknown_code", "No page waits for this code now. Ask for a new one.")


def link(world: World, phone: str, name: str | None, page: Page, now: float) -> Companion | None:
    """The page is a linked device of the phone; None while the passkey gate holds it. Raises Invalid."""
    if not world.is_on_whatsapp(phone):
        raise Invalid("not_on_whatsapp", "This number is not on WhatsApp; it cannot link a device.")
    account = world.account(phone, name)
    if not account.on:
        raise Invalid("phone_off", "This phone is switched off; it cannot link a device.")
    if len(world.companions_of(phone)) >= MAX_DEVICES:
        raise Invalid("too_many_devices", f"A phone links at most {MAX_DEVICES} devices.")
    if world.faults.passkey_gate:
        waiting = page.waiting = (phone, account.name)
        page.ref, page.code = None, None
        page.ref_epoch += 1
        code = "".join(secrets.choice(CODE_LETTERS) for _ in range(6))
        world.push(page.id, {"op": "passkey", "code": code})
        world.later(now + PASSKEY_SECONDS, lambda at: _give_up_passkey(world, page, waiting, at))
        return None
    return _finish_link(world, account.phone, page, now)


def _finish_link(world: World, phone: str, page: Page, now: float) -> Companion:
    account = world.account(phone)
    account.devices_made += 1
    world.keep("account", phone, account)
    companion = Companion(
        id=fresh_token(),
        secret=fresh_token(),
        phone=phone,
        device=account.devices_made,
        linked_at=now,
    )
    world.kept.companions[companion.id] = companion
    world.keep("companion", companion.id, companion)
    page.waiting = None
    world.push(
        page.id,
        {
            "op": "linked",
            "companion": {
                "id": companion.id,
                "secret": companion.secret,
                "device": companion.device,
            },
            "me": {"phone": account.phone, "lid": account.lid, "name": account.name},
        },
    )
    start_session(world, page, companion, [], now)
    weather.reload_later(world, page, world.faults.reload_after_link_ms, now)
    return companion


def _give_up_passkey(world: World, page: Page, waiting: tuple[str, str], now: float) -> None:
    if page.waiting is waiting and world.pages.get(page.id) is page:
        refresh_ref(world, page, now)


def answer_passkeys(world: World, now: float) -> None:
    """Every page that waited for a passkey is linked now."""
    for page in list(world.pages.values()):
        if page.waiting is not None:
            _finish_link(world, page.waiting[0], page, now)


def unlink(world: World, phone: str) -> int:
    """The phone has no linked devices any more; open pages are told. Returns how many there were."""
    companions = world.companions_of(phone)
    for companion in companions:
        remove(world, companion.id)
    return len(companions)


def remove(world: World, companion_id: str, *, told: bool = True) -> None:
    """The linked device is unknown from here on. told: its page hears of it (not after its own logout)."""
    world.kept.companions.pop(companion_id, None)
    world.keep("companion", companion_id, None)
    world.dequeue(companion_id)
    for page in world.pages.values():
        if page.companion == companion_id:
            page.companion, page.conflicted = None, False
            if told and not world.faults.unlink_untold:
                reason = world.faults.logout_reason or UNKNOWN
                world.push(page.id, {"op": "removed", "reason": reason})


def log_out_pages(world: World) -> None:
    """Every linked page is logged out with the reason that a fault names; it keeps its link if a fault says so."""
    for page in list(world.pages.values()):
        if page.companion is None:
            continue
        if world.faults.logout_keeps:
            page.companion, page.conflicted = None, False
            world.push(page.id, {"op": "removed", "reason": world.faults.logout_reason, "kept": True})
        else:
            remove(world, page.companion)
