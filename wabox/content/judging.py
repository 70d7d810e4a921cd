"""What the rules in force say of a text, and of a message whom a person may have let pass.

While other people use the box, `box` keeps a digest of the rules under `content_filter`; by it they are made
ready once, however often they are asked. Without that key no text is judged.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Set
from dataclasses import dataclass
from typing import Literal, Protocol, cast

from wabox.content import builtin
from wabox.content.matcher import Action, Matcher, Rule
from wabox.db import Rows, Tx
from wabox.media import stored as media

Setting = Literal["refuse", "hold", "off"]
NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a text. rules: keys of those that say so. reason: a sentence for its sender."""

    action: Action
    rules: tuple[str, ...]
    reason: str


class Text(Protocol):
    """What is judged: a message. campaign_id: None for a single one. system: wabox's own words."""

    @property
    def id(self) -> int: ...
    @property
    def campaign_id(self) -> int | None: ...
    @property
    def words(self) -> str: ...
    @property
    def media_id(self) -> int | None: ...
    @property
    def media_name(self) -> str | None: ...
    @property
    def system(self) -> bool: ...


def judged(rows: Rows, message: Text) -> Verdict | None:
    """What the rules in force say of it; what a person let go is held no more, but may be refused."""
    if message.system or not in_force(rows):
        return None
    words = media.words(rows, message.words, message.media_id, message.media_name)
    found = verdict(rows, words, passed(rows, message.campaign_id))
    if found is not None and found.action == "hold" and has_passed(rows, message.id):
        return None
    return found


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
    return _KEPT.find(digest) or _KEPT.keep(digest, Matcher(in_use(rows)))


def in_force(rows: Rows) -> bool:
    """Whether texts are judged at all."""
    return rows.value("select 1 from box where key = 'content_filter'") is not None


def passed(rows: Rows, campaign_id: int | None) -> frozenset[str]:
    """Keys of the rules that a person let this campaign pass."""
    if campaign_id is None:
        return NOBODY
    found = rows.all("select rule from content_passes where campaign_id = :id", id=campaign_id)
    return frozenset(row["rule"] for row in found)


def has_passed(rows: Rows, message_id: int) -> bool:
    """Whether a person read this message and let it go."""
    found = rows.value("select 1 from reviews where message_id = :id and decision = 'yes' limit 1", id=message_id)
    return found is not None


def settings(rows: Rows) -> dict[str, Setting]:
    """What the owner made of each of the house's rules."""
    chosen = {row["name"]: row["action"] for row in rows.all("select name, action from filter_builtins")}
    return {name: cast(Setting, chosen.get(name, "hold")) for name in builtin.NAMES}


def in_use(rows: Rows) -> list[Rule]:
    """Every rule that is not off, whether or not texts are judged: the owner's, then the house's own."""
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


def put_in_force(tx: Tx, found: list[Rule]) -> None:
    """Texts are judged by these from now on."""
    tx.run(
        """insert into box (key, value) values ('content_filter', :digest)
           on conflict (key) do update set value = :digest""",
        digest=hashlib.sha256(repr(found).encode("utf-8", "surrogatepass")).hexdigest(),
    )


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
