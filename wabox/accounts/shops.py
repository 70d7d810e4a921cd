"""What an account's shop is called, and who is meant on its invoices."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from wabox import times
from wabox.db import Rows, Tx
from wabox.errors import Invalid
from wabox.languages import later

LONGEST, LONGEST_PHONE = 60, 24
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")  # what steers machines or lines
_PHONE = re.compile(r"\+?\d[\d ()./-]*")  # in any digits
LONG = later("A name has at most 60 characters.")
NO_NUMBER = later("Write a number with 6 to 15 digits, like +880 1711-123456, or nothing.")


@dataclass(frozen=True, slots=True)
class Shop:
    """name: of the shop. person, phone: of the customer, as invoices to them carry it. None = not told."""

    name: str | None = None
    person: str | None = None
    phone: str | None = None


def of_user(rows: Rows, user_id: int) -> Shop:
    """What the account said of its shop."""
    row = rows.one("select name, person, phone from shops where user_id = :user_id", user_id=user_id)
    return Shop() if row is None else Shop(row["name"], row["person"], row["phone"])


def change(tx: Tx, user_id: int, given: Mapping[str, str | None], *, now: datetime) -> dict[str, Any]:
    """What is given is so; None or blank = not told. Returns what changed, for the record, the number masked.

    given: by the names of Shop. Raises Invalid `bad_shop` with details of these names.
    """
    before = of_user(tx, user_id)
    after = replace(before, **{name: _read(name, text or "") for name, text in given.items()})
    if after == before:
        return {}
    tx.run(
        """insert into shops (user_id, name, person, phone, updated_at)
           values (:user_id, :name, :person, :phone, :now)
           on conflict (user_id) do update set name = excluded.name, person = excluded.person,
               phone = excluded.phone, updated_at = excluded.updated_at""",
        user_id=user_id,
        name=after.name,
        person=after.person,
        phone=after.phone,
        now=times.stored(now),
    )
    was, becomes = asdict(before), asdict(after)
    changed = [name for name in was if was[name] != becomes[name]]
    return {name: [_told(name, one[name]) for one in (was, becomes)] for name in changed}


def buyer(rows: Rows, user_id: int) -> str:
    """How an invoice names this customer, a line each: the shop or person, the number, the e-mail address."""
    shop = of_user(rows, user_id)
    email = rows.value("select email from users where id = :id", id=user_id)
    return "\n".join(one for one in (shop.name, shop.person, shop.phone, email) if one)


def _read(name: str, text: str) -> str | None:
    said = " ".join(_UNFIT.sub(" ", text[: 16 * LONGEST]).split())
    if name == "phone":
        digits = sum(one.isdecimal() for one in said)
        if said and (len(said) > LONGEST_PHONE or not _PHONE.fullmatch(said) or not 6 <= digits <= 15):
            raise _wrong(name, NO_NUMBER)
    elif len(said) > LONGEST:
        raise _wrong(name, LONG)
    return said or None


def _told(name: str, text: str | None) -> str | None:
    return f"{text[:4]}…" if text and name == "phone" else text


def _wrong(name: str, sentence: str) -> Invalid:
    return Invalid("bad_shop", sentence, details={name: sentence})
