"""Which alerts somebody wants, and by which roads: mail, unless they say otherwise; WhatsApp to their number."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from wabox import times
from wabox.alerts import kinds
from wabox.alerts.kinds import KINDS, Kind
from wabox.contacts import phones
from wabox.db import Rows, Tx
from wabox.errors import Invalid
from wabox.languages import later

_UNKNOWN = later("There is no such alert; see details for the ones there are.")


@dataclass(frozen=True, slots=True)
class Choice:
    """off: kinds that are not told. phone: digits of the number that WhatsApp alerts go to, None = none do.

    mail_id, message_id: what was last owed by each of both roads.
    """

    off: frozenset[Kind] = frozenset()
    mail: bool = True
    phone: str | None = None
    mail_id: int | None = None
    message_id: int | None = None

    def wants(self, kind: Kind) -> bool:
        """Whether this kind is told."""
        return kind not in self.off

    def told(self, role: str) -> list[Kind]:
        """The kinds that are told to somebody in this role."""
        return [kind for kind in kinds.of_role(role) if self.wants(kind)]


def of_user(rows: Rows, user_id: int) -> Choice:
    """What this user chose; at first all by mail."""
    row = rows.one(
        "select off, mail, phone, mail_id, message_id from alert_choices where user_id = :user_id", user_id=user_id
    )
    if row is None:
        return Choice()
    off = frozenset(kind for kind in KINDS if kind in json.loads(row["off"]))
    return Choice(off, bool(row["mail"]), row["phone"], row["mail_id"], row["message_id"])


def change(
    tx: Tx, user_id: int, given: Mapping[str, Any], *, role: str, country: str, now: datetime
) -> dict[str, Any]:
    """What is given is so. Returns what changed, for the record: {name: value}, the number masked.

    given: any of `kinds` (all that shall be told), `mail`, `whatsapp` (a number as people write it, None or "" =
    none). Raises Invalid `unknown_alert`, `bad_phone`, with details of these names.
    """
    was = of_user(tx, user_id)
    becomes = was
    if "kinds" in given:
        becomes = replace(becomes, off=_off(given["kinds"], role))
    if "mail" in given:
        becomes = replace(becomes, mail=bool(given["mail"]))
    if "whatsapp" in given:
        becomes = replace(becomes, phone=_phone(given["whatsapp"], country))
    if becomes == was:
        return {}
    _write(tx, user_id, becomes, now)
    told: dict[str, Any] = {}
    if becomes.off != was.off:
        told["kinds"] = becomes.told(role)
    if becomes.mail != was.mail:
        told["mail"] = becomes.mail
    if becomes.phone != was.phone:
        told["whatsapp"] = None if becomes.phone is None else f"{becomes.phone[:3]}…"
    return told


def went(tx: Tx, user_id: int, *, mail_id: int | None, message_id: int | None, now: datetime) -> None:
    """This was owed last; None leaves what was."""
    was = of_user(tx, user_id)
    becomes = replace(was, mail_id=mail_id or was.mail_id, message_id=message_id or was.message_id)
    if becomes != was:
        _write(tx, user_id, becomes, now)


def _write(tx: Tx, user_id: int, choice: Choice, now: datetime) -> None:
    tx.run(
        """insert into alert_choices (user_id, off, mail, phone, mail_id, message_id, updated_at)
           values (:user_id, :off, :mail, :phone, :mail_id, :message_id, :now)
           on conflict do update set off = :off, mail = :mail, phone = :phone, mail_id = :mail_id,
               message_id = :message_id, updated_at = :now""",
        user_id=user_id,
        off=json.dumps(sorted(choice.off)),
        mail=int(choice.mail),
        phone=choice.phone,
        mail_id=choice.mail_id,
        message_id=choice.message_id,
        now=times.stored(now),
    )


def _off(told: Collection[str], role: str) -> frozenset[Kind]:
    there = kinds.of_role(role)
    for at, kind in enumerate(told):
        if kind not in there:
            raise Invalid(
                "unknown_alert", _UNKNOWN, details={f"kinds[{at}]": "Use any of " + ", ".join(there) + "."}
            )
    return frozenset(kind for kind in there if kind not in told)


def _phone(typed: str | None, country: str) -> str | None:
    if typed is None or not typed.strip():
        return None
    try:
        return phones.parse(typed, country=country).digits
    except Invalid as refused:
        raise Invalid(refused.code, refused.sentence, details={"whatsapp": refused.sentence}) from None
