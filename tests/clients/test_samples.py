"""What README and the API page give to copy runs as it stands, with the key and the address filled in."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

import wabox
from tests.asking import PLAIN
from tests.clients.programs import need, run
from tests.journeys.box import Shop, until
from wabox import reference
from wabox.reference import events
from wabox.reference.shape import Route

README = (Path(wabox.__file__).parent.parent / "README.md").read_text(encoding="utf-8")
ROUTES = [one for chapter in reference.CHAPTERS for one in chapter.routes]
LISTS = [one for one in ROUTES if one.method == "GET" and "{" not in one.path]
SENDING = next(one for one in ROUTES if (one.method, one.path) == ("POST", "/send"))
QUEUED = "'message' => 'Hi there'"


def filled(sample: str, box: Shop) -> str:
    key = box.http.headers["X-API-Key"]
    return sample.replace("YOUR_API_KEY", key).replace("127.0.0.1:8470", f"127.0.0.1:{box.port}")


def in_readme(start: str) -> str:
    """The block of code that begins so."""
    blocks: list[str] = re.findall(r"```php\n(.*?)```", README, re.S)
    return next(one for one in blocks if one.startswith(start))


def shown_by_php(sample: str) -> object:
    """The sample's `$answer`."""
    done = run("php", "-r", sample + "\necho json_encode($answer);")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_the_first_php_of_readme_sends(box: Shop) -> None:
    need("php-curl")
    sample = filled(in_readme("$ch = curl_init"), box)
    answer = shown_by_php(sample)
    assert isinstance(answer, dict) and answer["code"] == "device_not_ready"
    answer = shown_by_php(sample.replace(QUEUED, QUEUED + ", 'queue_if_offline' => true"))
    assert isinstance(answer, dict) and answer["status"] == "queued"


def test_each_curl_of_readme_that_sends_a_text_does(box: Shop) -> None:
    need("curl")
    found = re.findall(r"    (curl -X POST \S+/api/v1/send \\\n(?:.* \\\n)*.*)", README)
    texts = [one for one in found if "media" not in one]
    assert len(texts) == 2
    for one in texts:
        words = filled(one, box).replace('"message"', '"queue_if_offline": true, "message"')
        done = run("bash", "-c", words)
        job = json.loads(done.stdout)
        assert job["status"] == "queued", done.stdout + done.stderr
    kept = box.message(job["job_id"])
    assert (kept["message"], kept["priority"]) == ("disk {root} is 91% full", "high")


@pytest.mark.parametrize("route", LISTS, ids=[one.path for one in LISTS])
def test_every_list_is_got_as_the_page_says(box: Shop, route: Route) -> None:
    need("curl")
    need("php-curl")
    base = f"http://127.0.0.1:{box.port}/api/v1"
    got = run("bash", "-c", filled(route.sample("curl", base), box).replace("curl ", "curl -sS ", 1))
    if route.answer is not None:
        answer = json.loads(got.stdout)
        assert "error" not in answer or answer["code"] == "not_found", answer
        assert shown_by_php(filled(route.sample("php", base), box)).keys() == answer.keys()  # type: ignore[attr-defined]
    else:
        assert got.returncode == 0 and got.stdout


def test_a_text_goes_as_the_page_says(box: Shop) -> None:
    need("php-curl")
    answer = shown_by_php(filled(SENDING.sample("php", f"http://127.0.0.1:{box.port}/api/v1"), box))
    assert isinstance(answer, dict)
    assert answer.get("code") in (None, "device_not_ready"), answer


@pytest.mark.parametrize("language", ["python", "javascript"])
def test_a_text_goes_in_the_other_languages_too(box: Shop, tmp_path: Path, language: str) -> None:
    sample = filled(SENDING.sample(language, f"http://127.0.0.1:{box.port}/api/v1"), box)
    if language == "python":
        done = run(sys.executable, "-c", sample + "\nimport json; print(json.dumps(answer))")
    else:
        need("node")
        script = tmp_path / "sample.mjs"
        script.write_text(sample + "\nconsole.log(JSON.stringify(answer));")
        done = run("node", str(script))
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout).get("code") in (None, "device_not_ready"), done.stdout


# -- webhooks ----------------------------------------------------------------------------------------


@contextmanager
def listening(*words: str) -> Iterator[None]:
    """A shop's own server."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def php_of(sample: str, place: Path, door: int) -> list[str]:
    script = place / "webhook.php"
    script.write_text(f"<?php\n{sample}\nfile_put_contents({str(place / 'got')!r}, $event['event']);\n")
    return ["php", "-S", f"127.0.0.1:{door}", str(script)]


def node_of(sample: str, place: Path, door: int) -> list[str]:
    script = place / "webhook.mjs"
    wrote = f"writeFileSync({str(place / 'got')!r}, event.event);\n    response.writeHead(204)"
    sample = sample.replace("response.writeHead(204)", wrote).replace(
        "listen(3000)", f"listen({door}, '127.0.0.1')"
    )
    script.write_text("import { writeFileSync } from 'node:fs';\n" + sample)
    return ["node", str(script)]


@pytest.mark.parametrize("sample", ["the page's PHP", "README's PHP", "the page's Node"])
def test_a_webhook_is_checked_as_the_papers_say(box: Shop, door: int, tmp_path: Path, sample: str) -> None:
    need("node" if "Node" in sample else "php")
    secret = box.webhook_secret
    words = {
        "the page's PHP": lambda: php_of(events.PHP.replace("YOUR_WEBHOOK_SECRET", secret), tmp_path, door),
        "README's PHP": lambda: php_of(
            f"$YOUR_WEBHOOK_SECRET = '{secret}';\n" + in_readme("$body ="), tmp_path, door
        ),
        "the page's Node": lambda: node_of(events.NODE.replace("YOUR_WEBHOOK_SECRET", secret), tmp_path, door),
    }[sample]()
    url = f"http://127.0.0.1:{door}/"
    with listening(*words):
        until(lambda: run("curl", "-s", "-o", "/dev/null", url).returncode == 0, what="the receiver listens")
        for signature in ("sha256=" + "0" * 64, "sha256=é", "", None):
            headers = [] if signature is None else [(b"X-Webhook-Signature", signature.encode("latin-1"))]
            forged = httpx.post(url, content=b'{"event": "forged"}', headers=headers, timeout=10, **PLAIN)
            assert forged.status_code == 401, signature
        assert not (tmp_path / "got").exists()
        assert box.call("PUT", "/webhooks", {"webhook_url": url}).status_code == 200
        assert box.call("POST", "/webhooks/test").status_code == 202
        until((tmp_path / "got").exists, what="the event is believed")
    assert (tmp_path / "got").read_text() == "webhook.test"
