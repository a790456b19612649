"""How much harm a violation would do: expected harm given that one is found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from sklearn.linear_model import GammaRegressor
from threadpoolctl import threadpool_limits

from models.arrays import Bools, Floats, Rows, Singles
from models.conformal import residual_band
from models.examples import Examples, NotEnoughLabels, matrix
from models.explain import contributions
from models.folds import Fold, Later, Least, restrict, usable_folds
from models.severity_forms import (
    Amounts,
    Form,
    compare,
    constant_form,
    gamma_form,
    log_form,
    ordinal_form,
    two_step_form,
)
from models.trees import Trees, TreeSettings, check_directions, fitting_weight, grow

LEAST_MEASURED = 30
PRIOR_PRECISION = 4.0
PRIOR_ROWS = 5.0
WINSOR = 0.995


@dataclass(frozen=True)
class Scale:
    """From raw score to log expected harm: intercept + power * min(raw, cap), power >= 0.

    `cap` is the 99.5th percentile of the raw scores of the rows fitted on, so that no firm's
    severity rests on the far end of the tail. `band` holds later log harms around the prediction.
    """

    intercept: float
    power: float
    cap: float
    band: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Severity:
    """A fitted harm severity. `fit_severity` makes it; `FittedModel` saves it.

    Parameters
    ----------
    trees : Trees or None
        Ensemble whose raw score is the log of harm up to `scale`; None if the severity is constant.
    directions : mapping of column to -1, 0 or 1
        The columns in order, as for `Likelihood`.
    form : str
        "gamma", "log_least_squares" or "constant".
    scale : Scale
    rounds : int
    notes : tuple of str
        What a reader must know of how it was fitted.
    comparison : DataFrame
        The forms judged on later rows, as `models.severity_forms.compare` returns it.
    later : Later or None
        Out-of-fold raw scores of the rows with measured harm; None in a loaded model.
    """

    trees: Trees | None
    directions: Mapping[str, int]
    form: str
    scale: Scale
    rounds: int
    settings: TreeSettings
    notes: tuple[str, ...] = ()
    comparison: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    later: Later | None = field(default=None, repr=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns used, in order."""
        return tuple(self.directions)

    def log(self, X: pd.DataFrame) -> Floats:
        """Return the log of expected harm given a violation, shape (n,)."""
        return self._log(matrix(X, self.columns))

    def _log(self, amounts: Singles) -> Floats:
        if self.trees is None:
            return np.full(len(amounts), self.scale.intercept)
        return scaled(self.trees.raw(amounts, self.settings.threads(len(amounts))), self.scale)

    def predict(self, X: pd.DataFrame) -> Floats:
        """Return expected harm given a violation, in the rubric's units, shape (n,)."""
        return self.expected(matrix(X, self.columns))

    def expected(self, amounts: Singles) -> Floats:
        """Return the same for an array of `columns`, shape (n, p)."""
        return np.asarray(np.exp(self._log(amounts)))

    def interval(self, X: pd.DataFrame) -> tuple[Floats, Floats]:
        """Return the low and high harm of a violation, each (n,), `predict` between them.

        It is where the harm of `settings.interval_level` of such violations falls, hence wider
        than the doubt about their mean.
        """
        log = self.log(X)
        low, high = self.scale.band
        return np.exp(log + min(low, 0.0)), np.exp(log + max(high, 0.0))

    def contributions(self, X: pd.DataFrame) -> Floats:
        """Return exact shares of `log`, shape (n, p + 1), base last; rows sum to `log`.

        Where the raw score was winsorised, the columns' shares shrink by one factor, so that each
        keeps its sign and its place, and the base stays the same for every row.
        """
        if self.trees is None:
            phi = np.zeros((len(X), len(self.directions) + 1))
            phi[:, -1] = self.scale.intercept
            return phi
        threads = self.settings.threads(len(X))
        phi = contributions(self.trees, matrix(X, self.columns), threads)
        return _scaled_shares(phi, self.scale)


def scaled(raw: Floats, scale: Scale) -> Floats:
    """Return the log of expected harm of raw scores, shape (n,)."""
    return scale.intercept + scale.power * np.minimum(raw, scale.cap)


def _scaled_shares(phi: Floats, scale: Scale) -> Floats:
    base, reach = phi[:, -1], phi[:, :-1].sum(axis=1)
    kept = np.ones(len(phi))
    over = base + reach > scale.cap
    kept[over] = (scale.cap - base[over]) / reach[over]
    shares = phi * (scale.power * kept)[:, None]
    shares[:, -1] = scale.intercept + scale.power * base
    return shares


def fit_severity(
    examples: Examples,
    directions: Mapping[str, int],
    folds: Sequence[Fold | tuple[Rows, Rows]],
    settings: TreeSettings,
    seed: int,
) -> Severity:
    """Fit expected harm given a violation on the violations whose harm was measured.

    Two additive forms (gamma objective; least squares on log harm) compete on later rows by gamma
    deviance, the better is used; an ordinal and a two-step form and the mean are reported beside
    them. Calibration, by gamma regression on later rows, is log S = a + b * raw with b >= 0 drawn
    towards 1 by a prior, and a such that predicted and observed harm agree in total. Harms of 0
    are left out of the trees and counted in that total: assumes that their share is the same for
    all firms. Under 30 measured violations above 0 the severity is a constant.

    Parameters
    ----------
    As for `models.likelihood.fit_likelihood`. Examples without a measured violation are ignored.

    Raises
    ------
    MissingColumns
        If X lacks a column of `directions`.
    """
    signs = check_directions(directions)
    X = matrix(examples.X, list(signs))
    positive = np.nan_to_num(examples.harm, nan=0.0) > 0
    try:
        used, notes = _folds_among(examples, folds, positive, seed)
    except NotEnoughLabels:
        return _constant(examples, signs, settings)
    weight = fitting_weight(examples.weight[positive])
    used = restrict(used, positive)
    data = Amounts(X[positive], examples.harm[positive], weight, used, signs, settings, seed)
    return _fit_trees(examples, data, positive, notes)


