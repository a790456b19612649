"""Contenders in turn, each in a process of its own: equal values first, then times and memory."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.machine import of_last_line
from benchmarks.matrix.compared import Features
from benchmarks.matrix.contender import OURS, SCAN
from risk_index.settings import load_sectors

MODULE = "benchmarks.matrix.contender"
ROWS_COMPARED = 20_000
TOLERANCE = 1e-5
"""Largest difference, absolute plus relative: float32, and ours sums fading amounts in millionths."""
Say = Callable[[str], None]
Command = tuple[str, ...]


@dataclass(frozen=True)
class Race:
    """Contenders that compute the same features of the same registry.

    Attributes
    ----------
    commands : dict of tuple of str
        What runs each contender, by name; the file of the task is added, and ``--sample FILE --every N``.
    """

    records: Path
    as_of: str
    n_firms: int
    features: Features
    commands: dict[str, Command]

    def task(self, folder: Path) -> Path:
        """Write what a contender must know: records, date, features with what stands for none, industries."""
        task = {
            "records": str(self.records.resolve()),
            "as_of": self.as_of,
            "features": [feature.name for feature in self.features],
            "none": {f.name: None if f.if_none != f.if_none else f.if_none for f in self.features},
            "guide": [[e.code, e.hazard_class, list(e.required_permits)] for e in load_sectors()],
        }
        file = folder / "task.json"
        file.write_text(json.dumps(task), encoding="utf-8")
        return file

    def run(self, name: str, task: Path, *more: object) -> dict[str, Any]:
        """Run one contender; return its figures."""
        return of_last_line([*self.commands[name], task, *more])


def ours(name: str, python: Path | None = None) -> Command:
    """Return the command of a contender that runs in an environment with this project."""
    return (str(python or sys.executable), "-m", MODULE, name)


def verify(race: Race, say: Say) -> int:
    """Stop unless all contenders give the same values; return the number of rows compared."""
    every = max(1, race.n_firms // ROWS_COMPARED)
    names = [name for name in race.commands if name != SCAN]
    with tempfile.TemporaryDirectory() as folder:
        task, samples = race.task(Path(folder)), {}
        for number, name in enumerate(names):
            say(f"equal values: {name}")
            file = Path(folder) / f"{number}.parquet"
            race.run(name, task, "--sample", file, "--every", every)
            samples[name] = pd.read_parquet(file).sort_values("firm_key", ignore_index=True)
    for name, sample in samples.items():
        if wrong := differing(samples[OURS], sample):
            raise SystemExit(f"{name} differs from {OURS}: {', '.join(wrong)}")
    return len(samples[OURS])


def differing(one: pd.DataFrame, other: pd.DataFrame) -> list[str]:
    """Return the columns in which two matrices differ, with how many rows."""
    if len(one) != len(other):
        return [f"{len(one)} and {len(other)} rows"]
    left, right = one.to_numpy(float), other[one.columns].to_numpy(float)
    close = np.isclose(left, right, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)
    wrong = (~close).sum(axis=0)
    return [f"{name} ({n} rows)" for name, n in zip(one, wrong, strict=True) if n]


def alternate(race: Race, repeats: int, say: Say) -> pd.DataFrame:
    """Run every contender `repeats` times, taking turns; return one row a run."""
    runs: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        task = race.task(Path(folder))
        for repeat in range(repeats):
            for name in race.commands:
                figures = race.run(name, task)
                say(f"{repeat + 1}/{repeats} {name}: {figures['matrix']:.2f} s")
                runs.append({"contender": name, **figures})
    return pd.DataFrame(runs)


def summary(runs: pd.DataFrame) -> pd.DataFrame:
    """Return medians, the spread of the matrix's time, ratios of ours to each, and peak memory."""
    groups = runs.groupby("contender", sort=False)
    median = groups[["read", "matrix"]].median()
    both = (runs["read"] + runs["matrix"]).groupby(runs.contender, sort=False).median()
    spread = groups["matrix"].agg(["min", "max"])
    table = pd.DataFrame(
        {
            "contender": median.index,
            "reading (s)": median["read"].round(2),
            "matrix (s)": median["matrix"].round(2),
            "least to most": [f"{a:.2f} to {b:.2f}" for a, b in spread.itertuples(index=False)],
            "both (s)": both.round(2),
            "ours / it, matrix": (median["matrix"][OURS] / median["matrix"]).round(2),
            "ours / it, both": (both[OURS] / both).round(2),
            "peak (MB)": groups["peak_mb"].max().round(0).astype(int),
        }
    )
    if SCAN in median.index:
        table.insert(4, "x scan", (median["matrix"] / median["matrix"][SCAN]).round(1))
    return table
