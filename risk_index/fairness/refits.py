"""The likelihood fitted again without the firms it is asked about, with inputs left out or replaced.

Every row is scored by trees that never saw its controller: settings, weights and rows are those of the
release, the number of trees is the release's, for as many rows. So what random draws found can judge an
input's weight, and a remedy, although the release learnt from the same draws.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from models.arrays import Bools, Floats, Rows
from models.examples import Examples
from models.folds import controller_fold
from models.likelihood import Likelihood
from models.trees import Trees, fitting_weight, grow, tree_params
from risk_index.fairness.evidence import positions

FOLDS = 3


@dataclass(frozen=True, eq=False)
class Firms:
    """Rows that a model is asked about, in a fixed order.

    Attributes
    ----------
    X : DataFrame, shape (n, p)
        Inputs.
    firm_key, controller : int, shape (n,)
    """

    X: pd.DataFrame
    firm_key: Rows
    controller: Rows

    def take(self, rows: Bools | Rows) -> Firms:
        """Return the chosen firms."""
        at = positions(rows)
        return Firms(self.X.iloc[at].reset_index(drop=True), self.firm_key[at], self.controller[at])


@dataclass(frozen=True, eq=False)
class Recipe:
    """How the release was fitted, and on what.

    Attributes
    ----------
    examples : Examples, n rows
        The release's own.
    likelihood : Likelihood
        The release.
    seed : int
        For folds and trees.
    n_rows : int
        Rows that the release learnt from: fewer rows bear fewer trees.
    """

    examples: Examples
    likelihood: Likelihood
    seed: int
    n_rows: int

    def on(self, rows: Bools) -> Recipe:
        """Return the same recipe on some of the rows."""
        return replace(self, examples=self.examples.take(rows))

    def refit(
        self, X: pd.DataFrame | None = None, directions: Mapping[str, int] | None = None
    ) -> Refit:
        """Fit again, with other inputs (n rows, as the examples) or other directions."""
        X = self.examples.X if X is None else X
        signs = dict(self.likelihood.directions if directions is None else directions)
        matrix = X[list(signs)].to_numpy(np.float32)
        fold = controller_fold(self.examples.controller, FOLDS, self.seed)
        trees = tuple(self._grown(matrix, signs, fold != k) for k in range(FOLDS))
        return Refit(trees, tuple(signs), self.likelihood, self.seed)

    def _grown(self, matrix: np.ndarray, signs: Mapping[str, int], rows: np.ndarray) -> Trees:
        weight = fitting_weight(self.examples.weight[rows])
        settings = self.likelihood.settings
        params = {"objective": "binary", **tree_params(settings, int(rows.sum()), signs, self.seed)}
        rounds = max(1, round(self.likelihood.rounds * math.sqrt(rows.sum() / self.n_rows)))
        label = self.examples.violation[rows].astype(np.float64)
        return grow(matrix[rows], label, weight, params, rounds)


@dataclass(frozen=True, eq=False)
class Refit:
    """Trees by fold of controllers; every row is scored by those that never saw its controller."""

    trees: tuple[Trees, ...]
    columns: tuple[str, ...]
    likelihood: Likelihood
    seed: int

    def folds(self, controller: Rows) -> Rows:
        """Return the number of the trees that score each row, shape (n,)."""
        return controller_fold(controller, len(self.trees), self.seed)

    def margin(self, X: pd.DataFrame, controller: Rows) -> Floats:
        """Return the margin before calibration, in log-odds, shape (n,)."""
        matrix, fold = X[list(self.columns)].to_numpy(np.float32), self.folds(controller)
        margin = np.empty(len(X))
        for k, trees in enumerate(self.trees):
            margin[fold == k] = trees.raw(np.ascontiguousarray(matrix[fold == k]))
        return margin

    def probability(self, X: pd.DataFrame, controller: Rows) -> Floats:
        """Return the chance of a violation, calibrated as the release is, shape (n,)."""
        return self.likelihood.calibrator.probability(self.margin(X, controller))

    def shares(self, firms: Firms) -> Floats:
        """Return each input's share of the margin (path-dependent SHAP values), shape (n, p)."""
        matrix, fold = (
            firms.X[list(self.columns)].to_numpy(np.float32),
            self.folds(firms.controller),
        )
        phi = np.zeros(matrix.shape)
        for k, trees in enumerate(self.trees):
            part = np.ascontiguousarray(matrix[fold == k])
            phi[fold == k] = trees.contributions(part)[:, :-1]
        return phi