def _folds_among(
    examples: Examples, folds: Sequence[Fold | tuple[Rows, Rows]], positive: Bools, seed: int
) -> tuple[list[Fold], tuple[str, ...]]:
    measured = int(positive.sum())
    if measured < LEAST_MEASURED:
        raise NotEnoughLabels(f"{measured} violations with measured harm")
    least = Least(train=LEAST_MEASURED // 2, later=1, pooled=LEAST_MEASURED // 2)
    return usable_folds(examples, folds, [positive], seed, least)


def _fit_trees(
    examples: Examples, data: Amounts, positive: Bools, notes: tuple[str, ...]
) -> Severity:
    rivals = [gamma_form(data), log_form(data)]
    others = [ordinal_form(data), two_step_form(data), constant_form(data)]
    comparison = compare(data, [*rivals, *(form for form in others if form is not None)])
    best = rivals[int(np.argmin(comparison["gamma_deviance"].to_numpy()[:2]))]
    comparison.insert(1, "used", comparison["form"] == best.name)
    trees = _grow(data, best)
    fitted = trees.raw(data.X, data.settings.threads(len(data.X)))
    base = trees.contributions(data.X[:1])[0, -1]
    later = Later.pooled(data.folds, best.log_raw)
    zeros = zero_share(examples)
    scale = fit_scale(
        later.raw,
        data.harm[later.rows],
        examples.weight[positive][later.rows],
        cap=max(float(np.quantile(fitted, WINSOR)), float(base)),
        level=data.settings.interval_level,
        zeros=zeros,
    )
    return Severity(
        trees=trees,
        directions=data.directions,
        form=best.name,
        scale=scale,
        rounds=best.rounds_for_all,
        settings=data.settings,
        notes=notes + _scale_notes(scale, zeros),
        comparison=comparison,
        later=Later(np.flatnonzero(positive)[later.rows], later.raw),
    )


def _grow(data: Amounts, form: Form) -> Trees:
    gamma = form.name == "gamma"
    params = data.params("gamma" if gamma else "regression")
    label = data.harm if gamma else np.log(data.harm)
    return grow(data.X, label, data.weight, params, form.rounds_for_all)


def zero_share(examples: Examples) -> float:
    """Return the weighted share of measured violations whose harm is 0."""
    measured = np.isfinite(examples.harm)
    weight = examples.weight[measured]
    return float((weight * (examples.harm[measured] == 0)).sum() / weight.sum())


def fit_scale(
    raw: Floats, harm: Floats, weight: Floats, cap: float, level: float, zeros: float
) -> Scale:
    """Calibrate raw scores on later rows with harm above 0, inputs of shape (n,).

    The power is fitted as 1 + a ridge-penalised coefficient, on harm / exp(raw): a gamma model
    with log link and raw as its offset. Precision 4 of the prior means a standard deviation of
    a half.
    """
    capped = np.minimum(raw, cap)
    z = capped - np.average(capped, weights=weight)
    relative = harm / np.exp(z)
    model = GammaRegressor(alpha=PRIOR_PRECISION / len(raw), solver="newton-cholesky", tol=1e-10)
    with threadpool_limits(1):  # so that sums do not depend on the number of threads
        model.fit(z[:, None], relative / relative.mean(), sample_weight=weight / weight.mean())
    power = max(0.0, 1.0 + float(model.coef_[0]))
    told = np.exp(power * z)
    level_harm = (1 - zeros) * (weight * harm).sum() / (weight * told).sum()
    intercept = float(np.log(level_harm) - power * np.average(capped, weights=weight))
    residual = np.log(harm) - (intercept + power * capped)
    return Scale(intercept, power, cap, residual_band(residual, weight, level))


def _scale_notes(scale: Scale, zeros: float) -> tuple[str, ...]:
    notes = []
    if zeros:
        notes.append(f"{zeros:.1%} of measured violations did no harm: taken off every severity")
    if scale.power < 0.1:
        notes.append("features told nothing about later harm: the severity is close to constant")
    return tuple(notes)


def _constant(examples: Examples, signs: dict[str, int], settings: TreeSettings) -> Severity:
    """Return the mean harm, drawn towards the median by five rows; 1 if none was measured."""
    measured = np.isfinite(examples.harm)
    harm, weight = examples.harm[measured], examples.weight[measured]
    mean, band = 1.0, (0.0, 0.0)
    if len(harm) and harm.max() > 0:
        share = weight / weight.mean()
        mean = float(
            ((share * harm).sum() + PRIOR_ROWS * np.median(harm)) / (len(harm) + PRIOR_ROWS)
        )
        seen = np.log(harm[harm > 0]) - np.log(mean)
        band = residual_band(seen, weight[harm > 0], settings.interval_level)
    note = (
        f"{(harm > 0).sum()} violations with measured harm above 0, fewer than the "
        f"{LEAST_MEASURED} a model needs on both sides of a split: severity is one constant"
    )
    scale = Scale(float(np.log(mean)), 0.0, 0.0, band)
    return Severity(None, signs, "constant", scale, 0, settings, (note,))
