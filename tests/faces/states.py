"""A phone in every state, a message for every reason; `python -m tests.faces.states` serves them."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import get_args

import uvicorn

from tests import pictures
from tests.cast import Stage, stage
from tests.faces.scene import PASSWORD, SECTIONS, dress
from tests.faces.work import busy
from wabox import app, times
from wabox.campaigns import replies
from wabox.db import Tx
from wabox.devices import idle_warnings, idling, limits, linking, orders
from wabox.devices import stored as devices
from wabox.messages import answers, handing, outbox, stored, template
from wabox.whatsapp import logouts
from wabox.whatsapp.driver import Checkup, Inbound, Limits, Link, NewChats, Pairing, Timelock
from wabox.whatsapp.logouts import Kind

NUMBER, OTHER = "8801711123456", "8801822999000"
HIDDEN = "1203344556677"


def named(kind: Kind) -> str | None:
    """One of WhatsApp's names for this kind of end."""
    return next((name for name, its in logouts.KINDS.items() if its == kind), None)


def shown(now: datetime) -> dict[str, list[Link]]:
    """{label: what its page showed, one after the other}. The device and its session are whoever's."""
    ready = Link(0, 0, "ready", phone=NUMBER, pushname="Rahim Store রহিম", synced=True, limits=Limits())

    def qr(age: float, left: float) -> Link:
        at, until = now - timedelta(seconds=age), now + timedelta(seconds=left)
        return Link(0, 0, "qr", qr="2@kJ7f,Zm9v,YmFy,cXV4,1", qr_at=at, qr_until=until)

    def told(lock: Timelock | None = None, chats: NewChats | None = None) -> list[Link]:
        return [replace(ready, limits=Limits(lock, chats))]

    soon, late = now + timedelta(hours=3), now + timedelta(days=4)
    found = {
        "starting": [Link(0, 0, "starting")],
        "qr-young": [qr(3, 57)],
        "qr-old": [qr(58, 1)],
        "qr-undated": [Link(0, 0, "qr", qr="2@kJ7f,Zm9v,YmFy,cXV4,1")],
        "qr-dead": [qr(90, -30)],
        "pairing": [qr(3, 57)],
        "pairing-asked": [qr(3, 57)],
        "pairing-refused": [qr(3, 57)],
        "passkey": [
            Link(0, 0, "disconnected", "passkey_required", until=now + timedelta(minutes=8), compare="4F7K2M9Q")
        ],
        "passkey-no-code": [Link(0, 0, "disconnected", "passkey_required", until=now + timedelta(minutes=8))],
        "checkpoint": [ready, replace(ready, state="disconnected", detail="checkpoint")],
        "box": [replace(ready, detail="action_required")],
        "box-unlinked": [Link(0, 0, "disconnected", "action_required")],
        "untold": [replace(ready, limits=None)],
        "locked": told(Timelock("DEFAULT", soon)),
        "locked-no-end": told(Timelock("BIZ_QUALITY", None)),
        "locked-here": told(Timelock("WEB_COMPANION_ONLY", late)),
        "gauge": told(None, NewChats("none", 12, 100, late)),
        "gauge-first": told(None, NewChats("first_warning", 63, 100, late)),
        "gauge-second": told(None, NewChats("second_warning", 85, 100, late)),
        "capped": told(None, NewChats("capped", 100, 100, late)),
        "capped-no-end": told(None, NewChats("capped", 100, 100, None)),
        "refused": [ready],
        "checks": [ready],
        "none-arrive": [ready],
        "phone-idle": [ready],
        "changed": [ready, replace(ready, phone=OTHER)],
        "changed-locked": [
            ready,
            replace(ready, phone=OTHER, limits=Limits(Timelock("DEFAULT", soon))),
        ],
        "back-soon": [ready, replace(ready, state="disconnected", detail="reconnecting")],
        "full": [ready, replace(ready, state="disconnected", detail="storage_full")],
        "full-page": [
            ready,
            replace(ready, state="disconnected", detail="storage_full", reason=named("storage")),
        ],
    }
    for detail in ("conflict", "page_failed", "browser_failed", "browser_missing", "run_as_root"):
        found[detail] = [ready, replace(ready, state="disconnected", detail=detail)]
    found["engine"] = [ready, replace(ready, state="disconnected", detail="engine_incompatible")]
    for kind in get_args(Kind):
        why = named(kind)
        found[f"out-{kind}"] = [ready, Link(0, 0, "disconnected", "logged_out", reason=why)]
        if not logouts.ends(why):
            found[f"again-{kind}"] = [
                ready,
                replace(ready, state="disconnected", detail="trying_again", reason=why),
            ]
    return found


