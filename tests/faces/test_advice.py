"""A phone in each state is given one advice, wherever it is asked for; none breaks what another wants kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from litestar.testing import TestClient

from tests import webs
from tests.cast import Stage
from tests.faces import states
from tests.faces.tab import Tab, words
from tests.some import some
from wabox.api import v1
from wabox.dashboard.names import phones as names
from wabox.dashboard.voice import Voice
from wabox.db import Tx
from wabox.devices import linking, orders
from wabox.devices import stored as devices
from wabox.messages import reasons
from wabox.whatsapp.driver import Checkup, Detail, Link

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

ZONE = ZoneInfo("Asia/Dhaka")
PHONE = "8801912345678"
SEEN = Checkup("Chromium 141", "web.whatsapp.com", "2.3000.1", "4.6.0")
FIRST = Link(0, 0, "ready", phone=states.NUMBER, synced=True)
PAIRS: dict[str, list[Link]] = {
    "starting": [Link(0, 0, "starting")],
    "qr": [Link(0, 0, "qr", qr="2@text")],
    "ready": [FIRST],
    "ready-action-required": [replace(FIRST, detail="action_required")],
    "ready-number-changed": [FIRST, replace(FIRST, phone=states.OTHER)],
    "starting-reconnecting": [FIRST, Link(0, 0, "starting", "reconnecting")],
    **{f"new-{detail}": [Link(0, 0, "disconnected", detail)] for detail in get_args(Detail)},
    **{f"linked-{detail}": [FIRST, Link(0, 0, "disconnected", detail)] for detail in get_args(Detail)},
    "terms": [
        Link(
            0,
            0,
            "disconnected",
            "page_failed",
            "WhatsApp asks to accept new terms. Open WhatsApp on the phone and accept them.",
        )
    ],
    "lacks": [FIRST, Link(0, 0, "disconnected", "engine_incompatible", "WhatsApp Web 2.3000.1 lacks Cmd.")],
    "full-page": [FIRST, Link(0, 0, "disconnected", "storage_full", reason=states.named("storage"))],
    "locked": [FIRST, Link(0, 0, "disconnected", "logged_out", reason=states.named("locked"))],
}
NEVER = ("not_started", *PAIRS)
GIVES_UP = r"log it out first|link it\b|[Ss]can\b"  # what gives up a link, or needs a QR code that is not there
BREAKS = rf"{GIVES_UP}|[Rr]estart\b"  # and what breaks a step that runs
RUNS = ("reconnecting", "trying_again", "passkey_required", "checkpoint", "action_required", "storage_full")


class Sights:
    """Every page is open and well but for what its device shows."""

    def checkup(self, device_id: int) -> Checkup:
        """As above."""
        return SEEN


class Told:
    """What a phone's owner is told of it, in every place; asked in an order in which nothing changes it."""

    def __init__(self, stage: Stage, client: TestClient[Any], label: str) -> None:
        self._stage, self._client, self._base = stage, client, f"/devices/{label}"
        self.tab, self.label = Tab(client, "asha@example.com", "http://testserver.local"), label

    @property
    def device(self) -> devices.Device:
        return self._stage.box.db.read_here(devices.by_label, self._stage.asha.id, self.label)

    def api(self, method: str, path: str, **more: Any) -> Any:
        return self._client.request(method, v1.PATH + path, headers={"X-API-Key": self._stage.asha.key}, **more)

    @property
    def own(self) -> dict[str, Any]:
        """The device as the API shows it."""
        found = self.api("GET", "/devices").json()["devices"]
        return next(one for one in found if one["device_label"] == self.label)

    def card(self) -> str:
        page = self.tab.get("/whatsapp/live").text
        return words(page.split(f'id="device-{self.label}"')[1].split("</section>")[0])

    def home(self) -> str:
        """Nothing where Home has no row for the phone: it needs nobody."""
        _, _, row = self.tab.get("/").text.partition(f'id="phone-{self.label}"')
        return words(row.split("</li>")[0])

    def doctor(self) -> str:
        return words(self.tab.get(f"/whatsapp/devices/{self.label}/doctor").text)

    def checkup(self) -> str:
        return self.api("GET", f"{self._base}/checkup").json()["next_step"] or ""

    def send(self, **more: Any) -> Any:
        asked = {"phone": PHONE, "message": "Hello", "device_label": self.label, **more}
        return self.api("POST", "/send", json=asked)

    def code(self) -> Any:
        return self.api("POST", f"{self._base}/pairing-code", json={"phone": PHONE})


