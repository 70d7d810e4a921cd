"""How fast contacts are imported, listed and chosen, against plain SQLite in the same run.

Run by hand: .venv/bin/python -m tests.bench.contacts [people]
"""

from __future__ import annotations

import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic, perf_counter

from tests.cast import Stage, stage
from wabox import db
from wabox.contacts import own, phones, segments, writing
from wabox.contacts import stored as contacts
from wabox.contacts.conditions import Condition, Op
from wabox.contacts.lists import columns, csv_files, imports, layouts
from wabox.db import Rows, Tx
from wabox.engine import importing
from wabox.engine.importing import Importing

CHUNK = 500


def timed(work: Callable[[], object]) -> float:
    """Seconds it took."""
    began = perf_counter()
    work()
    return perf_counter() - began


def line(n: int) -> str:
    """A row as a shop has it: national number, name, two tags, a note."""
    return f"0171{n:07d},রহিম {n},vip; area {n % 50},note {n}"


def plain(path: Path, count: int) -> float:
    """The same rows in tables of the same shape, known beforehand, by executemany, 500 a durable transaction."""
    made = stage(path)
    connection = db.connect(made.box.config.data.dir / "wabox.db")
    at = made.hands.now().isoformat(timespec="microseconds")
    people = [(1, f"880171{n:07d}", f"রহিম {n}", f"note {n}", at, at) for n in range(count)]
    tags = [(n + 1, 1, tag, tag, k) for n in range(count) for k, tag in enumerate(("vip", f"area {n % 50}"))]

    def insert() -> None:
        for start in range(0, count, CHUNK):
            connection.execute("begin immediate")
            connection.executemany(
                """insert into contacts (user_id, phone, name, custom, created_at, updated_at)
                   values (?, ?, ?, ?, ?, ?)""",
                people[start : start + CHUNK],
            )
            connection.executemany(
                "insert into contact_tags (contact_id, user_id, tag, key, position) values (?, ?, ?, ?, ?)",
                tags[2 * start : 2 * (start + CHUNK)],
            )
            connection.execute("commit")

    try:
        return timed(insert)
    finally:
        connection.close()
        made.close()


def upload(made: Stage, content: bytes) -> int:
    """An import that has been started."""
    examined = csv_files.examine(content)
    file = imports.keep(importing.directory(made.box), examined.content)

    def verb(tx: Tx) -> int:
        now = made.hands.now()
        found = imports.create(
            tx,
            made.asha.id,
            name="x.csv",
            file=file,
            examined=examined,
            layout=layouts.laid_out(examined, country="BD"),
            country="BD",
            now=now,
        )
        return imports.start(tx, made.asha.id, found.id, now=now).id

    return made.box.db.write_now(verb)


def through(made: Stage, import_id: int) -> None:
    """Turn after turn, to its end."""
    engine = Importing(made.box)
    while made.box.db.read_here(imports.by_id, import_id).status == "running":
        engine.turn(import_id)


def others(made: Stage, stop: threading.Event, waits: list[float]) -> None:
    """Somebody else writes all the time, as POST /send does; how long each write takes."""
    while not stop.is_set():
        began = monotonic()
        made.box.db.write_now(lambda tx: tx.run("update users set timezone = timezone where id = 2"))
        waits.append(monotonic() - began)
        stop.wait(0.01)


