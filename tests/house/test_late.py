"""What is imported late is there once, for whoever asks first."""

from __future__ import annotations

import importlib
import sys
import threading
from pathlib import Path

import pytest

from wabox.late import late


def test_a_late_module_is_imported_once_however_many_ask_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = tmp_path / "ran"
    (tmp_path / "lamp_of_asha.py").write_text(
        f"import time\nwith open({str(ran)!r}, 'a') as file: file.write('x')\ntime.sleep(0.05)\noil = 'mustard'\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    lamp = late("lamp_of_asha")
    assert "lamp_of_asha" not in sys.modules
    found: list[str] = []
    asking = [threading.Thread(target=lambda: found.append(lamp.oil)) for _ in range(4)]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    assert (found, ran.read_text()) == (["mustard"] * 4, "x")
    with pytest.raises(AttributeError, match="wick"):
        _ = lamp.wick
    del sys.modules["lamp_of_asha"]
