"""The time zones that a form offers, and the one that it chose."""

from __future__ import annotations

import functools
import zoneinfo
from typing import Any

from wabox.accounts import users
from wabox.dashboard.frame.desk import Desk
from wabox.dashboard.frame.form import Form
from wabox.dashboard.frame.ruling import spells
from wabox.devices import rules


@functools.cache
def every() -> list[str]:
    """Every time zone with a place in its name."""
    return sorted(name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith("Etc/"))


def ruled(desk: Desk) -> dict[str, Any]:
    """The rules that the hours of a zone are for, as `frame/rules.html` wants them."""
    return {
        "rules": desk.box.db.read_here(rules.of_box, config=desk.box.config, zone=desk.voice.zone),
        "spells": spells,
    }


def chosen(form: Form) -> str | None:
    """The zone of the form's `timezone`; None = the shop's. Raises Invalid `bad_timezone`."""
    name = form.text("timezone")[:64] or None
    users.check_timezone(name)
    return name
