"""What machines ask: alive, ready, metrics; and who may ask for the last."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

import wabox
from tests import webs
from tests.cast import Stage, stage
from tests.faces.scene import SECTIONS, dress
from tests.some import some
from wabox import fence
from wabox.backup import record
from wabox.checkup import counts, machine_clock
from wabox.datadir import DataDir
from wabox.db import Tx
from wabox.engine.clock import Clock
from wabox.engine.workers import Workers

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Stage]:
    (tmp_path / "token").write_text("a long secret token\n")
    made = stage(tmp_path, **SECTIONS, metrics={"token_file": str(tmp_path / "token")})
    dress(made)
    yield made
    made.close()


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Stage]:
    made = stage(tmp_path)
    yield made
    made.close()


def ask(
    made: Stage, path: str, client: str = "127.0.0.1", *, proxies: list[str] | None = None, **headers: str
) -> Any:
    """The answer to somebody who connects from there."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}

    async def call(web: Any) -> httpx.Response:
        if proxies:
            web = ProxyHeadersMiddleware(web, trusted_hosts=proxies)
        transport = httpx.ASGITransport(app=web, client=(client, 40_000))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8470") as http:
            return await http.get(path, headers=sent)

    with webs.web(made.box) as web:
        return asyncio.run(call(web))


def ticked(made: Stage, tmp_path: Path) -> None:
    """The engine has come round once."""
    clock = Clock(made.box, Workers(tmp_path / "queue.db", {}), steps=[], hourly=[])
    asyncio.run(clock.tick())
    for step in made.box.pulse.steps.values():
        step.every = 1


def values(text: str) -> dict[tuple[str, str], float]:
    """{(name, label's value): value}, read by Prometheus's own parser."""
    found = {}
    for family in some(text_string_to_metric_families(text)):
        assert family.documentation.endswith(".") or family.name == "wabox"
        for sample in family.samples:
            found[sample.name, ",".join(sample.labels.values())] = sample.value
    return found


def test_metrics_tell_what_the_database_holds(shop: Stage) -> None:
    answer = ask(shop, "/metrics")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = values(answer.text)
    for status in ("failed", "skipped", "unknown", "read"):
        came = shop.value("select coalesce(sum(n), 0) from message_counts where status = :s", s=status)
        assert found["wabox_messages_total", status] == came
    waiting = sum(value for (name, _), value in found.items() if name == "wabox_messages_waiting")
    assert (
        waiting
        == shop.value("select count(*) from messages where status = 'queued'")
        + found["wabox_messages_sending", ""]
    )
    assert found["wabox_messages_unknown", ""] == shop.value(
        "select count(*) from messages where status = 'unknown'"
    )
    assert found["wabox_devices", "ready"] == shop.value(
        "select count(*) from devices where state = 'ready' and removed_at is null"
    )
    assert found["wabox_webhook_posts", "parked"] == shop.value(
        "select count(*) from deliveries where status = 'parked'"
    )
    assert found["wabox_data_bytes", "database"] > 4096
    assert found["wabox_disk_free_bytes", ""] > 0
    assert found["wabox_memory_bytes", "wabox"] > 10_000_000
    assert found["wabox_writer_queue", ""] == 0


