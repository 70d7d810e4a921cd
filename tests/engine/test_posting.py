from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import signal
import sqlite3
import sys
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests import fresh
from wabox.accounts import users
from wabox.accounts.sealing import Seal
from wabox.db import Database, Rows, Tx
from wabox.engine import backoff, outgoing, posting
from wabox.engine.outgoing import Answer
from wabox.engine.posting import SLOTS, Poster
from wabox.errors import Unavailable
from wabox.webhooks import deliveries, endpoints, log, lookups, retries
from wabox.webhooks.targets import Allow

NOON = datetime(2025, 11, 3, 12, 0, tzinfo=UTC)
SEAL = Seal(b"k" * 32)
ASHA, BILAL = 1, 2

Decide = Callable[["Got"], int]


@dataclass(frozen=True, slots=True)
class Got:
    """One request as the receiver saw it."""

    headers: Mapping[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(self.body)
        return found


@dataclass(slots=True)
class Receiver:
    """A shop's web server: answers what `decide` says, as soon as `open` is set."""

    decide: Decide = lambda got: 200
    got: list[Got] = field(default_factory=list)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0
    now_open: int = 0
    most_open: int = 0
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            lines = (await reader.readuntil(b"\r\n\r\n")).decode("ascii").split("\r\n")[1:-2]
            headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in lines)}
            got = Got(headers, await reader.readexactly(int(headers["content-length"])))
            self.now_open += 1
            self.most_open = max(self.most_open, self.now_open)
            async with self.arrived:
                self.got.append(got)
                self.arrived.notify_all()
            await self.open.wait()
            self.now_open -= 1
            writer.write(b"HTTP/1.1 %d Answer\r\nContent-Length: 2\r\n\r\nhi" % self.decide(got))
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def until(self, n: int) -> None:
        """So many requests have arrived."""
        async with self.arrived:
            await asyncio.wait_for(self.arrived.wait_for(lambda: len(self.got) >= n), 10)


