"""How a wa-js comes in, is tried, chosen and given to phone after phone, and how each goes back.

Each step is a guarded UPDATE, so that whoever is killed between two of them finds the next one in the rows.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from wabox import languages, times
from wabox.accounts import audit, users
from wabox.db import Tx
from wabox.devices import orders
from wabox.devices import stored as devices
from wabox.errors import Invalid
from wabox.languages import catalogues, later
from wabox.messages import outbox, template
from wabox.renewal import stored
from wabox.renewal.archive import Package
from wabox.renewal.stored import Installed, Phone
from wabox.whatsapp import wajs
from wabox.whatsapp.driver import Checkup

MOST_TRIES = 3
INTERRUPTED = "interrupted"
NOT_READY, MISSING, DOUBTS, ALTERED = "not_ready", "missing", "doubts", "altered"
UNSENT = "canary"
BOTH = "both"  # the one before fails as well: it is WhatsApp

CANARY = later("wabox has opened this phone's page with a newer engine. If you read this, it works.")
BUSY = later("Another engine is being tried just now; wait until that is over.")
OWN = later("This is the engine that came with wabox; going back brings it to the phones.")
THERE = later("Phones have this engine already.")
NOTHING = later("There is no other engine to go back to.")


def add(
    tx: Tx, package: Package, origin: str, *, now: datetime, user_id: int | None = None, canary: bool = False
) -> Installed:
    """The package, whose files lie there, waits to be tried. One that was refused or is gone is tried anew.

    canary: each phone that gets it writes to its own number, and goes back if that does not go.
    Raises Invalid `engine_busy`, `engine_built_in`, `engine_there`.
    """
    if stored.in_trial(tx) is not None:
        raise Invalid("engine_busy", BUSY)
    if package.sha256 == wajs.SHA256:
        raise Invalid("engine_built_in", OWN)
    there, chosen = stored.by_sha256(tx, package.sha256), stored.choice(tx)
    if there and chosen and chosen.engine_id == there.id and chosen.stopped_at is None:
        raise Invalid("engine_there", THERE)
    tx.run(
        """insert into engines (version, sha256, sha512, origin, canary, added_at)
           values (:version, :sha256, :sha512, :origin, :canary, :now)
           on conflict (sha256) do update set state = 'waiting', step = null, reason = null, tries = 0,
           origin = :origin, canary = :canary, sha512 = :sha512, added_at = :now, tried_at = null""",
        version=package.version,
        sha256=package.sha256,
        sha512=package.sha512,
        origin=origin[:200],
        canary=int(canary),
        now=times.stored(now),
    )
    added = stored.by_sha256(tx, package.sha256)
    assert added is not None
    details = {"version": added.version, "sha256": added.sha256, "origin": added.origin}
    audit.note(tx, user_id=user_id, action="engine.installed", subject=added.version, details=details, now=now)
    return added


def begin_trial(tx: Tx, *, now: datetime) -> Installed | None:
    """The one that waits is being tried from now on. None: there is none.

    One whose trial was cut short is tried again, three times in all; then it is refused.
    """
    found = stored.in_trial(tx)
    if found is None:
        return None
    if found.tries >= MOST_TRIES:
        refused(tx, found.id, INTERRUPTED, now=now)
        return None
    tx.run("update engines set state = 'trying', step = null, tries = tries + 1 where id = :id", id=found.id)
    return stored.by_id(tx, found.id)


def came_to(tx: Tx, engine_id: int, step: str) -> None:
    """The trial has come so far."""
    tx.run("update engines set step = :step where id = :id and state = 'trying'", id=engine_id, step=step)


def passed(tx: Tx, engine_id: int, lacks: Sequence[str], *, now: datetime) -> bool:
    """trying → good, and chosen for all phones."""
    moved = tx.run(
        """update engines set state = 'good', step = null, reason = null, lacks = :lacks, tried_at = :now
           where id = :id and state = 'trying'""",
        id=engine_id,
        lacks=json.dumps(list(lacks)),
        now=times.stored(now),
    )
    if moved:
        found = stored.by_id(tx, engine_id)
        choose(tx, engine_id, now=now, canary=found is not None and found.canary)
    return moved == 1


def refused(tx: Tx, engine_id: int, reason: str, *, now: datetime) -> bool:
    """waiting or trying → refused: no phone ever gets it."""
    moved = tx.run(
        """update engines set state = 'refused', reason = :reason, tried_at = :now
           where id = :id and state in ('waiting', 'trying')""",
        id=engine_id,
        reason=reason[:300],
        now=times.stored(now),
    )
    if moved:
        _note(tx, "engine.refused", engine_id, {"reason": reason[:300]}, now)
    return moved == 1


def choose(
    tx: Tx, engine_id: int | None, *, now: datetime, user_id: int | None = None, canary: bool = False
) -> None:
    """All phones shall have it, one after the other. None: wabox's own, which is always there."""
    tx.run(
        "insert into engine_choices (engine_id, chosen_at, canary) values (:id, :now, :canary)",
        id=engine_id,
        now=times.stored(now),
        canary=int(canary),
    )
    _note(tx, "engine.chosen", engine_id, {}, now, user_id=user_id)


