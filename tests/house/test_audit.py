"""Known advisories for what is locked, and the bill of what wabox is made of."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from tests.audit import __main__ as audit
from tests.audit import advisories, gather
from tests.audit.advisories import Advisory, Exempt, Snapshot

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "deploy" / "requirements.lock"
TODAY = date(2026, 11, 26)


def fault(*ranges: tuple[str, str | None, str | None], versions: tuple[str, ...] = ()) -> Advisory:
    return Advisory("PYSEC-1", ("CVE-1",), "jinja2", "A fault.", ranges, versions)


def known(*found: Advisory, day: date = TODAY) -> Snapshot:
    return Snapshot("a database", "CC-BY-4.0", "abc", day, 10, frozenset({"jinja2"}), found)


@pytest.mark.parametrize(
    ("version", "spans", "hit"),
    [
        ("3.1.5", ("0", "3.1.6", None), True),
        ("3.1.6", ("0", "3.1.6", None), False),
        ("3.1.6rc1", ("0", "3.1.6", None), True),
        ("3.1.6.post1", ("0", "3.1.6", None), False),
        ("3.1.10", ("3.1.9", "3.1.11", None), True),  # numbers, not letters
        ("3.1.8", ("3.1.9", "3.1.11", None), False),
        ("2.0", ("0", None, "2.0"), True),
        ("2.0.1", ("0", None, "2.0"), False),
        ("99", ("0", None, None), True),  # nobody has mended it
        ("1.0", ("0", "no version", None), True),  # nobody can say
    ],
)
def test_an_advisory_speaks_of_the_versions_in_its_spans(
    version: str,
    spans: tuple[str, str | None, str | None],
    hit: bool,  # noqa: FBT001
) -> None:
    assert fault(spans).speaks_of(version) is hit


def test_an_advisory_may_name_its_versions_one_by_one() -> None:
    assert fault(versions=("1.0", "1.1")).speaks_of("1.1")
    assert not fault(versions=("1.0", "1.1")).speaks_of("1.2")


def test_a_known_advisory_fails_the_audit_unless_it_was_judged_lately(monkeypatch: pytest.MonkeyPatch) -> None:
    packages, snapshot = {"jinja2": "3.1.5"}, known(fault(("0", "3.1.6", None)))
    lines, well = audit.report(packages, snapshot, TODAY)
    assert not well and any("ADVISORY: jinja2 3.1.5: PYSEC-1 CVE-1" in line for line in lines)
    for until, fine in ((date(2026, 11, 27), True), (TODAY, False)):
        judged = (Exempt("CVE-1", "jinja2", "Not reached.", until),)
        monkeypatch.setattr(advisories, "exempt", lambda judged=judged: judged)
        assert audit.report(packages, snapshot, TODAY)[1] is fine
    assert audit.report({"jinja2": "3.1.6"}, snapshot, TODAY)[1]


def test_the_audit_says_what_it_did_not_check() -> None:
    lines, well = audit.report({"jinja2": "3.1.6", "pillow": "12"}, known(day=date(2024, 10, 10)), TODAY)
    assert well
    said = "\n".join(lines)
    assert "WARNING: the snapshot is 777 days old" in said
    assert "NOT CHECKED, for the snapshot was made without them: pillow." in said
    assert "htmx.org" in said and "@wppconnect/wa-js" in said and "the system's Chromium" in said
    assert "WARNING" not in "\n".join(audit.report({}, known(), TODAY)[0])


def test_the_kept_snapshot_is_of_what_is_locked_and_finds_old_faults() -> None:
    kept = advisories.snapshot()
    assert kept.licence == "CC-BY-4.0" and re.fullmatch("[0-9a-f]{40}", kept.commit)
    assert kept.looked_through > 2000 and kept.day >= date(2024, 10, 10)
    for package, version in (("jinja2", "2.11.2"), ("certifi", "2023.5.7"), ("pyyaml", "5.3")):
        assert advisories.hits({package: version}, kept), package
    assert {one.package for one in kept.advisories} <= kept.asked


def test_no_known_advisory_hits_what_is_locked() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.audit"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "None hits." in done.stdout


def test_a_database_is_gathered_for_what_is_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        "id: PYSEC-9\naliases: [CVE-9]\nsummary: Bad.\naffected:\n- package: {name: Jinja2, ecosystem: PyPI}\n"
        "  ranges:\n  - type: ECOSYSTEM\n    events:\n    - introduced: '0'\n    - fixed: '2'\n"
        "    - introduced: '3'\n  versions: ['1']\n"
    )
    for folder, more in (("jinja2", ""), ("elsewhere", ""), ("msgspec", "withdrawn: 2024-01-01T00:00:00Z\n")):
        file = tmp_path / "vulns" / folder / "PYSEC-9.yaml"
        file.parent.mkdir(parents=True)
        file.write_text(text + more, encoding="utf-8")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-C", str(tmp_path)]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "All", "--date=2026-01-02T00:00:00Z"]):
        subprocess.run([*git, *words], check=True, env={"GIT_COMMITTER_DATE": "2026-01-02T00:00:00Z", "HOME": "/"})
    monkeypatch.setattr(advisories, "SNAPSHOT", tmp_path / "out.json")
    gather.main(tmp_path, "Some.Thing")
    made = advisories.snapshot(tmp_path / "out.json")
    assert made.day == date(2026, 1, 2) and made.looked_through == 3
    assert {"some-thing", "jinja2"} <= made.asked
    [one] = made.advisories
    assert (one.package, one.aliases) == ("jinja2", ("CVE-9",))
    assert [one.speaks_of(version) for version in ("1.5", "2", "3.1")] == [True, False, True]


def test_an_exception_has_a_reason_and_a_day(tmp_path: Path) -> None:
    file = tmp_path / "exceptions.toml"
    file.write_text('[[exception]]\nid = "PYSEC-1"\npackage = "jinja2"\nuntil = 2026-12-31\n')
    with pytest.raises(KeyError, match="reason"):
        advisories.exempt(file)


@pytest.fixture
def bill(tmp_path: Path) -> Path:
    subprocess.run([sys.executable, ROOT / "deploy" / "sbom.py", tmp_path / "wabox.cdx.json"], check=True)
    return tmp_path / "wabox.cdx.json"


def test_the_bill_names_everything_with_version_licence_and_hashes(bill: Path) -> None:
    told = json.loads(bill.read_text(encoding="utf-8"))
    assert (told["bomFormat"], told["specVersion"], told["version"]) == ("CycloneDX", "1.6", 1)
    assert re.fullmatch("urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", told["serialNumber"])
    assert told["metadata"]["component"]["name"] == "wabox"
    components = told["components"]
    assert len({one["bom-ref"] for one in components}) == len(components)
    for one in components:
        assert one["type"] == "library" and one["purl"].startswith(("pkg:pypi/", "pkg:npm/"))
        assert one["version"] and one["licenses"][0]["expression"]
        hashes = one.get("hashes") or one["externalReferences"][0]["hashes"]
        assert hashes and all(re.fullmatch("[0-9a-f]{64}", each["content"]) for each in hashes)
    python = {one["name"]: one["version"] for one in components if one["purl"].startswith("pkg:pypi/")}
    assert python == advisories.locked(LOCK)


def test_the_bill_has_every_vendored_script_with_its_own_hash(bill: Path) -> None:
    assets = [one for one in json.loads(bill.read_text("utf-8"))["components"] if "pkg:npm/" in one["purl"]]
    files = {one["properties"][0]["value"]: one["hashes"][0]["content"] for one in assets}
    vendored = [*ROOT.glob("wabox/**/vendor/*.js"), *ROOT.glob("wabox/whatsapp/wa-js/*.js")]
    assert len(vendored) >= 2
    assert files == {str(one.relative_to(ROOT)): hashlib.sha256(one.read_bytes()).hexdigest() for one in vendored}


def test_the_bill_is_the_same_twice(bill: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.json"
    subprocess.run([sys.executable, ROOT / "deploy" / "sbom.py", again], check=True)
    assert again.read_bytes() == bill.read_bytes()
