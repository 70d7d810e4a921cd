"""Looks at wa-js: which one the phones have, whether its file is what it was, and what their pages lack."""

from __future__ import annotations

from wabox.checkup.findings import Finding, bad, ok, warning
from wabox.datadir import DataDir
from wabox.db import Rows
from wabox.renewal import shown, store

BRING = "Bring a newer wa-js: Settings, WhatsApp engine, or wabox engine install FILE. Nothing that waits is lost."


def finding(rows: Rows, data: DataDir) -> Finding:
    """The worst that there is to say of it."""
    found = shown.of(rows)
    broken = [one for one in found.phones if one.incompatible]
    if broken:
        names = sorted({name for one in broken for name in one.missing}) or ["?"]
        says = "WhatsApp has changed: %(n)s phones send nothing, for their pages lack %(names)s."
        return bad("wa_js", says, BRING, n=len(broken), names=", ".join(names))
    used = {one.engine_id for one in found.phones}
    for one in found.installed:
        if one.id in used and not store.is_whole(store.engine_of(data.engines, one.wajs)):
            says = "The file of wa-js %(version)s is not what it was; its phones go on with the one of wabox."
            return bad("wa_js", says, "Check the disk, then bring the engine again.", version=one.version)
    if found.stopped is not None:
        says = "wa-js %(version)s was taken back from a phone, and no further one gets it."
        return warning(
            "wa_js", says, "See why with wabox engine, or at Settings, WhatsApp engine.", version=found.version
        )
    return ok("wa_js", "The phones have wa-js %(version)s.", version=found.version)
