"""What the owner of the box sees to: accounts, mails, rules, complaints, health; plans and payments."""

from __future__ import annotations

from wabox.dashboard.admin import (
    audit,
    backups,
    complaints,
    engine,
    filter,
    health,
    held,
    income,
    logo,
    mail,
    move,
    page,
    payments,
    plans,
    reach,
    reviews,
)

SECTIONS = (page, backups, move, mail, filter, reviews, complaints, audit, health, held, engine, reach)
SELLING = (plans, payments, income, logo)
