from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.asking import PLAIN
from tests.journeys.box import PHONE, Shop, descendants, listening, once_each, until
from tests.journeys.receiver import Post, Receiver

LOOPBACK = {"0100007F"}

# The reference's own snippets, but for address, key and number.
CURL = """\
curl -X POST {base}/send \\
  -H "X-API-Key: {key}" \\
  -H "Content-Type: application/json" \\
  -d '{{"phone":"{phone}","message":"Hi there"}}'
"""
PHP = """\
<?php
$ch = curl_init('{base}/send');
curl_setopt_array($ch, [
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_POST => true,
    CURLOPT_HTTPHEADER => [
        'X-API-Key: {key}',
        'Content-Type: application/json',
    ],
    CURLOPT_POSTFIELDS => json_encode([
        'phone' => '{phone}',
        'message' => 'Hi there',
    ]),
]);
$res = json_decode(curl_exec($ch), true);
echo json_encode($res);
"""
PHP_VERIFY = """\
<?php
$rawBody = file_get_contents($argv[1]);
$YOUR_WEBHOOK_SECRET = $argv[2];
$expected = 'sha256=' . hash_hmac('sha256', $rawBody, $YOUR_WEBHOOK_SECRET);
if (!hash_equals($expected, $argv[3])) exit(1);
"""


def run(words: list[str], source: str = "") -> str:
    """What the program says; it must succeed."""
    env = {"PATH": "/usr/bin:/bin", "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    done = subprocess.run(words, input=source, capture_output=True, text=True, timeout=30, check=False, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout


def arrived(shop: Shop, job_id: int) -> bool:
    return bool(shop.message(job_id)["status"] in ("delivered", "read"))


def report_of(receiver: Receiver, job_id: int) -> Post:
    """The delivery.sent of this message, once it came."""
    found: list[Post] = []

    def came() -> bool:
        found[:] = [post for post in receiver.posts if post.event.get("job_id") == job_id]
        return bool(found)

    until(came, what="the webhook came")
    return found[0]


def test_linked_phone_sends_and_the_shop_hears_of_it(shop: Shop, receiver: Receiver) -> None:
    device = shop.device()
    assert (device["ready"], device["phone_number"]) == (True, PHONE)
    assert shop.get("/devices/primary/qr") == {"qr": None}
    job_id = shop.send(1, "Your parcel is here, {name:friend} 🎉 ধন্যবাদ")
    until(lambda: arrived(shop, job_id), what="delivered")
    (got,) = [one for one in shop.whatsapp.messages() if one["to"] == shop.message(job_id)["phone"]]
    assert (got["text"], got["from"], got["copies"]) == ("Your parcel is here, friend 🎉 ধন্যবাদ", PHONE, 1)
    post = report_of(receiver, job_id)
    assert post.is_signed(shop.webhook_secret)
    event = post.event
    assert (event["event"], event["status"], event["error"], event["campaign_id"]) == (
        "delivery.sent",
        "sent",
        None,
        None,
    )
    assert event["sent_at"].endswith("+00:00")


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_curl_line_of_the_reference_works(shop: Shop) -> None:
    base, key = f"{shop.http.base_url}/api/v1".replace("//api", "/api"), shop.http.headers["X-API-Key"]
    answer = json.loads(run(["sh"], CURL.format(base=base, key=key, phone="8801711100001")))
    assert answer["status"] == "queued"
    until(lambda: arrived(shop, answer["job_id"]), what="delivered")


@pytest.mark.skipif(not shutil.which("php"), reason="needs php")
def test_php_of_the_reference_sends_and_verifies(shop: Shop, receiver: Receiver, tmp_path: Path) -> None:
    base, key = f"{shop.http.base_url}/api/v1".replace("//api", "/api"), shop.http.headers["X-API-Key"]
    if "curl" not in run(["php", "-m"]).split():
        pytest.skip("this php has no curl")
    answer = json.loads(run(["php"], PHP.format(base=base, key=key, phone="8801711100002")))
    post = report_of(receiver, answer["job_id"])
    body, script = tmp_path / "body", tmp_path / "verify.php"
    body.write_bytes(post.raw)
    script.write_text(PHP_VERIFY)
    run(["php", str(script), str(body), shop.webhook_secret, post.headers["x-webhook-signature"]])


def test_nothing_of_wabox_listens_beyond_loopback_and_no_debugging_port_is_open(shop: Shop) -> None:
    ours = descendants(shop.program.pid)
    assert len(ours) > 4  # Playwright's process and a Chromium are among them
    assert {address for address, _ in listening(ours)} <= LOOPBACK
    assert {port for _, port in listening(ours)} == {shop.port}
    assert listening(set(shop.browsers())) == set()
    for pid in ours:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        assert not [word for word in words if word.startswith(b"--remote-debugging-port")]
    with httpx.Client(**PLAIN) as client, pytest.raises(httpx.ConnectError):
        client.get(f"http://127.0.0.2:{shop.port}/healthz")


def test_everything_went_once(shop: Shop) -> None:
    shop.all_end()
    once_each(shop)