@asynccontextmanager
async def receiving(decide: Decide = lambda got: 200, *, slow: bool = False) -> AsyncIterator[Receiver]:
    receiver = Receiver(decide)
    if not slow:
        receiver.open.set()
    server = await asyncio.start_server(receiver.meet, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        receiver.open.set()
        server.close()


@dataclass(slots=True)
class Shop:
    """A box with two users, a clock that a test moves, and its poster."""

    db: Database
    moment: datetime = NOON
    poster: Poster = field(init=False)

    def start(self, *receivers: Receiver, post: Callable[..., object] = outgoing.post) -> Poster:
        allow = [f"127.0.0.1:{receiver.port}" for receiver in receivers]
        self.poster = Poster(self.db, SEAL, allow, lambda: self.moment, post=post)  # type: ignore[arg-type]
        return self.poster

    def webhook(
        self, user_id: int, receiver: Receiver, *, rotate_secret: bool = False, host: str = "127.0.0.1"
    ) -> str | None:
        return self.db.write_now(
            endpoints.put,
            user_id,
            url=receiver.url.replace("127.0.0.1", host),
            rotate_secret=rotate_secret,
            events=endpoints.EVENTS,
            allow=Allow.parse([f"{host}:{receiver.port}"]),
            seal=SEAL,
            now=self.moment,
        )[1]

    def owe(self, user_id: int, message_id: int, status: str = "sent") -> None:
        self.db.write_now(
            deliveries.owe,
            user_id=user_id,
            event=f"delivery.{status}",
            payload={"job_id": message_id, "status": status},
            now=self.moment,
            message_id=message_id,
        )

    async def round(self, after: timedelta = timedelta(0)) -> None:
        """Some time later one tick, and all that it starts."""
        self.moment += after
        await self.poster.tick()
        await self.poster.quiet()

    def log(self, user_id: int) -> list[log.Delivery]:
        return self.db.read_here(log.page, user_id, limit=5_000)[::-1]

    def statuses(self, user_id: int) -> Counter[str]:
        return Counter(one.status for one in self.log(user_id))


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    path = tmp_path / "wabox.db"
    fresh.database(path)
    db = Database(path)
    db.start()
    for email in ("asha@example.com", "bilal@example.com"):
        db.write_now(users.create, email=email, password_hash="x", role="user", now=NOON)
    made = Shop(db)
    yield made
    await made.poster.stop(0)
    db.stop()


async def test_what_is_owed_arrives_signed_for_both_kinds_of_receivers(shop: Shop) -> None:
    async with receiving() as receiver:
        secret = shop.webhook(ASHA, receiver) or ""
        shop.owe(ASHA, 7)
        shop.start(receiver)
        await shop.round()
    (got,) = receiver.got
    assert got.event == {"event": "delivery.sent", "job_id": 7, "status": "sent"}
    assert got.headers["content-type"] == "application/json"
    expected = hmac.new(secret.encode(), got.body, hashlib.sha256).hexdigest()
    assert got.headers["x-webhook-signature"] == "sha256=" + expected
    assert got.headers["webhook-timestamp"] == str(int(NOON.timestamp()))
    signed = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode() + got.body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    standard = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert got.headers["webhook-signature"] == "v1," + standard
    (shown,) = shop.log(ASHA)
    assert (shown.status, shown.attempts, shown.webhook_id) == ("delivered", 1, got.headers["webhook-id"])


async def test_a_rotation_between_two_tries_signs_with_both_secrets(shop: Shop) -> None:
    """Row 47."""
    async with receiving(lambda got: 500 if len(receiver.got) == 1 else 200) as receiver:
        old = shop.webhook(ASHA, receiver) or ""
        shop.owe(ASHA, 7)
        shop.start(receiver)
        await shop.round()
        new = shop.webhook(ASHA, receiver, rotate_secret=True) or ""
        await shop.round(timedelta(seconds=6))
    first, second = receiver.got
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 6
    assert len(first.headers["webhook-signature"].split()) == 1
    assert len(second.headers["webhook-signature"].split()) == 2
    for got, secret in ((first, old), (second, new)):
        expected = hmac.new(secret.encode(), got.body, hashlib.sha256).hexdigest()
        assert got.headers["x-webhook-signature"] == "sha256=" + expected


async def test_a_failure_is_tried_again_when_due_and_not_before(shop: Shop) -> None:
    async with receiving(lambda got: 503 if len(receiver.got) < 3 else 204) as receiver:
        shop.webhook(ASHA, receiver)
        shop.owe(ASHA, 7)
        shop.start(receiver)
        seen = []
        for after in (0, 4, 2, 20, 20):
            await shop.round(timedelta(seconds=after))
            seen.append(len(receiver.got))
    assert seen == [1, 1, 2, 2, 3]
    (shown,) = shop.log(ASHA)
    assert (shown.status, shown.attempts, shown.last_status) == ("delivered", 3, 204)


async def test_who_asks_to_be_left_alone_is(shop: Shop) -> None:
    """Not by the post alone that was refused: by those behind it and new ones. A person's test goes."""
    async with receiving() as receiver:
        shop.webhook(ASHA, receiver)
        shop.webhook(BILAL, receiver)
        for message_id in range(10):
            shop.owe(ASHA, message_id)
        refused: list[int] = []

        async def post(url: str, headers: object, body: bytes, allow: object, *, resolver: object) -> Answer:
            refused.append(1)
            return Answer(429, "", None, 5, 600)

        shop.start(receiver, post=post)
        await shop.round()
        assert len(refused) <= SLOTS
        asked = len(refused)
        shop.owe(ASHA, 77)
        for _ in range(3):
            await shop.round(timedelta(seconds=150))
        assert len(refused) == asked
        shop.db.write_now(deliveries.test, ASHA, shop.moment)
        await shop.round()
        assert len(refused) == asked + 1
        shop.owe(BILAL, 500)
        await shop.round()
        assert len(refused) == asked + 2, "another's receiver asked nothing"
        await shop.round(timedelta(seconds=601))
        assert len(refused) > asked + 2


async def test_another_address_never_asked_to_be_left_alone(shop: Shop) -> None:
    async with receiving() as first, receiving() as second:
        shop.webhook(ASHA, first)
        shop.owe(ASHA, 7)

        async def post(url: str, headers: object, body: bytes, allow: object, *, resolver: object) -> Answer:
            busy = str(first.port) in url
            return Answer(503 if busy else 200, "", None, 5, 3_600 if busy else None)

        shop.start(first, second, post=post)
        await shop.round()
        shop.owe(ASHA, 8)
        await shop.round(timedelta(seconds=60))
        assert shop.statuses(ASHA) == {"owed": 2}
        shop.webhook(ASHA, second)
        await shop.round(timedelta(seconds=1))
        assert shop.statuses(ASHA) == {"delivered": 2}


async def test_a_clock_that_was_set_back_leaves_nobody_alone_for_long(shop: Shop) -> None:
    async with receiving() as receiver:
        shop.webhook(ASHA, receiver)
        shop.owe(ASHA, 7)
        took: list[int] = []

        async def post(url: str, headers: object, body: bytes, allow: object, *, resolver: object) -> Answer:
            took.append(1)
            return Answer(503, "", None, 5, 600)

        shop.start(receiver, post=post)
        await shop.round()
        shop.owe(ASHA, 8)
        await shop.round()
        assert len(took) == 1
        await shop.round(timedelta(days=-2))
        assert len(took) == 2, "what was asked for by another clock is over"
        await shop.round(timedelta(seconds=60))
        assert len(took) == 2, "and it asked anew"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_a_failure_and_not_followed(shop: Shop, status: int) -> None:
    """Row 35."""
    async with receiving(lambda got: status) as receiver:
        shop.webhook(ASHA, receiver)
        shop.owe(ASHA, 7)
        shop.start(receiver)
        await shop.round()
    assert len(receiver.got) == 1
    assert shop.statuses(ASHA) == {"owed": 1}


async def test_a_message_is_told_in_order_whatever_fails(shop: Shop) -> None:
    failures = iter([500, 200, 500, 500, 200, 500, 200, 200, 500] + [200] * 99)
    async with receiving(lambda got: next(failures)) as receiver:
        shop.webhook(ASHA, receiver)
        for status in ("sent", "delivered", "read"):
            for message_id in range(1, 6):
                shop.owe(ASHA, message_id, status)
        shop.start(receiver)
        for _ in range(12):
            await shop.round(timedelta(minutes=3))
    assert shop.statuses(ASHA) == {"delivered": 15}
    for message_id in range(1, 6):
        told = [got.event["status"] for got in receiver.got if got.event["job_id"] == message_id]
        assert list(dict.fromkeys(told)) == ["sent", "delivered", "read"]
        order = {"sent": 0, "delivered": 1, "read": 2}
        assert told == sorted(told, key=lambda status: order[str(status)])


async def test_one_endpoint_gets_a_few_posts_at_once_and_each_thing_once(shop: Shop) -> None:
    async with receiving(slow=True) as receiver:
        shop.webhook(ASHA, receiver)
        for message_id in range(1, 201):
            shop.owe(ASHA, message_id)
            shop.owe(ASHA, message_id, "delivered")
        poster = shop.start(receiver)
        await poster.tick()
        await receiver.until(SLOTS)
        for _ in range(20):
            await poster.tick()
        assert len(receiver.got) == SLOTS
        receiver.open.set()
        await poster.quiet()
    assert len(receiver.got) == 400
    assert set(Counter(got.headers["webhook-id"] for got in receiver.got).values()) == {1}
    assert receiver.most_open == SLOTS
    assert shop.statuses(ASHA) == {"delivered": 400}


async def test_what_belongs_to_no_message_is_not_posted_twice_while_it_flies(shop: Shop) -> None:
    async with receiving(slow=True) as receiver:
        shop.webhook(ASHA, receiver)
        shop.db.write_now(deliveries.test, ASHA, NOON)
        poster = shop.start(receiver)
        for _ in range(20):
            await poster.tick()
        await receiver.until(1)
        await poster.tick()
        receiver.open.set()
        await poster.quiet()
    assert [got.event["event"] for got in receiver.got] == ["webhook.test"]
    assert shop.statuses(ASHA) == {"delivered": 1}


async def test_a_message_never_has_two_posts_in_flight(shop: Shop) -> None:
    async with receiving(slow=True) as receiver:
        shop.webhook(ASHA, receiver)
        shop.owe(ASHA, 7)
        poster = shop.start(receiver)
        receiver.open.set()
        await shop.round()
        receiver.open.clear()
        shop.owe(ASHA, 7, "delivered")
        await poster.tick()
        await receiver.until(2)
        shop.db.write_now(deliveries.replay, ASHA, shop.log(ASHA)[0].id)
        await poster.tick()
        shop.owe(ASHA, 8)
        await poster.tick()
        await receiver.until(3)
        assert [got.event["job_id"] for got in receiver.got] == [7, 7, 8]
        receiver.open.set()
        await poster.quiet()
        await shop.round()
    assert [got.event["status"] for got in receiver.got[3:]] == ["sent"]
    assert receiver.got[3].headers["webhook-id"] == receiver.got[0].headers["webhook-id"]


async def test_a_slow_receiver_holds_up_nobody_else(shop: Shop) -> None:
    """Row 34."""
    async with receiving(slow=True) as slow, receiving() as quick:
        shop.webhook(ASHA, slow)
        shop.webhook(BILAL, quick)
        for message_id in range(1, 51):
            shop.owe(ASHA, message_id)
            shop.owe(BILAL, 100 + message_id)
        poster = shop.start(slow, quick)
        await poster.tick()
        await quick.until(50)
        assert len(slow.got) <= SLOTS
        slow.open.set()
        await poster.quiet()
    assert shop.statuses(ASHA) == shop.statuses(BILAL) == {"delivered": 50}


async def test_a_failing_endpoint_is_tried_with_one_post_at_a_time(shop: Shop) -> None:
    async with receiving(lambda got: 500) as receiver, receiving() as quick:
        shop.webhook(ASHA, receiver)
        shop.webhook(BILAL, quick)
        shop.start(receiver, quick)
        shop.owe(ASHA, 1)
        await shop.round()
        for message_id in range(2, 20):
            shop.owe(ASHA, message_id)
            shop.owe(BILAL, 100 + message_id)
        receiver.open.clear()
        await shop.poster.tick()
        await quick.until(18)
        assert len(receiver.got) == 2
        receiver.open.set()
        await shop.poster.quiet()
        receiver.decide = lambda got: 200
        await shop.round(timedelta(hours=1))
    assert shop.statuses(ASHA) == {"delivered": 19}


async def test_a_receiver_that_is_away_for_an_hour_misses_nothing(shop: Shop) -> None:
    """Row 33."""
    async with receiving() as receiver:
        shop.webhook(ASHA, receiver)
        port = receiver.port
    poster = shop.start(receiver)
    for message_id in range(1, 31):
        shop.owe(ASHA, message_id)
        await shop.round(timedelta(minutes=2))
    assert shop.statuses(ASHA) == {"owed": 30}
    assert shop.log(ASHA)[0].last_error == "The receiver's machine refused the connection; check that it runs."
    back = Receiver()
    back.open.set()
    server = await asyncio.start_server(back.meet, "127.0.0.1", port)
    shop.owe(ASHA, 31)
    await shop.round()
    await poster.tick()
    await poster.quiet()
    server.close()
    assert shop.statuses(ASHA) == {"delivered": 31}


async def test_switching_off_stops_what_was_waiting(shop: Shop) -> None:
    async with receiving(slow=True) as receiver:
        shop.webhook(ASHA, receiver)
        for message_id in range(1, 21):
            shop.owe(ASHA, message_id)
        poster = shop.start(receiver)
        await poster.tick()
        await receiver.until(SLOTS)
        shop.db.write_now(endpoints.put, ASHA, url=None, allow=Allow(), seal=SEAL, now=NOON)
        receiver.open.set()
        await poster.quiet()
    assert len(receiver.got) == SLOTS
    assert shop.statuses(ASHA) == {"delivered": SLOTS, "dropped": 20 - SLOTS}


async def test_a_box_that_cannot_write_posts_nothing_twice_and_records_later(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(tx: Tx, *args: object, **kwargs: object) -> None:
        raise Unavailable("storage_full", "The disk of the box is full.")

    async with receiving() as receiver:
        shop.webhook(ASHA, receiver)
        for message_id in range(1, 51):
            shop.owe(ASHA, message_id)
        shop.start(receiver)
        with monkeypatch.context() as patch:
            patch.setattr(retries, "record", full)
            for _ in range(5):
                await shop.round(timedelta(seconds=10))
            assert len(receiver.got) <= SLOTS
        await shop.round()
    assert shop.statuses(ASHA) == {"delivered": 50}
    assert set(Counter(got.headers["webhook-id"] for got in receiver.got).values()) == {1}


async def test_a_stop_breaks_off_a_slow_post_and_the_next_start_posts_it_again(shop: Shop) -> None:
    async with receiving(slow=True) as receiver:
        shop.webhook(ASHA, receiver)
        shop.owe(ASHA, 7)
        poster = shop.start(receiver)
        await poster.tick()
        await receiver.until(1)
        await poster.stop(0)
        await poster.tick()
        assert shop.statuses(ASHA) == {"owed": 1}
        receiver.open.set()
        shop.start(receiver)
        await shop.round()
    first, second = receiver.got
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert shop.statuses(ASHA) == {"delivered": 1}


async def test_a_stop_lets_a_post_finish_that_is_quick(shop: Shop) -> None:
    async with receiving(slow=True) as receiver:
        shop.webhook(ASHA, receiver)
        for message_id in range(1, 21):
            shop.owe(ASHA, message_id)
        poster = shop.start(receiver)
        await poster.tick()
        await receiver.until(SLOTS)
        asyncio.get_running_loop().call_soon(receiver.open.set)
        await poster.stop(10)
    assert len(receiver.got) == SLOTS
    assert shop.statuses(ASHA) == {"delivered": SLOTS, "owed": 20 - SLOTS}


DIES = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from wabox import crash
from wabox.accounts.sealing import Seal
from wabox.db import Database
from wabox.engine.posting import Poster

async def main(path, port):
    db = Database(Path(path))
    db.start()
    crash.arm({"WABOX_CRASH": "posted:2"}, loopback=True)
    now = datetime(2025, 11, 3, 12, 0, tzinfo=UTC)
    poster = Poster(db, Seal(b"k" * 32), [f"127.0.0.1:{port}"], lambda: now)
    await poster.tick()
    await poster.quiet()

asyncio.run(main(*sys.argv[1:]))
"""


async def test_what_was_taken_but_not_recorded_comes_again_under_the_same_id(shop: Shop) -> None:
    """Row 38."""
    async with receiving() as receiver:
        shop.webhook(ASHA, receiver)
        shop.owe(ASHA, 7)
        shop.owe(ASHA, 7, "delivered")
        dead = await asyncio.create_subprocess_exec(
            sys.executable, "-c", DIES, str(shop.db.path), str(receiver.port)
        )
        assert await dead.wait() == -signal.SIGKILL
        assert [one.status for one in shop.log(ASHA)] == ["delivered", "owed"]
        shop.start(receiver)
        await shop.round()
    assert [got.event["status"] for got in receiver.got] == ["sent", "delivered", "delivered"]
    assert receiver.got[1].headers["webhook-id"] == receiver.got[2].headers["webhook-id"]
    assert receiver.got[1].body == receiver.got[2].body


async def test_a_secret_that_does_not_open_is_shown_and_nothing_is_posted_unsigned(shop: Shop) -> None:
    async with receiving() as receiver:
        shop.webhook(ASHA, receiver)
        shop.owe(ASHA, 7)
        shop.db.write_now(_spoil)
        shop.start(receiver)
        await shop.round()
    assert receiver.got == []
    assert "rotate_secret" in (shop.log(ASHA)[0].last_error or "")


def _spoil(tx: Tx) -> None:
    tx.run("update webhooks set secret = 'v1.AAAA'")


async def test_an_address_that_turns_private_is_not_reached(shop: Shop) -> None:
    """Row 37: a resolver that changes its answer."""
    async with receiving() as receiver:
        shop.webhook(ASHA, receiver)
        shop.owe(ASHA, 7)
        shop.start()
        await shop.round()
    assert receiver.got == []
    assert "the box itself" in (shop.log(ASHA)[0].last_error or "")


async def test_a_fault_of_ours_waits_its_turn_and_others_pass(shop: Shop) -> None:
    async def faulty(
        url: str, headers: Mapping[str, str], body: bytes, allow: Allow, *, resolver: lookups.Resolver
    ) -> Answer:
        if b'"job_id":7' in body:
            raise RuntimeError("a bug")
        return await outgoing.post(url, headers, body, allow, resolver=resolver)

    async with receiving() as receiver:
        shop.webhook(ASHA, receiver)
        shop.owe(ASHA, 7)
        shop.owe(ASHA, 8)
        shop.start(receiver, post=faulty)
        await shop.round()
    assert [one.status for one in shop.log(ASHA)] == ["owed", "delivered"]
    assert "fault in wabox" in (shop.log(ASHA)[0].last_error or "")


async def test_one_post_that_cannot_be_recorded_holds_back_nothing_else(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with an answer that the database will not take: only its own message waits, and it is posted once."""
    time = [1000.0]
    monkeypatch.setattr(backoff, "monotonic", lambda: time[0])
    whole, poisoned = retries.record, [True]

    def record(tx: Tx, delivery_id: int, outcome: retries.Outcome, now: datetime) -> None:
        if delivery_id == 1 and (poisoned[0] or outcome.excerpt is not None):
            raise UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed")
        whole(tx, delivery_id, outcome, now)

    monkeypatch.setattr(retries, "record", record)
    async with receiving() as receiver, receiving() as other:
        shop.webhook(ASHA, receiver)
        shop.webhook(BILAL, other)
        shop.start(receiver, other)
        for message_id in range(1, 21):
            shop.owe(ASHA, message_id)
            shop.owe(BILAL, 100 + message_id)
        for _ in range(3):
            await shop.round()
        assert shop.statuses(BILAL) == {"delivered": 20}
        assert shop.statuses(ASHA) == {"delivered": 19, "owed": 1}
        shop.owe(ASHA, 1, "delivered")
        poisoned[0] = False
        await shop.round()
        assert shop.statuses(ASHA) == {"delivered": 19, "owed": 2}
        time[0] += 60
        await shop.round()
        await shop.round()
    assert shop.statuses(ASHA) == {"delivered": 21}
    assert set(Counter(got.headers["webhook-id"] for got in receiver.got).values()) == {1}


async def test_who_has_many_posts_unrecorded_is_posted_no_more_and_others_are(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = retries.record

    def record(tx: Tx, delivery_id: int, outcome: retries.Outcome, now: datetime) -> None:
        if tx.value("select user_id from deliveries where id = :id", id=delivery_id) == ASHA:
            raise ValueError("poisoned")
        whole(tx, delivery_id, outcome, now)

    monkeypatch.setattr(retries, "record", record)
    async with receiving() as receiver, receiving() as other:
        shop.webhook(ASHA, receiver)
        shop.webhook(BILAL, other)
        shop.start(receiver, other)
        for message_id in range(1, 51):
            shop.owe(ASHA, message_id)
            shop.owe(BILAL, 100 + message_id)
        for _ in range(5):
            await shop.round()
    assert SLOTS <= len(receiver.got) < 2 * SLOTS
    assert shop.statuses(BILAL) == {"delivered": 50}


async def test_a_delivery_that_cannot_be_read_holds_back_nothing_else(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = retries.parcel

    def parcel(rows: Rows, delivery_id: int) -> retries.Parcel | None:
        if delivery_id <= 2 * SLOTS:
            raise ValueError("poisoned")
        return whole(rows, delivery_id)

    monkeypatch.setattr(retries, "parcel", parcel)
    async with receiving() as receiver:
        shop.webhook(ASHA, receiver)
        shop.start(receiver)
        for message_id in range(1, 21):
            shop.owe(ASHA, message_id)
        await shop.round()
    assert shop.statuses(ASHA) == {"delivered": 20 - 2 * SLOTS, "owed": 2 * SLOTS}


async def test_names_that_hang_hold_up_no_other_webhook_and_are_blamed_alone(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go = threading.Event()

    def lookup(host: str, port: int) -> Sequence[str]:
        if host == "slow.example":
            let_go.wait(30)
        return ["127.0.0.1"]

    async with receiving() as receiver:
        allow = [f"{host}:{receiver.port}" for host in ("127.0.0.1", "shop.example", "slow.example")]
        shop.poster = Poster(shop.db, SEAL, allow, lambda: shop.moment, names=lookups.Names(lookup))
        for user_id, host in ((ASHA, "slow.example"), (BILAL, "shop.example")):
            shop.webhook(user_id, receiver, host=host)
            for message_id in range(1, 21):
                shop.owe(user_id, 100 * user_id + message_id)
        await shop.poster.tick()
        await receiver.until(20)
        assert {int(str(got.event["job_id"])) // 100 for got in receiver.got} == {BILAL}
        let_go.set()
        await shop.poster.quiet()
    assert shop.statuses(ASHA) == shop.statuses(BILAL) == {"delivered": 20}


def _open(tx: Tx, opened: str) -> None:
    tx.run("insert or replace into box (key, value) values ('webhook_allow', :opened)", opened=opened)


async def test_what_the_owner_opens_holds_from_the_next_post_and_for_the_owner_alone(shop: Shop) -> None:
    reached: list[tuple[int, bool]] = []

    async def post(_url: str, _headers: object, body: bytes, allow: Allow, **_: object) -> Answer:
        reached.append(
            (json.loads(body)["job_id"] // 100, any(str(one) == "10.0.0.0/8" for one in allow.networks))
        )
        return Answer(200, "", None, 1)

    shop.poster = Poster(shop.db, SEAL, [], lambda: shop.moment, allow_within=["10.0.0.0/8"], post=post)  # type: ignore[arg-type]
    async with receiving() as receiver:
        shop.db.write_now(lambda tx: tx.run("update users set role = 'owner' where id = :id", id=ASHA))
        for everyone in (None, False, True):
            if everyone is not None:
                opened = json.dumps([{"entry": "10.0.0.0/8", "everyone": everyone}])
                shop.db.write_now(_open, opened)
            for user_id in (ASHA, BILAL):
                shop.webhook(user_id, receiver)
                shop.owe(user_id, 100 * user_id + len(reached))
            await shop.poster.tick()
            await shop.poster.quiet()
    assert [sorted(reached[at : at + 2]) for at in (0, 2, 4)] == [
        [(ASHA, False), (BILAL, False)],
        [(ASHA, True), (BILAL, False)],
        [(ASHA, True), (BILAL, True)],
    ]


async def test_a_name_that_got_no_look_up_is_no_failure_and_is_tried_soon(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookups, "PATIENCE_SECONDS", 0.01)
    let_go = threading.Event()

    def lookup(host: str, port: int) -> Sequence[str]:
        if host == "slow.example":
            let_go.wait(30)
        return ["127.0.0.1"]

    async with receiving() as receiver:
        allow = [f"{host}:{receiver.port}" for host in ("127.0.0.1", "shop.example")]
        looking = lookups.Names(lookup, most=1)
        hung = asyncio.ensure_future(looking.find(99, "slow.example", 80))
        await asyncio.sleep(0)
        shop.poster = Poster(shop.db, SEAL, allow, lambda: shop.moment, names=looking)
        shop.webhook(BILAL, receiver, host="shop.example")
        shop.owe(BILAL, 7)
        shop.owe(BILAL, 7, "delivered")
        await shop.round()
        first, second = sorted(shop.log(BILAL), key=lambda one: one.id)
        assert (first.status, first.attempts, first.last_error) == ("owed", 0, posting.BUSY)
        assert (
            shop.db.read_here(lambda rows: rows.value("select failing_since from webhooks where url is not null"))
            is None
        )
        assert shop.db.read_here(retries.users_due, shop.moment) == []
        let_go.set()
        await hung
        await shop.round(timedelta(seconds=10))
        await shop.round()
    assert [got.event["status"] for got in receiver.got] == ["sent", "delivered"]
    assert shop.statuses(BILAL) == {"delivered": 2}


async def test_a_database_that_cannot_be_read_for_a_moment_loses_nothing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object) -> None:
        raise sqlite3.OperationalError("database is locked")

    async with receiving() as receiver:
        shop.webhook(ASHA, receiver)
        shop.owe(ASHA, 7)
        shop.start(receiver)
        with monkeypatch.context() as patch:
            patch.setattr(retries, "parcel", broken)
            await shop.round()
        await shop.round()
    assert shop.statuses(ASHA) == {"delivered": 1}
