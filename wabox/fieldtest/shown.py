"""A report as text, and two reports side by side."""

from __future__ import annotations

import json
from typing import Any


def text(report: dict[str, Any]) -> str:
    """The whole report for the owner's eyes, and the lines for docs/whatsapp.md."""
    lines = ["wabox field test", *(f"  {name}: {value}" for name, value in report["about"].items()), ""]
    for step in report["steps"]:
        why = f" ({step['why']})" if step.get("why") else ""
        lines.append(f"{step['number']:2}. {step['name']}: {step['result']}{why}, {step['seconds']} s")
        for check in step["checks"]:
            seen = ", ".join(f"{name} {_plain(value)}" for name, value in check["seen"].items())
            lines.append(f"      {check['result']:8} {check['name']}" + (f": {seen}" if seen else ""))
    return "\n".join([*lines, "", *column(report)])


def column(report: dict[str, Any]) -> list[str]:
    """What to write into the column “seen true on build, date” of wabox/docs/whatsapp.md."""
    if report["about"].get("sandbox"):
        return ["This was the sandbox: it says nothing of WhatsApp, so nothing goes into docs/whatsapp.md."]
    mark = f"{report['about'].get('page', 'unknown')}, {report['about'].get('day', '?')}"
    lines = [f"  {number:>3}  {mark}" for number, result in report["assumptions"].items() if result == "PASS"]
    wrong = [number for number, result in report["assumptions"].items() if result == "FAIL"]
    told = f"Seen false: {', '.join(wrong)}." if wrong else "None was seen false."
    return ["For the column “seen true on” of wabox/docs/whatsapp.md:", *lines, told]


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """Where two reports differ in a result, or in a fact that is no duration and no count."""
    mine, theirs = _checks(one), _checks(other)
    lines = []
    for name in [*mine, *(name for name in theirs if name not in mine)]:
        first, second = mine.get(name), theirs.get(name)
        if first is None or second is None:
            lines.append(f"{name}: only in the {'second' if first is None else 'first'} report")
        elif first["result"] != second["result"]:
            lines.append(f"{name}: {first['result']} | {second['result']}")
        else:
            facts = sorted({*first["seen"], *second["seen"]})
            lines += [
                f"{name}, {fact}: {_plain(first['seen'].get(fact))} | {_plain(second['seen'].get(fact))}"
                for fact in facts
                if _kind(first["seen"].get(fact)) != _kind(second["seen"].get(fact))
            ]
    return lines


def _checks(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {f"{step['number']}. {check['name']}": check for step in report["steps"] for check in step["checks"]}


def _kind(value: Any) -> Any:
    """What of a fact is compared: words and yes or no, not how many or how long."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, dict):
        return {name: _kind(each) for name, each in value.items()}
    return [_kind(each) for each in value] if isinstance(value, list) else "a number"


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
