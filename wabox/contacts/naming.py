"""By what name people are called where only their address is known, and who is called so."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from wabox.contacts import identities
from wabox.db import Rows

MOST_WORDS = 6  # of a search that are looked at


@dataclass(frozen=True, slots=True)
class Called:
    """Somebody with a number. phone: digits. name: as `names` tells it. opted_out: asked for no more messages.

    contact_id: None for who is no contact and wrote to us.
    """

    phone: str
    name: str
    opted_out: bool
    contact_id: int | None


def names(rows: Rows, user_id: int, addresses: Iterable[str]) -> dict[str, str]:
    """{address: name} of those that have one: as the owner calls them, else as they call themselves.

    addresses: digits or hidden ids. Somebody without a name may have a username, told with its @.
    """
    found = rows.all(
        """select a.value as address, coalesce(nullif(c.name, ''), nullif(p.name, ''), '@' || p.username) as name
           from (select distinct value from json_each(:addresses)) a
           left join contacts c on c.user_id = :user_id and c.phone = a.value
           left join people p on p.user_id = :user_id and p.phone = a.value and p.joined_to is null""",
        user_id=user_id,
        addresses=json.dumps([one for one in addresses if one]),
    )
    return {row["address"]: row["name"] for row in found if row["name"]}


def called(rows: Rows, user_id: int, text: str, *, most: int) -> list[Called]:
    """Who has all these words in their name, or these digits in their number; who is called just so comes first.

    Somebody whose number WhatsApp hides is not among them.
    """
    words = unicodedata.normalize("NFC", text).split()[:MOST_WORDS]
    digits = "" if any(one.isalpha() for one in text) else identities.digits_sought(text)
    if not words:
        return []
    lowered = [identities.sought(word) for word in words]
    in_contact, in_person = (
        " and ".join(f"instr(lower({name}), :word{place}) > 0" for place in range(len(words)))
        for name in ("c.name", "coalesce(p.name, p.username)")
    )
    found = rows.all(
        f"""select phone, name, contact_id, exists (select 1 from suppressions s
              where s.user_id = :user_id and s.phone_hash = phone_hash(phone)) as opted_out from (
            select phone, max(name) as name, max(contact_id) as contact_id
            from (select c.phone, coalesce(c.name, '') as name, c.id as contact_id from contacts c
                  where c.user_id = :user_id and ({in_contact} or (:digits <> '' and instr(c.phone, :digits) > 0))
                  union all
                  select p.phone, coalesce(nullif(p.name, ''), '@' || p.username, ''), null from people p
                  where p.user_id = :user_id and p.joined_to is null and p.phone not glob '*@*'
                    and ({in_person} or (:digits <> '' and instr(p.phone, :digits) > 0))
                    and not exists (select 1 from contacts c
                      where c.user_id = :user_id and c.phone = p.phone and c.name <> ''))
            group by phone
            order by lower(max(name)) = :whole desc, phone = :digits desc,
              instr(lower(max(name)), :whole) = 1 desc, max(contact_id) is null, max(name) = '',
              max(name) collate nocase, phone limit :most)""",  # noqa: S608 - this house's columns
        user_id=user_id,
        whole=" ".join(lowered),
        digits=digits,
        most=most,
        **{f"word{place}": word for place, word in enumerate(lowered)},
    )
    return [Called(row["phone"], row["name"], bool(row["opted_out"]), row["contact_id"]) for row in found]


def phones_of(rows: Rows, user_id: int, text: str, *, most: int) -> list[str]:
    """Addresses of people who are called so, in their own words or the owner's. text: a part of the name."""
    found = rows.all(
        f"""select p.phone from people p where :who <> '' and p.user_id = :user_id and p.joined_to is null
              and {identities.CALLED}
            union all select c.phone from contacts c where :who <> '' and c.user_id = :user_id
              and instr(lower(c.name), :who) > 0 limit :most""",  # noqa: S608 - a constant
        user_id=user_id,
        who=identities.sought(text),
        most=most,
    )
    return list(dict.fromkeys(row["phone"] for row in found))
