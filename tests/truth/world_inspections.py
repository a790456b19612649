"""Visits to the firms of a synthetic world that a round drew, and records with these visits.

A firm that was drawn was selected at random with a known chance, whatever its arm. Its visit is therefore
recorded with selection "random" and the whole inclusion probability: that is what the next fit weights by.
"Directed" stays the word for visits that somebody chose.
"""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import numpy as np
import pandas as pd

OUTCOME_SD = 0.5
"""Spread of the harm found about a firm's severity, on the log scale, as in configs/world.yaml."""


def visit(
    drawn: pd.DataFrame,
    truth: pd.DataFrame,
    start: dt.date,
    end: dt.date,
    rng: np.random.Generator,
    name: str = "R1",
    missing: float = 0.0,
) -> pd.DataFrame:
    """Return rows for the table of inspections: what visits to the firms drawn find in the world.

    The outcome follows the firm's true likelihood, its harm the true severity. A share `missing` of
    the visits takes place without an outcome on record.
    """
    firms = drawn[["firm_id", "inclusion_probability"]].merge(truth, on="firm_id", validate="1:1")
    n = len(firms)
    violation = (rng.random(n) < firms.likelihood).astype(float)
    spread = rng.lognormal(-(OUTCOME_SD**2) / 2, OUTCOME_SD, n)
    day = rng.integers(0, (end - start).days + 1, n)
    when = [start + dt.timedelta(days=int(d)) for d in day]
    lost = rng.random(n) < missing
    return pd.DataFrame(
        {
            "inspection_id": [f"{name}-{number:06d}" for number in range(n)],
            "firm_id": firms.firm_id,
            "inspected_on": when,
            "selection": "random",
            "inclusion_probability": firms.inclusion_probability.astype(float),
            "inspector_id": None,
            "violation": violation.mask(lost),
            "harm": (violation * firms.severity * spread).round(3).mask(lost),
            "recorded_on": when,
        }
    )


def records_with(records: Path, visits: pd.DataFrame, out: Path) -> Path:
    """Copy a folder of records and add inspections to the copy."""
    shutil.copytree(records, out)
    table = out / "inspections.parquet"
    known = pd.read_parquet(table)
    pd.concat([known, visits], ignore_index=True).astype(known.dtypes).to_parquet(table)
    return out
