"""Steps 7, 9, 10, 13, 14 and 15: what is sent, how often it comes, what is known of it afterwards."""

from __future__ import annotations

import base64
import tempfile
import time
from pathlib import Path

from wabox.fieldtest.field import Field, Missed
from wabox.fieldtest.probes import script
from wabox.whatsapp.driver import File, Place, Receipt

_TRIES = 3
_EMOJI = "👍"
_GREENWICH = Place(51.4779, -0.0015, "wabox field test", "Greenwich")
# 16 x 16 dots, all grey.
_GREY = "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAAAAAA6mKC9AAAAD0lEQVR42mNoQAMMI1sAAAUMgAHjM1mKAAAAAElFTkSuQmCC"


def send(field: Field) -> None:
    """7: a message goes 1, 2, 3, under the id that wabox chose, and its receipts name it by that id."""
    field.people.do("b_closes")
    mark = field.journal.mark()
    message_id = sent_and_counted(field, "with the app closed", 2, 13)
    field.kept["anchor"] = (field.chat(), message_id)
    opened = field.people.do("b_reads") == "done"
    read = field.ack(message_id, 3, since=mark) if opened else None
    begun = time.monotonic()
    second, text = field.new_message("with the chat open")
    mark = field.journal.mark()
    handed = field.hand_over(field.chat(), second, text)
    last = 3 if opened else 2
    field.ack(second, last, since=mark)
    acks = {
        f"ack {one.ack}": at - begun
        for at, one in reversed(field.journal.timed(Receipt, mark))
        if one.message_id == second
    }
    field.check(
        "acks", any(f"ack {ack}" in acks for ack in range(last, 4)), 13, 14, outcome=handed.outcome, seconds=acks
    )
    field.check("read later", read is not None if opened else None, 14)
    kept = field.look_up(second, field.chat(), field.kept["anchor"])
    field.check(
        "the id is kept", kept.ack is not None and kept.ack >= 1, 9, ack=kept.ack, anchor=kept.anchor_found
    )
    _mended(field, second)
    _picture(field)
    _taken_back(field, _place(field))


def _picture(field: Field) -> None:
    """A picture without a caption: its bytes go up, and nobody sees its name."""
    message_id, _ = field.new_message("a picture")
    with tempfile.TemporaryDirectory(prefix="wabox-fieldtest-") as place:
        path = Path(place) / "picture"
        path.write_bytes(base64.b64decode(_GREY))
        file = File(path, "image", "image/png", "grey.png", path.stat().st_size)
        handed = field.hand_over(field.chat(), message_id, "", file)
    went = handed.outcome == "acked"
    field.check("a picture goes up", went, 38, 40, outcome=handed.outcome, reason=handed.reason)
    field.check("no text below it", field.people.is_plain(message_id) if went else None, 39)


def _mended(field: Field, message_id: str) -> None:
    """The text says something else, and has an emoji; no message more."""
    device, chats, text = field.spec.device_id, (field.chat(),), f"wabox field test {field.messages}: mended"
    field.report.keep_out(text)
    edited = field.asked(lambda: field.gateway.edit(device, message_id, chats, text))
    there = field.people.sees("edited", message_id, text) if edited.outcome == "edited" else False
    field.check("a text is changed", there, 49, outcome=edited.outcome, reason=edited.reason)
    put = field.asked(lambda: field.gateway.react(device, message_id, chats, _EMOJI, own=True))
    there = field.people.sees("emoji", message_id, _EMOJI) if put.outcome == "reacted" else False
    field.check("an emoji is put", there, 48, outcome=put.outcome, reason=put.reason)


def _place(field: Field) -> str:
    """A place instead of a text; its id."""
    message_id, _ = field.new_message("a place")
    handed = field.hand_over(field.chat(), message_id, "", _GREENWICH)
    there = field.people.sees("place", message_id) if handed.outcome == "acked" else False
    field.check("a place goes", there, 43, outcome=handed.outcome, reason=handed.reason)
    return message_id


def _taken_back(field: Field, message_id: str) -> None:
    """It is deleted for everyone, and a second time does no harm."""
    device, chats = field.spec.device_id, (field.chat(),)
    found = [field.asked(lambda: field.gateway.revoke(device, message_id, chats)).outcome for _ in range(2)]
    there = field.people.sees("gone", message_id) if found[0] == "revoked" else False
    good = there if found[1] == "revoked" else False
    field.check("deleted for everyone", good, 45, outcome=found[0], again=found[1])


def twice(field: Field) -> None:
    """9: the server takes one id once, however often it is handed over."""
    message_id, text = field.new_message("once or twice?")
    field.messages += 1
    handed = field.hand_over(field.chat(), message_id, text)
    mark = field.journal.mark()
    key = f"true_{field.chat()}_{message_id}"
    again = field.ask(script("again"), {"chat": field.chat(), "key": key, "text": text})
    field.ack(message_id, 2, since=mark, seconds=field.tempo.settle)
    field.journal.rest(min(field.tempo.settle, 10))
    came = field.people.how_many(text, message_id)
    good = came == 1 if handed.outcome == "acked" and again is not None and came is not None else None
    field.check("came once", good, 10, first=handed.outcome, again=again, came=came)


