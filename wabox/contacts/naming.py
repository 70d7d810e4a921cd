"""By what name people are called where only their address is known."""

from __future__ import annotations

import json
from collections.abc import Iterable

from wabox.db import Rows


def names(rows: Rows, user_id: int, addresses: Iterable[str]) -> dict[str, str]:
    """{address: name} of those that have one: as the owner calls them, else as they call themselves.

    addresses: digits or hidden ids. Somebody without a name may have a username, told with its @.
    """
    found = rows.all(
        """select a.value as address, coalesce(nullif(c.name, ''), nullif(p.name, ''), '@' || p.username) as name
           from (select distinct value from json_each(:addresses)) a
           left join contacts c on c.user_id = :user_id and c.phone = a.value
           left join people p on p.user_id = :user_id and p.phone = a.value and p.joined_to is null""",
        user_id=user_id,
        addresses=json.dumps([one for one in addresses if one]),
    )
    return {row["address"]: row["name"] for row in found if row["name"]}
