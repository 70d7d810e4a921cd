"""Pages of the owner alone in a real Chromium: rules, what they hold, complaints, health, an import, a new box."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser, Page, expect

from tests import browsers, webs
from tests.cast import Stage, stage
from tests.faces import test_pages_filter as filters
from tests.faces import test_pages_login as entering
from tests.faces.scene import SECTIONS, dress
from tests.faces.tab import Tab
from tests.faces.test_pages_imports import columns, run, uploaded
from tests.faces.windows import address, chromium, judge, log_in, served, turning, window
from tests.some import some
from wabox import fence
from wabox.accounts import links
from wabox.backup import record
from wabox.box import Box
from wabox.datadir import DataDir

__all__ = ["address", "chromium", "fresh"]  # fixtures

fresh = entering.fresh

pytestmark = [
    pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning"),
    pytest.mark.skipif(browsers.SHELL is None, reason="there is no chromium on this machine"),
]
FORMS = [(360, "light", "en"), (1280, "dark", "bn")]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Stage]:
    """asha's box, on which others have accounts."""
    made = stage(tmp_path, **SECTIONS, accounts={"registration": "open"})
    dress(made)
    yield made
    made.close()


@pytest.fixture
def work(shop: Stage) -> list[str]:
    """Addresses, each with something to look at: a rule, a held message, a complaint, two imports."""
    with webs.client(shop.box) as client:
        base = "http://testserver.local"
        asha, bilal = (Tab(client, f"{name}@example.com", base) for name in ("asha", "bilal"))
        assert asha.post("/admin/filter/rules", filters.RULE).status_code == 303
        for text in ("The casino opens tonight", "ক্যাসিনো casino আজ রাতে খোলা 🎰"):
            sent = {"phone": filters.PHONE, "message": text, "keep": "1"}
            assert bilal.post("/send", sent).status_code == 303
        shop.box.db.write_now(lambda tx: tx.run("update messages set spent_at = queued_at where user_id = 2"))
        complaint = {"phone": filters.PHONE, "user": str(shop.bilal.id), "note": "Called at night"}
        assert asha.post("/admin/complaints", complaint).status_code == 303
        looked_at, done = uploaded(asha), uploaded(asha)
        assert asha.post(f"{done}/start", columns(agreed="1")).status_code == 303
        run(shop, done)
    rules = ["/admin/filter", "/admin/filter/rules/1", "/admin/filter/reviews"]
    asked = f"/admin/complaints?phone={filters.PHONE}"
    return [
        *rules,
        "/admin/complaints",
        asked,
        "/admin/health",
        "/admin/held",
        "/admin/backups",
        "/admin/move",
        "/admin/engine",
        looked_at,
        done,
        "/contacts/import",
    ]


def sound(page: Page, name: str, language: str) -> None:
    """It fits, axe has nothing against it, and it says which language it is in."""
    over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert over <= 0, f"{name} is {over} px too wide"
    assert judge(page) == [], name
    assert page.locator("html").get_attribute("lang") == language, name


@pytest.mark.parametrize(("width", "scheme", "language"), FORMS)
def test_the_owners_own_pages_are_sound(
    chromium: Browser, address: str, shop: Stage, work: list[str], width: int, scheme: str, language: str
) -> None:
    shop.box.db.write_now(lambda tx: tx.run("update users set language = :said", said=language))
    with window(chromium, width, color_scheme=scheme) as (_, page, said):
        log_in(page, address)
        for path in some(work):
            answer = page.goto(address + path)
            assert answer is not None and answer.status == 200, path
            sound(page, path, language)
        assert said == []


@pytest.mark.parametrize(("width", "scheme", "language"), FORMS)
def test_a_new_box_is_sound_until_it_is_somebodys(
    chromium: Browser, fresh: Box, width: int, scheme: str, language: str
) -> None:
    token = fresh.db.write_now(links.make, "setup", None, timedelta(hours=24), fresh.now())
    lang = f"?lang={language}"
    with (
        served(fresh) as address,
        window(chromium, width, color_scheme=scheme, timezone_id="Asia/Dhaka") as (_, page, said),
    ):
        page.goto(address + "/setup" + lang)
        sound(page, "/setup", language)
        page.goto(f"{address}/setup/{token}{lang}")
        sound(page, "the form", language)
        expect(page.locator("#timezone")).to_have_value("Asia/Dhaka")
        page.goto(f"{address}/setup/{token}/restore{lang}")
        sound(page, "/setup/{token}/restore", language)
        page.set_input_files(
            "#file", {"name": "shop.tar", "mimeType": "application/x-tar", "buffer": b"x" * 3_000_000}
        )
        with page.expect_navigation():
            page.locator("main button.button-main").click()
        expect(page.locator("main [role=alert]").first).to_contain_text("shop.tar")
        sound(page, "a refusal of a backup", language)
        page.goto(f"{address}/setup/{token}{lang}")
        page.fill("#email", "asha@example.com")
        for field in ("#password", "#again"):
            page.fill(field, entering.GOOD)
        with turning(page):
            page.locator("main button.button-main:visible").first.click()
        assert (
            fresh.db.read_here(lambda rows: rows.value("select group_concat(timezone) from users")) == "Asia/Dhaka"
        )
        sound(page, "what to accept", language)
        assert [one for one in said if "the server responded with a status of" not in one] == []


def held(shop: Stage) -> None:
    """A copy, with backups that went well and one that did not."""
    now = shop.hands.now()
    other = "raspberrypi, /var/lib/wabox"
    shop.box.db.write_now(fence.quarantine, "copied", behind=now - timedelta(hours=3), other=other, now=now)
    data, stick = DataDir(shop.box.config.data.dir), "/media/stick"
    well = {"bytes": 48_300_000, "messages": 12_480, "sealed": True}
    after = {"after": "exit code 3: quota exceeded", "after_failed": True}
    doubt = {"doubts": ["invoices have no gap"], "sealed": False}
    for days, more in ((3, {**well, **doubt}), (2, well), (1, {**well, **after})):
        at, name = now - timedelta(days=days), f"wabox-2026-03-1{days}-030000.tar.age"
        entry = record.Entry(at=at, tried_at=at, by="night", name=name, place=stick)
        record.add(data, msgspec.structs.replace(entry, **more))
    why = "/media/stick is not there; plug the stick in, or mount it."
    record.add(data, record.Entry(at=now, by="night", name="x.tar", place=stick, why=why, missing=True))


@pytest.mark.parametrize(("width", "scheme", "language"), FORMS)
def test_a_held_box_and_its_backups_are_sound(
    chromium: Browser, address: str, shop: Stage, width: int, scheme: str, language: str
) -> None:
    shop.box.db.write_now(lambda tx: tx.run("update users set language = :said", said=language))
    held(shop)
    with window(chromium, width, color_scheme=scheme) as (_, page, said):
        log_in(page, address)
        for path in some(("/", "/admin/held", "/admin/backups", "/admin/backups?said=backup_begun")):
            answer = page.goto(address + path)
            assert answer is not None and answer.status == 200, path
            sound(page, path, language)
        assert said == []
