"""The plain NumPy draw in a process of its own: `python -m benchmarks.draw.plain_numpy FRAME`."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click
import numpy as np
import pyarrow.csv

from benchmarks.machine import peak_mb
from risk_index.frame_columns import BILLION


@click.command()
@click.argument("frame", type=click.Path(path_type=Path))
def main(frame: Path) -> None:
    """Print seconds of a systematic draw that nobody could check, as JSON."""
    start = time.perf_counter()
    table = pyarrow.csv.read_csv(frame)
    pi = table["probability_ppb"].to_numpy() / BILLION
    stratum = table["stratum"].to_numpy()
    read = time.perf_counter()
    rng = np.random.default_rng(1)
    order = np.lexsort((rng.random(len(pi)), stratum))
    ends = np.cumsum(pi[order])
    places = np.searchsorted(ends, np.arange(rng.random(), ends[-1], 1.0))
    drawn = table["firm_id"].take(order[places])
    seconds = {"reading": read - start, "drawing": time.perf_counter() - read}
    click.echo(json.dumps({"seconds": seconds, "peak_mb": peak_mb(), "drawn": len(drawn)}))


if __name__ == "__main__":
    main()
