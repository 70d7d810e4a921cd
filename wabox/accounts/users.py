"""Knows who may enter: the people of the box, their state, and what they accepted."""

from __future__ import annotations

import re
import zoneinfo
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from wabox import languages, times
from wabox.db import Rows, Tx, reader
from wabox.errors import Invalid

Role = Literal["owner", "user"]
State = Literal["pending", "active", "suspended", "locked"]

COLUMNS = """users.id, users.email, users.role, users.state, users.language, users.timezone,
    users.disclaimer_version, users.disclaimer_at, users.created_at, users.closed_at"""


DISCLAIMER_VERSION = "2025-11"
DISCLAIMER = """\
wabox drives WhatsApp Web, as a person at a keyboard would. WhatsApp does not allow this: its terms
forbid bulk and automated messages from ordinary and Business-app accounts.

- WhatsApp may restrict or ban your number at any time, without warning and for good. No setting of
  wabox prevents that, and wabox promises nothing of the kind. Use a number you can afford to lose.
- The pauses, caps and quiet hours are there to be decent to the people you write to. They do not make
  sending safe.
- Write only to people who agreed to hear from you on WhatsApp, and stop when they ask you to. The laws
  on advertising, privacy and consent in your country and theirs are yours to keep.
- For large volumes, or where your shop depends on it, use the official WhatsApp Business Platform.
- wabox is not made, approved or supported by WhatsApp or Meta.

By accepting you say that you have understood this and that you alone answer for what is sent."""

_EMAIL = re.compile(r"[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W_]{2,63}")


@dataclass(frozen=True, slots=True)
class User:
    """One person of the box. role `owner` = the box is theirs; closed_at: deleted then; times are aware UTC."""

    id: int
    email: str
    role: Role
    state: State
    language: str | None
    timezone: str | None
    disclaimer_version: str | None
    disclaimer_at: datetime | None
    created_at: datetime
    closed_at: datetime | None = None

    @property
    def accepted_disclaimer(self) -> bool:
        """Whether the present wording of the disclaimer was accepted."""
        return self.disclaimer_version == DISCLAIMER_VERSION


# The user in a row that has COLUMNS, whatever else it has.
user_of = reader(User)


def email_of(text: str) -> str:
    """The address as wabox keeps it: trimmed, lower case. Raises Invalid `bad_email`."""
    email = text.strip().lower()
    # "=?": a mail's header would be read as another address than the one that is kept
    if len(email) > 254 or "=?" in email or not email.isprintable() or not _EMAIL.fullmatch(email):
        sentence = "Give an e-mail address like asha@example.com."
        raise Invalid("bad_email", sentence, details={"email": sentence})
    return email


def create(tx: Tx, *, email: str, password_hash: str, role: Role = "user", now: datetime) -> User:
    """The user exists, active. Raises Invalid `bad_email`, `email_taken`, `owner_exists`.

    password_hash: from passwords.hashed. The caller makes the user's primary device.
    """
    email = email_of(email)
    if role == "owner" and owner_exists(tx):
        raise Invalid("owner_exists", "This box has an owner already; log in instead.")
    if by_email(tx, email) is not None:
        sentence = "There is an account with this e-mail address already; log in, or use another address."
        raise Invalid("email_taken", sentence, details={"email": sentence})
    user_id = tx.insert(
        """insert into users (email, password_hash, role, created_at)
           values (:email, :password_hash, :role, :now)""",
        email=email,
        password_hash=password_hash,
        role=role,
        now=times.stored(now),
    )
    made = by_id(tx, user_id)
    assert made is not None
    return made


def by_id(rows: Rows, user_id: int) -> User | None:
    """The user with this id."""
    row = rows.one(f"select {COLUMNS} from users where id = :user_id", user_id=user_id)  # noqa: S608
    return None if row is None else user_of(row)


def by_email(rows: Rows, email: str) -> User | None:
    """The user with this address, however it is spelled; None also for what is no address."""
    try:
        email = email_of(email)
    except Invalid:
        return None
    row = rows.one(f"select {COLUMNS} from users where email = :email", email=email)  # noqa: S608
    return None if row is None else user_of(row)


def everyone(rows: Rows) -> list[User]:
    """All users, oldest first."""
    return [user_of(row) for row in rows.all(f"select {COLUMNS} from users order by id")]  # noqa: S608