def back(tx: Tx, *, now: datetime, user_id: int | None = None) -> Installed | None:
    """What was chosen before is chosen again; None: wabox's own. Raises Invalid `engine_none_before`."""
    earlier = stored.before(tx)
    if earlier is None:
        if stored.choice(tx) is None or _is_own(stored.choice(tx)):
            raise Invalid("engine_none_before", NOTHING)
        choose(tx, None, now=now, user_id=user_id)
        return None
    choose(tx, earlier.engine_id, now=now, user_id=user_id)
    return None if earlier.engine_id is None else stored.by_id(tx, earlier.engine_id)


def _is_own(choice: stored.Choice | None) -> bool:
    return choice is not None and choice.engine_id is None


def move(tx: Tx, phone: Phone, engine_id: int | None, *, now: datetime) -> bool:
    """The phone gets this engine. An open page is opened anew with it, if nothing of the phone is in hand now.

    A message in doubt on a page that cannot be asked any more is none that could be settled first: it is looked
    up under the new engine. False: something came into its hand since it was looked at.
    """
    there = stored.phone(tx, phone.id)
    if there is None or there.leaving or (there.in_hand and not there.incompatible):
        return False
    _put(tx, there, engine_id, move="opening" if there.wanted else None, reason=None, now=now)
    if there.wanted:
        orders.restart(tx, devices.by_id(tx, there.id))
        _note(tx, "engine.moved", engine_id, {"phone": there.label}, now)
    return True


def arrived(tx: Tx, phone: Phone, *, now: datetime) -> bool:
    """opening → proving: it is ready, and can be asked for a message.

    The next real one proves it; or one to its own number, queued here, where the owner allows that.
    """
    moved = _moved(tx, phone, "opening", "proving", now)
    choice = stored.choice(tx)
    if moved and choice is not None and choice.canary and phone.phone:
        user = users.by_id(tx, phone.user_id)
        text = catalogues.say(user.language if user is not None and user.language else languages.FIRST, CANARY)
        job_id = outbox.accept(
            tx,
            devices.by_id(tx, phone.id),
            phone=phone.phone,
            template=template.parse(text),
            values={},
            now=now,
            system=True,
        )
        tx.run("update device_engines set canary_id = :job where device_id = :id", job=job_id, id=phone.id)
    return moved


def rests(tx: Tx, phone: Phone, *, now: datetime) -> bool:
    """The move is over, and the phone keeps what it has."""
    return phone.move is not None and _moved(tx, phone, phone.move, None, now)


def went_back(tx: Tx, phone: Phone, reason: str, *, now: datetime) -> bool:
    """opening or proving → back: the phone has the engine of before again, and no further phone is moved.

    Where the one before did not work either it is WhatsApp: the phone stays on the newer one.
    """
    there = stored.phone(tx, phone.id)
    if there is None or there.move not in ("opening", "proving"):
        return False
    helps = there.was_well or reason == ALTERED
    _stop(tx, reason if helps else BOTH, now)
    if not helps:
        tx.run(
            "update device_engines set move = null, reason = :reason where device_id = :id",
            id=there.id,
            reason=BOTH,
        )
        _note(tx, "engine.stays", there.engine_id, {"phone": there.label, "reason": reason}, now)
        return True
    _put(tx, there, there.before_id, move="back", reason=reason, now=now)
    if there.wanted:
        orders.restart(tx, devices.by_id(tx, there.id))
    _note(tx, "engine.went_back", there.before_id, {"phone": there.label, "reason": reason}, now)
    return True


