"""Contenders in turn, each in a process of its own: equal values first, then times and memory."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.machine import in_child
from benchmarks.matrix.contender import CONTENDERS

MODULE = "benchmarks.matrix.contender"
FIRST = next(iter(CONTENDERS))
ROWS_COMPARED = 20_000
TOLERANCE = 1e-5
"""Largest difference, absolute plus relative: float32, and ours sums fading amounts in millionths."""
Say = Callable[[str], None]


def verify(records: Path, as_of: str, n_firms: int, say: Say) -> int:
    """Stop unless all contenders give the same values; return the number of rows compared."""
    every = max(1, n_firms // ROWS_COMPARED)
    with tempfile.TemporaryDirectory() as folder:
        samples = {}
        for number, name in enumerate(CONTENDERS):
            say(f"equal values: {name}")
            file = Path(folder) / f"{number}.parquet"
            in_child(MODULE, name, records, as_of, "--sample", file, "--every", every)
            samples[name] = pd.read_parquet(file)
    for name, sample in samples.items():
        if wrong := differing(samples[FIRST], sample):
            raise SystemExit(f"{name} differs from {FIRST}: {', '.join(wrong)}")
    return len(samples[FIRST])


def differing(one: pd.DataFrame, other: pd.DataFrame) -> list[str]:
    """Return the columns in which two matrices differ, with how many rows."""
    if len(one) != len(other):
        return [f"{len(one)} and {len(other)} rows"]
    close = np.isclose(one, other, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)
    wrong = (~close).sum(axis=0)
    return [f"{name} ({n} rows)" for name, n in zip(one, wrong, strict=True) if n]


def alternate(records: Path, as_of: str, repeats: int, say: Say) -> pd.DataFrame:
    """Run every contender `repeats` times, taking turns; return one row a run."""
    runs: list[dict[str, Any]] = []
    for repeat in range(repeats):
        for name in CONTENDERS:
            figures = in_child(MODULE, name, records, as_of)
            say(f"{repeat + 1}/{repeats} {name}: {figures['matrix']:.2f} s")
            runs.append({"contender": name, **figures})
    return pd.DataFrame(runs)


def summary(runs: pd.DataFrame) -> pd.DataFrame:
    """Return medians, the spread of the matrix's time, ratios of ours to each, and peak memory."""
    groups = runs.groupby("contender", sort=False)
    median = groups[["read", "matrix"]].median()
    both = (runs["read"] + runs["matrix"]).groupby(runs.contender, sort=False).median()
    spread = groups["matrix"].agg(["min", "max"])
    return pd.DataFrame(
        {
            "contender": median.index,
            "reading (s)": median["read"].round(2),
            "matrix (s)": median["matrix"].round(2),
            "least to most": [f"{a:.2f} to {b:.2f}" for a, b in spread.itertuples(index=False)],
            "both (s)": both.round(2),
            "ours / it, matrix": (median["matrix"][FIRST] / median["matrix"]).round(2),
            "ours / it, both": (both[FIRST] / both).round(2),
            "peak (MB)": groups["peak_mb"].max().round(0).astype(int),
        }
    )
