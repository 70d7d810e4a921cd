"""Steps 11 and 12: what is heard of what people do, at once and afterwards."""

from __future__ import annotations

import time

from wabox.fieldtest.field import Field
from wabox.whatsapp.driver import Inbound, PhoneUsed

_PICTURES = {"image", "poll_creation"}


def hear(field: Field) -> None:
    """11: what B writes is heard, and whose it is; what is no word of a person is not."""
    done, plain = _heard(field, "field test, a word")
    known = None if plain is None else plain.phone is not None
    field.check("a word", plain is not None if done else None, 17, kind=plain.kind if plain else None)
    field.check("whose it is", known, 18, phone=known, lid=bool(plain and plain.lid))
    done, stop = _heard(field, "STOP")
    field.check("STOP", stop is not None if done else None, 17)
    _changed(field)
    _pictures(field)
    _unread(field)
    _phone_used(field)


def sweep(field: Field) -> None:
    """12: what B writes while the box is off is heard when it is back."""
    field.gateway.close(field.spec.device_id)
    field.shows(lambda link: link.state == "not_started", since=0, seconds=field.tempo.acks)
    text = "field test, while the box is off"
    field.report.keep_out(text)
    done = field.people.do("b_writes", text)
    mark, began = field.open(), time.monotonic()
    back = field.ready_again(mark)
    field.check(
        "comes back without a QR", bool(back and back.state == "ready"), 5, seconds=time.monotonic() - began
    )
    heard = field.journal.wait(Inbound, lambda one: one.text == text, since=mark, seconds=field.tempo.hearing)
    field.check(
        "heard afterwards", None if done != "done" else heard is not None, 3, seconds=time.monotonic() - began
    )


def _heard(field: Field, text: str) -> tuple[bool, Inbound | None]:
    """Whether B wrote it, and what was heard of it."""
    mark = field.journal.mark()
    field.report.keep_out(text)
    if field.people.do("b_writes", text) != "done":
        return False, None
    found = field.journal.wait(
        Inbound,
        lambda one: one.text.strip().upper() == text.upper(),
        since=mark,
        seconds=field.tempo.hearing,
    )
    if found is not None:
        field.report.keep_out(found.phone, found.lid, found.username, found.name, found.message_id, found.chat_id)
    return True, found


def _phone_used(field: Field) -> None:
    """What is written on A itself shows that the phone is in use."""
    mark, text = field.journal.mark(), "field test, written on the phone"
    field.report.keep_out(text)
    done = field.people.do("a_writes", text) == "done"
    used = field.journal.wait(PhoneUsed, lambda _: True, since=mark, seconds=field.tempo.hearing) if done else None
    field.check("what the phone writes itself", used is not None if done else None, 36)


def _changed(field: Field) -> None:
    """An edit is heard with its new text; a deletion is nobody's word."""
    thought = _heard(field, "field test, a second thought")[1]
    mark = field.journal.mark()
    if field.people.do("b_edits", "STOP") == "done":
        edited = field.journal.wait(Inbound, lambda one: one.edited, since=mark, seconds=field.tempo.hearing)
        field.check("an edit", edited is not None, 32)
    else:
        field.check("an edit", None, 32)
    mark = field.journal.mark()
    deleted = field.people.do("b_deletes")
    field.journal.rest(field.tempo.settle)
    heard = field.journal.all(Inbound, mark)
    kinds = [one.kind for one in heard if not (one.edited and one.kind == "chat")]  # the edit may be told twice
    field.check("a deletion is no word", not kinds if thought and deleted == "done" else None, 17, kinds=kinds)


def _pictures(field: Field) -> None:
    """A photo and a poll are words of a person, whatever they say; a reaction need not be."""
    mark = field.journal.mark()
    sent = field.people.do("b_pictures")
    if sent == "done":
        field.journal.wait(
            Inbound, lambda one: one.kind == "poll_creation", since=mark, seconds=field.tempo.hearing
        )
    kinds = [one.kind for one in field.journal.all(Inbound, mark)]
    field.check("other kinds", set(kinds) >= _PICTURES if sent == "done" else None, 17, kinds=kinds)


def _unread(field: Field) -> None:
    """A question stays unread on A's phone under a message of ours."""
    text = "field test, a question"
    if _heard(field, text)[1] is None or field.people.is_unread(text) is None:
        field.check("a question stays unread", None, 22)
        return
    message_id, ours = field.new_message("under a question")
    mark = field.journal.mark()
    handed = field.hand_over(field.chat(), message_id, ours)
    field.ack(message_id, 2, since=mark)
    field.journal.rest(min(field.tempo.settle, 5))
    stays = field.people.is_unread(text)
    field.check("a question stays unread", stays if handed.outcome == "acked" else None, 22)