def stays_on_newer(tx: Tx, phone: Phone, *, now: datetime) -> bool:
    """back → at rest on the newer engine: the older one does not work any more either, so it is WhatsApp."""
    there = stored.phone(tx, phone.id)
    if there is None or there.move != "back":
        return False
    _put(tx, there, there.before_id, move=None, reason=BOTH, now=now)
    orders.restart(tx, devices.by_id(tx, there.id))
    _note(tx, "engine.stays", there.before_id, {"phone": there.label}, now)
    return True


def lost(tx: Tx, phone: Phone, *, now: datetime) -> bool:
    """The phone's engine is not on the disk as it was: it has wabox's own, whatever it was doing."""
    there = stored.phone(tx, phone.id)
    if there is None or there.engine_id is None:
        return False
    _stop(tx, ALTERED, now)
    _put(tx, there, None, move=None, reason=ALTERED, now=now)
    if there.wanted:
        orders.restart(tx, devices.by_id(tx, there.id))
    _note(tx, "engine.went_back", None, {"phone": there.label, "reason": ALTERED}, now)
    return True


def saw(tx: Tx, device_id: int, page: Checkup, *, now: datetime) -> None:
    """What the phone's page has and lacks."""
    tx.run(
        """insert into device_pages
             (device_id, user_id, page_version, wajs_version, missing, lacks, patches, seen_at)
           select id, user_id, :page, :wajs, :missing, :lacks, :patches, :now from devices where id = :id
           on conflict do update set page_version = :page, wajs_version = :wajs, missing = :missing,
           lacks = :lacks, patches = :patches, seen_at = :now""",
        id=device_id,
        page=page.page_version,
        wajs=page.wajs_version,
        missing=json.dumps(page.missing),
        lacks=json.dumps(page.lacks),
        patches=json.dumps(dict(page.patches)),
        now=times.stored(now),
    )


def forget(tx: Tx) -> list[Installed]:
    """What is not kept any more is gone from the rows; returns those that stay, whose files stay too."""
    stay = stored.kept(tx)
    names = {one.id for one in stay}
    for one in stored.every(tx):
        if one.state == "good" and one.id not in names:
            tx.run("update engines set state = 'gone' where id = :id", id=one.id)
    return stay


def _moved(tx: Tx, phone: Phone, since: str, to: str | None, now: datetime) -> bool:
    moved = tx.run(
        """update device_engines set move = :to, since = iif(:to is 'proving', :now, since)
           where device_id = :id and move = :was""",
        id=phone.id,
        was=since,
        to=to,
        now=times.stored(now),
    )
    return moved == 1


def _put(
    tx: Tx, phone: Phone, engine_id: int | None, *, move: str | None, reason: str | None, now: datetime
) -> None:
    tx.run(
        """insert into device_engines (device_id, user_id, engine_id, before_id, since, move, was_well, reason)
           values (:id, :user_id, :engine, :before, :now, :move, :well, :reason)
           on conflict do update set engine_id = :engine, before_id = :before, since = :now, move = :move,
           was_well = :well, reason = :reason, canary_id = null""",
        id=phone.id,
        user_id=phone.user_id,
        engine=engine_id,
        before=phone.engine_id,
        now=times.stored(now),
        move=move,
        well=int(not phone.incompatible),
        reason=reason,
    )


def _stop(tx: Tx, reason: str, now: datetime) -> None:
    tx.run(
        """update engine_choices set stopped_at = :now, reason = :reason
           where id = (select max(id) from engine_choices) and stopped_at is null""",
        now=times.stored(now),
        reason=reason,
    )


def _note(
    tx: Tx, action: str, engine_id: int | None, more: dict[str, object], now: datetime, user_id: int | None = None
) -> None:
    found = None if engine_id is None else stored.by_id(tx, engine_id)
    version = wajs.VERSION if found is None else found.version
    audit.note(tx, user_id=user_id, action=action, subject=version, details={"version": version, **more}, now=now)