def killed(field: Field) -> None:
    """10: the browser dies right after a hand-over; its history knows what went, and what did not."""
    field.people.do("b_hides_reading")
    chat, mark = field.chat(), field.journal.mark()
    message_id, text = field.new_message("then the browser dies")
    handed = field.hand_over(chat, message_id, text)
    back = field.ready_again(field.kill_browser())
    field.check("comes back without a QR", bool(back and back.state == "ready"), 5, state=back and back.state)
    found = field.look_up(message_id, chat, field.kept.get("anchor"))
    good = handed.outcome == "acked" and found.ack is not None and found.ack >= 1
    field.check("history knows it", good, 9, 12, outcome=handed.outcome, ack=found.ack, anchor=found.anchor_found)
    never = field.look_up("3EB0000000000000000000", chat, (chat, message_id))
    field.check("history knows no other", never.ack is None and never.anchor_found, 16, anchor=never.anchor_found)
    field.people.do("b_shows_reading")
    field.people.do("b_reads")
    late = field.ack(message_id, 3, since=mark)
    field.check("a receipt for what is not in memory", late is not None or None, 15, came=late is not None)
    _swallowed(field, chat)


def withheld(field: Field) -> None:
    """13: phone B blocks, hides reading, lets messages vanish."""
    if field.people.do("b_blocks") == "done":
        mark = field.journal.mark()
        message_id, text = field.new_message("while B blocks")
        handed = field.hand_over(field.chat(), message_id, text)
        reached = field.ack(message_id, 2, since=mark, seconds=field.tempo.settle)
        good = handed.outcome == "acked" and reached is None
        field.check("blocked: sent, not delivered", good, 13, outcome=handed.outcome)
        field.people.do("b_unblocks")
    if field.people.do("b_hides_reading") == "done":
        mark = field.journal.mark()
        message_id, text = field.new_message("with receipts off")
        field.hand_over(field.chat(), message_id, text)
        delivered = field.ack(message_id, 2, since=mark)
        read = field.ack(message_id, 3, since=mark, seconds=field.tempo.settle)
        field.check("receipts off: delivered, not read", bool(delivered) and read is None, 14)
        field.people.do("b_shows_reading")
    if field.people.do("b_vanishing") == "done":
        message_id, text = field.new_message("vanishes in a day")
        field.hand_over(field.chat(), message_id, text)
        field.journal.rest(min(field.tempo.settle, 2))
        found = field.look_up(message_id, field.chat())
        field.check("vanishing: found now", found.ack is not None, 12, ack=found.ack)
        field.people.do("b_lasting")
    else:
        field.check("vanishing: found now", None, 12)


def to_self(field: Field) -> None:
    """14: a message to the linked number itself."""
    chat, mark = field.own_chat(), field.journal.mark()
    message_id, text = field.new_message("to myself")
    handed = field.hand_over(chat, message_id, text)
    receipt = field.ack(message_id, 1, since=mark, seconds=field.tempo.settle)
    found = field.look_up(message_id, chat)
    by = "lid" if chat.endswith("@lid") else "phone"
    good = handed.outcome == "acked" and found.ack is not None
    field.check("taken", good, 9, 30, by=by, outcome=handed.outcome, ack=receipt.ack if receipt else found.ack)


def phone_away(field: Field) -> None:
    """15: the linked phone is offline; wabox sends and hears all the same."""
    if field.people.do("a_away") != "done":
        raise Missed("phone A stayed online")
    field.journal.rest(field.tempo.away)
    sent_and_counted(field, "while phone A is away", 31)
    field.people.do("a_back")


def sent_and_counted(field: Field, what: str, *assumes: int) -> str:
    """A message to B was taken and came once: the check says so. Its id.

    A page that was away is asked again; one that did not answer is asked what it knows, as after a crash.
    """
    message_id, text = field.new_message(what)
    for _ in range(_TRIES):
        try:
            handed = field.hand_over(field.chat(), message_id, text)
        except Missed:
            field.journal.rest(1)
            continue
        if handed.outcome not in ("not_entered",):
            break
    else:
        handed = None
    acked = handed is not None and handed.outcome == "acked"
    if not acked:
        field.journal.rest(field.tempo.settle)
        ack = field.look_up(message_id, field.chat(), field.kept.get("anchor")).ack
        acked = ack is not None and ack >= 1
    came = field.people.how_many(text, message_id) if acked else None
    good = None if acked and came is None else came == 1
    field.check("taken, and came once", good, *assumes, outcome=handed and handed.outcome, came=came)
    return message_id


def _swallowed(field: Field, chat: str) -> None:
    """A message that never left the page is not sent by the page later, by itself."""
    if field.people.do("swallow") != "done":
        field.check("ack 0 stays", None, 11)
        return
    message_id, text = field.new_message("lost on its way")
    handed = field.hand_over(chat, message_id, text)
    back = field.ready_again(field.kill_browser())
    field.journal.rest(field.tempo.waking)
    came = field.people.how_many(text, message_id)
    kept = back is not None and back.state == "ready" and field.look_up(message_id, chat).ack == 0
    good = came == 0 if came is not None and (kept or came > 0) else None
    field.check("ack 0 stays", good, 11, outcome=handed.outcome, kept=kept, came=came)