@pytest.fixture
def client(shop: Stage) -> Iterator[TestClient[Any]]:
    shop.box.db.write_now(lambda tx: tx.run("delete from linked_phones"))
    with webs.client(replace(shop.box, sights=Sights())) as made:  # type: ignore[arg-type]
        yield made


@pytest.fixture
def told(shop: Stage, client: TestClient[Any], request: pytest.FixtureRequest) -> Told:
    """A phone whose page showed this, one after the other."""
    links: list[Link] = PAIRS.get(request.param, [])

    def verb(tx: Tx) -> None:
        now = shop.hands.now()
        device = orders.create(tx, shop.asha.id, "phone", most=9, now=now)
        if links:
            device = orders.start(tx, device)
        for link in links:
            linking.saw(tx, replace(link, device_id=device.id, session=device.session), now=now)

    shop.box.db.write_now(verb)
    return Told(shop, client, "phone")


@pytest.mark.parametrize("told", NEVER, indirect=True)
def test_every_place_gives_one_advice(told: Told) -> None:
    device = told.device
    advice = names.sentence(device)
    assert bool(advice) == (device.remark is not None or not device.ready)
    said = {"home": told.home(), "doctor": told.doctor(), "checkup": told.checkup()}
    if device.remark is not None or device.state == "not_started":  # else the card shows the code itself
        said["card"] = told.card()
    if device.remark is not None:
        said["device"] = told.own["detail_text"]
        sent, code = told.send(), told.code()
        said |= {name: one.json()["error"] for name, one in (("code", code), ("send", sent)) if one.is_error}
    for place, text in some(said.items()):
        assert advice in text, place


@pytest.mark.parametrize("told", NEVER, indirect=True)
def test_no_place_says_what_would_break_what_another_wants_kept(told: Told) -> None:
    device = told.device
    held = "" if device.detail is None else reasons.sentence("device_not_ready", None, ZONE, detail=device.detail)
    said = [told.checkup(), told.own["detail_text"] or "", held]
    sent, code = told.send(), told.code()
    said += [one.json()["error"] for one in (code, sent) if not one.is_success]
    kept = device.linked and device.remark is not None and device.remark != "number_changed"
    wrong = BREAKS if device.remark in RUNS else GIVES_UP if kept else None
    for text in some(said):
        assert wrong is None or not re.search(wrong, text), text


@pytest.mark.parametrize("told", NEVER, indirect=True)
def test_codes_and_statuses_are_as_the_contract_has_them(told: Told) -> None:
    device = told.device
    gone = not device.linked or device.detail == "passkey_required"
    sent = told.send()
    assert (sent.status_code, sent.json().get("code")) == ((503, "device_not_ready") if gone else (202, None))
    asked = told.code()
    opens = device.state in ("qr", "starting", "not_started") or device.detail == "logged_out"
    expected = (422, "already_linked") if device.linked else (202, None) if opens else (503, "device_not_ready")
    assert (asked.status_code, asked.json()["code"]) == expected


@pytest.mark.parametrize("told", ["new-passkey_required", "linked-checkpoint", "ready"], indirect=True)
def test_a_refused_request_asks_for_no_code(told: Told) -> None:
    assert told.code().is_error
    shown = told.api("GET", "/devices/phone/pairing-code").json()
    assert shown == {"code": None, "expires_at": None, "reason": None}
    assert told.device.pairing_phone is None


@pytest.mark.parametrize("told", ["new-passkey_required", "linked-checkpoint"], indirect=True)
def test_a_refusal_with_an_advice_in_it_is_told_in_bengali(told: Told) -> None:
    voice = Voice("bn", ZONE, datetime.now(UTC))
    for answer in some([one for one in (told.code(), told.send()) if one.is_error]):
        said = voice.say(answer.json()["error"])
        assert voice.say(names.sentence(told.device)) in said
        assert not re.search("[A-Za-z]{3,} [a-z]{3,} [a-z]{3,}", said), said
