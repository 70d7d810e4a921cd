"""A wa-js is tried, given to phone after phone, and taken back where it is no good; a kill changes nothing."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests import wajs_packages as made
from tests.engine.conftest import PHONE, Engine
from wabox.db import Tx
from wabox.devices import orders
from wabox.engine import alerting
from wabox.engine.links import Links
from wabox.engine.renewing import Renewing
from wabox.engine.trying import Tried
from wabox.errors import Invalid
from wabox.renewal import archive, store, stored, switching
from wabox.renewal.stored import Installed, Phone
from wabox.webhooks import endpoints
from wabox.webhooks.targets import Allow
from wabox.whatsapp import wajs
from wabox.whatsapp.driver import Checkup

OTHER = "8801700000010"
GOOD = Tried(None, ("prepRawMedia",))


class Box:
    """A box that lives a tick at a time, each as a new process: nothing is remembered between them."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.box = engine.stage.box
        self.driver = engine.driver
        self.came = GOOD
        self.steps: list[str] = ["link", "look_up"]
        self.tried: list[str] = []

    def bring(self, version: str = "4.7.0") -> Installed:
        text = f'/*! wppconnect-team/wa-js v{version} */ t.version="{version}";'.encode()
        package = archive.read(made.package(version, text))
        store.keep(self.box.config.data.dir / "engine", package)
        return self.box.db.write_now(switching.add, package, "file.tgz", now=self.now())

    def now(self) -> datetime:
        return self.engine.stage.hands.now()

    async def _trial(self, engine: wajs.Engine, said: Callable[[str], Awaitable[None]]) -> Tried:
        self.tried.append(engine.version)
        for step in self.steps:
            await said(step)
        return self.came

    def life(self, ticks: int = 1) -> None:
        async def live() -> None:
            renewing = Renewing(self.box, self.driver, self.driver, self._trial)
            links = Links(self.box, self.driver)
            for _ in range(ticks):
                await renewing.tick()
                await renewing.trials.ended()
                await links.tick()

        asyncio.run(live())

    def lives(self, count: int = 8) -> None:
        for _ in range(count):
            self.life()

    def phone(self, at: int = 0) -> Phone:
        mine = self.engine.stage.asha.id
        return [one for one in self.box.db.read_here(stored.phones) if one.user_id == mine][at]

    def version(self, at: int = 0) -> str:
        found = self.phone(at).engine_id
        return wajs.VERSION if found is None else self.box.db.read_here(stored.by_id, found).version  # type: ignore[union-attr]

    def state(self, version: str = "4.7.0") -> str:
        return next(one.state for one in self.box.db.read_here(stored.every) if one.version == version)

    def deeds(self) -> list[str]:
        sql = "select action from audit where action like 'engine.%' order by id"
        return [row["action"] for row in self.box.db.read_here(lambda rows: rows.all(sql))]


@pytest.fixture
def shop(engine: Engine) -> Box:
    return Box(engine)


def second_phone(shop: Box) -> int:
    stage = shop.engine.stage
    device = shop.box.db.write_now(orders.create, stage.asha.id, "second", most=5, now=shop.now())
    shop.engine.link(device.id, OTHER)
    return device.id


def test_a_good_engine_is_tried_given_and_proved_by_the_next_real_message(shop: Box) -> None:
    shop.bring()
    shop.life()
    assert (shop.state(), shop.tried) == ("good", ["4.7.0"])
    shop.lives(3)
    assert (shop.version(), shop.phone().move) == ("4.7.0", "proving")
    spec = shop.engine.stage.device().spec
    assert spec.engine is not None
    assert spec.engine.version == "4.7.0"
    assert shop.driver._specs[shop.phone().id].engine == spec.engine
    job = shop.engine.send()
    shop.engine.turn()
    shop.lives(2)
    assert (shop.engine.status(job), shop.phone().move) == ("sent", None)
    assert shop.deeds() == ["engine.installed", "engine.chosen", "engine.moved"]


