"""Writes a request as a command or a few lines to copy, in the languages that shops' programs speak."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

KEY = "YOUR_API_KEY"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request. url: whole. body: as JSON; upload: the name of a file that goes as the field `file` instead.

    json: whether JSON comes back; else bytes, or nothing.
    """

    method: str
    url: str
    body: Mapping[str, object] | None = None
    upload: str | None = None
    json: bool = True


@dataclass(frozen=True, slots=True)
class Language:
    """One that samples are written in. name: as everybody calls it."""

    name: str
    write: Callable[[Asked], str]


def curl(asked: Asked) -> str:
    """A command of the shell."""
    lines = [f"curl{'' if asked.method == 'GET' else ' -X ' + asked.method} '{asked.url}'"]
    lines.append(f"-H 'X-API-Key: {KEY}'")
    if asked.body is not None:
        lines.append("-H 'Content-Type: application/json'")
        lines.append("-d '" + json.dumps(asked.body, ensure_ascii=False).replace("'", "'\\''") + "'")
    if asked.upload is not None:
        lines.append(f"-F 'file=@{asked.upload}'")
    return " \\\n  ".join(lines)


def php(asked: Asked) -> str:
    """PHP with its cURL."""
    options = ["CURLOPT_RETURNTRANSFER => true"]
    if asked.method != "GET":
        options.append(f"CURLOPT_CUSTOMREQUEST => '{asked.method}'")
    headers = [f"'X-API-Key: {KEY}'"]
    if asked.body is not None:
        headers.append("'Content-Type: application/json'")
        options.append(f"CURLOPT_POSTFIELDS => json_encode({_php(asked.body)})")
    if asked.upload is not None:
        options.append(f"CURLOPT_POSTFIELDS => ['file' => new CURLFile('{asked.upload}')]")
    options.append(f"CURLOPT_HTTPHEADER => [{', '.join(headers)}]")
    inside = "".join(f"    {one},\n" for one in options)
    answer = "json_decode(curl_exec($ch), true)" if asked.json else "curl_exec($ch)"
    return f"$ch = curl_init('{asked.url}');\ncurl_setopt_array($ch, [\n{inside}]);\n$answer = {answer};"


def python(asked: Asked) -> str:
    """Python with requests."""
    lines = [f'    "{asked.method}",', f'    "{asked.url}",', f'    headers={{"X-API-Key": "{KEY}"}},']
    if asked.body is not None:
        lines.append(f"    json={_python(asked.body)},")
    if asked.upload is not None:
        lines.append(f'    files={{"file": open("{asked.upload}", "rb")}},')
    inside = "\n".join([*lines, "    timeout=30,"])
    last = f"answer = response.{'json()' if asked.json else 'content'}"
    return f"import requests\n\nresponse = requests.request(\n{inside}\n)\n{last}"


def javascript(asked: Asked) -> str:
    """JavaScript of Node 20 and later. Never in a page: a key there is everybody's."""
    lines = [f"  method: '{asked.method}',"]
    headers = [f"'X-API-Key': '{KEY}'"]
    before = ""
    if asked.body is not None:
        headers.append("'Content-Type': 'application/json'")
        lines.append(f"  body: JSON.stringify({json.dumps(asked.body, ensure_ascii=False)}),")
    if asked.upload is not None:
        before = (
            "import { openAsBlob } from 'node:fs';\n\nconst form = new FormData();\n"
            f"form.append('file', await openAsBlob('{asked.upload}'), '{asked.upload}');\n"
        )
        lines.append("  body: form,")
    lines.append(f"  headers: {{ {', '.join(headers)} }},")
    inside = "\n".join(lines)
    last = f"const answer = await response.{'json' if asked.json else 'arrayBuffer'}();"
    return f"{before}const response = await fetch('{asked.url}', {{\n{inside}\n}});\n{last}"


LANGUAGES: dict[str, Language] = {
    "curl": Language("cURL", curl),
    "php": Language("PHP", php),
    "python": Language("Python", python),
    "javascript": Language("JavaScript", javascript),
}


def _php(value: object) -> str:
    if isinstance(value, Mapping):
        return "[" + ", ".join(f"{_quoted(name)} => {_php(one)}" for name, one in value.items()) + "]"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_php(one) for one in value) + "]"
    return _quoted(value) if isinstance(value, str) else json.dumps(value)


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _python(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(name)}: {_python(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_python(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
