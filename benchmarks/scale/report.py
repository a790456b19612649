"""Rankings of larger and larger worlds with one model, as a file of tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks import worlds
from benchmarks.machine import in_child
from benchmarks.results import write_result
from benchmarks.scale import growth, keeping, ranking
from risk_index import pipeline
from risk_index.memory import batch_firms
from risk_index.scoring import BATCH_FIRMS

FITTED_ON = 20_000
ONE_BY_ONE = "all steps, one after the other"
Say = Callable[[str], None]


@dataclass(frozen=True)
class How:
    """How worlds are ranked.

    `memory_gb` is kept to, `top` firms stand in the CSV, with so many `events` a firm. A `whole` ranking does
    not tell its steps apart; one of `kept` records is made of what a check kept before.
    """

    memory_gb: float | None
    top: int | None
    events: float
    whole: bool
    kept: bool

    def options(self) -> list[str]:
        """Return what `python -m benchmarks scale` is to be told."""
        said = [f"--memory-gb {self.memory_gb:g}"] if self.memory_gb else []
        said += [f"--top {self.top}"] if self.top else []
        said += [f"--events {self.events:g}"] if self.events != worlds.EVENTS_PER_FIRM else []
        return said + ["--whole"] * self.whole + ["--kept"] * self.kept


def measure(sizes: tuple[int, ...], how: How, say: Say) -> Path:
    """Fit on a small world, rank each of the larger ones, and write what it took."""
    small = worlds.world(FITTED_ON)
    run = worlds.BUILD / "fit"
    source = pipeline.Source(small / "records")
    pipeline.fit(source, dt.date.fromisoformat(worlds.as_of(small)), run, say)
    figures, grown = {}, []
    for n_firms in sizes:
        say(f"world of {n_firms:,} firms")
        folder = worlds.world(n_firms, how.events)
        found = _found(folder, run, worlds.BUILD / f"ranked-{n_firms}.csv", how)
        figures[worlds.size(folder)] = found
        grown.append(growth.row(*worlds.counts(folder), how.memory_gb, found))
        growth.add(grown)
    options = " ".join([*(f"--firms {n}" for n in sizes), *how.options()])
    limited = f"limited to {how.memory_gb:g} GB" if how.memory_gb else "not limited"
    written = "ranked Parquet" if how.top else "ranked.csv"
    processes = "two processes, of which the first checks" if how.kept else "one process"
    size = batch_firms(how.memory_gb, BATCH_FIRMS)
    sections = [
        (
            f"Seconds from Parquet records to {written} with reasons, {processes}; a model fitted on "
            f"{FITTED_ON:,} firms; {size:,} firms a batch.",
            seconds(figures),
        ),
        (
            "Seconds of both cores together, which other work on the machine hardly moves.",
            cpu(figures),
        ),
        (
            f"Peak resident memory so far (MB) when each step had ended; the memory was {limited}.",
            memory(figures),
        ),
    ]
    title = "Ranking of larger and larger registries"
    name = "-".join(["scale", *map(str, sizes)])
    return write_result(name, title, f"python -m benchmarks scale {options}", sections)


def _found(world: Path, run: Path, out: Path, how: How) -> dict[str, Any]:
    limit = ["--memory-gb", how.memory_gb] if how.memory_gb else []
    top = ["--top", how.top] if how.top else []
    records, checked = world / "records", world / "checked"
    asked = (worlds.as_of(world), run, out, *limit, *top)
    if not how.kept:
        return (_whole if how.whole else _by_step)(records, *asked)
    first = in_child(keeping.__name__, records, checked, *limit)
    found = (_whole if how.whole else _by_step)(checked, *asked)
    for of in ("seconds", "cpu"):
        found[of] = {growth.KEEPING: first[of], **found[of]}
        found[of]["all"] += first[of]
    found["peak_mb"] = {"checked and kept": first["peak_mb"], **found["peak_mb"]}
    return found


def _whole(*asked: object) -> dict[str, Any]:
    """Return the figures of a ranking whose batches are made ahead."""
    return in_child(ranking.__name__, *asked)


def _by_step(*asked: object) -> dict[str, Any]:
    """Return the figures of a ranking by every step, and the end of one whose batches are made ahead."""
    found = in_child(ranking.__name__, *asked, "--by-step")
    whole = _whole(*asked)
    for of in ("seconds", "cpu"):
        found[of] |= {ONE_BY_ONE: found[of]["all"], "all": whole[of]["all"]}
    found["peak_mb"]["end, batches made ahead"] = whole["peak_mb"]["end"]
    return found


def seconds(figures: dict[str, Any]) -> pd.DataFrame:
    """Return seconds by step, a column a world, and the firms a second of the reasons."""
    steps = list(next(iter(figures.values()))["seconds"])
    table: dict[str, list[object]] = {
        "step": [*steps, "open firms ranked", "reasons, firms a second"]
    }
    for world, found in figures.items():
        spent, firms = found["seconds"], found["firms"]
        told = spent.get("reasons", nan) + spent.get("reasons in words", nan)
        rate = "not timed" if told != told else f"{firms / told:,.0f}"
        table[world] = [*(f"{spent[step]:.1f}" for step in steps), f"{firms:,}", rate]
    return pd.DataFrame(table)


def cpu(figures: dict[str, Any]) -> pd.DataFrame:
    """Return the cores' seconds by step, a column a world."""
    steps = list(next(iter(figures.values()))["cpu"])
    columns = {world: [f"{found['cpu'][s]:.1f}" for s in steps] for world, found in figures.items()}
    return pd.DataFrame({"step": steps, **columns})


def memory(figures: dict[str, Any]) -> pd.DataFrame:
    """Return the peak memory on the way, a column a world."""
    stages = list(next(iter(figures.values()))["peak_mb"])
    columns = {
        world: [f"{found['peak_mb'][s]:.0f}" for s in stages] for world, found in figures.items()
    }
    return pd.DataFrame({"after": stages, **columns})
