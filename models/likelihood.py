"""How likely an inspection would find a violation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from models.arrays import Floats, Rows, Singles
from models.calibration import Calibrator, fit_calibrator
from models.examples import Examples, matrix, require_labels
from models.explain import contributions
from models.folds import Fold, Later, controller_fold, usable_folds
from models.strictness import (
    LEAST_INSPECTORS,
    LEAST_VISITS,
    Strictness,
    fit_strictness,
    too_few,
)
from models.trees import (
    CrossFit,
    Trees,
    TreeSettings,
    check_directions,
    cross_fit,
    fitting_weight,
    grow,
    log_loss,
    tree_params,
)

N_PARTS = 3
TOO_FEW_INSPECTORS = (
    f"inspectors' strictness not measured: fewer than {LEAST_INSPECTORS} inspectors (or groups that "
    f"visit together) have {LEAST_VISITS} labelled visits"
)


@dataclass(frozen=True, eq=False)
class Likelihood:
    """A fitted violation likelihood. `fit_likelihood` makes it; `FittedModel` saves it.

    Parameters
    ----------
    trees : Trees
        LightGBM ensemble whose raw score is the margin, in log-odds.
    directions : mapping of column to -1, 0 or 1
        The columns in order; 1 means more of it never lowers the likelihood, -1 never raises it.
    calibrator : Calibrator
    rounds : int
        Number of trees, chosen on later rows.
    notes : tuple of str
        What a reader must know of how it was fitted.
    later : Later or None
        Out-of-fold margins; None in a loaded model.
    strictness : Strictness or None
        Spread between inspectors, where it could be measured; None in a loaded model.
    """

    trees: Trees
    directions: Mapping[str, int]
    calibrator: Calibrator
    rounds: int
    settings: TreeSettings
    notes: tuple[str, ...] = ()
    later: Later | None = field(default=None, repr=False)
    strictness: Strictness | None = field(default=None, repr=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns used, in order."""
        return tuple(self.directions)

    def margin(self, X: pd.DataFrame) -> Floats:
        """Return the margin before calibration, in log-odds, shape (n,)."""
        return self.trees.raw(matrix(X, self.columns), self.settings.threads(len(X)))

    def predict(self, X: pd.DataFrame) -> Floats:
        """Return the calibrated probability of a violation, shape (n,)."""
        return self.calibrator.probability(self.margin(X))

    def interval(self, X: pd.DataFrame) -> tuple[Floats, Floats]:
        """Return the Venn-Abers low and high probability, each (n,), `predict` between them."""
        return self.calibrator.interval(self.margin(X))

    def contributions(self, X: pd.DataFrame) -> Floats:
        """Return exact shares of the margin, shape (n, p + 1), base last; rows sum to `margin`."""
        threads = self.settings.threads(len(X))
        return contributions(self.trees, matrix(X, self.columns), threads)


def fit_likelihood(
    examples: Examples,
    directions: Mapping[str, int],
    folds: Sequence[Fold | tuple[Rows, Rows]],
    settings: TreeSettings,
    seed: int,
) -> Likelihood:
    """Fit gradient-boosted trees, choose their number and calibrate them on later rows.

    Each fold grows trees on its earlier rows; all stop together where the mean log loss of their
    later rows is least. The later rows' margins, pooled, fit the calibrator (so the calibration
    sees the same rows as the stopping: two numbers and one, on all of them). The trees kept are
    then grown on all rows given, for as many rounds more as those rows bear.

    Where inspectors are known and differ in strictness, their effects (`models.strictness`, given
    the margins of trees that have not seen the controller) are offsets of a second fit. It speaks of
    an average inspector; the calibration on later rows keeps the overall rate.

    Parameters
    ----------
    examples : Examples
        Rows in an order of the caller's that does not depend on the input's.
    directions : mapping of column to -1, 0 or 1
        Says which columns are used, and in which order.
    folds : from `models.folds.later_folds`
    seed : int
        For the columns and rows that each tree sees.

    Raises
    ------
    NotEnoughLabels
        Under 50 rows or 10 of either outcome, or no split with both outcomes on both sides.
    MissingColumns
        If X lacks a column of `directions`.
    """
    signs = check_directions(directions)
    require_labels(examples.violation)
    X = matrix(examples.X, list(signs))
    label = examples.violation.astype(np.float64)
    weight = fitting_weight(examples.weight)
    kinds = (examples.violation == 1, examples.violation == 0)
    used, notes = usable_folds(examples, folds, kinds, seed)
    params = {"objective": "binary", **tree_params(settings, len(X), signs, seed)}
    fit = cross_fit(X, label, weight, used, params, settings, log_loss)
    found, said = _strictness(examples, X, weight, params, fit, seed)
    offset = strictness_offset(examples, found)
    if offset is not None:
        fit = cross_fit(X, label, weight, used, params, settings, log_loss, offset)
    later = Later.pooled(used, later_raw(fit, X, used))
    calibrator = fit_calibrator(later.raw, label[later.rows], examples.weight[later.rows], seed)
    rounds = fit.rounds_for(len(X))
    return Likelihood(
        trees=grow(X, label, weight, params, rounds, offset),
        directions=signs,
        calibrator=calibrator,
        rounds=rounds,
        settings=settings,
        notes=notes + said + _calibration_notes(calibrator),
        later=later,
        strictness=found,
    )


def strictness_offset(examples: Examples, found: Strictness | None) -> Floats | None:
    """Return the inspectors' effects on the log-odds, shape (n,); None where none was told."""
    if found is None or not found.is_there or examples.inspector is None:
        return None
    return found.offset(examples.inspector)


def _strictness(
    examples: Examples,
    X: Singles,
    weight: Floats,
    params: Mapping[str, Any],
    fit: CrossFit,
    seed: int,
) -> tuple[Strictness | None, tuple[str, ...]]:
    """Measure how inspectors differ, by margins of trees that have not seen the controller."""
    if examples.inspector is None or (examples.inspector < 0).all():
        return None, ()
    visit = np.arange(len(examples)) if examples.visit is None else examples.visit
    if too_few(examples.inspector, visit):
        return None, (TOO_FEW_INSPECTORS,)
    label, margin = examples.violation.astype(np.float64), np.zeros(len(examples))
    part = controller_fold(examples.controller, N_PARTS, seed)
    for k in range(N_PARTS):
        learnt, asked = part != k, part == k
        rounds = fit.rounds_for(int(learnt.sum()))
        grown = grow(X[learnt], label[learnt], weight[learnt], params, rounds)
        margin[asked] = grown.raw(X[asked])
    return fit_strictness(margin, label, examples.inspector, visit), ()


def later_raw(fit: CrossFit, X: Singles, folds: Sequence[Fold]) -> list[Floats]:
    """Return each fold's raw scores of its own later rows."""
    return [fit.raw(k, X[fold.later]) for k, fold in enumerate(folds)]


def _calibration_notes(calibrator: Calibrator) -> tuple[str, ...]:
    if calibrator.a + calibrator.b > 0.1:
        return ()
    return ("the margin told nothing about later rows: the likelihood is close to one rate",)
