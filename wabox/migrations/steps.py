"""The steps with what they do, as sqlite-utils takes and records them."""

from __future__ import annotations

import sqlite3
from importlib import import_module

import sqlite_utils
from sqlite_utils.migrations import Migrations

from wabox.migrations import NAMES

STEPS = Migrations("wabox")
for _name in NAMES:
    STEPS(name=_name)(import_module(f"wabox.migrations.{_name}").step)


def take(connection: sqlite3.Connection) -> None:
    """Every step that this file lacks is taken and recorded, each in a transaction."""
    STEPS.apply(sqlite_utils.Database(connection))
