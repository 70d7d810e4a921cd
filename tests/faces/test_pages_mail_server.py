"""The mail server on its page: the owner's alone, without its password, and behind wabox.toml's."""

from __future__ import annotations

import json

import pytest

from tests.cast import Stage
from tests.faces.tab import Tab, words

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning")

PAGE = "/admin/mail"
GIVEN = {
    "host": "smtp.example.com",
    "port": "465",
    "tls": "tls",
    "user": "shop",
    "password": "open sesame",
    "sender": "shop@example.com",
}


def test_it_is_kept_on_record_and_its_password_shown_to_nobody(shop: Stage, asha: Tab) -> None:
    assert "No mail server is set" in words(asha.post(f"{PAGE}/test").text)
    assert asha.post(f"{PAGE}/server", GIVEN).status_code == 303
    shown = asha.get(PAGE).text
    assert "smtp.example.com" in shown and "sesame" not in shown
    details = shop.value("select details from audit where action = 'mail_server.changed'")
    assert json.loads(details)["host"] == "smtp.example.com" and "sesame" not in details
    assert shop.box.sends_mail()
    before = shop.value("select count(*) from mails")
    assert asha.post(f"{PAGE}/test").status_code == 303
    assert shop.value("select count(*) from mails") == before + 1
    assert asha.post(f"{PAGE}/server/remove").status_code == 303
    assert not shop.box.sends_mail()


@pytest.mark.parametrize(
    ("field", "typed"), [("host", "smtp example"), ("port", "70000"), ("tls", "rot13"), ("sender", "shop")]
)
def test_what_makes_no_sense_is_refused_at_its_field(shop: Stage, asha: Tab, field: str, typed: str) -> None:
    refused = asha.post(f"{PAGE}/server", {**GIVEN, field: typed})
    assert refused.status_code == 422
    assert f'id="{field}-error"' in refused.text and "sesame" not in refused.text
    assert not shop.box.sends_mail()
