"""Plans: what customers can buy. The terms of a plan never change: a changed plan is a new one of its family.

A plan with days is a subscription; one without days is a pack of credits. An archived plan is not for
sale, and whoever is on it stays on it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime

from wabox import times
from wabox.db import Rows, Tx, reader
from wabox.errors import Invalid, NotFound

MOST_CREDITS = 1_000_000_000
MOST_DAYS = 3_660
MOST_MINOR = 100_000_000_000
MOST_CAP = 1_000_000
MOST_DEVICES = 50
LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Terms:
    """What a plan promises. price_minor: in the currency's smallest unit. days: None = a pack of credits.

    credits: None = unlimited while it lasts. daily_cap: messages a day over all devices, 0 = none.
    daily_megabytes: of new files a day, 0 = any number.
    """

    name: str
    price_minor: int
    currency: str
    days: int | None
    credits: int | None
    daily_cap: int = 0
    max_wa_accounts: int = 1
    trial: bool = False
    daily_megabytes: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan. family: the same for every version of it; buying the same family again is a renewal."""

    id: int
    family: int
    terms: Terms
    active: bool
    created_at: datetime

    @property
    def is_pack(self) -> bool:
        """Whether it is credits alone."""
        return self.terms.days is None


def for_sale(rows: Rows) -> list[Plan]:
    """What can be bought now, subscriptions first, then by price."""
    return [one for one in everything(rows) if one.active and not one.terms.trial]


def everything(rows: Rows) -> list[Plan]:
    """Every plan there ever was: those for sale first."""
    return [
        plan_of(row)
        for row in rows.all("select * from plans order by active desc, days is null, trial desc, price_minor, id")
    ]


def by_id(rows: Rows, plan_id: int) -> Plan:
    """The plan, for sale or not. Raises NotFound."""
    row = rows.one("select * from plans where id = :id", id=plan_id)
    if row is None:
        raise NotFound("not_found", "There is no such plan; choose another.")
    return plan_of(row)


def trial(rows: Rows) -> Plan | None:
    """The free trial, if one is offered."""
    row = rows.one("select * from plans where trial = 1 and active = 1 order by id desc limit 1")
    return None if row is None else plan_of(row)


def create(tx: Tx, terms: Terms, *, now: datetime, family: int | None = None) -> Plan:
    """The plan is for sale. Raises Invalid `bad_plan`, with what is wrong in details."""
    check(terms)
    if terms.trial:
        tx.run("update plans set active = 0 where trial = 1")
    values = {one.name: getattr(terms, one.name) for one in fields(Terms)}
    plan_id = tx.insert(
        """insert into plans (name, price_minor, currency, days, credits, daily_cap, max_wa_accounts, trial,
                              daily_megabytes, created_at)
           values (:name, :price_minor, :currency, :days, :credits, :daily_cap, :max_wa_accounts, :trial,
                   :daily_megabytes, :now)""",
        **{**values, "trial": int(terms.trial)},
        now=times.stored(now),
    )
    tx.run("update plans set family = :family where id = :id", family=family or plan_id, id=plan_id)
    return by_id(tx, plan_id)


def change(tx: Tx, plan_id: int, terms: Terms, *, now: datetime) -> Plan:
    """The plan is sold on these terms from now on; who bought it before keeps what was bought."""
    present = by_id(tx, plan_id)
    check(terms)
    if terms == present.terms:
        return present
    archive(tx, plan_id)
    return create(tx, terms, now=now, family=present.family)


def archive(tx: Tx, plan_id: int) -> bool:
    """The plan is not for sale any more. False: it was not."""
    by_id(tx, plan_id)
    return tx.run("update plans set active = 0 where id = :id and active = 1", id=plan_id) == 1


def restore(tx: Tx, plan_id: int) -> bool:
    """The plan is for sale again, instead of any other version of it. False: it was."""
    plan = by_id(tx, plan_id)
    if plan.active:
        return False
    tx.run(
        "update plans set active = 0 where family = :family or (trial = 1 and :trial)",
        family=plan.family,
        trial=int(plan.terms.trial),
    )
    return tx.run("update plans set active = 1 where id = :id", id=plan_id) == 1


def check(terms: Terms) -> None:
    """Raises Invalid `bad_plan` unless these terms can be kept."""
    wrong: dict[str, str] = {}
    if not 1 <= len(terms.name.strip()) <= LONGEST_NAME or not terms.name.isprintable():
        wrong["name"] = f"Give it a name of 1 to {LONGEST_NAME} characters."
    if not 0 <= terms.price_minor <= MOST_MINOR:
        wrong["price"] = "Give a price from 0 up."
    if terms.days is not None and not 1 <= terms.days <= MOST_DAYS:
        wrong["days"] = f"Give 1 to {MOST_DAYS:,} days, or none for a pack of credits."
    if terms.credits is not None and not 1 <= terms.credits <= MOST_CREDITS:
        wrong["credits"] = f"Give 1 to {MOST_CREDITS:,} credits, or none for unlimited."
    wrong |= _wrong_limits(terms)
    if wrong:
        raise Invalid("bad_plan", "Look at the marked fields.", details=wrong)


def _wrong_limits(terms: Terms) -> dict[str, str]:
    wrong: dict[str, str] = {}
    if terms.days is None and terms.credits is None:
        wrong["credits"] = "A plan without days is a pack of credits: say how many."
    if not 0 <= terms.daily_cap <= MOST_CAP:
        wrong["daily_cap"] = f"Give 0 (no limit) to {MOST_CAP:,} messages a day."
    if not 0 <= terms.daily_megabytes <= MOST_CAP:
        wrong["daily_megabytes"] = f"Give 0 (no limit) to {MOST_CAP:,} megabytes a day."
    if not 1 <= terms.max_wa_accounts <= MOST_DEVICES:
        wrong["max_wa_accounts"] = f"Give 1 to {MOST_DEVICES} phones."
    if terms.trial and (terms.days is None or terms.price_minor):
        wrong["trial"] = "A free trial has days and costs nothing."
    return wrong


_terms = reader(Terms)
# The plan in a row of the table, or of a join that has its columns.
plan_of = reader(Plan, terms=_terms)
