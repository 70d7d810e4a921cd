"""WhatsApp's own names for why a linked device was logged out, and what each asks of us; pure.

The 33 names are those of WAWebLogoutReasonConstants.LogoutReason as wa-js 4.6.0 declares them (its source
src/whatsapp/enums/LogoutReason.ts, seen 2026-11-26; the bundle itself only hands the page's enum on). A name
that is not among them is `unknown`, and never a reason to give a link up.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

Kind = Literal[
    "removed",  # the phone or its owner took this device away: nothing of it is good any more
    "locked",  # WhatsApp locked the account: a person must look at the phone
    "keys",  # the keys of this link fit the phone no more: it must be linked anew
    "outdated",  # the page was too old: a newer one is loaded
    "storage",  # the page could not store what it must
    "sync",  # the page could not be brought up to date with the phone
    "lids",  # moving chats to hidden numbers went wrong
    "page",  # the page failed
    "unknown",  # a name that we do not know, or none
]

KINDS: Mapping[str, Kind] = {
    "user_initiated": "removed",
    "unknown_companion": "removed",
    "md_opt_out": "removed",
    "account_locked": "locked",
    "invalid_adv_status": "keys",
    "primary_identity_key_change": "keys",
    "missing_enc_salt": "keys",
    "missing_screen_lock_salt": "keys",
    "web_fail_enc_salt": "keys",
    "client_version_outdated": "outdated",
    "storage_quota_exceeded": "storage",
    "cache_storage_open_failed": "storage",
    "web_fail_storage_initialization": "storage",
    "syncd_failure": "sync",
    "syncd_timeout": "sync",
    "critical_sync_timeout": "sync",
    "history_sync_timeout": "sync",
    "account_sync_timeout": "sync",
    "account_sync_error": "sync",
    "syncd_error_during_bootstrap": "sync",
    "lid_migration_split_thread_mismatch": "lids",
    "lid_migration_no_lid_available": "lids",
    "lid_migration_primary_mappings_obsolete": "lids",
    "lid_migration_peer_mapping_not_received": "lids",
    "lid_migration_state_discrepancy": "lids",
    "lid_migration_peer_mapping_malformed": "lids",
    "lid_migration_failed_to_parse_mapping": "lids",
    "lid_migration_companion_incompatible_killswitch": "lids",
    "lid_migration_one_on_one_thread_migration_internal_error": "lids",
    "lid_blocklist_pn_when_migrated": "lids",
    "lid_blocklist_chat_db_unmigrated": "lids",
    "web_fail_add_chat": "page",
    "web_fail_offline_resume": "page",
}

_ENDS: frozenset[Kind] = frozenset({"removed", "locked", "keys"})


def kind(reason: str | None) -> Kind:
    """What this name means."""
    return KINDS.get(reason or "", "unknown")


def ends(reason: str | None) -> bool:
    """Whether the link is surely over with this word alone; else the page is opened again and asked."""
    return kind(reason) in _ENDS


def wipes(reason: str | None) -> bool:
    """Whether nothing of the profile is good any more. None: the page itself had no link left."""
    return reason is None or kind(reason) == "removed"


def is_over(reason: str | None, at: datetime, before: datetime, dead_before: datetime | None) -> bool:
    """Whether what ended at that moment is to be wiped: taken away before the one, or dead before the other."""
    return at < before and (wipes(reason) or (dead_before is not None and at < dead_before))
