"""One ranking with a stopwatch: `python -m benchmarks.scale.ranking RECORDS AS_OF RUN OUT`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

import features.matrix
from benchmarks.machine import peak_mb
from benchmarks.scale.stopwatch import Stopwatch
from risk_index import pipeline, scoring, source
from risk_index.kept import Scored
from risk_index.ranking import Form

FOLDER = click.Path(path_type=Path)


def wound_up(by_step: bool) -> Stopwatch:
    """Return a stopwatch of `pipeline.rank`; by step, the batches are made one after the other."""
    watch = Stopwatch()
    watch.entering(source, "open_records", "open")
    watch.call(pipeline, "write_ranking", "write")
    if by_step:
        scoring.ahead = iter
        watch.call(features.matrix, "publish_facts", "facts")
        watch.each(scoring, "batches", "batches")
        watch.made(scoring, "particulars", "told")
        watch.call(scoring, "points", "reasons")
        watch.call(scoring, "sentences", "sentences")
        watch.each(scoring, "score", "score")
        watch.call(Scored, "add", "add")
    return watch


def steps(seconds: dict[str, float], by_step: bool) -> dict[str, float]:
    """Return the seconds of each step without those of the steps inside it."""
    ends = {"ordering and writing": seconds["write"], "all": seconds["all"]}
    opening = {"opening and checking": seconds["open"]}
    if not by_step:
        between = seconds["all"] - seconds["open"] - seconds["write"]
        return {**opening, "all batches": between, **ends}
    return {
        **opening,
        "sector and region facts": seconds["facts"],
        "matrix": seconds["batches"] - seconds["facts"],
        "evidence": seconds["told"],
        "chances, harms, intervals": seconds["score"]
        - sum(seconds[step] for step in ("batches", "told", "reasons", "sentences")),
        "reasons": seconds["reasons"],
        "reasons in words": seconds["sentences"],
        "keeping the batches": seconds["add"] - seconds["score"],
        **ends,
    }


@click.command()
@click.argument("records", type=FOLDER)
@click.argument("as_of", type=click.DateTime())
@click.argument("run", type=FOLDER)
@click.argument("out", type=FOLDER)
@click.option("--memory-gb", type=float)
@click.option("--top", type=int)
@click.option("--by-step", is_flag=True)
def main(
    records: Path,
    as_of: Any,
    run: Path,
    out: Path,
    memory_gb: float | None,
    top: int | None,
    by_step: bool,
) -> None:
    """Print seconds and the peak memory as JSON, by every step when no batch is made ahead."""
    watch = wound_up(by_step)
    with watch.running("all"):
        ranking = pipeline.rank(
            pipeline.Source(records, memory_gb=memory_gb),
            as_of.date(),
            run,
            out,
            lambda text: click.echo(text, err=True),
            form=Form(top=top),
        )
    figures = {
        "firms": ranking.n_firms,
        "seconds": steps(watch.seconds, by_step),
        "cpu": steps(watch.cpu, by_step),
        "peak_mb": {"opened": watch.peaks["open"][-1], **peaks(watch), "end": peak_mb()},
    }
    click.echo(json.dumps(figures))


def peaks(watch: Stopwatch) -> dict[str, float]:
    """Return the peak memory when the first steps had ended, where they were timed."""
    if not (scored := watch.peaks["score"]):
        return {}
    second = scored[min(1, len(scored) - 1)]
    return {"first batch": scored[0], "second batch": second, "last batch": scored[-1]}


if __name__ == "__main__":
    main()
