"""What every model is shown beside: a column, a rule ladder, logistic regression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from models.arrays import Bools, Floats, Rows
from models.examples import Examples, matrix, require_labels
from models.folds import Fold

SKEWED = 2.0


class Scorer(Protocol):
    """Something fitted that scores firms."""

    def score(self, X: pd.DataFrame) -> Floats:
        """Return scores, shape (n,): the higher, the sooner to visit."""
        ...


class Baseline(Protocol):
    """Something to fit. `is_probability` says whether scores are chances of a violation."""

    @property
    def name(self) -> str:
        """Name in tables."""
        ...

    @property
    def is_probability(self) -> bool:
        """Whether `score` returns probabilities."""
        ...

    def fit(self, examples: Examples) -> Scorer:
        """Learn from examples."""
        ...


@dataclass(frozen=True)
class ColumnScore:
    """A column as it stands: the sector's rate, the firm's own smoothed or decayed rate.

    Parameters
    ----------
    sign : 1 or -1
        -1 if a lower value should be visited sooner.
    if_none : float
        Value where the column has none.
    """

    name: str
    column: str
    sign: int = 1
    if_none: float = 0.0
    is_probability: bool = False

    def fit(self, examples: Examples) -> ColumnScore:
        """Return itself: there is nothing to learn."""
        return self

    def score(self, X: pd.DataFrame) -> Floats:
        """Return the column times its sign, shape (n,)."""
        values = matrix(X, [self.column])[:, 0].astype(np.float64)
        return self.sign * np.nan_to_num(values, nan=self.if_none)


@dataclass(frozen=True)
class Rule:
    """Points for a firm whose column is at least the threshold (at most, if `below`)."""

    column: str
    threshold: float
    points: float
    below: bool = False


@dataclass(frozen=True)
class RuleLadder:
    """A published list of rules: a firm's score is the points of all the rules that it meets."""

    name: str
    rules: tuple[Rule, ...]
    is_probability: bool = False

    @classmethod
    def of(cls, name: str, rules: Sequence[tuple[str, float, float]]) -> RuleLadder:
        """Build the ladder from (column, threshold, points)."""
        return cls(name, tuple(Rule(*rule) for rule in rules))

    def fit(self, examples: Examples) -> RuleLadder:
        """Return itself: the points are published, not learnt."""
        return self

    def score(self, X: pd.DataFrame) -> Floats:
        """Return the sum of points, shape (n,). A column without a value meets no rule."""
        total = np.zeros(len(X))
        for rule in self.rules:
            values = matrix(X, [rule.column])[:, 0]
            met = values <= rule.threshold if rule.below else values >= rule.threshold
            total += rule.points * met
        return total


@dataclass(frozen=True)
class LogisticBaseline:
    """Logistic regression on standardised columns.

    Columns that are never negative and skewed (skewness above 2) enter as log(1 + x); missing
    values become the median, with an indicator where any were missing.
    """

    name: str = "logistic_regression"
    columns: tuple[str, ...] | None = None
    ridge: float = 1.0
    is_probability: bool = True

    def fit(self, examples: Examples) -> FittedLogistic:
        """Fit on examples; refuses too few labels as the likelihood does."""
        require_labels(examples.violation)
        columns = self.columns or tuple(examples.X.columns)
        raw = matrix(examples.X, columns).astype(np.float64)
        skewed = _skewed(raw)
        model = make_pipeline(
            SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
            StandardScaler(),
            LogisticRegression(C=1 / self.ridge, solver="newton-cholesky", max_iter=200),
        )
        weight = examples.weight / examples.weight.mean()
        inputs = _logged(raw, skewed)
        with threadpool_limits(1):  # so that sums do not depend on the number of threads
            model.fit(inputs, examples.violation, logisticregression__sample_weight=weight)
        return FittedLogistic(columns, skewed, model)


@dataclass(frozen=True, eq=False)
class FittedLogistic:
    """A fitted `LogisticBaseline`."""

    columns: tuple[str, ...]
    skewed: Bools
    model: Pipeline

    def score(self, X: pd.DataFrame) -> Floats:
        """Return probabilities of a violation, shape (n,)."""
        raw = matrix(X, self.columns).astype(np.float64)
        chances: Any = self.model.predict_proba(_logged(raw, self.skewed))
        return np.asarray(chances[:, 1], dtype=np.float64)


def _skewed(values: Floats) -> Bools:
    frame = pd.DataFrame(values)
    never_negative = (frame.min() >= 0).to_numpy()
    return np.asarray(never_negative & (frame.skew().fillna(0) > SKEWED).to_numpy())


def _logged(values: Floats, skewed: Bools) -> Floats:
    logged = values.copy()
    logged[:, skewed] = np.log1p(np.maximum(values[:, skewed], 0))
    return logged


def later_scores(
    baseline: Baseline, examples: Examples, folds: Sequence[Fold | tuple[Rows, Rows]]
) -> tuple[Rows, Floats]:
    """Fit on each fold's earlier rows, score its later ones.

    Returns
    -------
    rows, scores : shape (m,)
        Positions of the later rows, ascending, and their scores.
    """
    parts = [Fold(*fold) for fold in folds]
    rows = np.concatenate([fold.later for fold in parts])
    scores = [
        baseline.fit(examples.take(fold.train)).score(examples.X.iloc[fold.later]) for fold in parts
    ]
    order = np.argsort(rows, kind="stable")
    return rows[order], np.concatenate(scores)[order]
