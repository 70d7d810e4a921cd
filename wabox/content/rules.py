"""The owner's rules, words and patterns, and what the owner made of the house's own; `judging` asks them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from wabox import times
from wabox.accounts import audit
from wabox.content import builtin, judging, matcher
from wabox.content.judging import Setting
from wabox.content.matcher import Action
from wabox.db import Rows, Tx, reader
from wabox.errors import Invalid, NotFound

MOST = 500
LONGEST_REASON = 200
SETTINGS: tuple[Setting, ...] = ("refuse", "hold", "off")


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


def switch(tx: Tx, *, enabled: bool) -> None:
    """The database knows whether texts are judged: asked at every start."""
    if enabled:
        judging.put_in_force(tx, judging.in_use(tx))
    else:
        tx.run("delete from box where key = 'content_filter'")


def listed(rows: Rows) -> list[Entry]:
    """The owner's rules, the newest first."""
    found = rows.all(
        """select r.*, u.email from filter_rules r join users u on u.id = r.user_id order by r.id desc"""
    )
    return [_entry(row) for row in found]


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


def _renew(tx: Tx) -> None:
    """Texts that are judged are judged by the rules of now. Raises Invalid `bad_rule`, and nothing has changed."""
    found = judging.in_use(tx)
    matcher.check_all(found)
    if judging.in_force(tx):
        judging.put_in_force(tx, found)


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
