"""Four forms of a model of harm given a violation, compared on rows later than they learnt from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from models.arrays import Bools, Floats, Rows, Singles
from models.capture import share_captured
from models.folds import Fold
from models.trees import (
    TreeSettings,
    cross_fit,
    gamma_deviance,
    log_loss,
    squared_error,
    tree_params,
)

BAND_EDGES = (2.0, 6.5, 20.0, 65.0)
LARGE = 0.9


@dataclass(frozen=True, eq=False)
class Amounts:
    """Rows with a measured harm above 0, and the folds among them.

    Parameters
    ----------
    X : float32, shape (n, p)
    harm, weight : float64, shape (n,)
    """

    X: Singles
    harm: Floats
    weight: Floats
    folds: Sequence[Fold]
    directions: Mapping[str, int]
    settings: TreeSettings
    seed: int

    def params(self, objective: str, monotone: bool = True) -> dict[str, Any]:
        """Return LightGBM's parameters for the objective."""
        directions = self.directions if monotone else {}
        grown = tree_params(self.settings, len(self.X), directions, self.seed)
        return {"objective": objective, **grown}


@dataclass(frozen=True, eq=False)
class Form:
    """One form's predictions of its folds' later rows.

    Parameters
    ----------
    additive : bool
        Whether the log of the prediction is a sum over trees, so that exact reasons exist.
    expected : list of float64
        Expected harm of each fold's later rows.
    rounds_for_all : int
        Rounds for a fit on all rows.
    log_raw : list of float64
        For an additive form, the raw scores, equal to log expected harm up to a constant.
    """

    name: str
    additive: bool
    rounds: int
    expected: list[Floats] = field(repr=False)
    rounds_for_all: int = 0
    log_raw: list[Floats] = field(repr=False, default_factory=list)


def gamma_form(data: Amounts) -> Form:
    """Gamma objective: trees add up to the log of the mean."""
    fit = cross_fit(
        data.X, data.harm, data.weight, data.folds, data.params("gamma"), data.settings,
        gamma_deviance,
    )  # fmt: skip
    raw = [fit.raw(k, data.X[fold.later]) for k, fold in enumerate(data.folds)]
    return Form(
        "gamma", True, fit.rounds, [np.exp(r) for r in raw], fit.rounds_for(len(data.X)), raw
    )


def log_form(data: Amounts) -> Form:
    """Least squares on log harm, brought back by Duan's smearing factor (1983)."""
    logs = np.log(data.harm)
    fit = cross_fit(
        data.X, logs, data.weight, data.folds, data.params("regression"), data.settings,
        squared_error,
    )  # fmt: skip
    raw, expected = [], []
    for k, fold in enumerate(data.folds):
        residual = logs[fold.train] - fit.raw(k, data.X[fold.train])
        smear = np.average(np.exp(residual), weights=data.weight[fold.train])
        raw.append(fit.raw(k, data.X[fold.later]))
        expected.append(np.exp(raw[k]) * smear)
    return Form("log_least_squares", True, fit.rounds, expected, fit.rounds_for(len(data.X)), raw)


def ordinal_form(data: Amounts) -> Form | None:
    """Chances of the bands around 1, 3, 10, 30, 100, times each band's mean; None if one band."""
    bands, band = np.unique(np.digitize(data.harm, BAND_EDGES), return_inverse=True)
    if len(bands) < 2:
        return None
    params = {**data.params("multiclass", monotone=False), "num_class": len(bands)}
    fit = cross_fit(
        data.X, band.astype(np.float64), data.weight, data.folds, params, data.settings,
        _class_loss,
    )  # fmt: skip
    expected = []
    for k, fold in enumerate(data.folds):
        means = _group_means(data, fold.train, band, len(bands))
        raw = fit.raw(k, data.X[fold.later])
        chance = np.exp(raw - raw.max(axis=1, keepdims=True))
        expected.append((chance * means).sum(axis=1) / chance.sum(axis=1))
    return Form("ordinal", False, fit.rounds, expected)


def two_step_form(data: Amounts) -> Form | None:
    """Chance of a large harm (top tenth) times its mean, plus the rest; None if all are alike."""
    large = _large(data)
    if large.all() or not large.any():
        return None
    fit = cross_fit(
        data.X, large.astype(np.float64), data.weight, data.folds, data.params("binary"),
        data.settings, log_loss,
    )  # fmt: skip
    expected = []
    for k, fold in enumerate(data.folds):
        small_mean, large_mean = _group_means(data, fold.train, large.astype(np.int64), 2)
        chance = 1 / (1 + np.exp(-fit.raw(k, data.X[fold.later])))
        expected.append(chance * large_mean + (1 - chance) * small_mean)
    return Form("two_step", False, fit.rounds, expected)


def _large(data: Amounts) -> Bools:
    threshold = np.quantile(data.harm, LARGE)
    return np.asarray(data.harm >= threshold if threshold > data.harm.min() else data.harm < 0)


def _group_means(data: Amounts, rows: Rows, group: Rows, n_groups: int) -> Floats:
    """Return each group's mean harm among the rows, the overall mean standing in for two rows."""
    weight, harm = data.weight[rows], data.harm[rows]
    overall = np.average(harm, weights=weight)
    total = np.bincount(group[rows], weights=weight * harm, minlength=n_groups)
    mass = np.bincount(group[rows], weights=weight, minlength=n_groups)
    return np.asarray((total + 2 * overall) / (mass + 2))


def _class_loss(chance: Floats, label: Floats, weight: Floats) -> float:
    mine = chance.reshape(len(label), -1)[np.arange(len(label)), label.astype(np.int64)]
    return float(-(np.log(np.clip(mine, 1e-15, 1)) * weight).sum() / weight.sum())


def constant_form(data: Amounts) -> Form:
    """Predict the mean of the rows learnt from: what every form must beat."""
    means = [
        np.average(data.harm[fold.train], weights=data.weight[fold.train]) for fold in data.folds
    ]
    expected = [np.full(len(f.later), m) for f, m in zip(data.folds, means, strict=True)]
    return Form("constant", False, 0, expected)


def compare(data: Amounts, forms: Sequence[Form]) -> pd.DataFrame:
    """Judge the forms on the pooled later rows, each first scaled to those rows' mean.

    Scaling is what calibration will do to the form that is used; `mean_ratio` shows by how much.

    Returns
    -------
    DataFrame
        One row a form: form, additive, rounds, gamma_deviance, mean_absolute_error, harm_at_10
        (share of harm in the tenth of violations with the highest predictions), mean_ratio
        (predicted / observed before scaling).
    """
    later = np.concatenate([fold.later for fold in data.folds])
    harm, weight = data.harm[later], data.weight[later]
    return pd.DataFrame([_judge(form, harm, weight) for form in forms])


def _judge(form: Form, harm: Floats, weight: Floats) -> dict[str, Any]:
    expected = np.concatenate(form.expected)
    ratio = float((weight * expected).sum() / (weight * harm).sum())
    scaled = expected / ratio
    return {
        "form": form.name,
        "additive": form.additive,
        "rounds": form.rounds,
        "gamma_deviance": gamma_deviance(scaled, harm, weight),
        "mean_absolute_error": float((weight * np.abs(scaled - harm)).sum() / weight.sum()),
        "harm_at_10": share_captured(scaled, harm, weight, 0.1),
        "mean_ratio": ratio,
    }
