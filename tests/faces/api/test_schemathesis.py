"""schemathesis as anybody would run it: what the document allows is taken, what it forbids refused."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from tests.faces.api.conftest import Open, furnish
from tests.faces.api.serving import serving
from wabox.api import v1

pytestmark = [
    pytest.mark.heavy("some thousand requests, by a program of its own"),
    pytest.mark.filterwarnings("ignore::litestar.exceptions.LitestarDeprecationWarning"),
    pytest.mark.timeout(300),
]

SETTINGS = Path(__file__).with_name("schemathesis.toml")
EXAMPLES = 8  # for each operation in the fuzzing phase; the coverage phase alone makes some 600 requests


async def _schemathesis(url: str, key: str, place: Path) -> tuple[int, str]:
    arguments = ["-m", "schemathesis.cli", "--config-file", str(SETTINGS), "run", f"{url}{v1.PATH}/openapi.json"]
    arguments += ["-H", f"X-API-Key: {key}", "--exclude-path", f"{v1.PATH}/keys/rotate", "--seed", "2417"]
    arguments += ["--max-examples", str(EXAMPLES), "--generation-deterministic", "--no-color", "--warnings", "off"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=place, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


def test_the_api_does_what_its_document_says(open_api: Open, tmp_path: Path) -> None:
    api = open_api(limits={"send_burst": 100_000, "send_per_second": 10_000})
    furnish(api)
    with serving(api.stage) as url:
        code, said = asyncio.run(_schemathesis(url, api.stage.asha.key, tmp_path))
    assert code == 0, said[-8_000:]
