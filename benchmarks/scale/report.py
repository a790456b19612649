"""Rankings of larger and larger worlds with one model, as a file of tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks import worlds
from benchmarks.machine import in_child
from benchmarks.results import write_result
from benchmarks.scale import growth, ranking
from risk_index import pipeline
from risk_index.memory import batch_firms
from risk_index.scoring import BATCH_FIRMS

FITTED_ON = 20_000
ONE_BY_ONE = "all steps, one after the other"
Say = Callable[[str], None]


def measure(sizes: tuple[int, ...], memory_gb: float | None, top: int | None, say: Say) -> Path:
    """Fit on a small world, rank each of the larger ones, and write what it took."""
    small = worlds.world(FITTED_ON)
    run = worlds.BUILD / "fit"
    source = pipeline.Source(small / "records")
    pipeline.fit(source, dt.date.fromisoformat(worlds.as_of(small)), run, say)
    figures, grown = {}, []
    for n_firms in sizes:
        say(f"world of {n_firms:,} firms")
        folder = worlds.world(n_firms)
        limit = ["--memory-gb", memory_gb] if memory_gb else []
        limit += ["--top", top] if top else []
        out = worlds.BUILD / f"ranked-{n_firms}.csv"
        found = _measured(folder / "records", worlds.as_of(folder), run, out, *limit)
        figures[worlds.size(folder)] = found
        grown.append(growth.row(*worlds.counts(folder), memory_gb, found))
        growth.add(grown)
    given = f" --memory-gb {memory_gb:g}" if memory_gb else ""
    given += f" --top {top}" if top else ""
    options = " ".join(f"--firms {n}" for n in sizes) + given
    limited = f"limited to {memory_gb:g} GB" if memory_gb else "not limited"
    sections = [
        (
            f"Seconds from Parquet records to {'ranked Parquet' if top else 'ranked.csv'} with reasons, one "
            "process; a model fitted on "
            f"{FITTED_ON:,} firms; {batch_firms(memory_gb, BATCH_FIRMS):,} firms a batch.",
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
    return write_result("scale", title, f"python -m benchmarks scale {options}", sections)


def _measured(*how: object) -> dict[str, Any]:
    """Return the figures of a ranking by step, and of a whole one whose batches are made ahead."""
    by_step = in_child(ranking.__name__, *how, "--by-step")
    whole = in_child(ranking.__name__, *how)
    for of in ("seconds", "cpu"):
        by_step[of] |= {ONE_BY_ONE: by_step[of]["all"], "all": whole[of]["all"]}
    by_step["peak_mb"]["end, batches made ahead"] = whole["peak_mb"]["end"]
    return by_step


def seconds(figures: dict[str, Any]) -> pd.DataFrame:
    """Return seconds by step, a column a world, and the firms a second of the reasons."""
    steps = list(next(iter(figures.values()))["seconds"])
    table: dict[str, list[object]] = {
        "step": [*steps, "open firms ranked", "reasons, firms a second"]
    }
    for world, found in figures.items():
        spent, firms = found["seconds"], found["firms"]
        rate = firms / (spent["reasons"] + spent["reasons in words"])
        table[world] = [*(f"{spent[step]:.1f}" for step in steps), f"{firms:,}", f"{rate:,.0f}"]
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
