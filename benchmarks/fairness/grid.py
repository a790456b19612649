"""Which cells are run, on which seeds, and where the rows are kept."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from benchmarks.fairness.measured import audited
from benchmarks.fairness.worlds import KINDS, STRESS, Cell

HERE = Path(__file__).resolve().parent
ROOMS = (HERE, HERE.parents[1] / "risk_index" / "fairness")
BUILD = Path("build/benchmarks/fairness")
FIRST_SEED = 20_000  # of the table; rules were tuned on seeds below 11,000


def gate_cells() -> list[Cell]:
    """Return the cells that the gates speak of, with one factor at a time moved away from them."""
    settings = [
        (0.8, 1.0, 0.3, 1500), (0.8, 1.5, 0.3, 1500), (0.4, 1.0, 0.3, 5000), (0.0, 1.0, 0.3, 1500),
        (0.8, 1.0, 0.6, 1500), (0.8, 1.0, 0.3, 300), (0.8, 1.0, 0.3, 5000), (0.8, 0.5, 0.3, 1500),
    ]  # fmt: skip
    stress = [Cell(STRESS, 0.8, 1.0, 0.3, n_rand) for n_rand in (1500, 5000)]
    return [Cell(kind, *setting) for setting in settings for kind in KINDS] + stress


def all_cells() -> list[Cell]:
    """Return the whole factorial design: 864 cells."""
    factors = ((0.0, 0.2, 0.4, 0.8), (0.0, 0.5, 1.0, 1.5), (0.0, 0.3, 0.6), (300, 1500, 5000))
    return [Cell(kind, *rest) for kind in KINDS for rest in itertools.product(*factors)]


def sources(rooms: Sequence[Path] = ROOMS) -> str:
    """Return a hash of every module that makes or judges a world, so that no row outlives its rule."""
    digest = hashlib.sha256()
    for file in sorted(file for room in rooms for file in room.glob("*.py")):
        digest.update(f"{file.parent.name}/{file.name}\n".encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def run(cells: list[Cell], n_seeds: int, say: Callable[[str], None]) -> pd.DataFrame:
    """Return the rows of all cells on the table's seeds; a seed once run by the same code is read again."""
    BUILD.mkdir(parents=True, exist_ok=True)
    frames, code = [], sources()
    for seed in range(FIRST_SEED, FIRST_SEED + n_seeds):
        path = BUILD / f"{len(cells)}-cells-{seed}-{code}.parquet"
        if not path.exists():
            pd.concat([audited(cell, seed) for cell in cells]).to_parquet(path)
            say(f"seed {seed}: {len(cells)} worlds")
        frames.append(pd.read_parquet(path))
    return pd.concat(frames, ignore_index=True)
