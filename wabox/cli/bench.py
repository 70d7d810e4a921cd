"""`wabox bench`: what this machine can do."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import click

from wabox import bench
from wabox.cli import shared
from wabox.config import Config

LINES = {
    "flush_ms": "ms for the disk to keep one small write",
    "password_ms": "ms for one log-in",
    "writes_per_second": "durable writes a second",
    "sends_per_second": "messages a second accepted by POST /send",
    "send_p50_ms": "ms for half of them",
    "send_p99_ms": "ms for all but one in a hundred",
}


@click.command("bench")
@click.option("--seconds", default=5.0, show_default=True, type=click.FloatRange(0.1, 60), help="For each part.")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@shared.configured
def command(config: Config, seconds: float, *, as_json: bool) -> None:
    """Measure this machine beside the data directory; nothing of the box is touched."""
    beside = next(one for one in config.data.dir.parents if one.is_dir())
    with tempfile.TemporaryDirectory(prefix="wabox-bench-", dir=beside) as directory:
        shown = bench.measure(Path(directory), seconds).shown()
    if as_json:
        click.echo(json.dumps(shown))
        return
    for name, value in shown.items():
        click.echo(f"{value:10.1f}  {LINES[name]}")