def test_an_engine_that_fails_its_trial_comes_to_no_phone(shop: Box) -> None:
    shop.came = Tried("look_up_absent: the page cannot be asked")
    shop.bring()
    shop.lives(4)
    assert (shop.state(), shop.version()) == ("refused", wajs.VERSION)
    assert shop.box.db.read_here(stored.every)[0].reason == "look_up_absent: the page cannot be asked"
    assert shop.deeds() == ["engine.installed", "engine.refused"]
    shop.came = GOOD
    shop.bring()  # again, for WhatsApp may have been away
    shop.lives(4)
    assert shop.version() == "4.7.0"


def test_a_trial_that_is_cut_short_is_made_anew_three_times(shop: Box) -> None:
    shop.bring()
    for _ in range(3):
        assert shop.box.db.write_now(switching.begin_trial, now=shop.now()) is not None
    shop.life()
    assert shop.state() == "refused"
    assert shop.tried == []
    assert shop.box.db.read_here(stored.every)[0].reason == switching.INTERRUPTED


@pytest.mark.parametrize("cut", [0, 1, 2])
def test_a_kill_in_a_trial_leaves_it_to_the_next_life(shop: Box, cut: int) -> None:
    shop.bring()

    async def dies(engine: wajs.Engine, said: Callable[[str], Awaitable[None]]) -> Tried:
        for step in shop.steps[:cut]:
            await said(step)
        raise asyncio.CancelledError

    async def half() -> None:
        renewing = Renewing(shop.box, shop.driver, shop.driver, dies)
        await renewing.tick()
        await renewing.stop(5)

    asyncio.run(half())
    assert shop.state() in ("waiting", "trying")
    shop.lives(5)
    assert (shop.state(), shop.version()) == ("good", "4.7.0")


def test_files_that_were_altered_before_the_trial_are_refused(shop: Box) -> None:
    path = store.engine_of(shop.box.config.data.dir / "engine", shop.bring().wajs).path
    path.chmod(0o600)
    path.write_bytes(b"altered")
    shop.lives(3)
    assert (shop.state(), shop.tried) == ("refused", [])


def test_a_phone_with_a_message_in_hand_waits(shop: Box) -> None:
    shop.driver.plan("session_lost")
    job = shop.engine.send()
    shop.engine.turn()
    assert shop.engine.status(job) == "sending"
    shop.bring()
    shop.lives(5)
    assert (shop.state(), shop.version()) == ("good", wajs.VERSION)
    shop.engine.turn()
    assert shop.engine.status(job) == "sent"
    shop.lives(4)
    assert shop.version() == "4.7.0"


def test_one_phone_after_the_other(shop: Box) -> None:
    device_id = second_phone(shop)
    shop.bring()
    shop.lives(6)
    assert [shop.version(0), shop.version(1)] == ["4.7.0", wajs.VERSION]
    shop.engine.send()
    shop.engine.turn()
    shop.lives(6)
    assert [shop.version(0), shop.version(1)] == ["4.7.0", "4.7.0"]
    assert shop.phone(1).move == "proving"
    job = shop.engine.send(PHONE, device_id=device_id)
    shop.engine.turn(device_id)
    shop.lives(2)
    assert (shop.engine.status(job), shop.phone(1).move) == ("sent", None)


def test_a_quiet_phone_holds_up_the_next_one_for_an_hour_only(shop: Box) -> None:
    second_phone(shop)
    shop.bring()
    shop.lives(6)
    shop.engine.stage.hands.forward(hours=1.1)
    shop.lives(4)
    assert [shop.phone(at).move for at in (0, 1)] == ["proving", "proving"]


