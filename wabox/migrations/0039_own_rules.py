"""A phone may have rules of its own; the box's own stand in `box`."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = "alter table devices add column rules text;"


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
