"""Records of a world with one region's penalties thinned or doubled."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd

KEPT = 0.25
SEED = 5
PLATFORM = "a second platform"


def thinned(records: Path, region: str, out: Path, with_rates: bool = True) -> Path:
    """Copy records with a quarter of a region's penalties, and its reporting rates cut to match.

    Without rates, table `sources` is left out and the engine has to estimate them.
    """
    copy = _copied(records, out)
    penalties, inside = _penalties(copy, region)
    kept = np.random.default_rng(SEED).random(len(penalties)) < KEPT
    penalties[~inside | kept].to_parquet(copy / "penalties.parquet", index=False)
    if not with_rates:
        (copy / "sources.parquet").unlink()
        return copy
    sources = pd.read_parquet(copy / "sources.parquet")
    sources.loc[sources.region == region, "reporting_rate"] *= KEPT
    sources.to_parquet(copy / "sources.parquet", index=False)
    return copy


def doubled(records: Path, region: str, out: Path) -> Path:
    """Copy records with each of a region's penalties twice, without number, from a second platform."""
    copy = _copied(records, out)
    penalties, inside = _penalties(copy, region)
    again = penalties[inside].assign(
        penalty_id=penalties.penalty_id[inside] + "-2", source=PLATFORM, decision_number=None
    )
    pd.concat([penalties, again]).to_parquet(copy / "penalties.parquet", index=False)
    return copy


def _copied(records: Path, out: Path) -> Path:
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(records, out)
    return out


def _penalties(records: Path, region: str) -> tuple[pd.DataFrame, pd.Series]:
    """Return the penalties, and which are of firms that were ever recorded in the region."""
    firms = pd.read_parquet(records / "firms.parquet")
    penalties = pd.read_parquet(records / "penalties.parquet")
    return penalties, penalties.firm_id.isin(firms.firm_id[firms.region == region])
