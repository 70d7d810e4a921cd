"""Who a person is: a number, the hidden ids (LIDs) that WhatsApp gives instead, a username.

Everything about a person stands under one address: the digits of the phone, or, while WhatsApp hides the number,
the LID chat id (`…@lid`). When the number becomes known, `messages.addressees` moves all of it to the number.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from wabox import times
from wabox.db import Row, Rows, Tx
from wabox.errors import NotFound

LONGEST_NAME = 200
_LID = "@lid"
# SQL: whether the people p are called so; :who as `sought` makes it of what somebody typed
CALLED = "(instr(lower(p.name), :who) > 0 or instr(lower(p.username), :who) > 0)"
_COLUMNS = "select p.id, p.phone, p.name, p.username from people p"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody wabox has heard of. address: digits, or `…@lid`. name: as they call themselves."""

    id: int
    address: str
    name: str | None
    username: str | None

    @property
    def phone(self) -> str | None:
        """Digits; None while WhatsApp hides the number."""
        return number(self.address)


def is_hidden(address: str) -> bool:
    """Whether this is the address of somebody whose number is not known."""
    return "@" in address


def number(address: str) -> str | None:
    """The digits of an address; None if it has none. An erased person's stays empty."""
    return None if is_hidden(address) else address


def is_lid(chat_id: str) -> bool:
    """Whether this chat id hides a number."""
    return chat_id.endswith(_LID)


def lid_chat(lid: str) -> str:
    """The chat id of a LID. lid: digits."""
    return f"{lid}{_LID}"


def find(rows: Rows, user_id: int, address: str) -> Person | None:
    """The person at this address, if wabox has heard of them."""
    row = rows.one(
        f"{_COLUMNS} where p.user_id = :user_id and p.phone = :address and p.joined_to is null",
        user_id=user_id,
        address=address,
    )
    return None if row is None else _person(row)


def by_id(rows: Rows, user_id: int, person_id: int) -> Person:
    """The user's person; one that was joined to another is that other. Raises NotFound, somebody else's too."""
    row = rows.one(
        f"""{_COLUMNS} where p.user_id = :user_id and p.joined_to is null and p.id =
            (select coalesce(joined_to, id) from people where id = :id and user_id = :user_id)""",  # noqa: S608
        user_id=user_id,
        id=person_id,
    )
    if row is None:
        raise NotFound("not_found", "There is no such person; webhooks of message.received tell person_id.")
    return _person(row)


def holder(rows: Rows, user_id: int, wa_id: str) -> Person | None:
    """Whose hidden id this is."""
    row = rows.one(
        f"""{_COLUMNS} join person_ids i on i.person_id = p.id
            where i.user_id = :user_id and i.wa_id = :wa_id""",
        user_id=user_id,
        wa_id=wa_id,
    )
    return None if row is None else _person(row)


def every(rows: Rows, user_id: int, address: str) -> tuple[str, ...]:
    """All ids of the person at this address, the address first."""
    found = rows.all(
        """select i.wa_id from person_ids i join people p on p.id = i.person_id
           where p.user_id = :user_id and p.phone = :address and p.joined_to is null""",
        user_id=user_id,
        address=address,
    )
    return tuple(dict.fromkeys((address, *(row["wa_id"] for row in found))))


def ensure(tx: Tx, user_id: int, address: str, *, now: datetime) -> int:
    """The person at this address is known; their id."""
    known = find(tx, user_id, address)
    if known is not None:
        return known.id
    person_id = tx.insert(
        "insert into people (user_id, phone, created_at) values (:user_id, :address, :now)",
        user_id=user_id,
        address=address,
        now=times.stored(now),
    )
    if is_lid(address):
        take_id(tx, user_id, address, person_id)
    return person_id


def take_id(tx: Tx, user_id: int, wa_id: str, person_id: int) -> None:
    """This hidden id is this person's, whosever it was."""
    tx.run(
        """insert into person_ids (user_id, wa_id, person_id) values (:user_id, :wa_id, :person_id)
           on conflict do update set person_id = :person_id""",
        user_id=user_id,
        wa_id=wa_id,
        person_id=person_id,
    )


def call(tx: Tx, person_id: int, *, name: str | None, username: str | None) -> None:
    """What they call themselves; None says nothing."""
    tx.run(
        """update people set name = coalesce(:name, name), username = coalesce(:username, username)
           where id = :id and (:name is not null or :username is not null)""",
        id=person_id,
        name=None if name is None else name[:LONGEST_NAME],
        username=username,
    )


def merge(tx: Tx, person_id: int, into: int) -> None:
    """The first person was the second all the time; the id of either finds them."""
    tx.run("update person_ids set person_id = :into where person_id = :id", id=person_id, into=into)
    tx.run("update people set joined_to = :into where id = :id or joined_to = :id", id=person_id, into=into)
    tx.run(
        """update people set name = coalesce(name, (select name from people where id = :id)),
           username = coalesce(username, (select username from people where id = :id)) where id = :into""",
        id=person_id,
        into=into,
    )


def forget(tx: Tx, user_id: int, address: str) -> None:
    """No id and no name of the person at this address is left."""
    person = find(tx, user_id, address)
    if person is None:
        return
    tx.run("delete from person_ids where person_id = :id", id=person.id)
    tx.run("delete from people where id = :id or joined_to = :id", id=person.id)


def hidden(rows: Rows, user_id: int, text: str = "", *, most: int = 20) -> list[Person]:
    """People whose number is not known, the latest first. text: in their name or username."""
    found = rows.all(
        f"""{_COLUMNS} where p.user_id = :user_id and p.joined_to is null and p.phone glob '*@*'
            and (:who = '' or {CALLED})
            order by p.id desc limit :most""",
        user_id=user_id,
        who=sought(text),
        most=most,
    )
    return [_person(row) for row in found]


def sought(text: str) -> str:
    """A name or username as somebody typed it, for CALLED."""
    return text.strip().removeprefix("@").lower()


def digits_sought(text: str) -> str:
    """The ASCII digits in what somebody typed, as a number holds them: without the 0 that is dialled at home."""
    return "".join(str(int(one)) for one in text if one.isdecimal()).lstrip("0")


def _person(row: Row) -> Person:
    return Person(row["id"], row["phone"], row["name"], row["username"])