@pytest.mark.parametrize(
    ("fault", "reason"), [("lacks", "missing"), ("no_look_up", "missing"), ("slow", "not_ready")]
)
def test_a_phone_that_does_not_come_back_well_has_its_old_engine_again(shop: Box, fault: str, reason: str) -> None:
    second_phone(shop)
    installed = shop.bring()
    shop.driver.bad_engines[installed.sha256] = fault  # type: ignore[assignment]
    waiting = shop.engine.send()
    shop.lives(6)
    shop.engine.stage.hands.forward(minutes=5.1)
    shop.lives(6)
    assert [shop.version(0), shop.version(1)] == [wajs.VERSION, wajs.VERSION]
    assert (shop.phone().move, shop.phone().reason) == (None, reason)
    assert shop.engine.stage.device().ready
    assert shop.engine.stage.device().linked
    choice = shop.box.db.read_here(stored.choice)
    assert choice is not None
    assert choice.reason == reason
    assert "engine.went_back" in shop.deeds()
    shop.engine.turn()
    assert shop.engine.status(waiting) == "sent"
    assert len(shop.driver.taken) == 1


def test_two_doubts_in_a_row_take_it_back_and_the_messages_are_settled_first(shop: Box) -> None:
    shop.bring()
    shop.lives(5)
    assert shop.phone().move == "proving"
    shop.driver.plan("vanished", "acked", "vanished", "acked")
    jobs = [shop.engine.send(), shop.engine.send()]
    for _ in range(12):
        shop.engine.turn()
        shop.life()
        shop.engine.stage.hands.forward(minutes=2)
    assert (shop.version(), shop.phone().reason) == (wajs.VERSION, "doubts")
    assert [shop.engine.status(job) for job in jobs] == ["sent", "sent"]
    assert len(shop.driver.taken) == 2


def test_where_the_old_one_does_not_work_either_it_is_whatsapp(shop: Box) -> None:
    shop.driver.bad_engines[""] = "lacks"
    shop.box.db.write_now(lambda tx: orders.restart(tx, shop.engine.stage.device()))
    shop.life()
    assert shop.phone().incompatible
    installed = shop.bring()
    shop.driver.bad_engines[installed.sha256] = "lacks"
    shop.lives(6)
    assert (shop.version(), shop.phone().move, shop.phone().reason) == ("4.7.0", None, "both")
    assert "engine.stays" in shop.deeds()
    shop.driver.bad_engines.clear()
    shop.box.db.write_now(lambda tx: orders.restart(tx, shop.engine.stage.device()))
    shop.life()
    assert shop.engine.stage.device().ready


def test_an_old_one_that_fails_meanwhile_leaves_the_phone_on_the_newer(shop: Box) -> None:
    installed = shop.bring()
    shop.driver.bad_engines[installed.sha256] = "slow"
    shop.lives(4)
    shop.driver.bad_engines[""] = "lacks"
    shop.engine.stage.hands.forward(minutes=5.1)
    shop.lives(5)
    assert (shop.version(), shop.phone().reason) == ("4.7.0", "both")


def test_an_engine_mends_a_phone_that_whatsapp_has_broken_with_messages_waiting(shop: Box) -> None:
    shop.driver.bad_engines[""] = "lacks"
    shop.box.db.write_now(lambda tx: orders.restart(tx, shop.engine.stage.device()))
    shop.life()
    job = shop.engine.send()
    shop.engine.turn()
    assert shop.engine.status(job) == "queued"
    shop.bring()
    shop.lives(5)
    shop.engine.turn()
    assert shop.engine.status(job) == "sent"


def test_back_and_back_again_while_messages_wait(shop: Box) -> None:
    shop.bring()
    shop.lives(5)
    jobs = [shop.engine.send() for _ in range(3)]
    shop.engine.turn()
    shop.lives(2)
    shop.engine.stage.hands.forward(minutes=1)
    assert shop.box.db.write_now(switching.back, now=shop.now()) is None
    jobs += [shop.engine.send() for _ in range(3)]
    shop.lives(4)
    assert (shop.version(), shop.phone().move) == (wajs.VERSION, "proving")
    shop.engine.turn()
    shop.lives(2)
    again = shop.box.db.write_now(switching.back, now=shop.now())
    assert again is not None
    shop.lives(5)
    assert shop.version() == "4.7.0"
    shop.engine.turn()
    assert [shop.engine.status(job) for job in jobs] == ["sent"] * 6
    assert len(shop.driver.taken) == 6


