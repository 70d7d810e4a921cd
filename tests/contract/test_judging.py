"""What the page says is judged without a browser: states, tellings, hosts, the ladder, the note."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.some import some
from wabox.whatsapp import browser, patches, states, telling, wajs
from wabox.whatsapp.driver import Limits as Allowed
from wabox.whatsapp.driver import Link, NewChats, SessionLost, Timelock, WaJs
from wabox.whatsapp.ladder import Ladder
from wabox.whatsapp.page import PageCrashed, PageHung, PageLost
from wabox.whatsapp.patience import Limits
from wabox.whatsapp.profile import Note, Profile
from wabox.whatsapp.runtime import BrowserLost

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
END = datetime.fromtimestamp(1_800_000_000, UTC)
READY: dict[str, Any] = {
    "missing": [],
    "versions": {"page": "2.3000.1", "wajs": "4.6.0"},
    "authenticated": True,
    "full": True,
    "mode": "MAIN",
    "info": "NORMAL",
    "socket": "CONNECTED",
    "connected": True,
    "synced": True,
    "phone": "8801711000001",
}
MESSAGE = {"id": "3A01", "chat": "8801711000002@c.us", "phone": "8801711000002", "text": "hi", "kind": "chat"}

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*READY, *MESSAGE, "ack", "t"]), inner),
)


def judged(*, linked_before: bool = False, **changes: Any) -> Link:
    look = states.seen({**READY, **changes})
    return states.judge(7, 3, look, linked_before=linked_before, phone=None)


@pytest.mark.parametrize(
    ("changes", "state", "detail"),
    [
        ({}, "ready", None),
        ({"synced": False}, "ready", None),
        ({"connected": False}, "starting", None),
        ({"full": False}, "starting", None),
        ({"mode": "SYNCING"}, "starting", None),
        ({"mode": "QR", "authenticated": False, "qr": "2@a,b,c,d"}, "qr", None),
        ({"mode": "QR", "authenticated": False}, "starting", None),
        ({"missing": ["queryWidExists"]}, "disconnected", "engine_incompatible"),
        ({"mode": "CONFLICT"}, "disconnected", "conflict"),
        ({"socket": "CONFLICT"}, "disconnected", "conflict"),
        ({"mode": "QR", "authenticated": False, "dead": True}, "qr", None),
        ({"authenticated": False, "gate": {"until": 1_800_000_000_000}}, "disconnected", "passkey_required"),
        ({"authenticated": False, "gate": {"code": "<b>"}}, "disconnected", "passkey_required"),
        ({"checkpoint": "captcha"}, "disconnected", "checkpoint"),
        ({"dialog": {"button": True}}, "ready", "action_required"),
        ({"dialog": {"button": False}, "mode": "SYNCING"}, "disconnected", "action_required"),
        ({"dialog": {"button": False}, "connected": False}, "starting", None),
        ({"passkey": True}, "ready", None),
        ({"mode": "PROXYBLOCK"}, "disconnected", "page_failed"),
        ({"mode": "TOS_BLOCK"}, "disconnected", "page_failed"),
        ({"limits": {"timelock": {"type": "DEFAULT", "until": None}, "newChats": None}}, "ready", None),
    ],
)
def test_every_look_has_one_state(changes: dict[str, Any], state: str, detail: str | None) -> None:
    link = judged(**changes)
    assert (link.state, link.detail) == (state, detail)
    assert (link.qr is not None) == (state == "qr" and not changes.get("dead"))


def test_a_linked_device_on_its_way_back_is_reconnecting() -> None:
    assert judged(linked_before=True, connected=False).detail == "reconnecting"


@pytest.mark.parametrize(
    ("told", "limits"),
    [
        (None, None),
        ("soon", None),
        ({}, Allowed()),
        ({"timelock": {"type": "DEFAULT", "until": 1_800_000_000_000}}, Allowed(Timelock("DEFAULT", END))),
        ({"timelock": {"until": -5}}, Allowed(Timelock("DEFAULT", None))),
        (
            {"newChats": {"status": "first_warning", "used": 63, "total": 100, "until": 1_800_000_000_000}},
            Allowed(None, NewChats("first_warning", 63, 100, END)),
        ),
        ({"newChats": {"status": "odd", "used": 1, "total": 9}}, Allowed(None, NewChats("none", 1, 9, None))),
        ({"newChats": {"status": "none", "used": "1", "total": 9}}, Allowed()),
    ],
)
def test_limits_are_read_as_told_and_nonsense_is_not_told(told: Any, limits: Allowed | None) -> None:
    assert judged(limits=told).limits == limits


def test_missing_bindings_are_named_with_both_versions() -> None:
    text = judged(missing=["Socket", "addAndSendMsgToChat"]).detail_text or ""
    for part in ("Socket", "addAndSendMsgToChat", "2.3000.1", "4.6.0"):
        assert part in text


@settings(max_examples=60)
@given(anything)
def test_nonsense_from_the_page_is_never_ready_nor_an_event(raw: Any) -> None:
    states.judge(1, 3, states.seen(raw), linked_before=False, phone=None)
    assert telling.handed(raw, NOW).outcome in ("acked", "refused", "not_entered", "in_doubt")
    assert telling.resolved(raw).answer in ("yes", "no", "unknown")
    told = telling.inbound(1, 3, raw, NOW), telling.receipt(1, 3, raw, NOW)
    assert all(one is None or (one.device_id, one.session) == (1, 3) for one in some(told))


@given(st.none() | st.text() | st.integers() | st.dictionaries(st.text(), st.text()))
def test_no_plain_verdict_is_a_doubt(raw: Any) -> None:
    assert telling.handed(raw, NOW).outcome == "in_doubt"
    assert telling.resolved(raw).answer == "unknown"


def test_a_history_that_does_not_answer_is_a_lost_session() -> None:
    with pytest.raises(SessionLost):
        telling.looked_up(None)


def test_a_message_is_dated_by_whatsapp() -> None:
    told = telling.inbound(1, 3, {**MESSAGE, "t": 1_790_000_000}, NOW)
    assert told is not None
    assert told.at == datetime.fromtimestamp(1_790_000_000, UTC)
    assert told.phone == "8801711000002"


def test_groups_and_nonsense_chats_are_no_inbound() -> None:
    assert telling.inbound(1, 3, {**MESSAGE, "chat": "status broadcast"}, NOW) is None
    assert telling.inbound(1, 3, {**MESSAGE, "id": "x' or 1"}, NOW) is None
    assert telling.inbound(1, 3, {**MESSAGE, "chat": "0@c.us"}, NOW) is None
    assert telling.inbound(1, 3, {**MESSAGE, "chat": "status@broadcast"}, NOW) is None


@pytest.mark.parametrize("kind", ["pinned_message", "e2e_notification", "ciphertext", "", None, 7])
def test_a_type_that_no_person_writes_is_no_inbound(kind: object) -> None:
    assert telling.inbound(1, 3, {**MESSAGE, "kind": kind}, NOW) is None
    assert telling.inbound(1, 3, {**MESSAGE, "kind": "poll_creation"}, NOW) is not None


@pytest.mark.parametrize(
    ("kind", "shown"), [("of_tomorrow", "of_tomorrow"), ("unknown", "unknown"), ("<b>", "unknown")]
)
def test_nothing_is_read_of_a_type_of_tomorrow_but_who_and_when(kind: str, shown: str) -> None:
    raw = {**MESSAGE, "kind": kind, "text": "STOP", "edited": True, "media": {"kind": "image"}}
    told = telling.inbound(1, 3, raw, NOW)
    assert told is not None
    assert (told.kind, told.text, told.edited, told.media, told.phone) == (shown, "", False, None, "8801711000002")


def test_a_local_site_gets_its_own_port_and_nothing_more() -> None:
    rules = browser.resolver_rules("http://127.0.0.1:8471/")
    assert rules == "MAP 127.0.0.1:8471 127.0.0.1:8471, MAP * ~NOTFOUND"
    assert "EXCLUDE *.whatsapp.net" in browser.resolver_rules("https://web.whatsapp.com")
    assert browser.refuses("https://web.whatsapp.com") == browser.runs_as_root()
    assert not browser.refuses("http://[::1]:8471")


def test_debug_doors_are_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DEBUG", "PLAYWRIGHT_CHROMIUM_DEBUG_PORT", "PWDEBUG", "NODE_OPTIONS"):
        monkeypatch.setenv(name, "pw:*")
    assert not {"DEBUG", "PLAYWRIGHT_CHROMIUM_DEBUG_PORT", "PWDEBUG", "NODE_OPTIONS"} & set(browser.environment())


def test_the_vendored_bundle_is_the_released_one() -> None:
    assert f"wa-js v{wajs.VERSION}" in wajs.BUILT_IN.source()[:400]


def test_an_engine_that_was_altered_or_is_gone_is_not_used(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.js"
    bundle.write_bytes(wajs.BUILT_IN.path.read_bytes())
    engine = replace(wajs.BUILT_IN, path=bundle)
    assert engine.source() == wajs.BUILT_IN.source()
    with bundle.open("r+b") as file:
        file.write(b"!")
    with pytest.raises(wajs.Altered, match="altered"):
        engine.source()
    bundle.unlink()
    with pytest.raises(wajs.Altered, match="not on this box"):
        engine.source()


def test_a_session_without_an_engine_of_its_own_has_the_one_of_wabox(tmp_path: Path) -> None:
    other = WaJs("4.7.0", "ab" * 32)
    assert wajs.installed(tmp_path, None) == wajs.installed(None, other) == wajs.BUILT_IN
    assert wajs.installed(tmp_path, other).path == tmp_path / "4.7.0-abababab" / "wppconnect-wa.js"


@pytest.mark.parametrize("patch", patches.PATCHES, ids=lambda patch: str(patch.name))
def test_a_patch_is_small_and_says_its_case_and_where_it_is_spoken_of(patch: patches.Patch) -> None:
    text = (Path(patches.__file__).parent / f"{patch.name}.js").read_text()
    assert text.startswith("// ")
    assert len(text.splitlines()) <= 30
    assert all(word in text for word in ("applies", "mend", "probe"))
    assert patch.case
    assert patch.upstream.startswith("https://")
    assert {one.stem for one in Path(patches.__file__).parent.glob("*.js")} == set(patches.NAMES)


def test_the_ladder_goes_up_and_its_pauses_grow() -> None:
    ladder = Ladder(Limits())
    rungs = [ladder.climb(PageLost("gone"), at) for at in (0, 1, 2, 3, 10, 70)]
    steps = [rung.step for rung in rungs]
    assert steps == ["reload", "tab", "browser", "playwright", "browser", "browser"]
    assert [rung.failed for rung in rungs] == [False] * 5 + [True]
    assert [rung.pause_seconds for rung in rungs] == [0, 0, 1, 2, 5, 10]
    ladder.calm()
    assert ladder.climb(PageLost("gone"), 80).step == "reload"


@pytest.mark.parametrize(
    ("trouble", "step"),
    [
        (PageCrashed("crash"), "tab"),
        (PageHung("hang"), "browser"),
        (BrowserLost("killed"), "browser"),
        (RuntimeError("bug"), "browser"),
    ],
)
def test_what_a_reload_cannot_mend_starts_higher(trouble: Exception, step: str) -> None:
    assert Ladder(Limits()).climb(trouble, 0).step == step


def test_the_note_survives_and_a_torn_one_still_says_linked(tmp_path: Path) -> None:
    profile = Profile(tmp_path, "abc")
    profile.prepare()
    assert profile.note is None
    profile.remember(Note("8801711000001", linked_at=100, seen_at=100))
    profile.saw(250)
    profile.save()
    assert Profile(tmp_path, "abc").note == Note("8801711000001", linked_at=100, seen_at=250)
    (profile.directory / "wabox-link.json").write_text(json.dumps({"phone": 1})[:5])
    assert Profile(tmp_path, "abc").note == Note(None, 0, 0)
    profile.wipe()
    assert profile.note is None
    assert not profile.directory.exists()


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "a" * 65, "a\0"])
def test_a_profile_stays_below_its_directory(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="no profile name"):
        Profile(tmp_path, name)
