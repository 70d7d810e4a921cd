"""A form that is refused, in a real Chromium at 360 px: the first thing wrong is in sight and has the focus."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import browsers
from tests.cast import Stage
from tests.faces.windows import address, chromium, judge, log_in, turning, window
from tests.faces.work import Work
from tests.some import some
from wabox.dashboard.frame import refused

__all__ = ["address", "chromium"]  # fixtures

pytestmark = [
    pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning"),
    pytest.mark.skipif(browsers.SHELL is None, reason="there is no chromium on this machine"),
]
SEEN = """id => {
  const { top, bottom } = document.getElementById(id).getBoundingClientRect();
  return top >= 0 && bottom <= document.querySelector(".bar").getBoundingClientRect().top;
}"""
FORMS = {
    "/": {"#phone": "01711000001", "#message": "Your mug"},
    "/inbox/8801711300001": {"#message": "Your mug"},
    "/campaigns/new": {"#name": "Mugs", "#message": "Your mug"},
    "/texts": {},
    "/files": {},
}


@pytest.fixture
def cut(tmp_path: Path) -> Path:
    """A picture that no phone could show."""
    file = tmp_path / "cut.png"
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 40)
    return file


def refuse(page: Page, path: str, cut: Path) -> None:
    for field, text in FORMS[path].items():
        page.fill(field, text)
    page.set_input_files("#file", cut)
    with turning(page):
        press = page.locator("form:has(#file) .button-main").last
        if press.count():
            press.click()
        else:  # a form that is folded
            page.locator("#file").evaluate("one => one.form.requestSubmit()")


def test_a_refused_file_is_in_sight_and_in_focus(
    chromium: Browser, address: str, shop: Stage, work: Work, cut: Path
) -> None:
    with window(chromium, 360) as (_, page, _said):
        log_in(page, address)
        for path in some(FORMS):
            page.goto(address + path)
            refuse(page, path, cut)
            expect(page.locator("#file")).to_be_focused()
            assert page.evaluate(SEEN, "file-error"), path
            assert page.evaluate(SEEN, "file"), path
            assert page.locator("[autofocus]").count() == 1 and page.locator("#message-error").count() == 0
            assert judge(page) == [], path


def test_it_is_in_sight_without_a_script_too(
    chromium: Browser, address: str, shop: Stage, work: Work, cut: Path
) -> None:
    with window(chromium, 360, java_script_enabled=False) as (_, page, _said):
        log_in(page, address)
        page.goto(address + "/inbox/8801711300001")
        page.get_by_text("Send a file with it").click()
        refuse(page, "/inbox/8801711300001", cut)
        expect(page.locator("#file-error")).to_be_in_viewport()


def test_other_errors_come_into_sight_too(chromium: Browser, address: str, shop: Stage, work: Work) -> None:
    with window(chromium, 360) as (_, page, _said):
        log_in(page, address)
        page.goto(address + "/")
        page.fill("#phone", "12")
        page.fill("#message", "Your mug")
        with turning(page):
            page.locator("form:has(#file) button.button-main").click()
        expect(page.locator("#phone")).to_be_focused()
        assert page.evaluate(SEEN, "phone-error")


def test_what_people_wrote_is_no_field_and_takes_no_focus() -> None:
    typed = '<textarea name="a" autofocus>&lt;div class=&#34;field-wrong&#34; autofocus</textarea>'
    assert refused.in_sight(typed) == typed
    wrong = '<div class="field field-wrong"><input type="file"></div>'
    folded = f'<details class="open"><summary>a</summary>{wrong}</details>'
    shown = refused.in_sight(f"<details></details>{typed}{folded}")
    assert shown.startswith("<details></details>")
    assert '<details class="open" open>' in shown and '<input autofocus type="file">' in shown
    assert (
        refused.in_sight('<p class="field-error">no</p>')
        == '<p class="field-error" tabindex="-1" autofocus>no</p>'
    )


# Pages with forms in which one writes. Each form of each is sent as it stands, and with nonsense.
WRITTEN_ON = (
    "/",
    "/inbox/8801711300001",
    "/inbox/8801711300001/enclose",
    "/campaigns/new",
    "/contacts/new",
    "/contacts/1",
    "/contacts/fields",
    "/contacts/fields/1",
    "/contacts/import",
    "/texts",
    "/texts/new",
    "/files",
    "/whatsapp",
    "/webhooks",
    "/settings",
    "/settings/keys",
    "/settings/sending",
    "/whatsapp/devices/primary/rules",
    "/settings/security",
    "/admin/users",
    "/admin/users/2",
    "/admin/engine",
)
# Those of them that must have been refused, or this looks at nothing.
REFUSED = {
    "/send",
    "/inbox/8801711300001",
    "/inbox/8801711300001/enclose",
    "/campaigns/new/review",
    "/contacts",
    "/contacts/1",
    "/contacts/fields",
    "/contacts/import",
    "/texts",
    "/texts/import",
    "/files",
    "/whatsapp/devices",
    "/webhooks",
    "/settings/keys",
    "/settings/sending",
    "/whatsapp/devices/primary/rules",
    "/settings/password",
    "/admin/engine",
}
WITH_FIELDS = """[...document.querySelectorAll("main form[method=post]")]
  .map((form, number) => form.querySelector("input:not([type=hidden]), textarea, select") ? number : -1)
  .filter((number) => number >= 0)"""
FILLED = """const form = [...document.querySelectorAll("main form[method=post]")][number];
  form.noValidate = true;
  form.reset();
  if (text !== null)
    for (const one of form.querySelectorAll("input, textarea"))
      if (!["hidden", "checkbox", "radio", "file"].includes(one.type)) one.value = text;"""
# What would be complained of, without leaving the page; "": nothing, it would lead elsewhere.
ANSWERED = f"""async ([number, text]) => {{
  {FILLED}
  const data = new FormData(form), parts = form.enctype === "multipart/form-data";
  const body = parts ? data : new URLSearchParams(data);
  const answer = await fetch(form.action, {{ method: "POST", body, redirect: "manual" }});
  if (answer.status < 400 || answer.status >= 500) return "";
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const said = [...page.querySelectorAll("main .field-error, main [role=alert]")];
  return form.getAttribute("action") + said.map((one) => ` ${{one.id}}: ${{one.textContent}}`);
}}"""
SENT_SO = f"""([number, text]) => {{
  {FILLED}
  form.requestSubmit();
  return form.getAttribute("action");
}}"""
LOOKED_AT = """() => {
  const foot = document.querySelector(".bar").getBoundingClientRect().top;
  const seen = (one) => {
    const { top, bottom } = one.getBoundingClientRect();
    return one.checkVisibility() && bottom > 0 && top < foot;
  };
  const said = [...document.querySelectorAll("main .field-error, main [role=alert]")].some(seen);
  const focus = document.activeElement;
  return [said, focus !== document.body && seen(focus)];
}"""


def test_whatever_form_is_refused_shows_it_and_has_the_focus(
    chromium: Browser, address: str, shop: Stage, work: Work
) -> None:
    refusals: list[tuple[str, bool, bool]] = []
    seen: set[tuple[str, str]] = set()  # the same complaint on the same page looks the same
    with window(chromium, 360) as (_, page, _said):
        log_in(page, address)
        for path in WRITTEN_ON:
            page.goto(address + path)
            for number, text in itertools.product(page.evaluate(WITH_FIELDS), (None, " ", "}")):
                complaint = page.evaluate(ANSWERED, [number, text])
                if not complaint or (path, complaint) in seen:
                    continue
                seen.add((path, complaint))
                with page.expect_navigation() as going:
                    action = page.evaluate(SENT_SO, [number, text])
                assert going.value is not None and 400 <= going.value.status < 500
                page.locator("main :focus").wait_for()  # a browser focuses when it first draws
                refusals.append((action, *page.evaluate(LOOKED_AT)))
                page.goto(address + path)
    assert {action for action, *_ in refusals} >= REFUSED
    assert [one for one in refusals if not (one[1] and one[2])] == []
