"""Steps 2, 3, 8 and 19: the QR, the link, the page's own reload after it, the pairing code."""

from __future__ import annotations

import time
from dataclasses import replace

from wabox.fieldtest.field import Field, Missed
from wabox.fieldtest.sending_steps import sent_and_counted
from wabox.whatsapp.driver import Link, Pairing


def qr(field: Field) -> None:
    """2: a code that is shown is never a dead one, however long nobody scans."""
    if field.link.state == "ready":
        raise Missed("the device is linked already")
    began, first = field.journal.mark(), field.began()
    field.journal.rest(field.tempo.qr)
    shown = [(at, link) for at, link in field.journal.timed(Link, 0) if link.qr and _mine(field, link)]
    ages = _ages([(at, link.qr) for at, link in shown])
    field.report.keep_out(*(link.qr for _, link in shown))
    fresh = {link.qr for link in field.journal.all(Link, began) if link.qr and _mine(field, link)}
    field.check(
        "never old",
        field.link.state != "qr" or max(ages, default=field.tempo.qr) <= field.tempo.qr_age if ages else None,
        4,
        codes=len({link.qr for _, link in shown}),
        fresh=len(fresh),
        longest=max(ages, default=None),
        reloads=int(field.began() != first),
    )


def link(field: Field) -> None:
    """3: phone A scans; passkey, first sync, and when the device is ready."""
    if field.link.state == "ready":
        field.linked_at = field.linked_at or time.monotonic()
        raise Missed("the device is linked already")
    mark, began = field.journal.mark(), time.monotonic()
    field.shows(lambda one: one.state == "qr", since=0, seconds=field.tempo.ready)
    linked = _scanned(field, mark)
    seen = [(at, one) for at, one in field.journal.timed(Link, mark) if _mine(field, one)]
    field.report.keep_out(*(name for _, one in seen for name in (one.phone, one.pushname)))
    passkey = any(one.detail == "passkey_required" for _, one in seen)
    ready_at = next((at for at, one in seen if one.state == "ready"), None)
    synced_at = next((at for at, one in seen if one.state == "ready" and one.synced), None)
    field.check(
        "linked",
        linked is not None,
        2,
        19,
        passkey=passkey,
        ready=None if ready_at is None else ready_at - began,
        synced=None if synced_at is None else synced_at - began,
        states=list(dict.fromkeys(str(one.detail or one.state) for _, one in seen if one.state != "qr")),
    )
    if linked is None:
        return
    field.linked_at = time.monotonic()
    field.check("synced", synced_at is not None, 3, seconds=None if synced_at is None else synced_at - began)


def own_reload(field: Field) -> None:
    """8: the page reloads itself some minutes after the link; the link lives, and so does what is sent then."""
    first, since = field.began(), field.journal.mark()
    until = (field.linked_at or time.monotonic()) + field.tempo.reload
    while time.monotonic() < until and field.began() in (first, None):
        field.journal.rest(min(field.tempo.settle, 2))
    came = field.began() not in (first, None)
    if not came:
        field.page(lambda page: page.reload(), field.tempo.ready)
    sent_and_counted(field, "while the page reloads", 28)
    now = field.journal.mark()
    back = field.link.state == "ready" or field.shows(
        lambda one: one.state == "ready", since=now, seconds=field.tempo.ready
    )
    gone = any(one.detail == "logged_out" for one in field.journal.all(Link, since) if _mine(field, one))
    reloaded = first is not None and field.began() not in (first, None)
    lives = bool(back) and not gone and field.lives
    field.check("the link lives", None if lives and not reloaded else lives, 28, 5, by_itself=came)


def code(field: Field) -> None:
    """19: a pairing code for phone B is made; nobody enters it. Never one for A: it might unlink it."""
    if not field.people.agree(
        "wabox now asks WhatsApp for a pairing code for phone B. Phone B may show a notice: ignore it. Go on?"
    ):
        raise Missed("phone B was not to be asked")
    spec = replace(field.spec, device_id=field.spec.device_id + 1, session=1, profile=f"{field.spec.profile}-b")
    mark, began = field.journal.mark(), time.monotonic()
    field.gateway.open(replace(spec, phone=None))
    try:
        field.gateway.ask_pairing_code(spec, field.people.phones.b).result(2 * field.tempo.ready)
        said = field.journal.wait(
            Pairing, lambda one: one.device_id == spec.device_id, since=mark, seconds=field.tempo.acks
        )
    finally:
        field.gateway.log_out(spec, forget=True, anyway=True).result(field.tempo.ready)
    field.report.keep_out(said.code if said else None)
    made = bool(said and said.code)
    field.check("a code comes", made, 29, seconds=time.monotonic() - began, reason=said.reason if said else None)
    field.shows(lambda one: one.detail == "logged_out", since=mark, seconds=2 * field.tempo.settle)
    field.check("the link lives", None if field.lives and not made else field.lives, 29)


def _scanned(field: Field, mark: int) -> Link | None:
    """The people scan what is shown last; every newer code is shown to them until the device is ready."""
    until, shown, answer = time.monotonic() + field.tempo.linking, None, "cannot"
    while time.monotonic() < until and answer != "skipped":
        code = field.link.qr
        if code and code != shown:
            shown = code
            field.people.show_qr(code)
            answer = field.people.do("scan", code)
        found = field.shows(
            lambda one: one.state == "ready" and one.synced, since=mark, seconds=min(field.tempo.settle, 2)
        )
        if found is not None:
            return found
    return None


def _mine(field: Field, one: Link) -> bool:
    return one.device_id == field.spec.device_id


def _ages(shown: list[tuple[float, str | None]]) -> list[float]:
    """How long each code was the one that was shown, the last one until now."""
    changes = [shown[place] for place in range(len(shown)) if place == 0 or shown[place][1] != shown[place - 1][1]]
    moments = [at for at, _ in changes] + [time.monotonic()]
    return [after - before for before, after in zip(moments, moments[1:], strict=False)]
