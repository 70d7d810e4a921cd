"""Looks at the browser: there, no snap, and able to start with its sandbox."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from wabox.checkup.findings import Finding, bad, ok, warning
from wabox.config import Config
from wabox.whatsapp import browser

PAGE = "data:text/html,<p>wabox was here</p>"
SECONDS = 40


def findings(config: Config) -> Iterator[Finding]:
    """Everything about the browser."""
    found = browser.find(config.whatsapp.chromium)
    if found is None:
        wanted = config.whatsapp.chromium
        says = f"There is no browser {wanted}." if wanted else "There is no Chromium on this machine."
        yield bad("chromium", says, "Install it with ./install.sh setup, or set [whatsapp] chromium.")
        return
    if is_snap(found.path):
        cure = "A snap cannot use wabox's data directory; install a browser that is none, as Google Chrome's .deb."
        yield bad("chromium", f"{found.path} is a snap.", cure)
        return
    yield ok("chromium", f"Chromium {found.version or 'of unknown version'} is at {found.path}.")
    yield user(as_root=browser.runs_as_root(), loopback=config.site_is_loopback)
    yield starts(found.path, sandboxed=not browser.runs_as_root())


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
    cure = "Run it as a user of its own: sudo ./install.sh service, or sudo -u wabox wabox doctor."
    return bad("user", "This is root, where Chromium has no sandbox, so wabox starts none.", cure)


def starts(path: Path, *, sandboxed: bool) -> Finding:
    """A page was loaded by this browser just now."""
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
            PAGE,
        ]
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
                errors="replace",
                env={**browser.environment(), "HOME": profile},  # it leaves caches at home
            )
        except subprocess.TimeoutExpired:
            return bad("chromium_starts", f"Chromium did not load a page in {SECONDS} s.", _cure(""))
        except OSError as error:
            return bad("chromium_starts", f"Chromium does not start: {error.strerror}.", _cure(""))
    if "wabox was here" in done.stdout:
        return ok("chromium_starts", "Chromium starts and loads a page.")
    said = [line for line in done.stderr.splitlines() if "ERROR" in line or "FATAL" in line or "sandbox" in line]
    last = said[-1][:300] if said else f"exit code {done.returncode}"
    return bad("chromium_starts", f"Chromium does not load a page: {last}", _cure(done.stderr))


def _cure(said: str) -> str:
    if "No usable sandbox" in said or "user namespace" in said.lower():
        return (
            "This system forbids the browser's sandbox; allow it with: "
            "sudo sysctl -w kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0"
        )
    return "Install it anew: sudo apt-get install --reinstall chromium chromium-sandbox"
