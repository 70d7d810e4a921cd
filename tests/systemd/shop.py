"""The shop's box on that machine: installed, linked to a sandbox, upgraded."""

from __future__ import annotations

import json
import subprocess
import time

from tests.systemd.machine import Machine

SETTINGS = """
[data]
dir = "/var/lib/wabox"
[whatsapp]
url = "http://127.0.0.1:8471"
[sending]
gap_seconds = [0, 0]
quiet_hours = []
warmup = false
[logs]
format = "json"
"""


class Shop:
    """asha's box, under systemd."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.run, self.ask, self.show = machine.run, machine.ask, machine.show
        self.write("/etc/wabox/wabox.toml", SETTINGS)

    def write(self, path: str, text: str) -> None:
        """The file holds this."""
        place = self.machine.share / "written"
        place.write_text(text, encoding="utf-8")
        self.run("install", "-D", "-m", "644", "/share/written", path)

    def install(self, name: str = "wabox", *, seconds: float = 400) -> subprocess.CompletedProcess[str]:
        """`sudo ./install.sh service` in the tree at /share/NAME."""
        return self.ask(f"/share/{name}/install.sh", "service", seconds=seconds)

    def start_sandbox(self) -> None:
        """The pretend WhatsApp runs, from a tree of its own that no upgrade touches."""
        words = ["systemd-run", "-q", "--unit=sandbox", "-E", "PYTHONPATH=/share/tools", self._python]
        self.run(*words, "-m", "wabox", "sandbox", "--port", "8471", "--data", "/root/sandbox")

    def make_owner(self) -> None:
        """The box is asha's, and its API key is at /root/key. Stops wabox for it."""
        self.run("systemctl", "stop", "wabox")
        made = self.run(
            *(
                "sh",
                "-c",
                'printf "%s\\n" "correct horse battery" | wabox init --email asha@example.com "$@"',
                "sh",
            ),
            *("--password-stdin", "--accept-disclaimer", "--json"),
        )
        self.run("systemctl", "start", "wabox")
        self.write("/root/key", json.loads(made)["api_key"])

    def begin_anew(self) -> None:
        """The box is a new one, and waits for its owner."""
        self.run("systemctl", "stop", "wabox")
        self.run("find", "/var/lib/wabox", "-mindepth", "1", "-delete")
        self.run("systemctl", "start", "wabox")

    def asked(self, what: str, *, seconds: float = 200) -> str:
        """What asked.py says."""
        words = ["env", "PYTHONPATH=/share/tools", self._python, "/share/asked.py", what]
        return self.run(*words, seconds=seconds)

    def watch_gap(self) -> None:
        """From now on it is measured how long the box does not answer."""
        self.run("rm", "-f", "/root/enough", "/root/gap")
        words = ["systemd-run", "-q", "--collect", "--unit=gap", "-E", "PYTHONPATH=/share/tools", self._python]
        self.run(*words, "/share/asked.py", "gap")
        time.sleep(1)

    def gap(self) -> float:
        """The longest since then, in seconds."""
        self.run("touch", "/root/enough")
        self.machine.until(lambda: self.ask("test", "-e", "/root/gap").returncode == 0, what="it has measured")
        return float(self.run("cat", "/root/gap"))

    @property
    def current(self) -> str:
        """The release in use."""
        return self.run("readlink", "-e", "/opt/wabox/current")

    @property
    def _python(self) -> str:
        return self.run("sh", "-c", "echo /opt/wabox/packages-*/bin/python")