def test_the_table_of_metrics_says_what_the_answer_says(shop: Stage) -> None:
    told = (Path(wabox.__file__).parent / "docs" / "owner.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"(?m)^\| `(wabox_\w+)` \|.*\| (.*) \|$", told))
    for family in some(list(text_string_to_metric_families(ask(shop, "/metrics").text))):
        for sample in family.samples:
            assert rows[sample.name] == family.documentation


def test_metrics_name_nobody(shop: Stage) -> None:
    text = re.sub(r" [0-9.e+-]+$", "", ask(shop, "/metrics").text, flags=re.M)
    for word in ("880", "+880", "asha", "bilal", "sales", "primary", "example"):
        assert word not in text, word


def test_requests_are_counted_by_face_and_class(bare: Stage) -> None:
    ask(bare, "/api/v1/devices")
    ask(bare, "/login")
    ask(bare, "/nowhere-at-all")
    found = values(ask(bare, "/metrics").text)
    assert found["wabox_http_requests_total", "4xx,api"] == 1
    assert found["wabox_http_requests_total", "2xx,page"] == 1


def test_the_engines_steps_are_told(bare: Stage, tmp_path: Path) -> None:
    ticked(bare, tmp_path)
    found = values(ask(bare, "/metrics").text)
    assert 0 <= found["wabox_step_age_seconds", "devices"] < 30
    assert found["wabox_step_failures_total", "devices"] == 0


def test_the_last_backup_is_told_with_its_age_and_how_the_last_try_ended(bare: Stage) -> None:
    data = DataDir(bare.box.config.data.dir)
    found = values(ask(bare, "/metrics").text)
    assert found["wabox_backup_timestamp_seconds", "night"] == 0
    assert ("wabox_backup_well", "night") not in found
    then = datetime(2026, 3, 9, 3, 12, tzinfo=UTC)
    record.add(data, record.Entry(at=then, by="night", name="a.tar", place="/x"))
    record.add(data, record.Entry(at=then + timedelta(days=1), by="night", name="b.tar", place="/x", why="full"))
    found = values(ask(bare, "/metrics").text)
    assert found["wabox_backup_timestamp_seconds", "night"] == then.timestamp()
    assert found["wabox_backup_timestamp_seconds", "page"] == 0
    assert found["wabox_backup_well", "night"] == 0


def test_metrics_are_for_this_machine_alone_without_a_token(bare: Stage) -> None:
    assert ask(bare, "/metrics").status_code == 200
    assert ask(bare, "/metrics", "::1").status_code == 200
    assert ask(bare, "/metrics", "192.168.1.7").status_code == 404
    assert ask(bare, "/metrics", host="wabox.evil.example").status_code == 403
    for header in ("x-forwarded-for", "x-real-ip", "forwarded", "via"):
        passed: dict[str, Any] = {header: "127.0.0.1"}
        assert ask(bare, "/metrics", **passed).status_code == 404, header


def test_behind_a_trusted_proxy_the_real_client_counts(bare: Stage) -> None:
    for words in ("203.0.113.9", "127.0.0.1", "127.0.0.1, 203.0.113.9"):
        answer = ask(bare, "/metrics", proxies=["127.0.0.1"], x_forwarded_for=words)
        assert answer.status_code == 404, words
    assert ask(bare, "/metrics", proxies=["127.0.0.1"]).status_code == 200


def test_others_need_the_token(shop: Stage) -> None:
    assert ask(shop, "/metrics", "192.168.1.7").status_code == 401
    assert ask(shop, "/metrics", "192.168.1.7", authorization="Bearer another").status_code == 401
    assert ask(shop, "/metrics", "192.168.1.7", authorization="Bearer ").status_code == 401
    good: dict[str, Any] = {"authorization": "Bearer a long secret token"}
    assert ask(shop, "/metrics", "192.168.1.7", **good).status_code == 200
    forwarded = ask(shop, "/metrics", proxies=["127.0.0.1"], x_forwarded_for="203.0.113.9", **good)
    assert forwarded.status_code == 200


def test_a_token_file_that_is_gone_or_empty_lets_nobody_in(shop: Stage, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("\n")
    assert ask(shop, "/metrics", "192.168.1.7", authorization="Bearer ").status_code == 404
    (tmp_path / "token").unlink()
    assert ask(shop, "/metrics", "192.168.1.7", authorization="Bearer x").status_code == 404


def test_a_box_is_ready_once_its_engine_runs(bare: Stage, tmp_path: Path) -> None:
    assert ask(bare, "/readyz").json() == {"status": "not_ready", "reasons": ["engine"]}
    ticked(bare, tmp_path)
    answer = ask(bare, "/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready", "reasons": []})
    for step in bare.box.pulse.steps.values():
        step.ended -= 60
    assert ask(bare, "/readyz").json()["reasons"] == ["engine"]


def test_what_is_not_well_is_named(bare: Stage, tmp_path: Path) -> None:
    ticked(bare, tmp_path)
    bare.box.db.write_now(machine_clock.judge, bare.hands.now(), jumped=True)
    assert ask(bare, "/readyz").json()["reasons"] == ["clock_wrong"]
    assert ask(bare, "/healthz").status_code == 200
    pages = bare.value("select page_count from pragma_page_count")

    def limit(tx: Tx, most: int) -> None:
        tx.value(f"pragma max_page_count = {most}")

    bare.box.db.write_now(limit, pages)
    with pytest.raises(Exception, match="full"):
        bare.box.db.write_now(lambda tx: tx.run("insert into box (key, value) values ('x', :v)", v="x" * 900_000))
    assert ask(bare, "/readyz").json()["reasons"] == ["storage_full", "clock_wrong"]
    assert ask(bare, "/healthz").json() == {"status": "storage"}
    bare.box.db.write_now(limit, 1_000_000)
    bare.box.db.write_now(machine_clock.confirm, bare.hands.now())
    assert ask(bare, "/readyz").status_code == 200
    bare.box.db.write_now(fence.quarantine, "copied", behind=None, now=bare.hands.now())
    assert ask(bare, "/readyz").json()["reasons"] == ["quarantined"]


def test_totals_are_kept_and_only_what_is_new_is_added(shop: Stage) -> None:
    def counted(before: counts.Totals | None) -> counts.Totals:
        return shop.box.db.read_here(counts.count, shop.box.config, before, now=shop.hands.now()).totals

    first = counted(None)
    shop.hands.forward(days=3)
    later = counted(first)
    assert later.ended == first.ended == counted(None).ended and later.until > first.until
    add = "insert into message_counts (user_id, bucket, status, n) values (1, :bucket, 'sent', 7)"
    shop.box.db.write_now(lambda tx: tx.run(add, bucket=later.until))
    assert counted(later).ended["sent"] == later.ended.get("sent", 0) + 7 == counted(None).ended["sent"]
