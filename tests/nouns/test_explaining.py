from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cast import Stage, stage
from wabox.campaigns import control, expansion, launching
from wabox.contacts import writing
from wabox.db import Rows, Tx
from wabox.devices import linking, orders
from wabox.devices import stored as devices
from wabox.messages import answers, claiming, explaining, handing, outbox, stored, template
from wabox.whatsapp.driver import Link


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Stage]:
    """asha's linked phone, which may write to two new people a day."""
    made = stage(tmp_path, sending={"new_chats_per_day": 2})
    made.box.db.write_now(_linked, made)
    yield made
    made.close()


def _linked(tx: Tx, made: Stage) -> None:
    orders.start(tx, devices.by_id(tx, made.asha.device_id))
    link = Link(made.asha.device_id, 1, "ready", phone="8801711123456", synced=True)
    linking.saw(tx, link, now=made.hands.now())


def _queue(made: Stage, phone: str, **more: Any) -> int:
    def verb(tx: Tx) -> int:
        device = devices.by_id(tx, made.asha.device_id)
        text = template.parse("Hi")
        return outbox.accept(tx, device, phone=phone, template=text, values={}, now=made.hands.now(), **more)

    return made.box.db.write_now(verb)


def _send_next(tx: Tx, made: Stage) -> None:
    now = made.hands.now()
    message = claiming.claim_next(tx, made.asha.device_id, config=made.box.config, now=now)
    assert isinstance(message, stored.Message)
    armed = handing.armed(
        tx, message, chat_id=f"{message.phone}@c.us", other_chat_ids=(), machine_boot="b", now=now
    )
    answers.sent(tx, armed, at=now, next_send_at=now)


def _groups(made: Stage) -> list[explaining.Group]:
    return made.box.db.read_here(explaining.groups, made.asha.id, config=made.box.config, now=made.hands.now())


def test_nothing_waits_in_an_empty_line(shop: Stage) -> None:
    assert _groups(shop) == []


def test_what_may_go_now_is_one_group_without_a_reason(shop: Stage) -> None:
    first = _queue(shop, "8801711000001")
    _queue(shop, "8801711000002")
    (group,) = _groups(shop)
    assert (group.reason, group.count, group.first.id) == (None, 2, first)
    assert group.done_at is not None


def test_each_reason_is_a_group_with_its_own_head_and_time(shop: Stage) -> None:
    for number in (1, 2):
        _queue(shop, f"880171100000{number}")
        shop.box.db.write_now(_send_next, shop)
    new = _queue(shop, "8801711000003")
    known = _queue(shop, "8801711000001")
    later = shop.hands.now() + timedelta(hours=5)
    planned = _queue(shop, "8801711000001", scheduled_for=later)
    found = {group.reason: group for group in _groups(shop)}
    assert set(found) == {None, "new_chat_cap", "scheduled"}
    assert found[None].first.id == known
    assert found["new_chat_cap"].first.id == new
    assert found["scheduled"].first.id == planned
    assert found["scheduled"].until == later
    assert sum(group.count for group in found.values()) == 3


def test_a_group_says_what_the_gate_says_of_its_first(shop: Stage) -> None:
    _queue(shop, "8801711000001")
    down = Link(shop.asha.device_id, 1, "disconnected", detail="reconnecting", phone="8801711123456")
    shop.box.db.write_now(linking.saw, down, now=shop.hands.now())
    (group,) = _groups(shop)
    told = shop.box.db.read_here(explaining.explain, [group.first], config=shop.box.config, now=shop.hands.now())
    assert (group.reason, group.until, group.detail) == (
        told[group.first.id].reason,
        told[group.first.id].until,
        told[group.first.id].detail,
    )
    assert group.reason == "device_not_ready"


def test_a_message_in_doubt_stands_alone_before_the_line(shop: Stage) -> None:
    sending = _queue(shop, "8801711000001")
    _queue(shop, "8801711000002")
    shop.box.db.write_now(
        lambda tx: claiming.claim_next(tx, shop.asha.device_id, config=shop.box.config, now=shop.hands.now())
    )
    shop.box.db.write_now(lambda tx: handing.doubted(tx, stored.by_id(tx, sending)))
    first, second = _groups(shop)
    assert (first.reason, first.count, first.first.id) == ("in_doubt", 1, sending)
    assert second.reason == "in_line"


