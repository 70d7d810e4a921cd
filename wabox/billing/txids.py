"""Knows the one spelling of a transaction id, however people type it."""

from __future__ import annotations

import re
import unicodedata

from wabox.billing.money import digits
from wabox.errors import Invalid

_CANONICAL = re.compile(r"[0-9a-z]{4,40}")
_DROPPED = frozenset("/._#:")


def canonical(txid: str) -> str:
    """The one spelling of a transaction id: no case, spaces, dashes or digits of other scripts.

    Raises Invalid `bad_txid` where something else than letters a-z and digits is left.
    """
    folded = digits(unicodedata.normalize("NFKC", txid)).casefold()
    left = "".join(one for one in folded if one not in _DROPPED and unicodedata.category(one)[0] not in "ZC"
                   and unicodedata.category(one) not in ("Pd", "Mn"))  # fmt: skip
    if not _CANONICAL.fullmatch(left):
        sentence = "Give the transaction id as the provider's message shows it: letters and digits."
        raise Invalid("bad_txid", sentence, details={"txid": sentence})
    return left