def owner_exists(rows: Rows) -> bool:
    """Whether the box has been set up."""
    return rows.one("select 1 from users where role = 'owner' limit 1") is not None


def owner(rows: Rows) -> User | None:
    """The one whose box it is; None before set-up."""
    row = rows.one(f"select {COLUMNS} from users where role = 'owner' order by id limit 1")  # noqa: S608
    return None if row is None else user_of(row)


def whom_to_write(rows: Rows) -> str:
    """The address of whoever runs this box; "" before set-up."""
    found = owner(rows)
    return found.email if found is not None else ""


def password_hash_of(rows: Rows, user_id: int) -> str | None:
    """What passwords.verify wants. None: no such user."""
    found: str | None = rows.value("select password_hash from users where id = :user_id", user_id=user_id)
    return found


def set_password(tx: Tx, user_id: int, password_hash: str) -> bool:
    """The password is this one. The caller also ends the user's sessions. False: no such user."""
    return (
        tx.run(
            "update users set password_hash = :password_hash where id = :user_id",
            password_hash=password_hash,
            user_id=user_id,
        )
        == 1
    )


def rehash(tx: Tx, user_id: int, *, was: str, becomes: str) -> bool:
    """The same password under newer parameters; a password changed meanwhile stays."""
    return (
        tx.run(
            "update users set password_hash = :becomes where id = :user_id and password_hash = :was",
            becomes=becomes,
            was=was,
            user_id=user_id,
        )
        == 1
    )


def accept_disclaimer(
    tx: Tx, user_id: int, *, version: str = DISCLAIMER_VERSION, ip: str | None, now: datetime
) -> bool:
    """The user has accepted this version, with time and address kept; accepting again changes nothing.

    Returns whether this call is the one that accepted. Raises Invalid `disclaimer_changed` when version
    is not the present one.
    """
    if version != DISCLAIMER_VERSION:
        raise Invalid("disclaimer_changed", "The text has changed since; read it again, then accept.")
    return (
        tx.run(
            """update users set disclaimer_version = :version, disclaimer_at = :now, disclaimer_ip = :ip
               where id = :user_id and disclaimer_version is not :version""",
            version=version,
            now=times.stored(now),
            ip=ip,
            user_id=user_id,
        )
        == 1
    )


def set_language(tx: Tx, user_id: int, language: str | None) -> bool:
    """The dashboard speaks this language to the user; None = the box's. Raises Invalid `bad_language`."""
    if language is not None and language not in languages.ALL:
        sentence = f"Choose one of {', '.join(languages.ALL)}."
        raise Invalid("bad_language", sentence, details={"language": sentence})
    return (
        tx.run("update users set language = :language where id = :user_id", language=language, user_id=user_id)
        == 1
    )


_FIRST_STEPS = "first_steps_closed:{}"


def first_steps_closed(rows: Rows, user_id: int) -> bool:
    """Whether the user has closed the list of first steps."""
    return rows.value("select 1 from box where key = :key", key=_FIRST_STEPS.format(user_id)) is not None


def close_first_steps(tx: Tx, user_id: int, now: datetime) -> None:
    """The list of first steps is not shown to the user any more."""
    tx.run(
        "insert into box (key, value) values (:key, :now) on conflict (key) do nothing",
        key=_FIRST_STEPS.format(user_id),
        now=times.stored(now),
    )


def forget_first_steps(tx: Tx, user_id: int) -> None:
    """Nothing is known of the user's list of first steps any more."""
    tx.run("delete from box where key = :key", key=_FIRST_STEPS.format(user_id))


def check_timezone(name: str | None) -> None:
    """Raises Invalid `bad_timezone` for a name that is no zone's."""
    if name is not None and name not in zoneinfo.available_timezones():
        sentence = "Choose a time zone like Asia/Dhaka."
        raise Invalid("bad_timezone", sentence, details={"timezone": sentence})


def set_timezone(tx: Tx, user_id: int, timezone: str | None) -> bool:
    """The user's days, quiet hours and times are this zone's; None = the shop's. Raises Invalid `bad_timezone`."""
    check_timezone(timezone)
    return (
        tx.run("update users set timezone = :timezone where id = :user_id", timezone=timezone, user_id=user_id)
        == 1
    )
