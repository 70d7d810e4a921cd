"""The sandbox's control API plays the people: scans, writes, reads, removes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from wabox.fieldtest.people import Answer, Deed, Phones, Sight

_SECONDS = 10


class Played:
    """People for a run on the sandbox. What it cannot play it says."""

    def __init__(self, url: str, *, faults: dict[str, Any] | None = None) -> None:
        self.url = url
        self.phones = Phones(a="8801711000001", b="8801711000002")
        self._http = httpx.Client(base_url=url, timeout=_SECONDS, trust_env=False)
        self._known = self.state()["faults"]
        self._given = faults or {}
        today = datetime.now(UTC)
        cycle = {"cycle_start": today - timedelta(days=1), "cycle_end": today + timedelta(days=29)}
        told = {"total": 100, "used": 12, **{name: at.isoformat("T", "seconds") for name, at in cycle.items()}}
        fair = {
            "capping": told,
            "not_on_whatsapp": [self.phones.nobody],
            "ref_ms": 700,
            "reload_after_link_ms": 5000,
        }
        self.weather(**{name: value for name, value in {**fair, **self._given}.items() if name in self._known})

    def say(self, line: str) -> None:
        """Nobody listens."""

    def show_qr(self, text: str) -> None:
        """Nobody looks before the scan."""

    def do(self, deed: Deed, text: str = "", *, seconds: float = 120) -> Answer:
        """As in People."""
        a, b = self.phones.a, self.phones.b
        verbs: dict[Deed, tuple[str, dict[str, Any]]] = {
            "scan": ("link", {"phone": a, "name": "Shop", "qr": text}),
            "b_writes": ("inbound", {"from": b, "to": a, "text": text}),
            "b_edits": ("edit", {"from": b, "to": a, "text": text}),
            "a_writes": ("outbound", {"from": a, "to": b, "text": text}),
            "b_deletes": ("revoke", {"from": b, "to": a}),
            "b_vanishing": ("vanishing", {"from": b, "to": a, "seconds": 86_400}),
            "b_lasting": ("vanishing", {"from": b, "to": a, "seconds": 0}),
            "a_removes": ("unlink", {"phone": a}),
        }
        switches: dict[Deed, tuple[str, bool]] = {
            "b_blocks": (b, False),
            "b_unblocks": (b, True),
            "a_away": (a, False),
            "a_back": (a, True),
        }
        reading = int(self._given.get("read_ms", 100))
        weather: dict[Deed, dict[str, Any]] = {
            "b_closes": {"read_ms": None},
            "b_hides_reading": {"read_ms": None},
            "b_reads": {"read_ms": reading},
            "b_shows_reading": {"read_ms": reading},
            "network_off": {"offline": True},
            "network_on": {"offline": False},
            "swallow": {"blackhole": 1},
        }
        if deed == "b_pictures":
            for kind in ("image", "poll_creation"):
                self._post("inbound", **{"from": b, "to": a, "text": "a picture", "kind": kind})
            return "done"
        if deed in verbs:
            return self._post(verbs[deed][0], **verbs[deed][1])
        if deed in switches:
            return self._phone(switches[deed][0], on=switches[deed][1])
        return self.weather(**weather[deed]) if deed in weather else "cannot"

    def how_many(self, text: str, message_id: str) -> int | None:
        """As in People."""
        return sum(str(one["id"]).endswith(message_id) for one in self.messages(self.phones.b))

    def is_unread(self, text: str) -> bool | None:
        """As in People."""
        accounts = self.state()["accounts"]
        return next((self.phones.b in one["unread"] for one in accounts if one["phone"] == self.phones.a), None)

    def is_plain(self, message_id: str) -> bool | None:
        """As in People."""
        found = [one for one in self.messages(self.phones.b) if str(one["id"]).endswith(message_id)]
        return bool(found) and found[-1].get("media", {}).get("kind") == "image" and not found[-1]["text"]

    def sees(self, sight: Sight, message_id: str, text: str = "") -> bool | None:
        """As in People."""
        found = [one for one in self.messages(self.phones.b) if str(one["id"]).endswith(message_id)]
        if not found:
            return False
        last = found[-1]
        put = [one["emoji"] for one in last.get("reactions", [])]
        shown: dict[Sight, bool] = {
            "place": "location" in last,
            "gone": last.get("revoked") is True,
            "edited": last["text"] == text,
            "emoji": text in put,
        }
        return shown[sight]

    def agree(self, question: str) -> bool:
        """Always."""
        return True

    def details(self) -> dict[str, Any]:
        """As in People."""
        return {"sandbox": True}

    def weather(self, **faults: Any) -> Answer:
        """These faults are in force; a sandbox that does not know one says so."""
        return _answer(self._http.put("/sandbox/faults", json=faults))

    def state(self) -> dict[str, Any]:
        """What the sandbox says of itself."""
        found: dict[str, Any] = self._http.get("/sandbox/state").raise_for_status().json()
        return found

    def messages(self, to: str) -> list[dict[str, Any]]:
        """What this phone got."""
        found: list[dict[str, Any]] = self._http.get("/sandbox/messages", params={"to": to}).json()["messages"]
        return found

    def close(self) -> None:
        """Nobody plays any more."""
        self._http.close()

    def _phone(self, phone: str, *, on: bool) -> Answer:
        return _answer(self._http.put("/sandbox/phone", json={"phone": phone, "on": on}))

    def _post(self, verb: str, **body: Any) -> Answer:
        return _answer(self._http.post(f"/sandbox/{verb}", json=body))


def _answer(response: httpx.Response) -> Answer:
    return "done" if response.is_success else "cannot"
