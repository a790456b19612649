"""One contender in a process of its own: `python -m benchmarks.matrix.contender NAME RECORDS AS_OF`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import click
import pandas as pd

from benchmarks.machine import peak_mb
from benchmarks.matrix import duckdb_way, ours, pandas_way
from benchmarks.matrix.compared import compared
from features.records import open_records

Open = Callable[[Path], AbstractContextManager[Any]]
Compute = Callable[[Any, pd.Timestamp], Iterator[pd.DataFrame]]
CONTENDERS: dict[str, tuple[Open, Compute]] = {
    "ours": (open_records, ours.in_batches),
    "ours, one piece": (open_records, ours.whole),
    "pandas": (pandas_way.opened, pandas_way.computed),
    "DuckDB SQL": (duckdb_way.opened, duckdb_way.computed),
}


@click.command()
@click.argument("name", type=click.Choice(list(CONTENDERS)))
@click.argument("records", type=click.Path(path_type=Path))
@click.argument("as_of", type=click.DateTime())
@click.option("--sample", type=click.Path(path_type=Path), help="Write every nth row to compare.")
@click.option("--every", type=int, default=1)
def main(name: str, records: Path, as_of: Any, sample: Path | None, every: int) -> None:
    """Print seconds of reading and of the matrix, its rows and the peak memory, as JSON."""
    opened, computed = CONTENDERS[name]
    start, rows, kept = time.perf_counter(), 0, []
    with opened(records) as registry:
        ready = time.perf_counter()
        for part in computed(registry, pd.Timestamp(as_of)):
            rows += len(part)
            if sample:
                kept.append(part[part.firm_key % every == 0])
        done = time.perf_counter()
    if sample:
        names = ["firm_key", *(feature.name for feature in compared())]
        pd.concat(kept)[names].to_parquet(sample, index=False)
    figures = {"read": ready - start, "matrix": done - ready, "peak_mb": peak_mb(), "rows": rows}
    click.echo(json.dumps(figures))


if __name__ == "__main__":
    main()