def _campaign(made: Stage, name: str, *phones: str) -> int:
    def verb(tx: Tx) -> int:
        now = made.hands.now()
        ids = [writing.upsert(tx, made.asha.id, phone=phone, now=now)[0].id for phone in phones]
        made_one = launching.create(
            tx,
            made.asha.id,
            name=name,
            message="Hi",
            audience="{}",
            contact_ids=ids,
            device_ids=None,
            scheduled_for=None,
            now=now,
        )
        return made_one.id

    campaign_id = made.box.db.write_now(verb)
    part = made.box.db.read_here(expansion.prepare, campaign_id, require_consent=False, now=made.hands.now())
    assert part is not None
    made.box.db.write_now(expansion.write, part, now=made.hands.now())
    return campaign_id


def test_campaigns_wait_in_line_behind_single_messages_each_as_its_own_group(shop: Stage) -> None:
    first = _campaign(shop, "first", "8801711000011", "8801711000012")
    second = _campaign(shop, "second", "8801711000013")
    _queue(shop, "8801711000001")
    single, one, two = _groups(shop)
    assert (single.campaign_id, single.reason, single.count) == (None, None, 1)
    assert (one.campaign_id, one.campaign_name, one.reason, one.count) == (first, "first", "in_line", 2)
    assert (two.campaign_id, two.reason) == (second, "in_line")
    assert two.done_at is None and one.done_at is not None


def test_a_paused_campaign_is_a_group_of_its_own_and_holds_nobody(shop: Stage) -> None:
    paused = _campaign(shop, "paused", "8801711000011", "8801711000012")
    running = _campaign(shop, "running", "8801711000013")
    shop.box.db.write_now(control.pause, shop.asha.id, paused, now=shop.hands.now())
    goes, waits = _groups(shop)
    assert (goes.campaign_id, goes.reason) == (running, None)
    assert (waits.campaign_id, waits.reason, waits.until, waits.count) == (paused, "campaign_paused", None, 2)


def test_messages_held_for_different_reasons_are_different_groups(shop: Stage) -> None:
    until = shop.hands.now() + timedelta(hours=1)
    for phone, reason in (("8801711000001", "number_check"), ("8801711000002", "recipient_cap")):
        shop.box.db.write_now(outbox.hold, _queue(shop, phone), until=until, reason=reason)
    assert [group.count for group in _groups(shop)] == [1, 1]


def test_a_group_brings_so_many_of_its_messages(shop: Stage) -> None:
    for number in range(5):
        _queue(shop, "8801711000001", scheduled_for=shop.hands.now() + timedelta(hours=5 - number))
    (group,) = shop.box.db.read_here(
        explaining.groups, shop.asha.id, config=shop.box.config, now=shop.hands.now(), most_rows=3
    )
    assert group.count == 5
    times = [one.scheduled_for for one in group.rows if one.scheduled_for is not None]
    assert len(times) == 3 and times == sorted(times)
    assert group.first == group.rows[0]


@pytest.mark.parametrize("most", [1, 3, 10_000])
def test_a_page_of_a_line_says_of_each_what_it_says_of_one_alone(shop: Stage, most: int) -> None:
    _queue(shop, "8801711000001")
    _campaign(shop, "first", "8801711000011", "8801711000012", "8801711000013")
    _queue(shop, "8801711000002")
    _campaign(shop, "second", "8801711000011", "8801711000014", "8801711000015")
    for number in range(3, 7):
        _queue(shop, f"880171100000{number}", system=number % 2 == 0)

    def compare(rows: Rows) -> None:
        found = [stored.of_row(row) for row in rows.all(f"{stored.COLUMNS} order by m.id desc")]
        asked: dict[str, Any] = {"config": shop.box.config, "now": shop.hands.now(), "most_ahead": most}
        together = explaining.explain(rows, found, **asked)
        alone = {key: value for one in found for key, value in explaining.explain(rows, [one], **asked).items()}
        assert together == alone and len(found) == 12
        assert len({one.ahead for one in together.values()}) == min(most + 1, 12)

    shop.box.db.read_here(compare)
