"""Very many posts at once: each is taken, or refused with a time to come again; none is lost or doubled."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cast import Stage, stage
from tests.faces.api.serving import Ask, Got, rush, serving
from wabox import db
from wabox.api import v1

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

MANY, CONNECTIONS = 600, 64
GENEROUS = {"send_burst": 10_000, "send_per_second": 10_000}
MOST_GROWTH = 32 * 1024 * 1024


def posts(made: Stage, count: int, first: int = 0) -> list[Ask]:
    headers = {"X-API-Key": made.asha.key}
    return [
        Ask(
            v1.PATH + "/send",
            headers,
            {"phone": f"8801711{n:06d}", "message": f"No. {n}", "queue_if_offline": True},
        )
        for n in range(first, first + count)
    ]


def taken(made: Stage, answers: list[Got]) -> int:
    """How many 202s; each is a message of its own, and there is no other."""
    jobs = [one.json["job_id"] for one in answers if one.status == 202]
    stored = made.box.db.read_here(lambda rows: [row["id"] for row in rows.all("select id from messages")])
    assert sorted(jobs) == sorted(stored)
    assert made.value("select count(distinct text) from messages") == len(jobs)
    return len(jobs)


def resident() -> int:
    """Bytes of memory that this process has."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def test_a_burst_through_many_connections_is_taken_whole(tmp_path: Path) -> None:
    """Row 41: within its limits a box takes all of it, and its memory does not grow with what it took."""
    made = stage(tmp_path, limits=GENEROUS)
    with serving(made) as url:
        answers = rush(url, posts(made, MANY // 3), connections=CONNECTIONS)
        before = resident()
        answers += rush(url, posts(made, MANY - MANY // 3, MANY // 3), connections=CONNECTIONS)
        assert resident() - before < MOST_GROWTH
    assert {one.status for one in answers} == {202}
    assert taken(made, answers) == MANY
    made.close()


def test_a_burst_beyond_the_limits_is_told_when_to_come_again(tmp_path: Path) -> None:
    """Row 41: 429 with Retry-After; what was taken is there."""
    made = stage(tmp_path, limits={"send_burst": 40, "send_per_second": 1})
    with serving(made) as url:
        answers = rush(url, posts(made, MANY // 3), connections=CONNECTIONS)
    refused = [one for one in answers if one.status != 202]
    assert {one.status for one in refused} == {429}
    assert {int(one.headers["retry-after"]) for one in refused} <= set(range(1, 60))
    assert 40 <= taken(made, answers) < MANY // 3
    made.close()


def test_a_burst_that_the_writer_cannot_follow_is_refused_and_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 41: no more waits than there is room for; the rest gets 503 with Retry-After."""
    monkeypatch.setattr(db, "MOST_WAITING", 5)
    monkeypatch.setattr(db, "BATCH", 1)
    made = stage(tmp_path, limits=GENEROUS)
    with serving(made) as url:
        answers = rush(url, posts(made, MANY // 3), connections=CONNECTIONS)
    refused = [one for one in answers if one.status != 202]
    assert {one.status for one in refused} == {503}
    assert {one.headers["retry-after"] for one in refused} == {"2"}
    assert 0 < taken(made, answers) < MANY // 3
    made.close()
