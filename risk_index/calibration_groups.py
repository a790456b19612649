"""Calibration by region, by sector group and by completeness of the records."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.sector import sector_path
from models.arrays import Floats
from models.metrics import Outcomes, Score, intervals, kish

LEAST_N_EFF, LEAST_OF_EACH = 200, 20
"""Least effective number, and least number of either outcome, for a number to be given."""
BETWEEN = " to "
"""Between the ends of a group's shares, in its name."""
INSUFFICIENT = "insufficient data"
NOT_STATED = "not stated"
QUARTERS = (0.25, 0.5, 0.75)
GIVEN = {
    "slope": "calibration_slope",
    "intercept": "calibration_intercept",
    "observed_to_expected": "observed_to_expected",
}


def groups_of(region: pd.Series, sector: pd.Series, completeness: Floats) -> dict[str, pd.Series]:
    """Return the name of each row's group, by what it is grouped by; shape (n,) each.

    Sectors are grouped by the first level of their path, completeness by its quarters.
    """
    first = sector.map(lambda code: sector_path(code)[0], na_action="ignore")
    return {
        "region": region.fillna(NOT_STATED).reset_index(drop=True),
        "sector": first.fillna(NOT_STATED).reset_index(drop=True),
        "completeness": _quarters(completeness),
    }


def _quarters(completeness: Floats) -> pd.Series:
    """Cut at the quartiles; equal values stay together, so that there may be fewer than four."""
    edges = np.unique(np.quantile(completeness, QUARTERS))
    quarter = pd.Series(np.searchsorted(edges, completeness, side="left"))
    values = pd.Series(completeness)
    low, high = (values.groupby(quarter).transform(end) for end in ("min", "max"))
    return low.map("{:.2f}".format) + BETWEEN + high.map("{:.2f}".format)


def calibration_by_group(
    outcomes: Outcomes, chance: Floats, groups: dict[str, pd.Series], seed: int
) -> pd.DataFrame:
    """Return calibration within every group, one row a group.

    Returns
    -------
    DataFrame
        by, group, rows, violations, n_eff, slope, intercept, observed_to_expected, each of the last
        three with ``_low`` and ``_high`` (95 %, resampling controllers), note. No number is given, and
        the note says "insufficient data", below an effective number of 200 or 20 of either outcome.
    """
    return pd.DataFrame(
        [
            {"by": by, "group": name}
            | _of_group(outcomes, chance, (names == name).to_numpy(), seed)
            for by, names in groups.items()
            for name in sorted(names.unique())
        ]
    )


def _of_group(
    outcomes: Outcomes, chance: Floats, rows: np.ndarray, seed: int
) -> dict[str, float | str]:
    part = outcomes.take(rows)
    hits, n_eff = part.violation.sum(), kish(part.weight)
    row: dict[str, float | str] = {"rows": int(rows.sum()), "violations": int(hits), "n_eff": n_eff}
    if n_eff < LEAST_N_EFF or min(hits, rows.sum() - hits) < LEAST_OF_EACH:
        nothing = {f"{name}{end}": float("nan") for name in GIVEN for end in ("", "_low", "_high")}
        return row | nothing | {"note": INSUFFICIENT}
    table = intervals(part, Score(chance[rows], chance[rows]), seed=seed)
    for name, metric in GIVEN.items():
        value, low, high = table.loc[metric, ["value", "low", "high"]]
        row |= {name: float(value), f"{name}_low": float(low), f"{name}_high": float(high)}
    return row | {"note": ""}
