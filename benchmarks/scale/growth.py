"""Seconds and memory of rankings against the number of firms: figures kept from run to run, and drawn.

`results/growth.csv` holds one row a size, that of its last run; `python -m benchmarks scale` adds to it.
"""

from __future__ import annotations

import datetime as dt
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from benchmarks.machine import machine
from benchmarks.results import RESULTS, as_table

KEPT, PICTURE, PAGE = (RESULTS / f"growth.{kind}" for kind in ("csv", "png", "md"))
SIZES = {100_000: "s", 1_000_000: "m", 10_000_000: "l", 60_000_000: "xl"}
LIBRARIES = ("duckdb", "lightgbm", "numpy", "pandas")
OPENING, KEEPING = "opening and checking", "checking and keeping"
STEPS = (
    OPENING,
    "matrix",
    "chances, harms, intervals",
    "reasons",
    "ordering and writing",
)
"""Drawn beside all of them."""


def row(firms: int, events: int, memory_gb: float | None, found: dict[str, Any]) -> dict[str, Any]:
    """Return one ranking as a row: sizes, seconds of every step, memory, machine and versions."""
    versions = " ".join(f"{name} {version(name)}" for name in LIBRARIES)
    steps = {k: s for k, s in found["seconds"].items() if not k.startswith("all")}
    steps[OPENING] += steps.pop(KEEPING, 0.0)
    return {
        "firms": firms,
        "events": events,
        "ranked": found["firms"],
        "seconds": round(found["seconds"]["all"], 1),
        "cpu": round(found["cpu"]["all"], 1),
        "peak_mb": round(max(found["peak_mb"].values())),
        "memory_gb": memory_gb,
        **{step: round(s, 1) for step, s in steps.items()},
        "machine": machine(),
        "versions": f"Python {platform.python_version()} {versions}",
        "date": str(dt.date.today()),
    }


def add(rows: list[dict[str, Any]]) -> None:
    """Put rows in the place of those of the same sizes; write table and picture anew."""
    new = pd.DataFrame(rows)
    old = pd.read_csv(KEPT) if KEPT.exists() else new.head(0)
    kept = [part for part in (old[~old.firms.isin(new.firms)], new) if len(part)]
    table = pd.concat(kept).sort_values("firms", ignore_index=True)
    KEPT.parent.mkdir(exist_ok=True)
    table.to_csv(KEPT, index=False)
    write(table)


def write(table: pd.DataFrame) -> Path:
    """Write page and picture of the rows kept."""
    _draw(table)
    PAGE.write_text(
        "# Growth: rankings of larger and larger registries\n\n"
        "From Parquet records to the ranking with reasons, the last run of each size "
        "(`python -m benchmarks scale --firms N`). Seconds a million: those "
        "for a million firms ranked; the same in every row where time grows with the firms.\n\n"
        f"{as_table(_told(table))}\n\n![growth]({PICTURE.name})\n",
        encoding="utf-8",
    )
    return PAGE


def _told(table: pd.DataFrame) -> pd.DataFrame:
    limit = table.memory_gb.map(lambda gb: "none" if pd.isna(gb) else f"{gb:g} GB")
    return pd.DataFrame(
        {
            "size": table.firms.map(SIZES).fillna(""),
            "firms": table.firms.map("{:,}".format),
            "events": table.events.map("{:,}".format),
            "seconds": table.seconds.map("{:,.1f}".format),
            "of both cores": table.cpu.map("{:,.1f}".format),
            "seconds a million": (table.seconds / table.ranked * 1e6).map("{:,.0f}".format),
            "peak (MB)": table.peak_mb.map("{:,.0f}".format),
            "limit": limit,
            "machine": table.machine,
            "versions": table.versions,
            "date": table.date,
        }
    )


def _draw(table: pd.DataFrame) -> None:
    figure: Figure = mpl.figure.Figure(figsize=(8, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    for step in STEPS:
        left.plot(table.firms, table[step], marker=".", linewidth=0.8, label=step)
    left.plot(table.firms, table.seconds, marker="o", color="black", label="all")
    linear = table.seconds.iloc[-1] / table.ranked.iloc[-1] * table.ranked
    left.plot(table.firms, linear, linestyle=":", color="0.5", label="as the firms")
    right.plot(table.firms, table.peak_mb / 1000, marker="o", color="black", label="peak")
    limited = table[table.memory_gb.notna()]
    right.plot(limited.firms, limited.memory_gb, linestyle="--", color="tab:red", label="limit")
    left.set(xscale="log", yscale="log", xlabel="firms", ylabel="seconds")
    right.set(xscale="log", xlabel="firms", ylabel="memory, GB")
    right.set_ylim(bottom=0)
    right.legend(loc="center left", fontsize="small")
    figure.legend(
        *left.get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize="small"
    )
    figure.savefig(PICTURE, dpi=120)
