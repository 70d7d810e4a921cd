"""Which of Debian's two browsers a test starts.

What is about the browser itself has the whole one, as a shop has it: test_driver of the contract, and the box of
the journeys that is killed and restarted. Windows in which people look at our pages, and drivers in other plays,
have the shell: the same engine without a desktop's parts, at half the processor.
"""

from __future__ import annotations

import shutil

WHOLE = shutil.which("chromium")
SHELL = shutil.which("chromium-headless-shell") or WHOLE
