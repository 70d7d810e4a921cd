"""What is said of trials and moves, for people."""

from __future__ import annotations

from wabox.languages import later
from wabox.renewal import switching

# What a trial does, in its order; the last one of a refused engine is where it failed.
STEPS: dict[str, str] = {
    "start": later("start"),
    "link": later("link a phone"),
    "exists": later("ask for numbers"),
    "send": later("send a text"),
    "look_up": later("look up messages, also one that is not there"),
    "kill": later("kill the browser while it sends, and send again"),
    "picture": later("send a picture"),
    "inbound": later("hear what somebody writes"),
    "log_in_page": later("open WhatsApp's log-in page"),
}

REASONS: dict[str, str] = {
    switching.INTERRUPTED: later("The trial was cut short three times."),
    switching.NOT_READY: later("The phone was not ready within five minutes."),
    switching.MISSING: later("WhatsApp's page lacks something that this engine needs."),
    switching.DOUBTS: later("Two messages in a row were in doubt."),
    switching.UNSENT: later("The message to the phone's own number did not go."),
    switching.ALTERED: later("The engine's file on the disk is not what it was."),
    switching.BOTH: later(
        "The engine of before does not work either: WhatsApp has changed. The phone stays on the newer one."
    ),
}

MOVES: dict[str, str] = {
    "opening": later("its page is opened with this engine"),
    "proving": later("it works; the next real message proves it"),
    "back": later("it goes back to the engine of before"),
}


def why(reason: str) -> str:
    """The sentence for a stored reason; a trial's own words stay as they are."""
    return REASONS.get(reason, reason)


def failed_at(reason: str) -> str | None:
    """What a trial was doing when it failed, of the reason that is stored; None if the reason says all."""
    step = reason.partition(":")[0].removesuffix("_absent")
    if step.startswith("log_in_page"):
        return STEPS["log_in_page"]
    return {"bindings": STEPS["link"], "ready": STEPS["link"], "ack": STEPS["send"]}.get(step, STEPS.get(step))