def test_there_is_nothing_before_the_first(shop: Box) -> None:
    with pytest.raises(Invalid) as refused:
        shop.box.db.write_now(switching.back, now=shop.now())
    assert refused.value.code == "engine_none_before"


def test_an_engine_that_is_damaged_on_the_disk_leaves_its_phone_with_the_one_of_wabox(shop: Box) -> None:
    installed = shop.bring()
    shop.lives(5)
    path = store.engine_of(shop.box.config.data.dir / "engine", installed.wajs).path
    path.chmod(0o600)
    path.write_bytes(b"altered")
    shop.driver.show(shop.phone().id, "disconnected", "engine_incompatible")  # as its page finds at its next load
    shop.lives(3)
    assert (shop.version(), shop.phone().reason) == (wajs.VERSION, "altered")
    assert shop.engine.stage.device().ready


def test_a_phone_that_is_not_open_has_it_at_its_next_start(shop: Box) -> None:
    stage = shop.engine.stage
    device = shop.box.db.write_now(orders.create, stage.asha.id, "drawer", most=5, now=shop.now())
    shop.bring()
    shop.engine.send()
    shop.lives(5)
    shop.engine.turn()
    shop.lives(5)
    found = next(one for one in shop.box.db.read_here(stored.phones) if one.id == device.id)
    assert (found.engine_id is not None, found.move, found.state) == (True, None, "not_started")


def test_the_last_three_are_kept_and_what_phones_have(shop: Box) -> None:
    versions = ["4.7.0", "4.8.0", "4.9.0", "5.0.0", "5.1.0"]
    for version in versions:
        shop.bring(version)
        shop.lives(4)
        shop.engine.send()
        shop.engine.turn()
        shop.engine.stage.hands.forward(minutes=10)
        shop.lives(2)
    lies = shop.box.config.data.dir / "engine"
    (lies / "new.part").mkdir()
    for path in lies.iterdir():
        os.utime(path, (0, 0) if path.name != "new.part" else None)
    asyncio.run(Renewing(shop.box, shop.driver, shop.driver).tidy())
    assert [shop.state(version) for version in versions] == ["gone", "gone", "good", "good", "good"]
    left = sorted(path.name.split("-")[0] for path in lies.iterdir())
    assert left == ["4.9.0", "5.0.0", "5.1.0", "new.part"]
    shop.bring("4.7.0")
    shop.lives(5)
    assert shop.version() == "4.7.0"


def test_the_one_of_wabox_and_one_that_phones_have_are_not_installed(shop: Box) -> None:
    own = archive.read(made.package(wajs.VERSION))
    with pytest.raises(Invalid) as refused:
        shop.box.db.write_now(switching.add, own, "own.tgz", now=shop.now())
    assert refused.value.code == "engine_built_in"
    shop.bring()
    with pytest.raises(Invalid) as busy:
        shop.bring("4.8.0")
    assert busy.value.code == "engine_busy"
    shop.lives(3)
    with pytest.raises(Invalid) as there:
        shop.bring()
    assert there.value.code == "engine_there"


def test_what_a_page_has_and_lacks_is_known(shop: Box) -> None:
    shop.life()
    seen = shop.phone()
    assert (seen.page_version, seen.wajs_version, seen.missing, seen.lacks) == ("2.3000.1", "4.6.0", (), ())
    assert seen.seen_at is not None
    shop.engine.stage.hands.forward(minutes=1)
    assert shop.now() - seen.seen_at >= timedelta(minutes=1)


def mails(shop: Box) -> list[tuple[str, str]]:
    sql = "select recipient, subject from mails order by id"
    return [(row["recipient"], row["subject"]) for row in shop.box.db.read_here(lambda rows: rows.all(sql))]


def looks(shop: Box) -> None:
    shop.box.db.write_now(alerting.look_and_tell, shop.box, {})


