from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
from playwright.sync_api import Locator, Page, expect, sync_playwright

from tests import browsers
from tests.asking import PLAIN
from tests.journeys.box import EMAIL, PASSWORD, Shop, WhatsApp, decoded, until

DHAKA = ZoneInfo("Asia/Dhaka")
OWN = "8801700000914"


def test_new_box_prints_a_link_that_opens_and_stays_valid(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (tmp_path / "wabox.toml").write_text(
        f'[server]\nport = {port}\n[whatsapp]\nurl = "http://127.0.0.1:1"\n[logs]\nformat = "json"\n'
    )
    command = [sys.executable, "-m", "wabox"]
    links = []
    for _ in range(2):
        with subprocess.Popen([*command, "serve"], cwd=tmp_path, stderr=subprocess.PIPE, text=True) as serving:
            assert serving.stderr is not None
            for line in serving.stderr:
                told = json.loads(line)
                if "set_up" in told:
                    links.append(told["set_up"])
                if told["event"] == "wabox serves":
                    break
            asked = subprocess.run(
                [*command, "setup-link"], cwd=tmp_path, capture_output=True, text=True, check=True
            )
            assert asked.stdout.strip() == links[-1]
            with httpx.Client(**PLAIN) as client:
                assert client.get(links[-1]).status_code == 200
                assert client.get(links[-1] + "x").status_code == 404
            serving.send_signal(signal.SIGTERM)
            serving.stderr.read()
        assert serving.returncode == 0
    assert links[0] == links[1]


def test_from_the_link_to_a_message_to_oneself_are_four_clicks(tmp_path: Path, whatsapp: WhatsApp) -> None:
    there = datetime.now(DHAKA)
    quiet = [f"{there + timedelta(hours=ahead):%H}:00" for ahead in (10, 14)]
    box = Shop(tmp_path, whatsapp, chromium=browsers.WHOLE, sending={"quiet_hours": quiet})
    try:
        box.start()
        link = (box.data / "setup-link").read_text(encoding="utf-8").strip()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=browsers.WHOLE, chromium_sandbox=False)
            page = browser.new_page(viewport={"width": 1280, "height": 900}, timezone_id="Asia/Dhaka")
            page.goto(f"{box.http.base_url}/setup/{link}")
            clicks = _set_up(page, quiet, whatsapp)
            browser.close()
        assert clicks == 4
        assert [one["to"] for one in whatsapp.messages() if one["from"] == OWN] == [OWN]
    finally:
        box.close()


def _set_up(page: Page, quiet: list[str], whatsapp: WhatsApp) -> int:
    """The clicks that it took; the phone's camera and what is typed are no clicks."""
    pressed: list[Locator] = []

    def press(what: Locator) -> None:
        pressed.append(what)
        what.click()

    expect(page.locator(".quiet-there")).to_have_text(f"Quiet: {quiet[0]} – {quiet[1]}, Asia/Dhaka")
    page.fill("#email", EMAIL)
    for field in ("#password", "#again"):
        page.fill(field, PASSWORD)
    press(page.get_by_role("button", name="Go on"))
    press(page.get_by_label("I have read and understood"))
    press(page.get_by_role("button", name="Accept and show the code"))

    def scanned() -> bool:
        shown = page.locator("img.qr")
        text = decoded(shown.get_attribute("src") or "") if shown.count() else ""
        body = {"phone": OWN, "name": "Shop", "qr": text}
        return bool(text) and httpx.post(f"{whatsapp.url}/sandbox/link", json=body, **PLAIN).is_success

    until(scanned, 60, what="the code is scanned")
    test = page.get_by_role("button", name="Send a test to +880 1700-000914")
    test.wait_for(timeout=60_000)
    press(test)
    expect(page.locator(".timeline li.done", has_text="Delivered")).to_be_visible(timeout=30_000)
    clicks = len(pressed)
    page.get_by_role("link", name="To Home").click()
    page.wait_for_url("**/")
    return clicks
