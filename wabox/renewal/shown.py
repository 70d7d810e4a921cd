"""All there is to know of the box's engines, for the command and the page alike."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from wabox.db import Rows
from wabox.renewal import news, stored
from wabox.renewal.stored import Choice, Installed, Phone
from wabox.whatsapp import bindings, wajs
from wabox.whatsapp.bindings import Binding


@dataclass(frozen=True, slots=True)
class Shown:
    """chosen: what all phones shall have, None for wabox's own. choice: who chose it when, None from the start.

    news: a newer version that is out, as far as anybody looked.
    """

    chosen: Installed | None
    choice: Choice | None
    installed: list[Installed]
    phones: list[Phone]
    may_go_back: bool
    news: str | None

    @property
    def version(self) -> str:
        """Of the chosen one."""
        return wajs.VERSION if self.chosen is None else self.chosen.version

    @property
    def sha256(self) -> str:
        """Of the chosen one."""
        return wajs.SHA256 if self.chosen is None else self.chosen.sha256

    @property
    def since(self) -> datetime | None:
        """When it was chosen."""
        return None if self.choice is None else self.choice.chosen_at

    @property
    def stopped(self) -> str | None:
        """Why no further phone is moved, None if that is not so."""
        return self.choice.reason if self.choice is not None and self.choice.stopped_at is not None else None

    @property
    def trial(self) -> Installed | None:
        """What is being tried, or waits for it."""
        return next((one for one in self.installed if one.state in ("waiting", "trying")), None)

    def version_of(self, phone: Phone) -> str:
        """Which one a phone has."""
        found = next((one for one in self.installed if one.id == phone.engine_id), None)
        return wajs.VERSION if found is None else found.version


def of(rows: Rows) -> Shown:
    """As it is now."""
    choice, installed = stored.choice(rows), stored.every(rows)
    chosen_id = None if choice is None else choice.engine_id
    chosen = next((one for one in installed if one.id == chosen_id), None)
    may = chosen is not None or stored.before(rows) is not None
    known = [wajs.VERSION, *(one.version for one in installed)]
    return Shown(chosen, choice, installed, stored.phones(rows), may, news.newer(rows, known))


def named(names: Iterable[str]) -> list[Binding]:
    """What is known of these bindings; a name that none of ours has stands for itself."""
    return [bindings.named(name) or Binding(name, (), "", name, "") for name in names]