def imported(made: Stage, count: int) -> float:
    """The whole way: a file of national numbers, from its bytes to the last row."""
    header = "মোবাইল,নাম,ট্যাগ,মন্তব্য\n"
    content = (header + "\n".join(map(line, range(count)))).encode()
    print(f"examine the file        {timed(lambda: csv_files.examine(content)):8.2f} s")  # noqa: T201
    stop, waits = threading.Event(), list[float]()
    other = threading.Thread(target=others, args=(made, stop, waits))
    other.start()
    took = timed(lambda: through(made, upload(made, content)))
    stop.set()
    other.join()
    waits.sort()
    middle, late = (waits[len(waits) * part // 100] * 1000 for part in (50, 99))
    print(f"import                  {took:8.2f} s   {count / took:,.0f} rows/s")  # noqa: T201
    print(f"  others' writes        p50 {middle:.1f} ms, p99 {late:.1f} ms")  # noqa: T201
    again = timed(lambda: through(made, upload(made, content)))
    print(f"the same file again     {again:8.2f} s")  # noqa: T201
    return took


def parsed(count: int) -> float:
    """Only the reading: phones, names and tags."""
    chosen = columns.Columns(0, 1, 3, 2)
    rows = [tuple(line(n).split(",")) for n in range(count)]
    return timed(lambda: [columns.draft(row, chosen, country="BD", consent=None) for row in rows])


def asked(made: Stage, what: str, ask: Callable[[Rows], object]) -> None:
    """How long a question takes, the best of three."""
    took = min(timed(lambda: made.box.db.read_here(ask)) for _ in range(3))
    print(f"{what:<23} {took * 1000:8.1f} ms")  # noqa: T201


def given(made: Stage, count: int) -> None:
    """Everybody has three own fields."""

    def verb(tx: Tx, first: int) -> None:
        rows = tx.all("select phone from contacts where id > :id order by id limit 1000", id=first)
        drafts = [
            writing.Draft(
                phones.parse(row["phone"], country="BD"),
                fields={
                    "city": f"City {n % 64}",
                    "due": n % 5_000,
                    "born": f"{1950 + n % 50}-04-{1 + n % 28:02d}",
                },
            )
            for n, row in enumerate(rows, first)
        ]
        writing.bulk(tx, made.asha.id, drafts, now=made.hands.now())

    made.box.db.write_now(own.create, made.asha.id, name="born", kind="date", currency="BDT", now=made.hands.now())
    took = timed(lambda: [made.box.db.write_now(verb, first) for first in range(0, count, 1_000)])
    print(f"three fields for all    {took:8.2f} s   {count / took:,.0f} contacts/s")  # noqa: T201


def where(*asked: tuple[str, Op, str | int]) -> segments.Segment:
    """A segment that asks for own fields."""
    return segments.Segment(fields=tuple(Condition(*one) for one in asked))


def by_fields(made: Stage, count: int) -> None:
    """How long it takes to ask for own fields."""
    user, today = made.asha.id, made.hands.now().date()
    given(made, count)
    due = where(("city", "is_not", "City 7"), ("due", "more", 4_000))
    born = where(("born", "within_days", 7))
    asked(made, "ids of a city", lambda rows: segments.ids(rows, user, where(("city", "is", "City 7"))))
    asked(made, "ids of two fields", lambda rows: segments.ids(rows, user, due))
    asked(made, "ids of birthdays", lambda rows: segments.ids(rows, user, born, today=today))
    asked(made, "search in fields too", lambda rows: contacts.page(rows, user, contacts.Wanted(text="city 7")))


def main() -> None:
    """Print it."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as place:
        base = plain(Path(place) / "plain", count)
        print(f"plain executemany       {base:8.2f} s   {count / base:,.0f} rows/s")  # noqa: T201
        print(f"read the rows alone     {parsed(count):8.2f} s")  # noqa: T201
        made = stage(Path(place) / "box")
        took = imported(made, count)
        print(f"import : plain          {took / base:8.1f} : 1")  # noqa: T201
        user = made.asha.id
        asked(made, "everybody's ids", lambda rows: segments.ids(rows, user, segments.EVERYBODY))
        asked(made, "ids of a tag (all)", lambda rows: segments.ids(rows, user, segments.of_tag("vip")))
        both = segments.Segment(tags_all=("vip", "area 7"), tags_none=("area 8",), contacted="never")
        asked(made, "ids of a narrow one", lambda rows: segments.ids(rows, user, both))
        asked(made, "first page", lambda rows: contacts.page(rows, user, contacts.Wanted()))
        asked(made, "page by a deep cursor", lambda rows: contacts.page(rows, user, contacts.Wanted(), cursor=500))
        asked(made, "page of a tag", lambda rows: contacts.page(rows, user, contacts.Wanted(tag="area 7")))
        asked(made, "search", lambda rows: contacts.page(rows, user, contacts.Wanted(text="note 77")))
        asked(made, "all tags", lambda rows: contacts.tags(rows, user))
        by_fields(made, count)
        drafts = [writing.Draft(phones.parse(f"018{n:08d}", country="BD"), tags=("x",)) for n in range(1_000)]
        for what in ("bulk of 1,000 new", "bulk of 1,000 known"):
            spent = timed(lambda: made.box.db.write_now(writing.bulk, user, drafts, now=made.hands.now()))
            print(f"{what:<23} {spent * 1000:8.1f} ms")  # noqa: T201
        made.close()


if __name__ == "__main__":
    main()
