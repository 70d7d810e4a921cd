"""One transaction of a command, while another process has the file open: SQLite makes each wait for the other."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from wabox import db
from wabox.db.rows import Tx

P = ParamSpec("P")
T = TypeVar("T")


def write(path: Path, verb: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What the verb returned, once durable. Only for verbs that count nothing up. Raises sqlite3.Error.

    Whoever runs hears of it at its next look at the rows, within a second.
    """
    with contextlib.closing(db.connect(path)) as connection:
        connection.execute("begin immediate")
        try:
            result = verb(Tx(connection), *args, **kwargs)
        except BaseException:
            connection.execute("rollback")
            raise
        connection.execute("commit")
        return result
