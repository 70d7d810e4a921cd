"""Runs a step's SQL, statement by statement, in the step's own transaction."""

from __future__ import annotations

from sqlite_utils import Database


def run(database: Database, schema: str) -> None:
    """Run each statement of a schema; a statement ends with a semicolon at the end of a line."""
    pending = ""
    for line in schema.splitlines():
        pending += line + "\n"
        if line.rstrip().endswith(";"):
            database.execute(pending)
            pending = ""
