"""A file that WhatsApp would not take is told in the moment it is chosen, in a real Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests import browsers
from tests.cast import Stage
from tests.faces.windows import address, chromium, log_in, window
from tests.faces.work import Work

__all__ = ["address", "chromium"]  # fixtures

pytestmark = [
    pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning"),
    pytest.mark.skipif(browsers.SHELL is None, reason="there is no chromium on this machine"),
]


def sparse(place: Path, name: str, megabytes: int) -> Path:
    """A file that takes no room."""
    made = place / name
    with made.open("wb") as file:
        file.truncate(megabytes * 1024 * 1024)
    return made


@pytest.mark.parametrize("language", ["en", "bn"])
def test_a_wrong_file_is_told_when_it_is_chosen(
    chromium: Browser, address: str, shop: Stage, work: Work, tmp_path: Path, language: str
) -> None:
    shop.box.db.write_now(lambda tx: tx.run("update users set language = :one", one=language))
    mb, never = {"en": ("16 MB of this kind", "not sent"), "bn": ("১৬ MB", "পাঠানো")}[language]
    with window(chromium, 360) as (_, page, said):
        log_in(page, address)
        page.goto(address + "/")
        wrong = page.locator("#send [data-wrong]")
        expect(wrong).to_be_hidden()
        page.set_input_files("#send #file", sparse(tmp_path, "big.jpg", 17))
        expect(wrong).to_contain_text(mb)
        page.check("#send input[name=as_document]")
        expect(wrong).to_be_hidden()
        page.set_input_files("#send #file", sparse(tmp_path, "big.pdf", 65))
        expect(wrong).to_be_visible()
        page.set_input_files("#send #file", sparse(tmp_path, "run.exe", 1))
        expect(wrong).to_contain_text(never)
        page.fill("#phone", "01711999888")
        page.click("#send .button-main")
        assert page.url == address + "/" and shop.value("select count(*) from media") == 0
        page.set_input_files("#send #file", [])
        expect(wrong).to_be_hidden()
        for path in ("/files", "/campaigns/new", "/texts/new", "/inbox/8801711300001"):
            page.goto(address + path)
            page.set_input_files("#file", sparse(tmp_path, "big.mp4", 17))
            assert mb in (page.locator("[data-wrong]").text_content() or ""), path
        assert said == []
