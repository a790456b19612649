"""One ranking with a stopwatch: `python -m benchmarks.scale.ranking RECORDS AS_OF RUN OUT`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

import features.matrix
from benchmarks.machine import peak_mb
from benchmarks.scale.stopwatch import Stopwatch
from risk_index import pipeline, scoring

FOLDER = click.Path(path_type=Path)


def wound_up(memory_limit_gb: float | None) -> Stopwatch:
    """Return a stopwatch that times the steps of `pipeline.rank`."""
    watch = Stopwatch()
    watch.entering(pipeline, "open_records", "open", memory_limit_gb=memory_limit_gb)
    watch.call(features.matrix, "publish_facts", "facts")
    watch.each(scoring, "batches", "batches")
    watch.call(scoring, "points", "reasons")
    watch.call(scoring, "leading", "reasons")
    watch.each(pipeline, "score", "score")
    watch.call(pipeline, "write_ranking", "write")
    return watch


def steps(seconds: dict[str, float]) -> dict[str, float]:
    """Return the seconds of each step without those of the steps inside it."""
    return {
        "opening and checking": seconds["open"],
        "sector and region facts": seconds["facts"],
        "matrix": seconds["batches"] - seconds["facts"],
        "scoring": seconds["score"] - seconds["batches"] - seconds["reasons"],
        "reasons": seconds["reasons"],
        "ordering and writing": seconds["write"] - seconds["score"],
        "all": seconds["all"],
    }


@click.command()
@click.argument("records", type=FOLDER)
@click.argument("as_of", type=click.DateTime())
@click.argument("run", type=FOLDER)
@click.argument("out", type=FOLDER)
@click.option("--memory-limit-gb", type=float)
def main(records: Path, as_of: Any, run: Path, out: Path, memory_limit_gb: float | None) -> None:
    """Print seconds by step and the peak memory on the way, as JSON."""
    watch = wound_up(memory_limit_gb)
    with watch.running("all"):
        ranking = pipeline.rank(
            pipeline.Source(records),
            as_of.date(),
            run,
            out,
            lambda text: click.echo(text, err=True),
        )
    scored = watch.peaks["score"]
    peaks = {
        "opened": watch.peaks["open"][-1],
        "first batch": scored[0],
        "second batch": scored[min(1, len(scored) - 1)],
        "last batch": scored[-1],
        "end": peak_mb(),
    }
    figures = {"firms": ranking.n_firms, "seconds": steps(watch.seconds), "peak_mb": peaks}
    click.echo(json.dumps(figures))


if __name__ == "__main__":
    main()
