"""LightGBM alone on the same data: the trees that are kept, and a cross-validation that finds how many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import lightgbm as lgb
import numpy as np

from models.arrays import Floats, Singles
from models.examples import Examples, matrix
from models.folds import Fold, restrict, usable_folds
from models.likelihood import Likelihood, strictness_offset
from models.severity import Severity
from models.trees import fitting_weight, tree_params


@dataclass(frozen=True, eq=False)
class Task:
    """Data, parameters, rounds and folds of one model as it was fitted; `start` is LightGBM's init_score."""

    X: Singles
    label: Floats
    weight: Floats
    params: dict[str, Any]
    rounds: int
    folds: Sequence[Fold]
    max_rounds: int
    patience: int
    start: Floats | None = field(default=None)

    def train(self) -> lgb.Booster:
        """Grow the trees that are kept."""
        return lgb.train(dict(self.params), self._data(), self.rounds)

    def cross_validate(self) -> int:
        """Grow trees on all folds until their later rows' loss rises; return the best rounds."""
        params = {k: v for k, v in self.params.items() if k != "metric"}
        stop = lgb.early_stopping(self.patience, verbose=False)
        folds = iter([(fold.train, fold.later) for fold in self.folds])
        found = lgb.cv(params, self._data(), self.max_rounds, folds=folds, callbacks=[stop])
        return len(next(iter(found.values())))

    def raw(self, booster: lgb.Booster) -> Floats:
        """Return the raw scores, with the base that LightGBM leaves out beside a start score."""
        raw = np.asarray(booster.predict(self.X, raw_score=True, num_threads=1))
        if self.start is None:
            return raw
        mean = float((self.label * self.weight).sum() / self.weight.sum())
        return raw + np.log(mean / (1 - mean))

    def _data(self) -> lgb.Dataset:
        return lgb.Dataset(self.X, self.label, weight=self.weight, init_score=self.start)


def of_likelihood(examples: Examples, folds: Sequence[Any], fitted: Likelihood, seed: int) -> Task:
    """Return what the likelihood was fitted on, inspectors' effects included."""
    label = examples.violation.astype(np.float64)
    weight = fitting_weight(examples.weight)
    offset = strictness_offset(examples, fitted.strictness)
    mean = float((label * weight).sum() / weight.sum())
    kinds = (examples.violation == 1, examples.violation == 0)
    used, _ = usable_folds(examples, folds, kinds, seed)
    start = None if offset is None else offset + np.log(mean / (1 - mean))
    X = matrix(examples.X, fitted.columns)
    return _task(X, label, weight, "binary", fitted, used, seed, start)


def of_severity(examples: Examples, folds: Sequence[Any], fitted: Severity, seed: int) -> Task:
    """Return what the severity was fitted on, in the form that was chosen."""
    positive = np.nan_to_num(examples.harm, nan=0.0) > 0
    used, _ = usable_folds(examples, folds, [positive], seed)
    harm, gamma = examples.harm[positive], fitted.form == "gamma"
    weight = fitting_weight(examples.weight[positive])
    X = matrix(examples.X, fitted.columns)[positive]
    label, objective = (harm, "gamma") if gamma else (np.log(harm), "regression")
    return _task(X, label, weight, objective, fitted, restrict(used, positive), seed)


def _task(
    X: Singles,
    label: Floats,
    weight: Floats,
    objective: str,
    fitted: Likelihood | Severity,
    folds: Sequence[Fold],
    seed: int,
    start: Floats | None = None,
) -> Task:
    settings = fitted.settings
    params = tree_params(settings, len(X), dict(fitted.directions), seed)
    return Task(
        X=X,
        label=label,
        weight=weight,
        params={"objective": objective, **params},
        rounds=fitted.rounds,
        folds=folds,
        max_rounds=settings.max_rounds,
        patience=settings.early_stopping_rounds,
        start=start,
    )