def phones(made: Stage) -> dict[str, int]:
    """asha has a phone in each of these states. {label: id}."""
    return made.box.db.write_now(_phones, made)


def _phones(tx: Tx, made: Stage) -> dict[str, int]:
    now = made.hands.now()
    ids: dict[str, int] = {}
    for label, links in shown(now).items():
        device = orders.start(tx, orders.create(tx, made.asha.id, label, most=99, now=now))
        for link in links:
            linking.saw(tx, replace(link, device_id=device.id, session=device.session), now=now)
        ids[label] = device.id
    for label in ("pairing", "pairing-asked", "pairing-refused"):
        device = orders.ask_pairing_code(tx, devices.by_id(tx, ids[label]), f"880190000000{len(label)}")
        code = "K7QX9M2P" if label == "pairing" else None
        if label != "pairing-asked":
            orders.command_done(tx, device)
            until = now + timedelta(minutes=3)
            linking.paired(tx, Pairing(device.id, device.session, code, until, None if code else "rate"))
    limits.cold_refused(tx, ids["refused"], now=now, sure=True)
    limits.too_many_checks(tx, ids["checks"], now=now)
    idling.began(tx, ids["phone-idle"], now=now - timedelta(days=11))
    idle_warnings.look_at(tx, ids["phone-idle"], now=now)
    for number in range(15):
        message = write(tx, made, ids["none-arrive"], f"88017114{number:05d}", now - timedelta(hours=2))
        handing.claim(tx, message.id, now=now - timedelta(hours=2))
        armed = handing.armed(
            tx,
            stored.by_id(tx, message.id),
            chat_id=f"{message.phone}@c.us",
            other_chat_ids=(),
            machine_boot="boot",
            now=now - timedelta(hours=2),
        )
        answers.receipt(tx, armed.wa_message_id or "", 1, at=now - timedelta(hours=2), next_send_at=now)
    return ids


def write(tx: Tx, made: Stage, device_id: int, phone: str, at: datetime) -> stored.Message:
    """A message to this person is queued."""
    device = devices.by_id(tx, device_id)
    text = template.parse("আপনার অর্ডারটি আজ বিকেলে পৌঁছে যাবে। Order #2417.")
    job_id = outbox.accept(tx, device, phone=phone, template=text, values={"phone": phone}, now=at)
    return stored.by_id(tx, job_id)


def held(made: Stage, ids: dict[str, int]) -> dict[str, int]:
    """A message held for each reason, or ended with each error, that WhatsApp gives. {reason: message id}."""
    return made.box.db.write_now(_held, made, ids)


def _held(tx: Tx, made: Stage, ids: dict[str, int]) -> dict[str, int]:
    now, found = made.hands.now(), {}
    lines = {
        "restricted": "locked",
        "restricted_no_end": "locked-no-end",
        "new_chats_capped": "capped",
        "new_chats_capped_no_end": "capped-no-end",
        "new_chats_refused": "refused",
        "number_changed": "changed",
        "too_many_checks": "checks",
        "trying_again": "again-sync",
        "logged_out": "out-removed",
        "checkpoint": "checkpoint",
        "storage_full": "full",
        "chat_closed": "gauge",
        "number_gone": "gauge-first",
        "refusal_unclear": "untold",
        "refused_before": "gauge-second",
    }
    for place, (reason, label) in enumerate(lines.items()):
        found[reason] = write(tx, made, ids[label], f"88017115{place:05d}", now).id
    for reason in ("chat_closed", "number_gone", "refusal_unclear", "refused_before"):
        outbox.hold(tx, found[reason], until=now + timedelta(hours=1), reason=reason)
    for place, error in enumerate(("refused", "refused_later", "not_on_whatsapp", "no_answer", "blocked_by_you")):
        message = write(tx, made, ids["untold"], f"88017116{place:05d}", now)
        if error == "no_answer":
            handing.claim(tx, message.id, now=now)
            outbox.lose(tx, stored.by_id(tx, message.id), error, now=now)
        else:
            (outbox.skip if error == "blocked_by_you" else outbox.fail)(tx, message, error, now=now)
        found[error] = message.id
    return found


