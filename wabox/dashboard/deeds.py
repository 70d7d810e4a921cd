"""Knows how what was done is called in the list of it: one line an action of the audit."""

from __future__ import annotations

from wabox.accounts.audit import Entry
from wabox.dashboard.language import later

DEEDS: dict[str, str] = {
    "box.set_up": later("The box was set up"),
    "login.succeeded": later("Logged in"),
    "login.failed": later("Log-in failed: wrong password"),
    "login.code_failed": later("Log-in failed: wrong code"),
    "login.refused": later("Log-in refused: the account is locked"),
    "logout": later("Logged out"),
    "sessions.ended": later("Ended other log-ins"),
    "password.changed": later("Password changed"),
    "password.reset": later("Password set anew by a link"),
    "password.reset_asked": later("A link for a new password was asked for"),
    "totp.on": later("Two-step log-in switched on"),
    "totp.off": later("Two-step log-in switched off"),
    "totp.codes": later("New recovery codes made"),
    "key.issued": later("API key made"),
    "key.rotated": later("API key replaced"),
    "key.revoked": later("API key revoked"),
    "account.made": later("Account made"),
    "account.registered": later("Account registered"),
    "account.terms_accepted": later("Terms accepted"),
    "account.verified": later("E-mail address confirmed"),
    "account.approved": later("Account approved"),
    "account.suspended": later("Account suspended"),
    "account.resumed": later("Account active again"),
    "account.locked": later("Account locked"),
    "account.unlocked": later("Account unlocked"),
    "account.closed": later("Account deleted"),
    "account.link_made": later("Link for a new password made"),
    "disclaimer.accepted": later("Disclaimer accepted"),
    "device.added": later("Phone added"),
    "device.started": later("Phone started"),
    "device.restarted": later("Phone restarted"),
    "device.logged_out": later("Phone logged out"),
    "device.deleted": later("Phone deleted"),
    "webhook.saved": later("Webhook changed"),
    "webhook.switched_off": later("Webhook switched off"),
    "webhook.secret_rotated": later("Webhook secret replaced"),
    "contact.opted_out": later("Person opted out"),
}


def deed(entry: Entry) -> str:
    """What was done, in words; the action's own name where there are none."""
    return DEEDS.get(entry.action, entry.action)


def named(entry: Entry) -> str:
    """Which thing it was done to: its name or label; "" if that says nothing."""
    name = entry.details.get("name")
    return name if isinstance(name, str) and name != "main" else entry.subject or ""
