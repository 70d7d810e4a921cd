"""Knows how what was done is called in the list of it: one line an action of the audit."""

from __future__ import annotations

from wabox.accounts.audit import Entry
from wabox.languages import later

DEEDS: dict[str, str] = {
    "box.set_up": later("The box was set up"),
    "box.backup_asked": later("A backup was asked for"),
    "box.backup_taken": later("A backup was downloaded"),
    "box.restored": later("The box was put back from a backup"),
    "box.released": later("The box was released and sends again"),
    "engine.installed": later("Another wa-js was brought"),
    "engine.refused": later("A wa-js failed its trial"),
    "engine.chosen": later("A wa-js was chosen for all phones"),
    "engine.moved": later("A phone got another wa-js"),
    "engine.went_back": later("A phone went back to the wa-js of before"),
    "engine.stays": later("A phone stays on the newer wa-js: WhatsApp has changed"),
    "box.move_asked": later("A move to another machine was asked for"),
    "box.unmoved": later("The box takes up its work again after a move"),
    "login.succeeded": later("Logged in"),
    "login.failed": later("Log-in failed: wrong password"),
    "login.code_failed": later("Log-in failed: wrong code"),
    "login.throttled": later("Log-ins refused for a while: too many tries"),
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
    "device.pressed": later("A box on the phone's page answered"),
    "device.restarted": later("Phone restarted"),
    "device.logged_out": later("Phone logged out"),
    "device.went_on": later("Phone goes on from another number"),
    "device.deleted": later("Phone deleted"),
    "device.code_asked": later("Pairing code asked for"),
    "webhook.saved": later("Webhook changed"),
    "webhook.switched_off": later("Webhook switched off"),
    "webhook.secret_rotated": later("Webhook secret replaced"),
    "content.refused": later("A message was refused by a rule"),
    "review.passed": later("A held message was let go"),
    "review.refused": later("A held message was refused"),
    "complaint.recorded": later("Complaint recorded"),
    "filter.rule_added": later("Rule for messages added"),
    "filter.rule_changed": later("Rule for messages changed"),
    "filter.rule_on": later("Rule for messages switched on"),
    "filter.rule_off": later("Rule for messages switched off"),
    "filter.rule_deleted": later("Rule for messages deleted"),
    "filter.builtin_set": later("Rule that comes with wabox changed"),
    "contact.field_removed": later("Own field removed"),
    "contact.opted_out": later("Person opted out"),
    "contact.opted_in": later("Person opted in again"),
    "contact.consent_noted": later("Consent noted"),
    "contact.consent_removed": later("Consent taken back"),
    "contact.deleted": later("Contact deleted"),
    "contact.erased": later("Person erased"),
    "contact.exported": later("Contacts exported"),
    "audit.exported": later("This record exported"),
    "inbox.exported": later("Inbox exported"),
    "person.exported": later("All that is held of a person exported"),
    "plan.created": later("Plan made"),
    "plan.changed": later("Plan changed"),
    "plan.archived": later("Plan taken from sale"),
    "plan.restored": later("Plan for sale again"),
    "payment.submitted": later("Payment handed in"),
    "payment.approved": later("Payment approved"),
    "payment.rejected": later("Payment not accepted"),
    "payment.txid_reused": later("A used transaction id was given"),
    "trial.started": later("Free trial begun"),
    "trial.refused": later("Free trial refused"),
}


def deed(entry: Entry) -> str:
    """What was done, in words; the action's own name where there are none."""
    return DEEDS.get(entry.action, entry.action)


def named(entry: Entry) -> str:
    """Which thing it was done to: its name or label; "" if that says nothing."""
    name = entry.details.get("name")
    return name if isinstance(name, str) and name != "main" else entry.subject or ""