PEOPLE = (
    # lid, username, name, text
    (HIDDEN, None, None, "Assalamu alaikum, is the blue sari still there? 🙂"),
    ("1203344556688", "mina_k", "মিনা খাতুন 🌸", "আমি নম্বর ছাড়া লিখছি। দাম কত?"),
    ("1203344556699", None, "محمد عبد الله", "هل المتجر مفتوح غدا؟"),
    ("1203344556700", "shop_friend", None, "please do not send me any more of this"),
)


def people(made: Stage) -> None:
    """Some who write hide their number; one of them is joined with a contact."""
    made.box.db.write_now(_people, made)


def _people(tx: Tx, made: Stage) -> None:
    now = made.hands.now()
    for number, (lid, username, name, text) in enumerate(PEOPLE):
        at = now - timedelta(minutes=40 - 9 * number)
        wrote = Inbound(
            made.asha.device_id,
            1,
            f"false_h{number}",
            f"{lid}@lid",
            None,
            name,
            text,
            "chat",
            at,
            lid=lid,
            username=username,
        )
        replies.hear(tx, wrote, now=at)


def seen(label: str) -> Checkup:
    """What the doctor finds of the phone of this label."""
    well = Checkup(
        "Chromium 141.0.7390.54", "web.whatsapp.com", "2.3000.1049833609", "4.6.0", skew=timedelta(seconds=1)
    )
    if label in ("starting", "browser_failed", "browser_missing", "run_as_root"):
        return Checkup()
    if label == "page_failed":
        return replace(well, page_version=None)
    if label == "engine":
        return replace(
            well, missing=("WAWebCmd.Cmd.sendMessage", "WAWebCollections.Chat", "WAWebUserPrefsMeUser.getMe")
        )
    if label.startswith("box"):
        return replace(well, dialog=True, pressable=label == "box")
    if label == "qr-old":
        return replace(well, shown_for=timedelta(minutes=3))
    if label == "back-soon":
        return replace(well, trouble="page_hung", trouble_at=times.read("2026-03-13T05:41:00+00:00"))
    return well


def main() -> None:
    """Serve it, for looking at it."""
    with tempfile.TemporaryDirectory() as place:
        made = stage(Path(place), sending={**SECTIONS["sending"], "new_chats_per_day": 0})
        dress(made)
        busy(made)
        ids = phones(made)
        sys.stderr.write(f"{held(made, ids)}\n")
        people(made)
        sys.stderr.write(f"asha@example.com / {PASSWORD}\n")
        web = uvicorn.Config(
            app.create(replace(made.box, sights=Seeing(ids))), port=int(sys.argv[1]), lifespan="off"
        )
        asyncio.run(uvicorn.Server(web).serve())
        made.close()


class Seeing:
    """What the doctor sees; a picture comes from a page of its own."""

    def __init__(self, ids: dict[str, int]) -> None:
        self._labels = {device_id: label for label, device_id in ids.items()}

    def checkup(self, device_id: int) -> Checkup:
        """As for the state that the phone is in."""
        return seen(self._labels.get(device_id, ""))

    def picture(self, device_id: int) -> bytes:
        """A page."""
        return pictures.drawn("png", 1100, 800)

    def press(self, device_id: int) -> bool:
        """There is a button where there is a box."""
        return self._labels.get(device_id, "").startswith("box")


if __name__ == "__main__":
    main()
