"""A box of before people had ids: everybody known becomes a person, in time, and whole under a kill."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlite_utils

from wabox import datadir, db, migrations, open_box
from wabox.checkup import promises
from wabox.datadir import DataDir
from wabox.migrations.steps import STEPS

OLD, NEW = "2026-02-01T06:00:00.000000+00:00", "2026-03-01T06:00:00.000000+00:00"
USERS, CHANGED = (1, 2, 3), "555000000000001@lid"  # a hidden id that two numbers had, one after the other


def phone(n: int) -> str:
    return f"88017{n:08d}"


def lid(n: int) -> str:
    return f"{10**14 + n}@lid"


def rows_of(n: int) -> Iterator[tuple[str, tuple[object, ...]]]:
    """What the old box knows of person n: one in four by a number check alone, one by a message, one wrote."""
    user = n % 3 + 1
    device = 2 * user - n // 3 % 2
    where = lid(n) if n % 4 != 3 else f"{phone(n)}@c.us"
    others = json.dumps([f"{phone(n)}@c.us"] if n % 2 else [f"{phone(n)}@c.us", lid(n + 10**6)])
    yield (
        "insert into contacts (user_id, phone, created_at, updated_at) values (?, ?, ?, ?)",
        (user, phone(n), OLD, OLD),
    )
    yield (
        "insert into chats (device_id, user_id, phone, first_at, last_out_at) values (?, ?, ?, ?, ?)",
        (device, user, phone(n), OLD, NEW),
    )
    if n % 4 == 0:
        yield (
            """insert into numbers (device_id, user_id, phone, answer, chat_id, other_chat_ids, link_epoch,
               checked_at) values (?, ?, ?, 'yes', ?, ?, 1, ?)""",
            (device, user, phone(n), where, others, NEW),
        )
    yield (
        """insert into messages (user_id, device_id, phone, text, status, spent_at, sent_at, queued_at, wa_chat_id,
           wa_chat_ids, wa_message_id) values (?, ?, ?, 'Hello', 'sent', ?, ?, ?, ?, ?, ?)""",
        (user, device, phone(n), NEW, NEW, NEW, where, others, f"3EB0{n:018X}"),
    )
    if n % 4 == 2:
        for at, said in ((OLD, "a"), (NEW, "b")):
            yield (
                """insert into inbox (user_id, device_id, wa_message_id, phone, text, kind, at)
                   values (?, ?, ?, ?, 'hi', 'chat', ?)""",
                (user, device, f"3A{n}{said}", phone(n), at),
            )


ODD = (  # erased, suppressed, a number that changed, and a hidden id that another user knows, too
    """insert into messages (user_id, device_id, phone, text, status, sent_at, queued_at, wa_chat_id)
       values (1, 1, '', '', 'sent', '{NEW}', '{NEW}', '999@lid')""",
    "insert into suppressions (user_id, phone_hash, source, at) values (1, 'hash of somebody', 'word', '{OLD}')",
    """insert into numbers (device_id, user_id, phone, answer, chat_id, other_chat_ids, link_epoch, checked_at)
       values (1, 1, '4401', 'yes', '{CHANGED}', '[]', 1, '{OLD}')""",
    """insert into numbers (device_id, user_id, phone, answer, chat_id, other_chat_ids, link_epoch, checked_at)
       values (2, 1, '4402', 'yes', '{CHANGED}', '[]', 1, '{NEW}')""",
    """insert into numbers (device_id, user_id, phone, answer, chat_id, other_chat_ids, link_epoch, checked_at)
       values (3, 2, '4401', 'yes', '{CHANGED}', '[]', 1, '{OLD}')""",
    """insert into numbers (device_id, user_id, phone, answer, chat_id, other_chat_ids, link_epoch, checked_at)
       values (1, 1, '4403', 'no', null, '[]', 1, '{NEW}')""",
)


def old(path: Path, people: int) -> DataDir:
    """The data of a box of before the sixteenth step that knows so many people."""
    data = datadir.prepare(path)
    datadir.secret_key(data)
    connection = db.connect(data.database)
    STEPS.apply(sqlite_utils.Database(connection), stop_before="0016_people")
    connection.execute("begin")
    for user in USERS:
        connection.execute(
            "insert into users (email, password_hash, role, created_at) values (?, 'x', ?, ?)",
            (f"{user}@example.com", "owner" if user == 1 else "user", OLD),
        )
        for label in ("primary", "second"):
            connection.execute(
                "insert into devices (user_id, label, profile, phone, created_at) values (?, ?, ?, ?, ?)",
                (user, label, f"{user}{label}", f"88016{user:07d}{len(label)}", OLD),
            )
    for n in range(people):
        for statement, values in rows_of(n):
            connection.execute(statement, values)
    for statement in ODD:
        connection.execute(statement.format(OLD=OLD, NEW=NEW, CHANGED=CHANGED))
    connection.execute(
        """insert into message_totals (user_id, n)
             select user_id, count(*) from messages where true group by user_id
           on conflict do update set n = excluded.n"""
    )
    connection.execute("commit")
    connection.close()
    return data


def filled(data: DataDir, people: int) -> None:
    """Everybody the old box knew is a person of their user, once, with every hidden id, and nobody else is."""
    with sqlite3.connect(data.database) as there:
        found = there.execute(
            """select p.user_id, p.phone, p.created_at, p.joined_to, group_concat(i.wa_id) from people p
               left join person_ids i on i.person_id = p.id and i.user_id = p.user_id group by p.id"""
        ).fetchall()
        kept = {
            one: there.execute(f"select count(*) from {one}").fetchone()[0] for one in ("messages", "contacts")
        }
        chats = there.execute("select count(*), count(distinct account) from chats").fetchone()
        broken = (list(promises.broken(there)), promises.loose(there))
        whole = there.execute("pragma integrity_check").fetchone()[0]
    told = {(user, number): (made, set((ids or "").split(",")) - {""}) for user, number, made, _, ids in found}
    assert len(told) == len(found) and {one[3] for one in found} == {None}
    for n in range(people):
        ids = ({lid(n)} if n % 4 != 3 else set()) | (set() if n % 2 else {lid(n + 10**6)})
        key = (n % 3 + 1, phone(n))
        if not ids:
            assert key not in told
        else:
            made, names = told.pop(key)
            assert (names, made == OLD) == (ids, n % 4 == 2), key
    assert {one: ids for one, (_, ids) in told.items()} == {
        (1, "4401"): set(),
        (1, "4402"): {CHANGED},
        (2, "4401"): {CHANGED},
    }
    assert kept == {"messages": people + 1, "contacts": people} and chats == (people, 6)
    assert broken == ([], {}) and whole == "ok"


@pytest.mark.heavy("fills tables of two sizes, to compare them")
def test_everybody_known_becomes_a_person_once_and_in_linear_time(tmp_path: Path) -> None:
    worked = {}
    for people in (2_000, 8_000):
        data = old(tmp_path / str(people), people)
        connection, units = db.connect(data.database), [0]

        def tick(units: list[int] = units) -> int:
            units[0] += 1
            return 0

        connection.set_progress_handler(tick, 1_000)
        migrations.migrate(connection)
        connection.close()
        worked[people] = units[0]
        filled(data, people)
    assert worked[8_000] < 6 * worked[2_000], worked  # a look at everybody for each of them would be sixteen times


KILLED = """
import os, signal, sys
from pathlib import Path
from wabox import datadir, db, open_box
connect, (path, name, left) = db.connect, sys.argv[1:]
left = [int(left), False]
def look(statement):
    left[1] = left[1] or name in statement
def tick():
    left[0] -= left[1]
    if left[0] < 0:
        os.kill(os.getpid(), signal.SIGKILL)
def watched(path, **more):
    connection = connect(path, **more)
    connection.set_trace_callback(look)
    connection.set_progress_handler(tick, 500)
    return connection
db.connect = watched
open_box.upgrade(datadir.prepare(Path(path)))
"""


@pytest.mark.heavy("a process for each step, killed")
def test_killed_in_the_midst_of_any_of_the_steps_the_next_start_fills_it_whole(tmp_path: Path) -> None:
    data = old(tmp_path / "data", 400)
    moments = ("into person_ids", "into chats ", "column compare_code")
    for moment in moments:
        words = [sys.executable, "-c", KILLED, str(data.path), moment, "2" if "into" in moment else "0"]
        done = subprocess.run(words, check=False, timeout=60)
        assert done.returncode == -signal.SIGKILL, moment
    open_box.upgrade(data)
    filled(data, 400)
