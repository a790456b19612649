"""One contender in a process of its own: `python -m benchmarks.matrix.contender NAME TASK.json`."""

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
from benchmarks.matrix import bare_scan, duckdb_way, on_spark, ours, pandas_way
from benchmarks.matrix.compared import Features, compared
from features.records import open_records

Open = Callable[[Path], AbstractContextManager[Any]]
Compute = Callable[[Any, pd.Timestamp, Features], Iterator[pd.DataFrame]]
OURS, FIT, PANDAS, SQL = "ours", "ours, for a fit", "pandas", "DuckDB SQL"
SCAN, SPARK = "bare scan", "ours on Spark"
CONTENDERS: dict[str, tuple[Open, Compute]] = {
    OURS: (open_records, ours.in_batches),
    FIT: (open_records, ours.for_a_fit),
    PANDAS: (pandas_way.opened, pandas_way.computed),
    SQL: (duckdb_way.opened, duckdb_way.computed),
    SCAN: (duckdb_way.opened, bare_scan.computed),
    SPARK: (open_records, on_spark.computed),
}


@click.command()
@click.argument("name", type=click.Choice(list(CONTENDERS)))
@click.argument("task", type=click.Path(path_type=Path))
@click.option("--sample", type=click.Path(path_type=Path), help="Write every nth row to compare.")
@click.option("--every", type=int, default=1)
def main(name: str, task: Path, sample: Path | None, every: int) -> None:
    """Print seconds of reading and of the matrix, its rows and the peak memory, as JSON."""
    told = json.loads(task.read_text(encoding="utf-8"))
    features = tuple(f for f in compared() if f.name in set(told["features"]))
    opened, computed = CONTENDERS[name]
    start, rows, kept = time.perf_counter(), 0, []
    with opened(Path(told["records"])) as registry:
        ready = time.perf_counter()
        for part in computed(registry, pd.Timestamp(told["as_of"]), features):
            rows += len(part)
            if sample:
                kept.append(part[part.firm_key % every == 0])
        done = time.perf_counter()
    if sample:
        pd.concat(kept)[["firm_key", *told["features"]]].to_parquet(sample, index=False)
    figures = {"read": ready - start, "matrix": done - ready, "peak_mb": peak_mb(), "rows": rows}
    click.echo(json.dumps(figures))


if __name__ == "__main__":
    main()
