"""Writes what wabox is made of, in CycloneDX's JSON: sbom.py OUT. The same tree gives the same bytes.

Versions and hashes come from the lock and from the vendored files themselves; licences from what the installed
packages say of themselves, in SPDX's words, and for those that do not use them from the table here.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tomllib
import uuid
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "deploy" / "requirements.lock"
SPDX = re.compile(r"[A-Za-z0-9.+-]+( (AND|OR|WITH) [A-Za-z0-9.+-]+)*")
# What these packages name in words of their own; looked up in the texts they come with.
LICENCES = {
    "click-default-group": "LicenseRef-Public-Domain",
    "colorama": "BSD-3-Clause",
    "editables": "MIT",
    "faker": "MIT",
    "google-re2": "BSD-3-Clause",
    "huey": "MIT",
    "jinja2": "BSD-3-Clause",
    "markdown-it-py": "MIT",
    "mdurl": "MIT",
    "multipart": "MIT",
    "pathspec": "MPL-2.0",
    "rich-click": "MIT",
    "segno": "BSD-3-Clause",
    "sqlite-fts4": "Apache-2.0",
    "trove-classifiers": "Apache-2.0",
    "uvloop": "MIT OR Apache-2.0",
}


def locked() -> list[dict[str, Any]]:
    """Every Python package that the lock names. Its hashes are those of its files; one of them was installed."""
    found = []
    for requirement in re.split(r"\n(?=[A-Za-z])", LOCK.read_text(encoding="utf-8").strip()):
        name, version = re.split(r"==|[\s;\\]", requirement, maxsplit=2)[:2]
        hashes = sorted(re.findall(r"--hash=sha256:([0-9a-f]{64})", requirement))
        component = _component(name, version, f"pkg:pypi/{name}@{version}", _licence(name))
        component["externalReferences"] = [
            {
                "type": "distribution",
                "url": component["purl"],
                "hashes": [{"alg": "SHA-256", "content": one} for one in hashes],
            }
        ]
        if marker := re.search(r"; *([^\\\n]+?) *\\", requirement):
            component["properties"] = [{"name": "wabox:only", "value": marker[1]}]
        found.append(component)
    return found


def vendored() -> list[dict[str, Any]]:
    """The scripts that lie in wabox's own tree, each one file, unmodified."""
    script = ROOT / "wabox" / "whatsapp" / "wajs.py"
    said = dict(re.findall(r'(?m)^(NAME|VERSION|LICENCE) = "([^"]+)"', script.read_text(encoding="utf-8")))
    found = [
        _asset(said["NAME"], said["VERSION"], said["LICENCE"], script.parent / "wa-js" / "wppconnect-wa.js"),
    ]
    for listed in sorted((ROOT / "wabox").rglob("vendor/VERSION")):
        lines = listed.read_text(encoding="utf-8").splitlines()
        for line in lines:
            if named := re.match(r"(\S+) (\S+) \(npm\), file \S*?([^/\s,]+),", line):
                name, version, file = named.groups()
                found.append(_asset(name, version, _licence_of_text(listed.parent, name), listed.parent / file))
    return found


def document() -> dict[str, Any]:
    """The whole bill. No time and no random number is in it."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    box = _component("wabox", told["version"], f"pkg:pypi/wabox@{told['version']}", told["license"])
    components = sorted([*locked(), *vendored()], key=lambda one: one["bom-ref"])
    seal = hashlib.sha256(json.dumps([box, components], sort_keys=True).encode()).hexdigest()
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, seal)}",
        "version": 1,
        "metadata": {"component": {**box, "type": "application"}},
        "components": components,
    }


def _component(name: str, version: str, purl: str, licence: str) -> dict[str, Any]:
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
        "licenses": [{"expression": licence}],
    }


def _asset(name: str, version: str, licence: str, file: Path) -> dict[str, Any]:
    component = _component(name, version, f"pkg:npm/{name.replace('@', '%40')}@{version}", licence)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    component["hashes"] = [{"alg": "SHA-256", "content": digest}]
    component["properties"] = [{"name": "wabox:file", "value": str(file.relative_to(ROOT))}]
    return component


def _licence(name: str) -> str:
    """In SPDX's words. A package that gives none, and is not in the table, is an error: look it up."""
    if name in LICENCES:
        return LICENCES[name]
    told = metadata.metadata(name)
    for field in ("License-Expression", "License"):
        said = (told.get(field) or "").removesuffix(" License")
        if SPDX.fullmatch(said):
            return said
    raise SystemExit(f"sbom.py: {name} does not name its licence in SPDX's words; add it to LICENCES.")


def _licence_of_text(directory: Path, name: str) -> str:
    text = (directory / f"{name.partition('.')[0]}.LICENSE").read_text(encoding="utf-8")
    if "Zero-Clause BSD" in text:
        return "0BSD"
    if "MIT License" in text or "Permission is hereby granted, free of charge" in text:
        return "MIT"
    raise SystemExit(f"sbom.py: the licence of {name} is not known; say it here.")


def main(out: Path) -> None:
    """The bill is in this file."""
    text = json.dumps(document(), indent=2, ensure_ascii=False) + "\n"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
