"""A planned campaign is changed until it begins, against whatever else happens to it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.engine.conftest import Engine
from tests.engine.test_campaigns import launch, people, run, show
from wabox.campaigns import control, launching, unfinished
from wabox.campaigns.stored import Campaign
from wabox.contacts import segments
from wabox.contacts.segments import Segment
from wabox.content import reviews
from wabox.content.judging import Verdict
from wabox.errors import Invalid, NotFound


def planned(engine: Engine, **more: Any) -> int:
    people(engine, 3)
    return launch(engine, scheduled_for=engine.stage.hands.now() + timedelta(hours=1), **more)


def ids(engine: Engine) -> list[int]:
    return engine.stage.box.db.read_here(segments.ids, engine.stage.asha.id, Segment())


def replan(engine: Engine, campaign_id: int, *, stamp: str | None = None, **more: Any) -> Campaign:
    given: dict[str, Any] = {
        "name": "Changed",
        "message": "Other words",
        "audience": segments.write(Segment()),
        "contact_ids": ids(engine),
        "device_ids": None,
        "scheduled_for": engine.stage.hands.now() + timedelta(hours=2),
        "now": engine.stage.hands.now(),
    }
    made: Campaign = engine.stage.box.db.write_now(
        launching.replan,
        engine.stage.asha.id,
        campaign_id,
        stamp=stamp or launching.stamp_of(show(engine, campaign_id)),
        **given | more,
    )
    return made


def due(engine: Engine, campaign_id: int, at: datetime) -> None:
    """What the engine does at that time."""
    engine.stage.hands.at = at
    config = engine.stage.box.config
    stamp, audience = engine.stage.box.db.read_here(launching.meant_now, campaign_id, config, at)
    engine.stage.box.db.write_now(launching.launch_scheduled, campaign_id, audience, now=at, stamp=stamp)


def texts(engine: Engine) -> set[str]:
    rows = engine.stage.box.db.read_here(lambda rows: rows.all("select text from messages"))
    return {row["text"] for row in rows}


def test_what_was_changed_is_what_goes_at_the_new_time(engine: Engine) -> None:
    campaign_id = planned(engine)
    people(engine, 5)
    changed = replan(engine, campaign_id)
    assert (changed.name, changed.message, changed.status) == ("Changed", "Other words", "scheduled")
    later = engine.stage.hands.now() + timedelta(hours=1)
    assert engine.stage.box.db.read_here(launching.due, now=later) == []
    due(engine, campaign_id, later + timedelta(hours=1))
    assert run(engine, campaign_id).sent == 5
    assert texts(engine) == {"Other words"}


def test_without_a_time_it_begins_at_once(engine: Engine) -> None:
    campaign_id = planned(engine)
    assert replan(engine, campaign_id, scheduled_for=None).status == "sending"
    assert run(engine, campaign_id).sent == 3
    assert texts(engine) == {"Other words"}


def test_an_audience_that_was_asked_for_before_the_change_begins_nothing(engine: Engine) -> None:
    campaign_id = planned(engine)
    config, now = engine.stage.box.config, engine.stage.hands.now()
    stamp, audience = engine.stage.box.db.read_here(launching.meant_now, campaign_id, config, now)
    changed = replan(engine, campaign_id)
    write = engine.stage.box.db.write_now
    write(launching.launch_scheduled, campaign_id, audience, now=now + timedelta(hours=1), stamp=stamp)
    assert show(engine, campaign_id) == changed
    write(control.pause, engine.stage.asha.id, campaign_id, now=now)
    with pytest.raises(Invalid, match="changed in another window"):
        write(control.resume, engine.stage.asha.id, campaign_id, contact_ids=audience, stamp=stamp, now=now)
    assert show(engine, campaign_id).status == "paused"


def test_one_that_has_begun_or_is_over_is_not_changed(engine: Engine) -> None:
    campaign_id = planned(engine)
    stamp = launching.stamp_of(show(engine, campaign_id))
    due(engine, campaign_id, engine.stage.hands.now() + timedelta(hours=1))
    before = show(engine, campaign_id)
    with pytest.raises(Invalid, match="has begun"):
        replan(engine, campaign_id, stamp=stamp)
    engine.stage.box.db.write_now(control.pause, engine.stage.asha.id, campaign_id, now=engine.stage.hands.now())
    with pytest.raises(Invalid, match="has begun"):
        replan(engine, campaign_id, stamp=stamp)
    engine.stage.box.db.write_now(control.stop, engine.stage.asha.id, campaign_id, now=engine.stage.hands.now())
    with pytest.raises(Invalid, match="has begun"):
        replan(engine, campaign_id, stamp=stamp)
    assert show(engine, campaign_id).message == before.message != "Other words"


def test_one_that_a_person_reads_or_has_read_is_not_changed_behind_their_back(engine: Engine) -> None:
    campaign_id = planned(engine)
    db, now = engine.stage.box.db, engine.stage.hands.now()
    verdict = Verdict("hold", ("rule",), "Somebody reads it.")
    db.write_now(reviews.ask, engine.stage.asha.id, verdict, message_id=None, campaign_id=campaign_id, now=now)
    for decided in (False, True):
        if decided:
            review_id = engine.stage.value("select max(id) from reviews")
            assert db.write_now(reviews.decide, review_id, "yes", by=engine.stage.asha.id, now=now)
        with pytest.raises(Invalid, match="read by a person"):
            replan(engine, campaign_id)
    assert show(engine, campaign_id).message != "Other words"


def test_of_two_windows_the_second_changes_nothing(engine: Engine) -> None:
    campaign_id = planned(engine)
    stamp = launching.stamp_of(show(engine, campaign_id))
    first = replan(engine, campaign_id, stamp=stamp)
    with pytest.raises(Invalid, match="another window"):
        replan(engine, campaign_id, stamp=stamp, message="Third words")
    assert show(engine, campaign_id) == first


def test_a_paused_one_stays_paused_with_its_new_words(engine: Engine) -> None:
    campaign_id = planned(engine)
    now = engine.stage.hands.now()
    engine.stage.box.db.write_now(control.pause, engine.stage.asha.id, campaign_id, now=now)
    assert replan(engine, campaign_id, scheduled_for=None).status == "paused"
    engine.stage.box.db.write_now(
        control.resume, engine.stage.asha.id, campaign_id, contact_ids=ids(engine), now=now
    )
    assert run(engine, campaign_id).sent == 3
    assert texts(engine) == {"Other words"}


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"contact_ids": []}, "no_recipients"),
        ({"message": "Hi {nmae}"}, "bad_template"),
        ({"message": ""}, "message_empty"),
        ({"audience": '{"fields":[{"field":"gone","op":"empty"}]}'}, "bad_segment"),
    ],
)
def test_what_could_not_be_made_so_is_refused_and_changes_nothing(
    engine: Engine, more: dict[str, Any], code: str
) -> None:
    campaign_id = planned(engine)
    before = show(engine, campaign_id)
    with pytest.raises(Invalid) as refused:
        replan(engine, campaign_id, **more)
    assert refused.value.code == code
    assert show(engine, campaign_id) == before


def test_somebody_elses_is_not_there(engine: Engine) -> None:
    campaign_id = planned(engine)
    with pytest.raises(NotFound):
        engine.stage.box.db.write_now(
            launching.replan,
            engine.stage.bilal.id,
            campaign_id,
            stamp=launching.stamp_of(show(engine, campaign_id)),
            name="x",
            message="x",
            audience="{}",
            contact_ids=[1],
            device_ids=None,
            scheduled_for=None,
            now=engine.stage.hands.now(),
        )


def test_drafts_are_kept_one_for_a_form_the_newest_twenty(engine: Engine) -> None:
    db, asha, bilal = engine.stage.box.db, engine.stage.asha.id, engine.stage.bilal.id
    now = engine.stage.hands.now()
    for number in range(unfinished.MOST + 3):
        at = now + timedelta(seconds=number)
        assert db.write_now(unfinished.keep, asha, f"t{number}", name=f"n{number}", form="name=x", now=at)
    assert db.write_now(unfinished.keep, asha, "t5", name="again", form="name=y", now=now + timedelta(minutes=1))
    found = db.read_here(unfinished.every, asha)
    assert (len(found), found[0].name, found[0].form, found[-1].name) == (20, "again", "name=y", "n3")
    assert not db.write_now(unfinished.keep, asha, "long", name="", form="x" * 70_000, now=now)
    assert db.read_here(unfinished.every, bilal) == []
    with pytest.raises(NotFound):
        db.write_now(unfinished.drop, bilal, found[0].id)
    assert db.write_now(unfinished.done, bilal, "t5", now=now)
    assert db.write_now(unfinished.done, asha, "t6", now=now)
    assert [one.name for one in db.read_here(unfinished.every, asha)][:2] == ["again", "n22"]
    assert len(db.read_here(unfinished.every, asha)) == 19


def test_a_form_that_became_a_campaign_is_neither_kept_nor_sent_again(engine: Engine) -> None:
    db, asha, now = engine.stage.box.db, engine.stage.asha.id, engine.stage.hands.now()
    assert db.write_now(unfinished.keep, asha, "t", name="n", form="name=x", now=now)
    (kept,) = db.read_here(unfinished.every, asha)
    assert db.write_now(unfinished.done, asha, "t", now=now)
    assert not db.write_now(unfinished.keep, asha, "t", name="n", form="name=x", now=now)
    assert not db.write_now(unfinished.done, asha, "t", now=now)
    assert db.read_here(unfinished.every, asha) == []
    with pytest.raises(NotFound):
        db.read_here(unfinished.of_user, asha, kept.id)
    for number in range(unfinished.MOST + 1):
        db.write_now(unfinished.keep, asha, f"later {number}", name="n", form="name=x", now=now)
    assert not db.write_now(unfinished.done, asha, "t", now=now), "later drafts do not push it out"


def test_a_paused_one_that_somebody_has_to_read_is_resumed_first(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = planned(engine)
    now = engine.stage.hands.now()
    engine.stage.box.db.write_now(control.pause, engine.stage.asha.id, campaign_id, now=now)
    before = show(engine, campaign_id)
    verdict = Verdict("hold", ("rule",), "Somebody reads it.")
    monkeypatch.setattr(launching, "judged", lambda *_: verdict)
    with pytest.raises(Invalid, match="resume it, then change it"):
        replan(engine, campaign_id)
    assert show(engine, campaign_id) == before
    engine.stage.box.db.write_now(control.resume, engine.stage.asha.id, campaign_id, now=now)
    assert replan(engine, campaign_id).status_reason == "content_review"
