"""One round with a stopwatch: `python -m benchmarks.draw.one_round FRAME LEDGER METHOD FIRM_ID`."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import time
from pathlib import Path

import click

from benchmarks.machine import peak_mb
from risk_index.draw.beacon import drand_round
from risk_index.draw.commit import Request, commit
from risk_index.draw.plan import Method
from risk_index.draw.proof import prove
from risk_index.draw.run import run
from risk_index.draw.verify import Report, verify

FOLDER = click.Path(path_type=Path)
ROUND = 657413
SIGNATURE = (  # as the documentation of the Python package drand-verify 0.2.1 gives it
    "b713718a38ae728dfd477991af2822e08d2f305e47718cef9f7848ce4050e7be"
    "41076862b98fad56e91a6b85b89cd97b"
)


@click.command()
@click.argument("frame", type=FOLDER)
@click.argument("ledger", type=FOLDER)
@click.argument("method", type=click.Choice(["pareto", "systematic"]))
@click.argument("firm_id")
def main(frame: Path, ledger: Path, method: Method, firm_id: str) -> None:
    """Print seconds by step and the peak memory, as JSON."""
    shutil.rmtree(ledger, ignore_errors=True)
    at = dt.datetime(2023, 9, 14, tzinfo=dt.UTC)
    request = Request(frame, "r", method, drand_round(ROUND), None, bytes(32), at)
    folder = ledger / "0001"
    seconds = {}
    for step, work in (
        ("commit", lambda: commit(ledger, request)),
        ("run", lambda: run(folder, SIGNATURE)),
        ("one firm's proof", lambda: prove(folder, firm_id)),
        ("auditor's verification", lambda: verify(ledger)),
    ):
        start = time.perf_counter()
        report = work()
        seconds[step] = time.perf_counter() - start
    assert isinstance(report, Report)
    assert report.findings == []
    shutil.rmtree(ledger)
    click.echo(json.dumps({"seconds": seconds, "peak_mb": peak_mb()}))


if __name__ == "__main__":
    main()
