"""The eighteenth step: how long a QR code lives, and how long a passkey step lasts and what is compared in it."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
alter table devices add column qr_until text;
alter table devices add column detail_until text;
alter table devices add column compare_code text;
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
