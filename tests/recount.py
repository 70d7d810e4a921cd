"""Counts a log anew, a row at a time, as somebody with pencil and paper would: what the reports must say."""

from __future__ import annotations

import sqlite3
from collections import Counter
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from wabox.messages import counting

DHAKA = ZoneInfo("Asia/Dhaka")
Line = tuple[int, str, int, int, str, str]  # user, day, phone, campaign, source, column


def differences(rows: sqlite3.Connection, zone: ZoneInfo = DHAKA) -> dict[object, tuple[int, int]]:
    """{line: (as counted, as it should be)} of what the reports count otherwise; opt-outs aside."""
    found: dict[object, tuple[int, int]] = {}
    both: list[tuple[Counter[Any], Counter[Any]]] = [
        (_days(rows), _right_days(rows, zone)),
        (_hours(rows), _right_hours(rows)),
    ]
    for counted, right in both:
        for key in counted.keys() | right.keys():
            if counted[key] != right[key]:
                found[key] = (counted[key], right[key])
    return found


def _days(rows: sqlite3.Connection) -> Counter[Line]:
    counted: Counter[Line] = Counter()
    columns = [one for one in counting.COLUMNS if one != "opted_out"]
    for row in _all(rows, "select * from report_counts"):
        for column in columns:
            of = (row["user_id"], row["day"], row["device_id"], row["campaign_id"], row["source"])
            counted[*of, column] += row[column]
    return counted


def _right_days(rows: sqlite3.Connection, zone: ZoneInfo) -> Counter[Line]:
    right: Counter[Line] = Counter()
    for row in _all(rows, "select * from messages"):
        source = "campaign" if row["campaign_id"] else row["source"] or "other"

        def one(column: str, at: str, row: sqlite3.Row = row, source: str = source) -> None:
            day = datetime.fromisoformat(at).astimezone(zone).date().isoformat()
            right[row["user_id"], day, row["device_id"], row["campaign_id"] or 0, source, column] += 1

        if row["status"] in ("sent", "delivered", "read"):
            one("sent", row["sent_at"])
        if row["status"] in ("delivered", "read"):
            one("delivered", row["sent_at"])
        if row["status"] == "read":
            one("read", row["sent_at"])
        if row["status"] in ("failed", "skipped", "cancelled", "unknown"):
            one(row["status"], row["finished_at"])
        if row["replied_at"]:
            one("replied", row["sent_at"] or row["replied_at"])
    return right


def _hours(rows: sqlite3.Connection) -> Counter[tuple[int, str, str]]:
    counted: Counter[tuple[int, str, str]] = Counter()
    for row in _all(rows, "select * from campaign_hours"):
        for column in ("sent", "delivered", "read", "replied"):
            counted[row["campaign_id"], row["bucket"], column] += row[column]
    return counted


def _right_hours(rows: sqlite3.Connection) -> Counter[tuple[int, str, str]]:
    right: Counter[tuple[int, str, str]] = Counter()
    for row in _all(rows, "select * from messages where campaign_id is not null"):
        reached = {"sent": 1, "delivered": 2, "read": 3}.get(row["status"], 0)
        moments = list(zip(("sent", "delivered", "read"), range(1, 4), strict=True))
        for column in [one for one, depth in moments if depth <= reached] + (
            ["replied"] * bool(row["replied_at"])
        ):
            at = datetime.fromisoformat(row[f"{column}_at"])
            quarter = at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)
            right[row["campaign_id"], quarter.isoformat(timespec="microseconds"), column] += 1
    return right


def _all(rows: sqlite3.Connection, sql: str) -> list[sqlite3.Row]:
    cursor = rows.cursor()
    cursor.row_factory = sqlite3.Row
    return cursor.execute(sql).fetchall()
