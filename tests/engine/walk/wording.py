"""Own fields and stored texts in a walk: values that change, fields that get another name, texts that come and go.

A message says what the person has when it is made, whatever becomes of the field and the text afterwards.
"""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.engine.walk.judge import Asked
from tests.engine.walk.rules import MINUTE, Box, person, place
from tests.engine.walk.world import BILL, World
from wabox.contacts import own
from wabox.contacts import stored as contacts
from wabox.db import Rows, Tx
from wabox.messages import carrying, outbox
from wabox.messages.spintax import VARIABLES
from wabox.texts import renaming, sending
from wabox.texts import stored as texts
from wabox.texts.stored import Draft

VALUES = ("1250", "0", "-3.5", None)
NAMES = ("due", "owed")
which = st.sampled_from([0, 1])


class Wording(Box):
    """Own fields and stored texts."""

    @rule(phone=person, value=st.sampled_from(VALUES))
    def somebody_owes(self, phone: str, value: str | None) -> None:
        """And there is a text that says how much."""
        world = self.world
        world.write(_owe, world, phone, value)
        world.judge.owes[phone] = value
        if world.box.db.read_here(_text, world, 0) is None:
            world.write(_store, world, 0, None, with_field=True)

    @rule(name=st.sampled_from(NAMES))
    def owner_renames_the_field(self, name: str) -> None:
        for field in self.world.box.db.read_here(own.every, self.world.stage.asha.id):
            self.world.tries(renaming.change, field.id, name=name, currency="BDT")

    @rule()
    def owner_removes_the_field(self) -> None:
        for field in self.world.box.db.read_here(own.every, self.world.stage.asha.id):
            if self.world.tries(renaming.remove, field.id) is not None:
                self.world.judge.owes.clear()

    @rule(number=which, with_field=st.booleans(), with_file=st.booleans())
    def owner_stores_a_text(self, number: int, with_field: bool, with_file: bool) -> None:  # noqa: FBT001
        world = self.world
        media_id = world.file() if with_file else None
        world.write(_store, world, number, media_id, with_field=with_field)

    @rule(number=which)
    def owner_deletes_a_text(self, number: int) -> None:
        found = self.world.box.db.read_here(_text, self.world, number)
        if found is not None:
            self.world.tries(texts.delete, found.id)

    @rule(phone=person, slot=place, number=which, later=st.booleans())
    def sends_a_stored_text(self, phone: str, slot: int, number: int, later: bool) -> None:  # noqa: FBT001
        world = self.world
        found = world.box.db.read_here(_text, world, number)
        if found is None:
            found = world.write(_store, world, number, None, with_field=True)
        slot = slot if world.slots[slot] is not None else 0
        order = world.next_text()
        owes = world.judge.owes.get(phone) if found.parsed.own[1:] else None
        not_before = world.hands.now() + 10 * MINUTE if later else None
        asked = Asked(phone, not_before=not_before, file=None if found.media_id is None else BILL)
        world.judge.texts[f"{order} for {phone}: {owes or 'nothing'}"] = asked
        world.write(_send, world, slot, found.id, order, asked)

    @rule(later=st.booleans())
    def launches_what_everybody_owes(self, later: bool) -> None:  # noqa: FBT001
        world = self.world
        fields = world.box.db.read_here(own.names, world.stage.asha.id)
        if fields:
            not_before = 10 * MINUTE if later else None
            reads = [f" {value or 'nothing'}" for value in VALUES]
            world.launch(None, not_before=not_before, ending=f" {{{fields[0]}:nothing}}", reads=reads)


def _owe(tx: Tx, world: World, phone: str, value: str | None) -> None:
    user_id, now = world.stage.asha.id, world.hands.now()
    there = own.every(tx, user_id)
    field = there[0] if there else own.create(tx, user_id, name="due", kind="number", currency="BDT", now=now)
    contact = contacts.by_phone(tx, user_id, phone)
    assert contact is not None
    own.put(tx, user_id, {field.name: field}, {contact.id: {} if value is None else {field.name: value}})


def _text(rows: Rows, world: World, number: int) -> texts.Text | None:
    return texts.named(rows, world.stage.asha.id, f"text {number}")


def _store(tx: Tx, world: World, number: int, media_id: int | None, *, with_field: bool) -> texts.Text:
    user_id, now = world.stage.asha.id, world.hands.now()
    names = own.names(tx, user_id)
    owes = f"{{{names[0]}:nothing}}" if names and with_field else "nothing"
    draft = Draft(f"text {number}", f"{{order}} for {{phone}}: {owes}")
    carried = None if media_id is None else carrying.carry(tx, user_id, media_id, now=now)
    before = _text(tx, world, number)
    if before is None:
        return texts.add(tx, user_id, draft.with_file(carried), now=now)
    return texts.change(tx, user_id, before.id, draft.with_file(carried), now=now)


def _send(tx: Tx, world: World, slot: int, text_id: int, order: str, asked: Asked) -> None:
    user_id, now = world.stage.asha.id, world.hands.now()
    text = texts.of_user(tx, user_id, text_id)
    names = own.names(tx, user_id)
    template = sending.words(text, {"order": order}, (*VARIABLES, *names))
    assert template is not None
    carried = sending.carried(tx, user_id, text, now=now)
    _, values = contacts.values_for(tx, user_id, asked.phone, template.own, template.text)
    device = world.device(slot)
    assert device is not None
    outbox.accept(
        tx,
        device,
        phone=asked.phone,
        template=template if carried is None else carrying.with_text(carried, template),
        values={**values, "order": order},
        now=now,
        scheduled_for=asked.not_before,
        carried=carried,
    )
