"""One check that keeps the records: `python -m benchmarks.scale.keeping RECORDS OUT`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from benchmarks.machine import peak_mb
from benchmarks.scale.stopwatch import Stopwatch
from risk_index import pipeline

FOLDER = click.Path(path_type=Path)


@click.command()
@click.argument("records", type=FOLDER)
@click.argument("out", type=FOLDER)
@click.option("--memory-gb", type=float)
def main(records: Path, out: Path, memory_gb: float | None) -> None:
    """Print seconds, those of the processors, and the peak memory as JSON."""
    watch = Stopwatch()
    with watch.running("all"):
        pipeline.check(pipeline.Source(records, memory_gb=memory_gb), out, keep=True)
    told = {"seconds": watch.seconds["all"], "cpu": watch.cpu["all"], "peak_mb": peak_mb()}
    click.echo(json.dumps(told))


if __name__ == "__main__":
    main()
