"""Metrics of several scores with paired 95 % intervals, as tables."""

from __future__ import annotations

import numpy as np
import pandas as pd

from models.capture import order_metrics
from models.metrics import Outcomes, Score, intervals, paired_difference, resampled_weights

REPLICATES = 1000
OURS = ("likelihood", "index")
SHOWN = {
    "auc": "AUC",
    "violations_at_5": "violations at 5 %",
    "violations_at_10": "violations at 10 %",
    "harm_at_5": "harm at 5 %",
    "harm_at_10": "harm at 10 %",
    "calibration_slope": "slope",
    "calibration_intercept": "intercept",
    "brier": "Brier",
}
COMPARED = ("auc", "harm_at_5", "harm_at_10")
TAILS = (0.025, 0.975)


def outcomes(rows: pd.DataFrame, minor: bool) -> Outcomes:
    """Return what inspections found; harm of violations, or all harm recorded if `minor`."""
    violation = rows.violation.to_numpy(np.float64)
    harm = rows.harm.fillna(0.0).to_numpy(np.float64) * (1.0 if minor else violation)
    return Outcomes(violation, harm, np.ones(len(rows)), rows.controller.to_numpy(np.int64))


def metrics(judged: Outcomes, scores: dict[str, Score]) -> pd.DataFrame:
    """Return one row a score, with intervals from resampling controllers."""
    table = []
    for name, score in scores.items():
        found = intervals(judged, score, REPLICATES)
        cells = {title: _cell(found, metric) for metric, title in SHOWN.items()}
        table.append({"score": name, **cells})
    return pd.DataFrame(table)


def _cell(found: pd.DataFrame, metric: str) -> str:
    if metric not in found.index:
        return ""
    row = found.loc[metric]
    return _shown(row["value"], row["low"], row["high"])


def _shown(value: float, low: float, high: float) -> str:
    return f"{value:.3f} ({low:.3f} to {high:.3f})"


def comparisons(judged: Outcomes, scores: dict[str, Score]) -> pd.DataFrame:
    """Return ours against each rival: differences, and ratios of harm found, paired."""
    table = []
    for mine in OURS:
        for rival in (name for name in scores if name not in OURS):
            pair = scores[mine], scores[rival]
            found = paired_difference(judged, *pair, REPLICATES)
            row = {"ours": mine, "rival": rival}
            for metric in COMPARED:
                cells = found.loc[metric, ["difference", "low", "high"]]
                row[f"{SHOWN[metric]}, difference"] = _shown(*cells)
            for metric in COMPARED[1:]:
                row[f"{SHOWN[metric]}, ratio"] = _shown(*ratio(judged, *pair, metric))
            table.append(row)
    return pd.DataFrame(table)


def ratio(judged: Outcomes, one: Score, other: Score, metric: str) -> tuple[float, float, float]:
    """Return one score's metric over the other's, with the interval of the same resamples."""
    point = _quotient(judged, one, other, metric, judged.weight[None])[0]
    drawn = [
        _quotient(judged, one, other, metric, weight)
        for weight in resampled_weights(judged, REPLICATES, seed=0)
    ]
    low, high = np.nanquantile(np.concatenate(drawn), TAILS)
    return float(point), float(low), float(high)


def _quotient(
    judged: Outcomes, one: Score, other: Score, metric: str, weight: np.ndarray
) -> np.ndarray:
    first, second = (
        order_metrics(score.rank, judged.violation, judged.harm, weight)[metric]
        for score in (one, other)
    )
    return first / second
