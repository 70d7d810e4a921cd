"""A phone's doctor: for its owner alone, true about codes and passkeys, with a picture that is kept nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, get_args

import pytest
from litestar.testing import TestClient

from tests import webs
from tests.cast import Stage
from tests.faces.tab import Tab
from tests.some import some
from wabox.devices import doctor, linking, orders, sentences
from wabox.devices import stored as devices
from wabox.errors import Refusal
from wabox.messages import reasons
from wabox.whatsapp.driver import Checkup, Detail, Link, SessionSpec
from wabox.whatsapp.fake import PICTURE, FakeDriver

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

BASE = "/whatsapp/devices/primary"


class Doctored(FakeDriver):
    """A driver that counts who looks."""

    looks = 0

    def picture(self, device_id: int) -> bytes:
        """As ever, and counted."""
        png = super().picture(device_id)
        self.looks += 1
        return png


@pytest.fixture
def driver(shop: Stage) -> Doctored:
    made = Doctored(lambda _: None, now=shop.hands.now)
    made.open(SessionSpec(shop.asha.device_id, 1, "asha", None))
    return made


@pytest.fixture
def client(shop: Stage, driver: Doctored) -> Iterator[TestClient[Any]]:
    with webs.client(replace(shop.box, sights=driver)) as made:
        yield made


def tab(client: TestClient[Any], email: str | None = None) -> Tab:
    return Tab(client, email, "http://testserver.local")


def test_the_picture_is_the_owners_alone_and_kept_nowhere(client: TestClient[Any], driver: Doctored) -> None:
    answer = tab(client, "asha@example.com").get(f"{BASE}/picture")
    assert (answer.status_code, answer.content) == (200, PICTURE)
    assert answer.headers["cache-control"] == "no-store"
    assert tab(client).get(f"{BASE}/picture").status_code == 303
    other = tab(client, "bilal@example.com").get(f"{BASE}/picture")
    assert other.content != PICTURE or other.status_code != 200
    assert tab(client, "bilal@example.com").get("/whatsapp/devices/sales/picture").status_code == 404
    assert driver.looks == 1


def test_the_doctor_shows_the_way_and_the_picture_only_when_asked(client: TestClient[Any]) -> None:
    asha = tab(client, "asha@example.com")
    page = asha.get(f"{BASE}/doctor").text
    assert doctor.BROWSER in page
    assert f"{BASE}/picture" not in page
    assert f"{BASE}/picture" in asha.get(f"{BASE}/doctor?look=1").text
    assert tab(client, "bilal@example.com").get("/whatsapp/devices/sales/doctor").status_code == 404


def test_a_dead_code_is_not_drawn_and_a_passkey_step_shows_what_to_compare(shop: Stage) -> None:
    sales = shop.box.db.read_here(devices.by_label, shop.asha.id, "sales")
    now = shop.hands.now()
    fresh = Link(sales.id, sales.session, "qr", qr="2@new", qr_at=now, qr_until=now + timedelta(seconds=20))
    shop.box.db.write_now(linking.saw, fresh, now=now)
    shown = shop.box.db.read_here(devices.by_id, sales.id)
    assert shown.living_qr(now + timedelta(seconds=20)) == "2@new"
    assert shown.living_qr(now + timedelta(seconds=23)) is None
    until = now + timedelta(minutes=10)
    step = Link(sales.id, sales.session, "disconnected", "passkey_required", until=until, compare="4F7K2M")
    shop.box.db.write_now(linking.saw, step, now=now)
    gated = shop.box.db.read_here(devices.by_id, sales.id)
    assert (gated.compare_code, gated.detail_until, gated.qr) == ("4F7K2M", until, None)
    seen = Checkup("Chromium 141", "web.whatsapp.com", "2.3000.1", "4.6.0")
    report = doctor.examine(gated, seen, now=now)
    assert report.steps == (sentences.advice(gated), doctor.STEPS[doctor.PASSKEY])
    assert shop.box.db.write_now(orders.start, gated) == gated  # the step is not disturbed


@pytest.mark.parametrize(
    "detail", ["logged_out", "trying_again", "passkey_required", "checkpoint", "action_required", "page_failed"]
)
def test_the_card_leads_to_the_doctor_whatever_hinders_the_link(
    client: TestClient[Any], shop: Stage, detail: Any
) -> None:
    device = shop.device()
    hindered = Link(device.id, device.session, "disconnected", detail, phone=device.phone, reason="syncd_timeout")
    shop.box.db.write_now(linking.saw, hindered, now=shop.hands.now())
    asha = tab(client, "asha@example.com")
    assert f"{BASE}/doctor" in asha.get("/whatsapp").text
    page = asha.get(f"{BASE}/doctor").text
    assert "/help/whatsapp" in page
    assert ("syncd_timeout" in page) == (detail in devices.ENDED)


STATES: list[tuple[Any, Any]] = [
    ("not_started", "logged_out"),
    ("starting", None),
    ("qr", None),
    *(
        ("disconnected", detail)
        for detail in get_args(Detail)
        if detail
        not in ("logged_out", "reconnecting", "trying_again", "checkpoint", "action_required", "conflict")
    ),
]
RUNS = ("passkey_required", "checkpoint", "action_required", "trying_again")  # a restart would break what runs


@pytest.mark.parametrize(("state", "detail"), STATES)
def test_no_advice_is_refused_or_breaks_what_runs(shop: Stage, state: Any, detail: Any) -> None:
    now, db = shop.hands.now(), shop.box.db
    sales = db.write_now(lambda tx: orders.start(tx, devices.by_label(tx, shop.asha.id, "sales")))
    qr = "2@text" if state == "qr" else None
    db.write_now(linking.saw, Link(sales.id, sales.session, state, detail, qr=qr), now=now)
    device = db.read_here(devices.by_id, sales.id)
    seen = Checkup("C", "w", "2.3", "4.6", shown_for=timedelta(minutes=3))
    words = [doctor.examine(device, each, now=now).next_step or "" for each in (seen, Checkup())]
    words.append(sentences.sentence(device) or "")
    refused = False
    try:
        db.write_now(orders.ask_pairing_code, device, "8801912345678")
    except Refusal as refusal:
        refused = True
        words.append(refusal.sentence)
    for said in some(words):
        speaks_of_a_code = "code by phone number" in said or "ask for" in said
        assert "QR code is" in said or not (refused and speaks_of_a_code), said
        assert not re.search(r"(?<!nothing, )\b[Rr]estart (?!nothing)", said) or detail not in RUNS, said
        assert "scan" not in said.lower() or state in ("qr", "not_started"), said


@pytest.mark.parametrize("detail", RUNS[1:])
def test_no_advice_breaks_a_link_that_is_there(shop: Stage, detail: Any) -> None:
    device, now = shop.device(), shop.hands.now()
    made = Link(device.id, device.session, "disconnected", detail, phone=device.phone, reason="x")
    shop.box.db.write_now(linking.saw, made, now=now)
    device = shop.device()
    report = doctor.examine(device, Checkup("C", "w", "2.3", "4.6", dialog=True), now=now)
    for said in some([report.next_step or "", sentences.sentence(device) or "", reasons.of("device_not_ready")]):
        assert not re.search("restart the|scan|code by", said), said


def test_a_page_that_opens_is_not_called_broken(shop: Stage) -> None:
    db = shop.box.db
    sales = db.write_now(lambda tx: orders.start(tx, devices.by_label(tx, shop.asha.id, "sales")))
    db.write_now(linking.saw, Link(sales.id, sales.session, "starting"), now=shop.hands.now())
    device = db.read_here(devices.by_id, sales.id)
    for seen in some([Checkup(), Checkup("Chromium 141", "web.whatsapp.com", shown_for=timedelta(seconds=20))]):
        report = doctor.examine(device, seen, now=shop.hands.now())
        assert "bad" not in [one.status for one in report.findings]
        assert report.steps == (sentences.advice(device), doctor.STEPS[doctor.OPENING])
    slow = Checkup("Chromium 141", "web.whatsapp.com", shown_for=timedelta(minutes=3))
    assert doctor.UNREACHED in [
        one.sentence for one in doctor.examine(device, slow, now=shop.hands.now()).findings
    ]


def test_what_is_assumed_of_whatsapp_can_be_read_on_the_box(client: TestClient[Any]) -> None:
    assert "What is assumed of WhatsApp" in tab(client).get("/help/whatsapp").text
    assert "/help/whatsapp" in tab(client).get("/docs").text


@pytest.mark.parametrize(
    ("seen", "sentence"),
    [
        (Checkup(), doctor.NO_BROWSER),
        (Checkup("Chromium 141", "web.whatsapp.com"), doctor.UNREACHED),
        (Checkup("C", "w", "2.3", "4.6", skew=timedelta(hours=-2)), doctor.WRONG_CLOCK),
        (Checkup("C", "w", "2.3", "4.6", missing=("Cmd",)), doctor.LACKS),
        (Checkup("C", "w", "2.3", "4.6", dialog=True), doctor.DIALOG),
        (Checkup("C", "w", "2.3", "4.6", shown_for=timedelta(minutes=3)), doctor.UNSCANNED_CODE),
        (Checkup("C", "w", "2.3", "4.6"), doctor.CODE),
    ],
)
def test_what_hinders_comes_with_its_next_step(shop: Stage, seen: Checkup, sentence: str) -> None:
    sales = shop.box.db.read_here(devices.by_label, shop.asha.id, "sales")
    report = doctor.examine(sales, seen, now=shop.hands.now())
    assert sentence in [one.sentence for one in report.findings]
    assert report.next_step == doctor.STEPS[sentence]


def test_how_large_a_file_the_page_takes_is_told_of_a_phone_that_is_linked(shop: Stage) -> None:
    device = replace(shop.device(), state="ready", detail=None)
    seen = Checkup("C", "w", "2.3", "4.6", takes={"image": 64 * 2**20, "document": 2**31})
    found = {one.code: one.value for one in doctor.examine(device, seen, now=shop.hands.now()).findings}
    assert found["takes"] == "image 64 MB, document 2,048 MB"
    assert "takes" not in {one.code for one in doctor.examine(device, Checkup("C"), now=shop.hands.now()).findings}
