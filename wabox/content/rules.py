"""Knows the rules in force: the owner's words and patterns, and the house's own with what the owner made of them.

While other people use the box, `box` keeps a digest of the rules under `content_filter`; by it they are made
ready once, however often they are asked. Without that key no text is judged.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast

from wabox import times
from wabox.accounts import audit
from wabox.content import builtin, matcher
from wabox.content.matcher import Action, Matcher, Rule
from wabox.db import Rows, Tx, reader
from wabox.errors import Invalid, NotFound

MOST = 500
LONGEST_REASON = 200
Setting = Literal["refuse", "hold", "off"]
SETTINGS: tuple[Setting, ...] = ("refuse", "hold", "off")
NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Entry:
    """A rule of the owner's as the list shows it. made_by: an address."""

    id: int
    kind: Literal["word", "pattern"]
    text: str
    action: Action
    reason: str
    enabled: bool
    made_by: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Draft:
    """What a rule shall be."""

    kind: str
    text: str
    action: str
    reason: str


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changes the rules, from where."""

    user_id: int
    ip: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a text. rules: keys of those that say so. reason: a sentence for its sender."""

    action: Action
    rules: tuple[str, ...]
    reason: str


def verdict(rows: Rows, text: str, passed: Set[str] = NOBODY) -> Verdict | None:
    """What the rules in force say of a text as its reader would see it; None: nothing.

    passed: keys of rules that a person has let it pass; to refuse is stronger than that.
    """
    made = ready(rows)
    if made is None:
        return None
    met = made.judge(text)
    holding = tuple(rule for rule in met if rule.key not in passed)
    if met and met[0].action == "refuse":
        return Verdict("refuse", (met[0].key,), met[0].reason)
    return Verdict("hold", tuple(sorted(rule.key for rule in holding)), holding[0].reason) if holding else None


def ready(rows: Rows) -> Matcher | None:
    """The rules in force, made ready; None where no text is judged."""
    digest = rows.value("select value from box where key = 'content_filter'")
    if digest is None:
        return None
    return _KEPT.find(digest) or _KEPT.keep(digest, Matcher(_in_use(rows)))


def in_force(rows: Rows) -> bool:
    """Whether texts are judged at all."""
    return rows.value("select 1 from box where key = 'content_filter'") is not None


def switch(tx: Tx, *, enabled: bool) -> None:
    """The database knows whether texts are judged: asked at every start."""
    if enabled:
        _store(tx, _in_use(tx))
    else:
        tx.run("delete from box where key = 'content_filter'")


def listed(rows: Rows) -> list[Entry]:
    """The owner's rules, the newest first."""
    found = rows.all(
        """select r.*, u.email from filter_rules r join users u on u.id = r.user_id order by r.id desc"""
    )
    return [_entry(row) for row in found]


def settings(rows: Rows) -> dict[str, Setting]:
    """What the owner made of each of the house's rules."""
    chosen = {row["name"]: row["action"] for row in rows.all("select name, action from filter_builtins")}
    return {name: cast(Setting, chosen.get(name, "hold")) for name in builtin.NAMES}


def add(tx: Tx, draft: Draft, *, by: Actor, now: datetime) -> int:
    """The rule holds from now on; returns its id. Raises Invalid `bad_rule`, naming the field."""
    checked = _checked(draft)
    if tx.value("select count(*) from filter_rules") >= MOST:
        raise _bad("text", f"There are {MOST} rules, which is the most; delete one first.")
    _check_unique(tx, checked, 0)
    rule_id = tx.insert(
        """insert into filter_rules (user_id, kind, text, action, reason, made_at, changed_at)
           values (:user_id, :kind, :text, :action, :reason, :now, :now)""",
        user_id=by.user_id,
        kind=checked.kind,
        text=checked.text,
        action=checked.action,
        reason=checked.reason,
        now=times.stored(now),
    )
    _changed(tx, "filter.rule_added", rule_id, checked, by, now)
    return rule_id


def change(tx: Tx, rule_id: int, draft: Draft, *, by: Actor, now: datetime) -> None:
    """The rule is as the draft says. Raises NotFound, Invalid `bad_rule`."""
    checked = _checked(draft)
    _check_unique(tx, checked, rule_id)
    moved = tx.run(
        """update filter_rules set kind = :kind, text = :text, action = :action, reason = :reason,
           changed_at = :now where id = :id""",
        id=rule_id,
        kind=checked.kind,
        text=checked.text,
        action=checked.action,
        reason=checked.reason,
        now=times.stored(now),
    )
    if not moved:
        raise _unknown()
    _changed(tx, "filter.rule_changed", rule_id, checked, by, now)


def enable(tx: Tx, rule_id: int, *, enabled: bool, by: Actor, now: datetime) -> None:
    """The rule is on or off. Raises NotFound; Invalid `bad_rule` if all together cost too much."""
    moved = tx.run(
        "update filter_rules set enabled = :enabled, changed_at = :now where id = :id",
        id=rule_id,
        enabled=int(enabled),
        now=times.stored(now),
    )
    if not moved:
        raise _unknown()
    _changed(tx, "filter.rule_on" if enabled else "filter.rule_off", rule_id, _draft(tx, rule_id), by, now)


