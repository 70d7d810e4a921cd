"""asha's box behind its API, and everybody who calls it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from typing import Any

import pytest
from httpx import Response
from litestar import Litestar
from litestar.testing import TestClient

from tests import webs
from tests.cast import NOON, Person, Stage, stage
from tests.files import pdf
from tests.some import some
from wabox.accounts import keys
from wabox.alerts import asking, services
from wabox.api import v1
from wabox.campaigns import repeating, replies
from wabox.campaigns.occasions import Occasion
from wabox.campaigns.repeating import Wanted
from wabox.contacts import audiences, phones, segments, writing
from wabox.db import Tx
from wabox.devices import linking, orders
from wabox.devices import stored as devices
from wabox.messages import handing, outbox, stored, template
from wabox.texts import stored as texts
from wabox.webhooks import endpoints
from wabox.webhooks.targets import Allow
from wabox.whatsapp.driver import Attached, Inbound, Link

PHONE = "8801711000001"
SHOP = "8801700000009"


@dataclass(slots=True)
class Api:
    """The app of a stage. ids: asha's things by name; documents: what OpenAPI says."""

    stage: Stage
    client: TestClient[Litestar]
    ids: dict[str, int] = field(default_factory=dict)

    def call(self, method: str, path: str, key: str | None = None, **more: Any) -> Response:
        """As asha, unless another key is given; "" sends no key at all."""
        sent = self.stage.asha.key if key is None else key
        headers = {**({"X-API-Key": sent} if sent else {}), **more.pop("headers", {})}
        return self.client.request(method, v1.PATH + path, headers=headers, **more)

    def send(self, phone: str = PHONE, message: str = "Hello", **more: Any) -> Response:
        headers = more.pop("headers", {})
        return self.call("POST", "/send", json={"phone": phone, "message": message, **more}, headers=headers)

    def raw(self, body: str | bytes, path: str = "/send", **headers: str) -> Response:
        return self.call("POST", path, content=body, headers=headers)

    def count(self, table: str) -> int:
        return int(self.stage.value(f"select count(*) from {table}"))

    def link(self, device_id: int, state: str = "ready", **more: Any) -> None:
        """The device's page shows this."""

        def verb(tx: Tx) -> None:
            number = orders.start(tx, devices.by_id(tx, device_id)).session
            phone = SHOP if state == "ready" else None
            link = Link(device_id, number, state, phone=phone, synced=state == "ready", **more)  # type: ignore[arg-type]
            linking.saw(tx, link, now=self.stage.hands.now())

        self.stage.box.db.write_now(verb)


def opened(path: Path, **sections: dict[str, Any]) -> Iterator[Api]:
    """A stage whose owner's primary device is linked, and its app."""
    made = stage(path, **sections)
    with webs.client(made.box) as client:
        found = Api(made, client)
        found.link(made.asha.device_id)
        yield found
    made.close()


