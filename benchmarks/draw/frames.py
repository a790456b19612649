"""Frames of any size, written fast: chances by stratum that sum to whole visits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv

from risk_index.frame_columns import BILLION, FRAME_COLUMNS

CEILING = 800_000_000
FLOOR = 2_500_000
Whole = npt.NDArray[np.int64]

STRATA = 300


def chances(n: int, n_strata: int, share: float, seed: int = 1) -> tuple[Whole, Whole]:
    """Return billionths, at most CEILING, and strata of n firms; harm is lognormal."""
    rng = np.random.default_rng(seed)
    weight = rng.lognormal(0, 1.2, n)
    stratum = np.sort(rng.integers(0, n_strata, n))
    ppb = np.zeros(n, np.int64)
    for h in range(n_strata):
        own = np.flatnonzero(stratum == h)
        visits = max(1, round(share * len(own)))
        ppb[own] = _spread(weight[own], visits)
    return ppb, stratum


def _spread(weight: npt.NDArray[np.float64], visits: int) -> Whole:
    """Return chances in proportion to weights under the ceiling, in sum exactly the visits."""
    chance = weight / weight.sum() * visits * BILLION
    for _ in range(50):
        chance = np.minimum(chance, CEILING)
        free = chance < CEILING
        chance[free] *= (visits * BILLION - chance[~free].sum()) / chance[free].sum()
    ppb = np.minimum(np.floor(chance), CEILING).astype(np.int64)
    missing = visits * BILLION - int(ppb.sum())
    room = np.flatnonzero(ppb < CEILING // 2)
    ppb[room] += missing // len(room)
    ppb[room[: missing % len(room)]] += 1
    assert int(ppb.sum()) == visits * BILLION
    return ppb


def write_frame(path: Path, n: int, n_strata: int, share: float = 0.0125) -> Path:
    """Write a sampling frame of n firms unless it is there."""
    if path.exists():
        return path
    ppb, stratum = chances(n, n_strata, share)
    ids = pa.array(np.char.add("91", np.char.zfill(np.arange(n).astype(str), 16)))
    names = pa.array([f"{110000 + h}" for h in range(n_strata)])
    strata = names.take(pa.array(stratum))
    table = pa.table(
        {
            "firm_id": ids,
            "stratum": strata,
            "region": strata,
            "sector": pa.array(["C1521"]).take(pa.array(np.zeros(n, np.int64))),
            "probability_ppb": ppb,
            "floor_ppb": np.minimum(ppb, FLOOR),
            "likelihood": np.round(ppb / BILLION, 9),
            "expected_harm": np.round(ppb / 1e6, 6),
        }
    )
    table = table.select(list(FRAME_COLUMNS))
    path.parent.mkdir(parents=True, exist_ok=True)
    options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="none")
    with path.open("wb") as stream:
        stream.write(",".join(table.column_names).encode() + b"\n")
        pyarrow.csv.write_csv(table, stream, options)
    return path
