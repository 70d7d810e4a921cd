"""Knows how what the owner sees to is called: accounts, mails, rules, complaints, and the health of the box."""

from __future__ import annotations

from wabox import customers, fence
from wabox.accounts import mail
from wabox.accounts.states import Move
from wabox.accounts.users import State
from wabox.content import complaints
from wabox.dashboard.names.shown import Shown
from wabox.languages import later
from wabox.renewal import stored

ACCOUNT: dict[State, Shown] = {
    "pending": Shown("busy", "clock", later("Waits")),
    "active": Shown("good", "tick", later("Active")),
    "suspended": Shown("warn", "pause", later("Suspended")),
    "locked": Shown("bad", "lock", later("Locked")),
}

ONLY: dict[customers.Only, str] = {
    "ending": later("Ends within 7 days"),
    "unpaid": later("Unpaid"),
    "complaints": later("Complaints"),
}

CLOSED = Shown("calm", "trash", later("Deleted"))

MOVE: dict[Move, tuple[str, str]] = {
    "approve": (later("Approve"), later("The account may send from now on.")),
    "suspend": (later("Suspend"), later("Nothing more is sent for it; the person can still log in and look.")),
    "resume": (later("Make active again"), later("What waits goes on where it stopped.")),
    "lock": (later("Lock"), later("Nobody can log in, its keys answer 403, and nothing is sent for it.")),
    "unlock": (later("Unlock"), later("The person can log in and send again.")),
}

MAIL: dict[mail.Status, Shown] = {
    "queued": Shown("busy", "clock", later("On its way")),
    "sent": Shown("good", "tick", later("Sent")),
    "failed": Shown("bad", "cross", later("Failed")),
    "skipped": Shown("warn", "skip", later("Skipped")),
}

ENGINE: dict[stored.State, Shown] = {
    "waiting": Shown("busy", "clock", later("Waits")),
    "trying": Shown("busy", "clock", later("Being tried")),
    "good": Shown("good", "tick", later("Good")),
    "refused": Shown("bad", "cross", later("Refused")),
    "gone": Shown("calm", "trash", later("Not kept any more")),
}

ACTION: dict[str, Shown] = {
    "refuse": Shown("bad", "stop", later("Refused")),
    "hold": Shown("warn", "eye", later("Held for you to read")),
    "off": Shown("calm", "power", later("Off")),
}

CHOICE: dict[str, str] = {
    "hold": later("Hold it until I have read it"),
    "refuse": later("Refuse it at once"),
    "off": later("Off"),
}

KIND: dict[str, str] = {"word": later("Word or phrase"), "pattern": later("Pattern")}

BUILTIN: dict[str, str] = {
    "secrets": later("Asking for a PIN, a code or a password"),
    "shorteners": later("Shortened links"),
    "lookalikes": later("Links that look like another name"),
    "addresses": later("Links to a bare number"),
    "lottery": later("Lotteries and prizes to claim"),
    "runs": later("One letter or digit over and over"),
}

SOURCE: dict[complaints.Source, Shown] = {
    "reply": Shown("warn", "messages", later("Answered SPAM")),
    "owner": Shown("calm", "people", later("Recorded by you")),
}

BACKUP = {
    "well": Shown("good", "tick", later("Whole")),
    "failed": Shown("bad", "alert", later("Failed")),
}

LEVEL = {
    "bad": Shown("bad", "alert", later("Wrong")),
    "warning": Shown("warn", "question", later("Have a look")),
    "ok": Shown("good", "tick", later("Well")),
}

PHONE = {
    "ready": Shown("good", "tick", later("Ready")),
    "starting": Shown("busy", "refresh", later("Starting")),
    "qr": Shown("warn", "qr", later("Waits to be linked")),
    "disconnected": Shown("bad", "unlink", later("Not connected")),
    "not_started": Shown("calm", "power", later("Off")),
}

FENCE = fence.SAID
FENCE_FOR_OTHERS = later("This box is held: nothing is sent until whoever runs it lets it go on.")

KEPT = {
    "messages": later("Messages"),
    "deliveries": later("Webhook posts"),
    "inbox": later("Texts from people"),
    "refused_rows": later("Rows that imports refused"),
    "imports": later("Imports"),
    "mails": later("Mails"),
    "audit": later("Record of who did what"),
    "receipts": later("Pictures of payments"),
}
STEPS = {
    "storage": later("The database file"),
    "timekeeper": later("Clock"),
    "links": later("Phones and their browsers"),
    "poster": later("Webhook posts"),
    "mailing": later("E-mail"),
    "campaigns": later("Campaigns"),
    "repeating": later("Repeating campaigns"),
    "imports": later("Imports"),
    "fetches": later("Files that people sent"),
    "imports tidy": later("Old imports"),
    "indexes": later("What is found by its words"),
    "renewing": later("wa-js and its trial"),
    "renewing tidy": later("Old engines"),
    "news": later("News of wa-js"),
    "billing": later("Plans and invoices"),
    "billing tidy": later("Old pictures of payments"),
    "alerting": later("Alerts"),
    "calling": later("Alerts by other services"),
    "leaving": later("Messages of what was stopped"),
    "closing": later("Closed accounts"),
    "endings": later("Browser profiles of ended links"),
    "expire": later("Messages past their time"),
    "devices": later("Turns to send"),
    "housekeeping": later("Forgetting what is old"),
    "keeping": later("Old messages, texts and deliveries"),
    "keeping weigh": later("What takes how much room"),
    "filing": later("Files past their days"),
    "backups": later("Backups"),
    "nightly": later("The nightly check"),
}