def test_the_owner_is_told_once_a_day_of_a_phone_that_whatsapp_has_broken(shop: Box) -> None:
    def breaks() -> None:
        shop.driver.show(shop.phone().id, "disconnected", "engine_incompatible")
        looks(shop)
        looks(shop)

    breaks()
    assert mails(shop) == [("asha@example.com", "WhatsApp has changed: primary sends nothing.")]
    shop.driver.recover(shop.phone().id)
    breaks()
    assert len(mails(shop)) == 1
    shop.engine.stage.hands.forward(hours=25)
    shop.driver.recover(shop.phone().id)
    breaks()
    assert len(mails(shop)) == 2


def test_of_somebody_elses_phone_both_are_told(shop: Box) -> None:
    stage = shop.engine.stage
    shop.engine.link(stage.bilal.device_id, OTHER)
    shop.driver.show(stage.bilal.device_id, "disconnected", "engine_incompatible")
    looks(shop)
    assert sorted(to for to, _ in mails(shop)) == ["asha@example.com", "bilal@example.com"]


def bring_with_canary(shop: Box) -> Installed:
    package = archive.read(made.package("4.7.0", b'/*! wppconnect-team/wa-js v4.7.0 */ t.version="4.7.0";'))
    store.keep(shop.box.config.data.dir / "engine", package)
    return shop.box.db.write_now(switching.add, package, "file.tgz", now=shop.now(), canary=True)


def test_a_message_to_its_own_number_proves_it_where_the_owner_allows_that(shop: Box) -> None:
    bring_with_canary(shop)
    shop.lives(5)
    assert (shop.phone().move, shop.phone().canary) == ("proving", "queued")
    shop.engine.turn()
    shop.lives(2)
    assert (shop.version(), shop.phone().move, shop.phone().canary) == ("4.7.0", None, "sent")
    assert [handed[3] for handed in shop.driver.handed] == [switching.CANARY]


def test_a_message_to_its_own_number_that_does_not_go_takes_it_back(shop: Box) -> None:
    bring_with_canary(shop)
    shop.lives(5)
    shop.driver.plan("refused")
    shop.engine.turn()
    shop.lives(5)
    assert (shop.version(), shop.phone().reason) == (wajs.VERSION, "canary")
    assert len(shop.driver.handed) == 1


def test_a_box_that_was_put_back_without_the_files_goes_on_with_the_one_of_wabox(shop: Box) -> None:
    installed = shop.bring()
    shop.lives(5)
    path = store.engine_of(shop.box.config.data.dir / "engine", installed.wajs).path
    path.unlink()
    shop.life()
    assert (shop.version(), shop.phone().reason) == (wajs.VERSION, "altered")
    assert mails(shop) == []


def test_a_page_that_cannot_be_noted_holds_up_nothing_else(shop: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    second_phone(shop)
    first, seen = shop.phone(0).id, switching.saw

    def spoilt(tx: Tx, device_id: int, page: Checkup, *, now: datetime) -> None:
        if device_id == first:
            raise RuntimeError("no")
        seen(tx, device_id, page, now=now)

    monkeypatch.setattr(switching, "saw", spoilt)
    shop.life()
    assert (shop.phone(0).wajs_version, shop.phone(1).wajs_version) == (None, "4.6.0")
    shop.bring()
    shop.lives(5)
    assert shop.phone(0).move == "proving"


def test_the_webhook_names_what_the_page_lacks_and_the_cure(shop: Box) -> None:
    put: dict[str, Any] = {"allow": Allow(), "seal": shop.box.seal, "events": ["device.state"], "now": shop.now()}
    shop.box.db.write_now(endpoints.put, shop.engine.stage.asha.id, url="https://example.com/x", **put)
    shop.driver.bad_engines[""] = "lacks"
    shop.box.db.write_now(lambda tx: orders.restart(tx, shop.engine.stage.device()))
    shop.life()
    sql = "select json_extract(payload, '$.detail_text') as told from deliveries order by id desc limit 1"
    told = shop.box.db.read_here(lambda rows: rows.value(sql))
    assert "lacks addAndSendMsgToChat" in told
    assert "Bring a newer engine" in told
