"""The twenty-fourth step: a stored text may carry a file."""

from __future__ import annotations

from sqlite_utils import Database

from wabox.migrations.script import run

SCHEMA = """
alter table texts add column media_id integer references media (id);
alter table texts add column media_kind text
    check (media_kind in ('image', 'video', 'audio', 'voice', 'document'));
create index texts_with_media on texts (media_id) where media_id is not null;
"""


def step(database: Database) -> None:
    """Take the step."""
    run(database, SCHEMA)
