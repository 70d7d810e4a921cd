"""Steps 1, 4, 5 and 6: the page, its dialogs, its limits, its answers on numbers."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping

from wabox.fieldtest.field import Field
from wabox.fieldtest.probes import script
from wabox.fieldtest.report import version
from wabox.whatsapp import members, wajs
from wabox.whatsapp.driver import TOO_MANY, Resolved

_FETCHES = (
    ("WAWebGetReachoutTimelockJob", "fetchReachoutTimelock"),
    ("WAWebGetNewChatMessageCappingInfoJob", "fetchOrUpdateCapStatus"),
)
_ANSWERS = 5
_HOST = re.compile(r"[a-z][a-z0-9.-]*\.(whatsapp\.(com|net))|127\.0\.0\.1:\d+|localhost:\d+")


def page(field: Field) -> None:
    """1: the page opens, its modules come, and nothing that wabox needs is missing."""
    began, counts = time.monotonic(), {}
    mark = field.open()
    for seconds in field.tempo.samples:
        field.journal.rest(max(began + seconds - time.monotonic(), 0))
        counts[f"at {seconds:g} s"] = (field.ask(script("page")) or {}).get("modules")
    link = field.shows(
        lambda one: one.state in ("qr", "ready", "disconnected"), since=mark, seconds=field.tempo.ready
    )
    look = field.ask(script("page")) or {}
    field.report.about["page"] = version(look.get("page"))
    field.report.about["wajs"] = version(look.get("wajs") or wajs.VERSION)
    missing = field.ask(members.LOOK, members.questions()) or {}
    needed = [one.name for one in members.MEMBERS if one.needed and missing.get(one.name) is False]
    field.check(
        "gate",
        link is not None and link.detail is None,
        1,
        state=link.state if link else None,
        detail=link.detail if link else None,
        seconds=time.monotonic() - began,
        modules=counts,
    )
    field.check(
        "members",
        not needed if missing else None,
        1,
        missing=needed,
        without=[one.name for one in members.MEMBERS if not one.needed and missing.get(one.name) is False],
    )
    hosts = look.get("hosts") or ()
    strange = [host for host in hosts if not _HOST.fullmatch(host)]
    field.check("hosts", not strange if hosts else None, 20, strange=len(strange))
    field.check(
        "browser",
        not look.get("headless") if look else None,
        19,
        **{name: look.get(name) for name in ("headless", "webdriver", "languages", "csp", "workers")},
    )


def dialogs(field: Field) -> None:
    """4: what stands in the way of the page, and that it does not stand in wabox's."""
    field.shows(lambda one: one.detail is not None, since=field.journal.mark(), seconds=field.tempo.boxes)
    boxes = field.ask(script("dialogs"))
    shown = [{**box, "text": field.report.tag(box["text"])} for box in boxes or ()]
    good = field.link.state == "ready" and field.link.detail is None
    field.check("no false alarm", good if boxes is not None else None, 21, dialogs=shown, detail=field.link.detail)


def limits(field: Field) -> None:
    """5: WhatsApp's limits can be read where wabox reads them."""
    keys = _keys(field, fetch=True)
    told = field.link.limits
    read = told is not None and keys.get("timelock") is not None
    field.check(
        "keys",
        None if not keys or (read and not any(keys.values())) else read,  # empty ones might be any keys
        26,
        **keys,
        told=told is not None,
        locked=bool(told and told.timelock),
        capped=bool(told and told.capped),
    )
    before = field.resolve(field.people.phones.b)
    field.kept["chat"] = before.chat_id
    done = field.people.do("b_writes", "hello")
    field.journal.rest(min(field.tempo.settle, 5))
    after = field.resolve(field.people.phones.b)
    good = after.warm is not False if done == "done" and after.warm is not None else None
    field.check("warm by writing", good, 27, before=before.warm, after=after.warm)


def numbers(field: Field) -> None:
    """6: who is on WhatsApp and who is not; asking makes no noise."""
    before = _keys(field)
    a, b, nobody = field.people.phones.a, field.people.phones.b, field.people.phones.nobody
    answers = {"b": field.resolve(b), "a": field.resolve(a), "nobody": field.resolve(nobody)}
    said = {name: found.answer for name, found in answers.items()}
    unknown = "unknown" in said.values()
    field.check("yes and no", _right(said, unknown=unknown), 7, **said)
    answered = said["b"] != "unknown"
    again: list[Resolved] = [field.resolve(b) for _ in range(_ANSWERS)]
    field.check(
        "the same five times",
        answered and all(one.answer == said["b"] for one in again),  # B is there: no answer is none
        7,
        too_many=sum(one.reason == TOO_MANY for one in again),
    )
    after = _keys(field)
    quiet = before == after if answered and before.get("timelock") is not None else None
    field.check("quiet", quiet, 8)
    field.kept["chat"] = answers["b"].chat_id or field.kept.get("chat")
    by = (answers["b"].chat_id or "").partition("@")[2]
    field.check("chat", by in ("c.us", "lid") if by else None, 9, by="lid" if by == "lid" else "phone")


def _right(said: Mapping[str, str], *, unknown: bool) -> bool | None:
    wanted = {"b": "yes", "a": "yes", "nobody": "no"}
    wrong = any(said[name] not in (answer, "unknown") for name, answer in wanted.items())
    return False if wrong else None if unknown else True


def _keys(field: Field, *, fetch: bool = False) -> dict[str, object]:
    found = field.ask(script("limits"), {"fetch": _FETCHES if fetch else None})
    return found if isinstance(found, dict) else {}
