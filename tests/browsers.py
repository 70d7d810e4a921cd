"""Which of Debian's two browsers a test starts.

What is about the browser itself has the whole one, as a shop has it: test_driver of the contract, and the box of
the journeys that is killed and restarted. Windows in which people look at our pages, and drivers in other plays,
have the shell: the same engine without a desktop's parts, at half the processor.
"""

from __future__ import annotations

import shutil

WHOLE = shutil.which("chromium")
SHELL = shutil.which("chromium-headless-shell") or WHOLE

# A page that is looked at once is over before code that an optimizing compiler has made of its scripts pays, and
# before what it throws away needs looking through: axe takes two thirds of the processor without.
SHORT_LIVED = ["--js-flags=--no-opt --no-maglev --min-semi-space-size=32 --max-semi-space-size=64"]
