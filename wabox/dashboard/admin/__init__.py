"""What the owner of the box sees to: accounts, mails, rules, complaints, health; plans and payments."""

from __future__ import annotations

from wabox.dashboard.admin import audit, complaints, filter, health, mail, page, payments, plans, reviews

SECTIONS = (page, mail, filter, reviews, complaints, audit, health)
SELLING = (plans, payments)
