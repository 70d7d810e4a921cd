"""The owner's page of wa-js: a package is taken or refused with why, and what becomes of it is seen."""

from __future__ import annotations

import hashlib

import pytest

from tests import wajs_packages as made
from tests.cast import Stage
from tests.faces.tab import Tab, words
from wabox import fetching
from wabox.media.store import Incoming
from wabox.renewal import stored, switching
from wabox.whatsapp import wajs
from wabox.whatsapp.driver import Checkup

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")


def package(version: str = "4.7.0") -> bytes:
    return made.package(version, f'/*! wppconnect-team/wa-js v{version} */ t.version="{version}";'.encode())


def upload(tab: Tab, raw: bytes, **fields: str):  # type: ignore[no-untyped-def]
    return tab.post("/admin/engine", fields, files={"file": ("wa-js.tgz", raw, "application/gzip")})


def test_a_new_box_has_the_one_of_wabox(asha: Tab) -> None:
    seen = words(asha.get("/admin/engine").text)
    assert f"wa-js {wajs.VERSION}" in seen
    assert "came with wabox" in seen
    assert "Go back to the one before" not in seen


def test_a_package_is_kept_and_waits_to_be_tried(shop: Stage, asha: Tab) -> None:
    assert upload(asha, package()).headers["location"] == "/admin/engine?said=engine_tried"
    found = shop.box.db.read_here(stored.every)
    assert [(one.version, one.state, one.origin) for one in found] == [("4.7.0", "waiting", "wa-js.tgz")]
    assert len(list((shop.box.config.data.dir / "engine").iterdir())) == 1
    shop.box.db.write_now(switching.begin_trial, now=shop.hands.now())
    shop.box.db.write_now(switching.came_to, found[0].id, "kill")
    seen = words(asha.get("/admin/engine/live").text)
    assert "wa-js 4.7.0 is being tried" in seen
    assert "kill the browser while it sends" in seen
    again = upload(asha, package("4.8.0"))
    assert (again.status_code, "is being tried just now" in again.text) == (422, True)


@pytest.mark.parametrize(
    ("raw", "sha512", "said"),
    [
        (b"no archive", "", "This is no package as npm packs it"),
        (package(), "ab" * 64, "The package is not the one that this SHA-512 belongs to."),
        (made.package(wajs.VERSION), "", "This is the engine that came with wabox"),
        (made.archive({"package/x": b""}), "", "The package lacks package/package.json."),
    ],
)
def test_a_wrong_package_is_refused_with_why_and_changes_nothing(
    shop: Stage, asha: Tab, raw: bytes, sha512: str, said: str
) -> None:
    answer = upload(asha, raw, sha512=sha512)
    assert (answer.status_code, said in words(answer.text)) == (422, True)
    assert shop.box.db.read_here(stored.every) == []


def test_without_a_file_it_asks_for_one(asha: Tab) -> None:
    answer = asha.post("/admin/engine", {}, files={"file": ("", b"", "application/gzip")})
    assert (answer.status_code, "Choose a file, or type an address." in answer.text) == (422, True)


def by_address(tab: Tab, url: str, **fields: str):  # type: ignore[no-untyped-def]
    return tab.post("/admin/engine", {"url": url, **fields}, files={"file": ("", b"", "application/gzip")})


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://npm.example/wa-js.tgz", "take an https address, or give its SHA-512"),
        ("https://127.0.0.1/wa-js.tgz", "address"),
        ("https://[::1]/wa-js.tgz", "address"),
        ("https://169.254.169.254/latest", "address"),
        ("https://10.0.0.7/wa-js.tgz", "address"),
        ("https://asha:secret@npm.example/x", "Leave name and password out"),
        ("file:///etc/passwd", "http"),
        ("wa-js.tgz", "http"),
    ],
)
def test_an_address_in_ones_own_network_or_none_at_all_is_refused(
    shop: Stage, asha: Tab, url: str, said: str
) -> None:
    answer = by_address(asha, url)
    assert answer.status_code == 422
    assert 'id="url-error"' in answer.text
    assert said in words(answer.text)
    assert shop.box.db.read_here(stored.every) == []


def test_the_box_fetches_a_package_from_its_address(
    shop: Stage, asha: Tab, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    async def answers(url: str, incoming: Incoming, **_: object) -> str:
        asked.append(url)
        incoming.write(package())
        return "wa-js.tgz"

    monkeypatch.setattr(fetching, "fetch", answers)
    url = "http://npm.example/wa-js-4.7.0.tgz?token=secret"
    wrong = by_address(asha, url, sha512="ab" * 64)
    assert (wrong.status_code, "SHA-512 belongs to" in words(wrong.text)) == (422, True)
    right = hashlib.sha512(package()).hexdigest()
    assert by_address(asha, url, sha512=right).headers["location"] == "/admin/engine?said=engine_tried"
    assert asked == [url, url]
    found = shop.box.db.read_here(stored.every)
    assert [(one.version, one.origin) for one in found] == [("4.7.0", "http://npm.example/wa-js-4.7.0.tgz")]
    assert list((shop.box.media / "incoming").iterdir()) == []


def test_what_is_missing_on_each_phone_is_named_and_the_way_back_is_offered(shop: Stage, asha: Tab) -> None:
    upload(asha, package())
    now = shop.hands.now()
    found = shop.box.db.write_now(switching.begin_trial, now=now)
    assert found is not None
    shop.box.db.write_now(switching.passed, found.id, [], now=now)
    page = Checkup(
        page_version="2.3000.9", wajs_version="4.7.0", missing=("queryWidExists",), lacks=("prepRawMedia",)
    )
    shop.box.db.write_now(switching.saw, shop.asha.device_id, page, now=now)
    assert "Missing" not in words(asha.get("/admin/engine").text), "it is well by now"
    shop.box.db.write_now(
        lambda tx: tx.run(
            "update devices set detail = 'engine_incompatible' where id = :id", id=shop.asha.device_id
        )
    )
    seen = words(asha.get("/admin/engine").text)
    assert "Missing: queryWidExists (WAWebQueryExistsJob.queryWidExists). Nothing is sent." in seen
    assert "Lacks: prepRawMedia (WAWebPrepRawMedia.prepRawMedia). Sending goes on." in seen
    assert "wa-js 4.7.0" in seen
    assert asha.post("/admin/engine/back", {}).headers["location"] == "/admin/engine?said=engine_back"
    choice = shop.box.db.read_here(stored.choice)
    assert choice is not None
    assert choice.engine_id is None
    assert asha.post("/admin/engine/back", {}).status_code in (303, 422)


def test_other_peoples_phones_are_a_number_only(shop: Stage, asha: Tab) -> None:
    page = Checkup(page_version="2.3000.9", wajs_version="4.6.0", missing=("Cmd",))
    shop.box.db.write_now(switching.saw, shop.bilal.device_id, page, now=shop.hands.now())
    seen = words(asha.get("/admin/engine").text)
    assert "1 phone of others" in seen
    assert "Missing: Cmd" not in seen
