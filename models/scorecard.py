"""A points scorecard: bins of a few columns, weight of evidence, whole points. A baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import TargetEncoder
from threadpoolctl import threadpool_limits

from models.arrays import Floats
from models.examples import Examples, matrix, require_labels

BELOW_ALL = -1e30
ALIKE = 0.7


@dataclass(frozen=True)
class PointsScorecard:
    """Points a bin, as credit bureaus publish them; the more points, the sooner to visit.

    Columns are cut into bins of like size; a bin's weight of evidence is the log-odds of its
    violation rate over that of all rows (rates shrunken by scikit-learn's TargetEncoder, without
    sample weights). The columns of highest information value are kept, without those whose
    evidence correlates above 0.7 with a better one's, and valued by weighted logistic regression,
    rounded so that `points_to_double` points double the odds.

    Parameters
    ----------
    columns : tuple of str or None
        Candidates; None means all.
    bins, most_columns : int
    """

    name: str = "points_scorecard"
    columns: tuple[str, ...] | None = None
    bins: int = 5
    most_columns: int = 12
    points_to_double: float = 20.0
    is_probability: bool = False

    def fit(self, examples: Examples) -> FittedScorecard:
        """Fit on examples; refuses too few labels as the likelihood does."""
        require_labels(examples.violation)
        columns = self.columns or tuple(examples.X.columns)
        edges, evidence = _weigh(examples, columns, self.bins)
        valued = {name: evidence[name][0][_bin(examples.X, name, edges[name])] for name in columns}
        kept = _unlike(sorted(columns, key=lambda name: -evidence[name][1]), valued)
        kept = kept[: self.most_columns]
        woe = np.column_stack([valued[name] for name in kept])
        model = LogisticRegression(C=1.0, solver="newton-cholesky", max_iter=200)
        weight = examples.weight / examples.weight.mean()
        with threadpool_limits(1):  # so that sums do not depend on the number of threads
            slope = model.fit(woe, examples.violation, sample_weight=weight).coef_[0]
        per_unit = self.points_to_double / np.log(2)
        points = {
            name: np.round(per_unit * slope[j] * evidence[name][0]) + 0.0
            for j, name in enumerate(kept)
        }
        return FittedScorecard({name: edges[name] for name in kept}, points)


@dataclass(frozen=True, eq=False)
class FittedScorecard:
    """A fitted `PointsScorecard`.

    Parameters
    ----------
    edges : dict of column to float64, shape (bins - 1,)
        A value belongs to the bin whose upper edge is the first not below it.
    points : dict of column to float64, shape (bins,)
        Whole points of each bin. Missing values count as lower than all others.
    """

    edges: dict[str, Floats]
    points: dict[str, Floats]

    def score(self, X: pd.DataFrame) -> Floats:
        """Return the sum of points, shape (n,)."""
        total = np.zeros(len(X))
        for name, points in self.points.items():
            total += points[_bin(X, name, self.edges[name])]
        return total

    def card(self) -> pd.DataFrame:
        """Return the card as published: column, above, up_to, points."""
        rows = [
            (name, above, up_to, points)
            for name, edges in self.edges.items()
            for above, up_to, points in zip(
                np.r_[-np.inf, edges], np.r_[edges, np.inf], self.points[name], strict=True
            )
        ]
        return pd.DataFrame(rows, columns=["column", "above", "up_to", "points"])


def _values(X: pd.DataFrame, name: str) -> Floats:
    return np.nan_to_num(matrix(X, [name])[:, 0].astype(np.float64), nan=BELOW_ALL)


def _bin(X: pd.DataFrame, name: str, edges: Floats) -> NDArray[np.int64]:
    return np.searchsorted(edges, _values(X, name), side="left")


def _edges(values: Floats, bins: int) -> Floats:
    """Return the inner edges of bins of like size: values that occur, no bin empty."""
    inner = np.arange(1, bins) / bins
    edges = np.unique(np.quantile(values, inner, method="inverted_cdf"))
    return np.asarray(edges[edges < values.max()])


def _weigh(
    examples: Examples, columns: Sequence[str], bins: int
) -> tuple[dict[str, Floats], dict[str, tuple[Floats, float]]]:
    """Return each column's inner edges, and each bin's weight of evidence with the column's IV."""
    found = examples.violation.astype(np.int64)
    edges = {name: _edges(_values(examples.X, name), bins) for name in columns}
    slots = np.column_stack([_bin(examples.X, name, edges[name]) for name in columns])
    coder = TargetEncoder(target_type="binary", smooth="auto").fit(slots, found)
    overall = np.log(found.mean()) - np.log1p(-found.mean())
    evidence = {}
    for j, name in enumerate(columns):
        rate = np.clip(coder.encodings_[j], 1e-6, 1 - 1e-6)
        woe = np.log(rate) - np.log1p(-rate) - overall
        evidence[name] = (woe, _information(woe, slots[:, j], found))
    return edges, evidence


def _unlike(ordered: Sequence[str], valued: dict[str, Floats]) -> list[str]:
    """Keep the columns, best first, that are not constant and unlike every one kept before."""
    kept: list[str] = []
    for name in ordered:
        if np.ptp(valued[name]) > 0 and all(
            abs(np.corrcoef(valued[name], valued[other])[0, 1]) <= ALIKE for other in kept
        ):
            kept.append(name)
    return kept or [ordered[0]]


def _information(woe: Floats, slot: NDArray[np.int64], found: NDArray[np.int64]) -> float:
    """Return the information value: how far apart the two outcomes' spreads over bins are."""
    bad = np.bincount(slot, weights=found, minlength=len(woe))
    good = np.bincount(slot, weights=1 - found, minlength=len(woe))
    return float(((bad / bad.sum() - good / good.sum()) * woe).sum())
