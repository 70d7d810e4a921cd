from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx

from tests.asking import PLAIN


def test_new_box_prints_a_link_that_opens_and_stays_valid(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (tmp_path / "wabox.toml").write_text(
        f'[server]\nport = {port}\n[whatsapp]\nurl = "http://127.0.0.1:1"\n[logs]\nformat = "json"\n'
    )
    command = [sys.executable, "-m", "wabox"]
    links = []
    for _ in range(2):
        with subprocess.Popen([*command, "serve"], cwd=tmp_path, stderr=subprocess.PIPE, text=True) as serving:
            assert serving.stderr is not None
            for line in serving.stderr:
                told = json.loads(line)
                if "set_up" in told:
                    links.append(told["set_up"])
                if told["event"] == "wabox serves":
                    break
            asked = subprocess.run(
                [*command, "setup-link"], cwd=tmp_path, capture_output=True, text=True, check=True
            )
            assert asked.stdout.strip() == links[-1]
            with httpx.Client(**PLAIN) as client:
                assert client.get(links[-1]).status_code == 200
                assert client.get(links[-1] + "x").status_code == 404
            serving.send_signal(signal.SIGTERM)
            serving.stderr.read()
        assert serving.returncode == 0
    assert links[0] == links[1]
