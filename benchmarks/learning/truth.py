"""A ranking beside the truth: what it captures, how it is calibrated and what its intervals hold.

The truth is each firm's own chance and mean harm, so that nothing here hangs on the luck of a draw: the
figures are those that random draws without end would come to.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit, logit
from scipy.stats import norm

from features.sector import NOT_PLANNED
from models.reliability import recalibration

SHARE = 0.05
FEWEST = 300
"""Firms of a group below which nothing is said of it."""
ENOUGH = 385
"""Violations to learn from at which chance alone moves a group's intercept by 0.1 in one of 20 worlds:
its standard error is 1 / sqrt(violations) or a little more."""


def beside_truth(ranked: Path, truth: Path) -> pd.DataFrame:
    """Return the ranking's rows with the columns of the truth, ``true_likelihood`` and so on."""
    rows = pd.read_csv(ranked, dtype={"firm_id": str, "region": str}, encoding="utf-8-sig")
    true = pd.read_parquet(truth).add_prefix("true_").rename(columns={"true_firm_id": "firm_id"})
    rows = rows.merge(true, on="firm_id", validate="1:1")
    return rows[rows.true_likelihood > 0]


def learnt_from(rows: pd.DataFrame, records: Path) -> pd.Series:
    """Return the violations that planned visits found at each row's firm."""
    visits = pd.read_parquet(records / "inspections.parquet")
    found = visits[(visits.violation == 1) & ~visits.selection.isin(NOT_PLANNED)]
    return rows.firm_id.map(found.groupby("firm_id").size()).fillna(0)


def captured(score: pd.Series, harm: pd.Series, share: float = SHARE) -> float:
    """Return the true harm in the first `share` by score, over the most there could be."""
    count = round(share * len(harm))
    return float(harm[score.nlargest(count).index].sum() / harm.nlargest(count).sum())


@dataclass(frozen=True)
class Calibration:
    """Slope of the logit, and intercept at a slope of 1 (calibration in the large)."""

    slope: float
    intercept: float

    @classmethod
    def of(cls, rows: pd.DataFrame) -> Calibration:
        """Compare stated with true chances."""
        stated, true = logit(rows.likelihood.to_numpy()), rows.true_likelihood.to_numpy()
        _, slope = recalibration(stated, true, np.ones((1, len(rows))))
        level = brentq(lambda shift: float((expit(stated + shift) - true).sum()), -5, 5)
        return cls(float(slope[0]), float(level))


def severity_coverage(rows: pd.DataFrame, harm_sd: float) -> float:
    """Return the chance that the harm of a violation lies in its firm's interval, over violations."""
    centre = np.log(rows.true_severity) - harm_sd**2 / 2
    below, above = (
        norm.cdf((np.log(rows[f"severity_{end}"]) - centre) / harm_sd) for end in ("low", "high")
    )
    return float(np.average(above - below, weights=rows.true_likelihood))


def groups(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the rows of every region, section and quartile of completeness with enough firms."""
    quartile = pd.qcut(rows.completeness.rank(method="first"), 4, labels=["1", "2", "3", "4"])
    found = {}
    for kind, key in (("region", rows.region), ("section", rows.sector.str[0])):
        found |= {f"{kind} {name}": part for name, part in rows.groupby(key)}
    found |= {f"completeness {n}": rows[quartile == n] for n in quartile.cat.categories}
    return {name: part for name, part in found.items() if len(part) >= FEWEST}
