"""Knows how alerts are called."""

from __future__ import annotations

from wabox.alerts.kinds import Kind
from wabox.languages import later

KIND: dict[Kind, str] = {
    "phone_down": later("A phone is unlinked, or sends nothing"),
    "engine_incompatible": later("WhatsApp has changed, and wabox does not know it yet"),
    "webhook_failing": later("The webhook takes nothing for an hour"),
    "campaign_held": later("wabox paused a campaign"),
    "clock_wrong": later("The clock of the machine looks wrong"),
    "disk_full": later("The disk is nearly full"),
    "backup": later("There is no good backup of last night"),
    "review_waits": later("A message waits until I have read it"),
    "payment_to_check": later("A payment waits to be checked"),
}
