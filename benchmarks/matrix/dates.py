"""Twenty as-of dates against one: `python -m benchmarks.matrix.dates RECORDS AS_OF`."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import click
import pandas as pd

from benchmarks.machine import peak_mb
from benchmarks.matrix.compared import compared
from benchmarks.matrix.ours import in_batches
from features.asof import Law, snapshot_of_rows
from features.labels import labels
from features.matrix import matrix
from features.records import Records, open_records
from risk_index.settings import load_sectors

N_DATES = 20
YEAR_DAYS = 365


def quarterly(as_of: pd.Timestamp) -> tuple[dt.date, ...]:
    """Return twenty dates a quarter apart, the last one a year before `as_of`."""
    quarters = range(3 + N_DATES, 3, -1)
    return tuple((as_of - pd.DateOffset(months=3 * quarter)).date() for quarter in quarters)


def timed(task: Callable[[], int], repeats: int) -> tuple[float, int]:
    """Return the median seconds of a task and the rows it gives."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        rows = task()
        seconds.append(time.perf_counter() - start)
    return median(seconds), rows


def whole_registry(records: Records, days: tuple[dt.date, ...]) -> int:
    """Compute the matrix of all firms on each date in turn, and return its rows."""
    return sum(
        len(part) for day in days for part in in_batches(records, pd.Timestamp(day), compared())
    )


def inspected_only(records: Records, spine: pd.DataFrame) -> int:
    """Compute the matrix of given firms on their dates in one go, and return its rows."""
    return len(matrix(snapshot_of_rows(records, spine, Law(), load_sectors()), compared()))


@click.command()
@click.argument("records", type=click.Path(path_type=Path))
@click.argument("as_of", type=click.DateTime())
@click.option("--repeats", type=int, default=3)
def main(records: Path, as_of: Any, repeats: int) -> None:
    """Print seconds and rows of each task, and the peak memory, as JSON."""
    days = quarterly(pd.Timestamp(as_of))
    with open_records(records) as opened:
        spine = labels(opened, days, YEAR_DAYS, as_of.date())[["firm_key", "as_of"]]
        last = spine[spine.as_of == spine.as_of.max()]
        tasks = {
            "one date, all firms": timed(lambda: whole_registry(opened, days[-1:]), repeats),
            "one date, firms inspected in the year after": timed(
                lambda: inspected_only(opened, last), repeats
            ),
            "20 dates in one go, firms inspected in the year after": timed(
                lambda: inspected_only(opened, spine), repeats
            ),
            "20 dates one by one, all firms": timed(lambda: whole_registry(opened, days), 1),
        }
    click.echo(json.dumps({"tasks": tasks, "peak_mb": peak_mb()}))


def table(figures: dict[str, Any]) -> pd.DataFrame:
    """Return seconds, rows and the multiple of one date's time."""
    one = figures["tasks"]["one date, all firms"][0]
    return pd.DataFrame(
        [
            {
                "task": task,
                "rows": f"{rows:,}",
                "s": round(s, 2),
                "times one date": round(s / one, 2),
            }
            for task, (s, rows) in figures["tasks"].items()
        ]
    )


if __name__ == "__main__":
    main()
