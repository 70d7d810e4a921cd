"""The errors that the API page explains are those that the source can answer."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import wabox
from wabox import app, errors
from wabox.billing import trials
from wabox.campaigns import stored as campaigns_stored
from wabox.db import trouble
from wabox.messages import editing, reacting, revoking
from wabox.reference import faults

HOME = Path(wabox.__file__).parent
KINDS = {
    name: one.status
    for name, one in vars(errors).items()
    if inspect.isclass(one) and issubclass(one, errors.Refusal)
}
ELSEWHERE = ("sandbox", "dashboard", "fieldtest")  # what these refuse themselves no caller of the API meets
SAID = {*editing._SAID, *reacting._SAID, *revoking._SAID} - {"refused"}
# Calls whose code is no plain text, by file, with all that it can be.
COMPUTED: dict[str, set[str]] = {
    "alerts/choices.py": {"bad_phone"},
    "api/guard.py": {f"account_{one}" for one in ("pending", "suspended", "locked")} | {"invalid", "bad_text"},
    "api/strict.py": {"message_or_template_id"},
    "billing/logo.py": {"bad_receipt"},
    "billing/goodwill.py": {"bad_credits", "bad_days", "bad_plan", "bad_reason"},
    "billing/trials.py": {trials.REFUSED},
    "campaigns/control.py": {campaigns_stored.NO_DEVICES},
    "campaigns/repeating.py": {campaigns_stored.NO_DEVICES},
    "contacts/fields.py": {f"bad_{one}" for one in ("name", "custom", "note", "tag")},
    "db/trouble.py": {trouble.DAMAGED},
    "devices/bounds.py": {"bad_rule", "beyond_bounds"},
    "messages/carrying.py": {"bad_location", "bad_contact", "bad_poll"},
    "messages/editing.py": SAID,
    "messages/reacting.py": SAID,
    "messages/revoking.py": SAID,
    "messages/template.py": {
        "bad_template", "caption_too_long", "message_too_long", "message_empty", "variables_missing",
    },
}  # fmt: skip
# Codes that only forms of the dashboard, or commands, can meet.
_OF_PAGES = """
bad_mail_server set_by_file no_mail_server no_number no_phone not_asked_for opted_out
account_closed approved_is_final backup_failed backup_missing bad_amount bad_columns bad_credits bad_csv
bad_days bad_email bad_lock bad_mail bad_payment bad_plan bad_reason bad_receipt bad_txid email_taken
disclaimer_changed engine_built_in engine_busy engine_none_before engine_there held no_trial not_for_sale
not_held owner_exists owner_stays reason_needed stopping too_many_pending trial_ip_used trial_used
trial_number_used txid_claimed txid_counted txid_used weak_password wrong_code
"""
OF_PAGES = set(_OF_PAGES.split())


def refused() -> Iterator[tuple[str, int, str | None]]:
    """(file, status, code) of each refusal in the source; code None: it is computed."""
    for path in sorted(HOME.rglob("*.py")):
        name = str(path.relative_to(HOME))
        if name.split("/")[0] in ELSEWHERE:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = getattr(getattr(node, "func", None), "id", getattr(getattr(node, "func", None), "attr", ""))
            if isinstance(node, ast.Call) and called in KINDS and node.args:
                code = node.args[0]
                yield name, KINDS[called], str(code.value) if isinstance(code, ast.Constant) else None


def test_every_error_in_the_source_is_explained() -> None:
    told = {one.code: one.status for one in faults.FAULTS}
    found: dict[str, set[int]] = {code: {status} for status, code in _of_the_app()}
    for file, status, code in refused():
        for one in COMPUTED[file] if code is None else {code}:
            found.setdefault(one, set()).add(status)
    assert len(told) == len(faults.FAULTS)
    assert set(found) - OF_PAGES - set(told) == set(), "explain these in reference/faults.py"
    assert set(told) - set(found) == set(), "nothing answers these any more"
    assert OF_PAGES & set(told) == set()
    assert set(found) >= OF_PAGES
    wrong = {code: (status, found[code]) for code, status in told.items() if status not in found[code]}
    assert wrong == {"fault": (500, {422})}  # app.py sets its status


def _of_the_app() -> Iterator[tuple[int, str]]:
    for status, (code, _) in app._BY_STATUS.items():
        yield (422 if status == 415 else status), code


def test_each_says_what_to_do_in_a_sentence_of_its_own() -> None:
    texts = [one.about for one in faults.FAULTS]
    assert len(set(texts)) == len(texts)
    assert all(one.endswith(".") and len(one) > 30 for one in texts)