def delete(tx: Tx, rule_id: int, *, by: Actor, now: datetime) -> None:
    """The rule is gone. Raises NotFound."""
    draft = _draft(tx, rule_id)
    tx.run("delete from filter_rules where id = :id", id=rule_id)
    _changed(tx, "filter.rule_deleted", rule_id, draft, by, now)


def set_builtin(tx: Tx, name: str, setting: str, *, by: Actor, now: datetime) -> None:
    """One of the house's rules refuses, holds or is off. Raises NotFound, Invalid `bad_rule`."""
    if name not in builtin.NAMES:
        raise _unknown()
    if setting not in SETTINGS:
        raise _bad("action", "Choose refuse, hold or off.")
    tx.run(
        """insert into filter_builtins (name, user_id, action, changed_at) values (:name, :user_id, :action, :now)
           on conflict (name) do update set user_id = :user_id, action = :action, changed_at = :now""",
        name=name,
        user_id=by.user_id,
        action=setting,
        now=times.stored(now),
    )
    details = {"name": name, "action": setting}
    audit.note(
        tx, user_id=by.user_id, action="filter.builtin_set", subject=name, details=details, ip=by.ip, now=now
    )
    _renew(tx)


def known(rows: Rows, rule_id: int) -> Entry:
    """One of the owner's rules. Raises NotFound."""
    row = rows.one(
        "select r.*, u.email from filter_rules r join users u on u.id = r.user_id where r.id = :id", id=rule_id
    )
    if row is None:
        raise _unknown()
    return _entry(row)


def called(key: str) -> str:
    """A rule's key as people know the rule: its words, or the house's name for it."""
    return key.partition(":")[2]


def _in_use(rows: Rows) -> list[Rule]:
    own = rows.all("select kind, text, action, reason from filter_rules where enabled = 1 order by id")
    found = [
        Rule(f"{row['kind']}:{row['text']}", row["kind"], row["text"], row["action"], row["reason"]) for row in own
    ]
    chosen = settings(rows)
    for one in builtin.BUILTINS:
        setting = chosen[one.name]
        if setting != "off":
            found.append(Rule(f"builtin:{one.name}", "builtin", one.name, setting, one.sentence))
    return found


def _renew(tx: Tx) -> None:
    """Texts that are judged are judged by the rules of now. Raises Invalid `bad_rule`, and nothing has changed."""
    found = _in_use(tx)
    matcher.check_all(found)
    if in_force(tx):
        _store(tx, found)


def _store(tx: Tx, found: list[Rule]) -> None:
    tx.run(
        """insert into box (key, value) values ('content_filter', :digest)
           on conflict (key) do update set value = :digest""",
        digest=hashlib.sha256(repr(found).encode("utf-8", "surrogatepass")).hexdigest(),
    )


def _changed(tx: Tx, action: str, rule_id: int, draft: Draft, by: Actor, now: datetime) -> None:
    _renew(tx)
    details = {"name": draft.text, "kind": draft.kind, "action": draft.action, "reason": draft.reason}
    audit.note(
        tx, user_id=by.user_id, action=action, subject=f"rule {rule_id}", details=details, ip=by.ip, now=now
    )


def _checked(draft: Draft) -> Draft:
    text, reason = " ".join(draft.text.split(" ")).strip(), " ".join(draft.reason.split())
    if draft.kind not in ("word", "pattern"):
        raise _bad("kind", "Choose word or pattern.")
    if draft.action not in ("refuse", "hold"):
        raise _bad("action", "Choose refuse or hold.")
    matcher.check(draft.kind, text)
    if not reason or len(reason) > LONGEST_REASON or not reason.isprintable():
        raise _bad("reason", f"Say why, in up to {LONGEST_REASON} characters; the sender reads it.")
    return Draft(draft.kind, text, draft.action, reason)


def _check_unique(rows: Rows, draft: Draft, rule_id: int) -> None:
    found = rows.value(
        "select 1 from filter_rules where kind = :kind and text = :text and id <> :id",
        kind=draft.kind,
        text=draft.text,
        id=rule_id,
    )
    if found is not None:
        raise _bad("text", "There is such a rule already; change that one.")


def _draft(rows: Rows, rule_id: int) -> Draft:
    entry = known(rows, rule_id)
    return Draft(entry.kind, entry.text, entry.action, entry.reason)


_entry = reader(Entry, made_by="email")


def _bad(field: str, sentence: str) -> Invalid:
    return Invalid("bad_rule", sentence, details={field: sentence})


def _unknown() -> NotFound:
    return NotFound("not_found", "There is no such rule any more; load the page again.")


class _Kept:
    """The matchers made lately, by digest. One process may have several boxes, as tests do."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._made: OrderedDict[str, Matcher] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, digest: str) -> Matcher | None:
        with self._lock:
            return self._made.get(digest)

    def keep(self, digest: str, made: Matcher) -> Matcher:
        with self._lock:
            self._made[digest] = made
            while len(self._made) > self._most:
                self._made.popitem(last=False)
        return made


_KEPT = _Kept(8)
