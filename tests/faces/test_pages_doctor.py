"""A phone's doctor: for its owner alone, true about codes and passkeys, with a picture that is kept nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from litestar.testing import TestClient

from tests import webs
from tests.cast import Stage
from tests.faces.tab import Tab
from wabox.devices import devices, doctor
from wabox.whatsapp.driver import Checkup, Link, SessionSpec
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
    shop.box.db.write_now(devices.saw, fresh, now=now)
    shown = shop.box.db.read_here(devices.by_id, sales.id)
    assert shown.living_qr(now + timedelta(seconds=20)) == "2@new"
    assert shown.living_qr(now + timedelta(seconds=23)) is None
    until = now + timedelta(minutes=10)
    step = Link(sales.id, sales.session, "disconnected", "passkey_required", until=until, compare="4F7K2M")
    shop.box.db.write_now(devices.saw, step, now=now)
    gated = shop.box.db.read_here(devices.by_id, sales.id)
    assert (gated.compare_code, gated.detail_until, gated.qr) == ("4F7K2M", until, None)
    seen = Checkup("Chromium 141", "web.whatsapp.com", "2.3000.1", "4.6.0")
    report = doctor.examine(gated, seen, now=now)
    assert report.next_step == doctor.STEPS[doctor.PASSKEY]
    assert shop.box.db.write_now(devices.start, gated) == gated  # the step is not disturbed


@pytest.mark.parametrize(
    "detail", ["logged_out", "trying_again", "passkey_required", "checkpoint", "action_required", "page_failed"]
)
def test_the_card_leads_to_the_doctor_whatever_hinders_the_link(
    client: TestClient[Any], shop: Stage, detail: Any
) -> None:
    device = shop.device()
    hindered = Link(device.id, device.session, "disconnected", detail, phone=device.phone, reason="syncd_timeout")
    shop.box.db.write_now(devices.saw, hindered, now=shop.hands.now())
    asha = tab(client, "asha@example.com")
    assert f"{BASE}/doctor" in asha.get("/whatsapp").text
    page = asha.get(f"{BASE}/doctor").text
    assert "/help/whatsapp" in page
    assert ("syncd_timeout" in page) == (detail in devices.ENDED)


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