@pytest.fixture(autouse=True)
def _no_service_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Apprise makes of an address is tried elsewhere; here no process is started for it."""
    monkeypatch.setattr(asking, "ask", lambda *_, **__: asking.Told("ntfy (ntfy://…)", None))


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """The API with nothing that holds a message."""
    yield from opened(tmp_path)


Open = Callable[..., Api]


@pytest.fixture
def open_api(tmp_path: Path) -> Iterator[Open]:
    """The API of a box with these sections in wabox.toml."""
    walks: list[Iterator[Api]] = []

    def made(**sections: dict[str, Any]) -> Api:
        walks.append(opened(tmp_path, **sections))
        return next(walks[-1])

    yield made
    for walk in some(walks):
        assert next(walk, None) is None


def _repeating(tx: Tx, made: Stage) -> int:
    friday = Occasion("week", time(10), (4,))
    wanted = Wanted("A secret of asha's", "A secret of asha's", "{}", friday)
    return repeating.add(tx, made.asha.id, wanted, config=made.box.config, now=NOON).id


def furnish(api: Api) -> None:
    """asha has a second device, messages of several ends, a delivery, a named key, contacts, campaigns."""

    def verb(tx: Tx) -> dict[str, int]:
        made = api.stage
        sales = orders.create(tx, made.asha.id, "sales", most=5, now=NOON)
        endpoints.put(
            tx, made.asha.id, url="https://shop.example/wa-events", allow=Allow(), seal=made.box.seal, now=NOON
        )
        unknown = _message(tx, made.asha)
        handing.claim(tx, unknown, now=NOON)
        outbox.lose(tx, stored.by_id(tx, unknown), "no_answer", now=NOON)
        failed = _message(tx, made.asha)
        outbox.fail(tx, stored.by_id(tx, failed), "refused", now=NOON)
        delivery = tx.value("select max(id) from deliveries where user_id = :id", id=made.asha.id)
        queued = _message(tx, made.asha)
        till = keys.named(tx, made.asha.id, name="asha's till", scopes=["send"], now=NOON)
        ids = {
            "sales": sales.id,
            "unknown": unknown,
            "failed": failed,
            "sent": _sent(tx, made.asha),
            "queued": queued,
            "delivery": delivery,
        }
        text = texts.add(
            tx, made.asha.id, texts.Draft("A secret of asha's", "A secret of asha's {order}"), now=NOON
        )
        replies.hear(tx, _with_file(made.asha.device_id), now=NOON)
        regulars = audiences.add(tx, made.asha.id, "A secret of asha's", segments.of_tag("leads"), now=NOON)
        mine = {
            "template": text.id,
            "audience": regulars.id,
            "repeat": _repeating(tx, made),
            "service": _service(tx, made),
        }
        return {**ids, **mine, "key": till.key_id}

    api.ids = api.stage.box.db.write_now(verb)
    file = {"file": ("A secret of asha's.pdf", pdf("A secret of asha's"))}
    api.ids["media"] = api.call("POST", "/media", files=file).json()["media_id"]
    api.ids["message"] = api.stage.value("select inbox_id from inbox_files")
    draft = writing.Draft(
        phones.parse(PHONE, country="BD"), name="A secret of asha's", tags=("leads",), fields={"city": "Dhaka"}
    )
    api.stage.box.db.write_now(writing.bulk, api.stage.asha.id, [draft], now=NOON)
    api.ids["contact"] = api.stage.value("select max(id) from contacts")
    stopped = writing.Draft(phones.parse("8801711000099", country="BD"))
    api.stage.box.db.write_now(writing.bulk, api.stage.asha.id, [stopped], now=NOON)
    api.ids["opted_out"] = api.stage.value("select max(id) from contacts")
    assert api.call("POST", f"/contacts/{api.ids['opted_out']}/opt-out").status_code == 200
    _campaigns(api)


def _service(tx: Tx, made: Stage) -> int:
    return services.add(tx, made.asha.id, "ntfy://secret-of-asha", "ntfy", seal=made.box.seal, now=NOON)


def _with_file(device_id: int) -> Inbound:
    bill = Attached("document", "application/pdf", "A secret of asha's.pdf", 48_213)
    text = "A secret of asha's"
    return Inbound(device_id, 1, "3A1", f"{PHONE}@c.us", PHONE, None, text, "document", NOON, media=bill)


def _campaigns(api: Api) -> None:
    for name in ("scheduled", "paused"):
        body = {"name": name, "message": "A secret of asha's", "scheduled_for": "2026-03-11T06:00:00Z"}
        answer = api.call("POST", "/campaigns", json=body)
        assert answer.status_code == 201, answer.text
        api.ids[name] = answer.json()["id"]
    assert api.call("POST", f"/campaigns/{api.ids['paused']}/pause").status_code == 200
    api.stage.box.db.write_now(_begun, api)


def _begun(tx: Tx, api: Api) -> None:
    """One of the paused campaign's messages has gone before."""
    sent = _sent(tx, api.stage.asha, "3EB0B")
    tx.run("update messages set campaign_id = :campaign_id where id = :id", campaign_id=api.ids["paused"], id=sent)
    tx.run("update campaigns set sent = 1, total = total + 1 where id = :id", id=api.ids["paused"])


def _message(tx: Tx, person: Person) -> int:
    device = devices.by_id(tx, person.device_id)
    text = template.parse("A secret of asha's")
    return outbox.accept(tx, device, phone=PHONE, template=text, values={}, now=NOON)


def _sent(tx: Tx, person: Person, wa_message_id: str = "3EB0A") -> int:
    """A message that has gone, and is known by its id and chat."""
    sent = _message(tx, person)
    tx.run(
        """update messages set wa_chat_id = '8801711000001@c.us', wa_message_id = :wa_message_id,
           account = (select phone from devices where id = device_id) where id = :id""",
        id=sent,
        wa_message_id=wa_message_id,
    )
    outbox.went(tx, stored.by_id(tx, sent), NOON)
    return sent


def rotate(api: Api) -> str:
    """asha has a new key; returns the dead one."""
    dead = api.stage.asha.key
    issued = api.stage.box.db.write_now(keys.rotate, api.stage.asha.id, now=NOON)
    asha = api.stage.asha
    api.stage.asha = Person(asha.id, issued.key, asha.device_id)
    return dead
