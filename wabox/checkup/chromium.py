"""Looks at the browser: there, no snap, and able to start with its sandbox."""

from __future__ import annotations

import errno
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from wabox.checkup.findings import Finding, bad, ok, warning
from wabox.config import Config
from wabox.whatsapp import browser, node

PAGE = "data:text/html,<p>wabox was here</p>"
SECONDS = 40
KILLED = (-signal.SIGKILL, 128 + signal.SIGKILL)
MORE_MEMORY = "Most likely it lacked memory: stop other programs, or add memory; what was ended: sudo dmesg | tail"
NO_TEMPORARY = "Nothing can be written to /tmp: free some space (df -h), or open it again: sudo chmod 1777 /tmp"


def findings(config: Config) -> Iterator[Finding]:
    """Everything about the browser."""
    yield from installed(config)
    found = browser.find(config.whatsapp.chromium)
    if found is not None and not is_snap(found.path):
        yield runs(node.complaint())
        yield starts(found.path, sandboxed=not browser.runs_as_root())


def installed(config: Config) -> Iterator[Finding]:
    """There is a browser that wabox may start; it is not started for this."""
    found = browser.find(config.whatsapp.chromium)
    if found is None:
        if wanted := config.whatsapp.chromium:
            cure = (
                "Take [whatsapp] chromium out of wabox.toml, or name there one that is there; then restart wabox."
            )
            yield bad("chromium", "There is no browser %(path)s.", cure, path=wanted)
        else:
            cure = (
                "Install one: sudo apt-get install chromium chromium-sandbox, on Ubuntu Google Chrome's .deb; "
                "then restart wabox."
            )
            yield bad("chromium", "There is no Chromium on this machine.", cure)
        return
    if is_snap(found.path):
        cure = (
            "A snap cannot use wabox's data directory: install Google Chrome's .deb, write "
            'chromium = "google-chrome" below [whatsapp] in wabox.toml, and restart wabox.'
        )
        yield bad("chromium", "%(path)s is a snap.", cure, path=found.path)
        return
    version = found.version or "?"
    yield ok("chromium", "Chromium %(version)s is at %(path)s.", version=version, path=found.path)
    yield user(as_root=browser.runs_as_root(), loopback=config.site_is_loopback)


def is_snap(path: Path) -> bool:
    """Whether the program is Ubuntu's snap, or the script that starts it."""
    real = path.resolve()
    if real.name == "snap" or "/snap/" in f"{real}/":
        return True
    if real.stat().st_size > 20_000:
        return False
    return b"/snap/bin/chromium" in real.read_bytes()


def user(*, as_root: bool, loopback: bool) -> Finding:
    """The user may start a browser against that site."""
    if not as_root:
        return ok("user", "Chromium runs with its sandbox.")
    if loopback:
        cure = "That is fine for a demo; for the real thing: sudo ./install.sh service"
        return warning("user", "This is root, so Chromium runs without its sandbox.", cure)
    cure = "Run it as a user of its own: sudo ./install.sh service, or sudo wabox doctor."
    return bad("user", "This is root, where Chromium has no sandbox, so wabox starts none.", cure)


def runs(complaint: str | None) -> Finding:
    """Playwright's own Node, which starts the browser, ran just now."""
    if complaint is None:
        return ok("driver", "Playwright, which starts Chromium, runs.")
    says = "Playwright, which starts Chromium, does not run: %(why)s"
    return bad("driver", says, node.cure(complaint), why=complaint)


def starts(path: Path, *, sandboxed: bool) -> Finding:
    """A page was loaded by this browser just now."""
    try:
        done = _load(path, PAGE, sandboxed=sandboxed)
    except subprocess.TimeoutExpired:
        says = "Chromium did not load a page in %(seconds)s s."
        return bad("chromium_starts", says, _cure(""), seconds=SECONDS)
    except OSError as error:
        cure = NO_TEMPORARY if _has_no_room(error) else _cure("")
        return bad("chromium_starts", "Chromium does not start: %(why)s.", cure, why=error.strerror)
    if "wabox was here" in done.stdout:
        return ok("chromium_starts", "Chromium starts and loads a page.")
    telling = ("ERROR", "FATAL", "sandbox", "error while loading")
    if done.returncode in KILLED:
        return bad("chromium_starts", "The system ended Chromium while it loaded a page.", MORE_MEMORY)
    said = [line for line in done.stderr.splitlines() if any(word in line for word in telling)]
    said = [
        line for line in said if "dbus" not in line
    ] or said  # it misses that on any server, and it is no fault
    last = said[-1][:300] if said else f"exit code {done.returncode}"
    return bad("chromium_starts", "Chromium does not load a page: %(why)s", _cure(done.stderr), why=last)


def shows(path: Path, url: str, words: str, *, sandboxed: bool) -> bool:
    """Whether this browser, started just now, shows these words at this address."""
    try:
        return words in _load(path, url, sandboxed=sandboxed).stdout
    except (OSError, subprocess.TimeoutExpired):
        return False


def _has_no_room(error: OSError) -> bool:
    return error.errno in (errno.ENOSPC, errno.EDQUOT) or "temporary directory" in (error.strerror or "")


def _load(path: Path, url: str, *, sandboxed: bool) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory(prefix="wabox-doctor-", ignore_cleanup_errors=True) as profile:
        command = [
            str(path),
            "--headless=new",
            f"--user-data-dir={profile}",
            "--no-first-run",
            "--disable-extensions",
            *browser.HARDENING,
            "--host-resolver-rules=MAP * ~NOTFOUND",
            *([] if sandboxed else ["--no-sandbox"]),
            "--dump-dom",
            url,
        ]
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            errors="replace",
            env={**browser.environment(), "HOME": profile, "TMPDIR": profile},  # it leaves caches and sockets
        )


def _cure(said: str) -> str:
    if "No usable sandbox" in said or "user namespace" in said.lower():
        return (
            "This system forbids the browser's sandbox; allow it with: "
            "sudo sysctl -w kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0"
        )
    if "error while loading" in said:
        return node.cure(said)
    return "Install it anew: sudo apt-get install --reinstall chromium chromium-sandbox"
