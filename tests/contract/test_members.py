"""The page's members that the shim reads: each is listed with who has seen it, and none is the sandbox's own.

On a page without anything that only the sandbox offers, a stranger's, the driver links, sends and hears.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.test_files import file_of
from tests.contract.worlds import ChromiumWorld
from tests.files import GOOD
from tests.some import some
from wabox.whatsapp import bindings, members, wajs
from wabox.whatsapp.driver import FileKind, Inbound, SessionLost, SessionSpec
from wabox.whatsapp.page import Page

# JavaScript's and the browser's own, and what wabox's own objects carry.
LANGUAGE = set(
    re.findall(
        r"\w+",
        """add adoptedStyleSheets all ariaDisabled assign at body bottom button catch checked click closest dataset
        allSettled createElement createObjectURL defineProperty delete disabled document download
        endsWith entries every files filter finally find
        flat floor forEach freeze from fromEntries get getAttribute getBoundingClientRect getClientRects getTime
        has hidden href includes indexOf isArray isConnected isFinite isInteger join keys
        left length map matches max message min name now of on parentElement parse pop prototype push
        querySelector querySelectorAll race reduce reject removeAttribute replace revokeObjectURL
        replaceSync require resolve right round scrollIntoView set setAttribute size slice some sort split
        startsWith stringify test testid textContent then toLowerCase toString top trim trunc
        values visibility waboxTell""",
    )
)
STANDINS = {"msg", "chat", "contact", "wid", "found", "sent", "code", "error", "timelock", "capping", "challenge"}
SHIM = re.sub(r"(?m)//.*$", "", wajs.shim())
WORDS = set(re.findall(r"[A-Za-z_$][\w$]*", wajs.BUILT_IN.source()))


def segments(name: str) -> list[str]:
    return re.split(r"[. ]", name)


LISTED = {part for member in members.MEMBERS for part in segments(member.name)}


def own() -> set[str]:
    """Names that the shim gives to things of its own: keys, constants, options, and what it answers."""
    keys = set(re.findall(r"\b(\w+):(?!:)", SHIM)) | set(re.findall(r"[{,]\s*(\w+)(?=\s*[,}])", SHIM))
    return keys | set(re.findall(r"\boptions\.(\w+)", SHIM)) | set(re.findall(r"(?:const|let) (\w+)", SHIM))


def test_the_shim_reads_no_member_that_is_not_listed() -> None:
    read = set(re.findall(r"(?<![\\.])(?<!@c)\.([A-Za-z_$][\w$]*)", re.sub(r"'[^'\n]*'", "''", SHIM)))
    assert read - LISTED - LANGUAGE - own() == set()


def test_no_store_function_or_module_hides_behind_a_name_of_our_own() -> None:
    names = {member.name for member in members.MEMBERS}
    prefixes = {".".join(name.split(".")[:depth]) for name in some(names) for depth in range(1, 6)}
    chains = re.findall(r"\b(app|fns|WPP)\.(\w+(?:\.\w+)*)", SHIM)
    roots = {"app": "", "fns": "functions.", "WPP": "WPP."}
    gone = {f"{roots[root]}{chain}" for root, chain in some(chains)}
    allowed = prefixes | {"functions", "WPP.on"}
    assert {one for one in gone if one not in allowed} == set()
    modules = set(re.findall(r"(?:optional|require)\('(\w+)'\)", SHIM))
    assert modules <= {name.split(".")[0] for name in names}
    heard = set(re.findall(r"\.on\('([\w.:]+)'", SHIM)) - {"add"}
    assert {f"on {event}" for event in heard} <= names


@pytest.mark.parametrize("member", members.MEMBERS, ids=lambda member: str(member.name))
def test_every_listed_member_was_seen_outside_this_house(member: members.Member) -> None:
    assert "sandbox" not in member.source.lower()
    if member.source != "wa-js":
        assert re.search(r"[BLP] \d{8,}|\w+ #\d+|\w+\.(ts|js)\b", member.source), member.source
        return
    parts = re.split(r"[. :]", member.name.removeprefix("on "))
    assert set(parts[1:] if parts[0] in STANDINS else parts) <= WORDS, "wa-js does not read this"


def test_a_binding_is_declared_once_and_stops_only_what_it_is_for() -> None:
    assert len({one.name for one in bindings.BINDINGS}) == len(bindings.BINDINGS) >= 24
    assert all(re.fullmatch(r"WA\w+", one.module) and one.export and one.why for one in bindings.BINDINGS)
    needed = {member.name for member in members.MEMBERS if member.needed}
    assert needed == {path for one in bindings.BINDINGS if one.stops for path in one.reads}
    assert not [one for one in members.MEMBERS if one.needed and one.needed_for in ("limits", "files", "receipts")]
    names = [member.name for member in members.MEMBERS]
    assert len(names) == len(set(names))


# In the page: every export of its modules, and every field (an accessor) of the models among them.
REACH = """() => {
  const found = [];
  const fields = (value) => {
    const all = new Set();
    for (let at = value; at && at !== Object.prototype; at = Object.getPrototypeOf(at))
      for (const [name, one] of Object.entries(Object.getOwnPropertyDescriptors(at)))
        if (one.get) all.add(name);
    return [...all];
  };
  for (const id of Object.keys(window.require('__debug').modulesMap)) {
    if (!/^WA/.test(id)) continue;
    const exported = window.require(id);
    if (!exported || typeof exported !== 'object') continue;
    for (const name of Object.keys(exported)) {
      found.push(`${id}.${name}`);
      const value = exported[name];
      if (value && typeof value === 'object' && !Array.isArray(value))
        for (const field of fields(value)) found.push(`${id}.${name}.${field}`);
    }
  }
  return found;
}"""


MB = 1024 * 1024
FILES: list[tuple[FileKind, str, str]] = [
    ("image", "image/jpeg", "a.jpeg"),
    ("document", "application/pdf", "bill.pdf"),
    ("voice", "audio/ogg; codecs=opus", "note.ogg"),
]


@pytest.fixture
def place(sky: ChromiumWorld) -> Iterator[ChromiumWorld]:
    yield sky
    sky.calm()


def reached(world: ChromiumWorld, device_id: int) -> list[str]:
    async def look(page: Page) -> Any:
        return await page.run(REACH, None, 20)

    found: list[str] = world.gateway.examine(device_id, look, 20)
    return found


def test_a_page_without_anything_of_our_own_links_sends_and_hears(place: ChromiumWorld, tmp_path: Path) -> None:
    first = place.spec()
    place.driver.open(first)
    place.link_is(first.device_id, "qr")
    ours = [name for name in reached(place, first.device_id) if name.split(".")[-1] not in WORDS | LISTED]
    place.driver.close(first.device_id)
    plain = re.compile(r"[A-Za-z][\w-]*(\.[A-Za-z_$][\w$]*)+")
    limits = [member.name for member in members.MEMBERS if member.name.startswith("WA")]
    stripped = sorted({name for name in ours + limits if plain.fullmatch(name)})
    assert len(stripped) > 20
    place.weather(missing_exports=stripped)
    spec, phone = place.linked()
    person = place.new_phone()
    found = place.driver.resolve(spec.device_id, person)
    assert found.chat_id is not None
    assert (
        place.driver.hand_over(spec.device_id, found.chat_id, "3EB0C0FFEE0000000001", "hello").outcome == "acked"
    )
    place.receipt("3EB0C0FFEE0000000001", 3)
    place.write(spec.device_id, phone, person, "hello to you")
    heard = place.diary.wait(Inbound, lambda one: one.text == "hello to you")
    assert heard.phone == person
    for number, (kind, mime, name) in enumerate(FILES, 2):
        file, message_id = file_of(tmp_path, GOOD[name][0], kind, mime, name), f"3EB0C0FFEE000000000{number}"
        handed = place.driver.hand_over(spec.device_id, found.chat_id, message_id, "", file)
        arrived = place.arrived(message_id)
        assert (handed.outcome, place.copies(message_id)) == ("acked", 1), name
        assert arrived is not None and arrived.sha256 == hashlib.sha256(GOOD[name][0]).hexdigest(), name
        place.receipt(message_id, 3)


def test_all_needed_members_that_are_gone_are_named_in_one_line(place: ChromiumWorld) -> None:
    place.weather(missing_exports=["WAWebSendMsgChatAction.addAndSendMsgToChat", "WAWebWidFactory.createWid"])
    spec = place.spec()
    place.driver.open(spec)
    link = place.link_is(spec.device_id, "disconnected")
    assert link.detail == "engine_incompatible"
    assert link.detail_text is not None
    assert "\n" not in link.detail_text
    assert "addAndSendMsgToChat" in link.detail_text
    assert "createWid" in link.detail_text


@pytest.mark.parametrize(
    ("gone", "name"),
    [
        ("WAWebHandleChatSimpleReceipt.handleChatSimpleReceipt", "handleChatSimpleReceipt"),
        ("WAWebPrepRawMedia.prepRawMedia", "prepRawMedia"),
        ("WAWebChatGroupUtils.updateCanSend", "updateCanSend"),
        ("WAWebAltDeviceLinkingApi.genLinkDeviceCodeForPhoneNumber", "genLinkDeviceCodeForPhoneNumber"),
    ],
)
def test_what_sending_does_not_need_is_named_and_stops_nothing(
    place: ChromiumWorld, linked: tuple[SessionSpec, str], gone: str, name: str
) -> None:
    spec, message_id = linked[0], "3EB0" + secrets.token_hex(9).upper()
    place.weather(missing_exports=[gone])
    mark = place.diary.mark()
    place.restart(spec)
    place.synced(spec.device_id, mark)
    found = place.driver.resolve(spec.device_id, place.new_phone())
    assert found.chat_id is not None
    handed = place.driver.hand_over(spec.device_id, found.chat_id, message_id, "hello")
    assert handed.outcome == "acked"
    seen = place.gateway.checkup(spec.device_id)
    assert (seen.missing, seen.lacks) == ((), (name,))
    assert seen.takes == {"image": 64 * MB, "video": 64 * MB, "audio": 64 * MB, "document": 2_048 * MB}


def test_a_page_that_cannot_be_asked_for_a_message_is_no_good_after_three_times(place: ChromiumWorld) -> None:
    """wa-js 4.0.0 has everything, sends everything, and fails just there."""
    spec, _ = place.linked()
    place.synced(spec.device_id)

    async def spoil(page: Page) -> Any:
        spoilt = """() => { window.WPP.whatsapp.ChatStore.get = () => { throw new TypeError('no'); };
            window.WPP.whatsapp.MsgStore.getModelsArray = () => { throw new TypeError('of undefined'); }; }"""
        return await page.run(spoilt, None, 5)

    for _ in range(3):
        place.gateway.examine(spec.device_id, spoil, 5)
        with pytest.raises(SessionLost):
            place.driver.look_up(spec.device_id, "3EB0C0FFEE0000000003", ("8801711000009@c.us",), None)
    link = place.link_is(spec.device_id, "disconnected")
    assert link.detail == "engine_incompatible"
    assert "find" in (link.detail_text or "")
    place.driver.close(spec.device_id)
