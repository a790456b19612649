"""F1: how well inputs tell an audited attribute among firms of equal risk."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import lightgbm as lgb
import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri
from scipy.stats import rankdata

from models.arrays import Floats, Rows, Singles
from risk_index.fairness.evidence import Contrast

WEAK, MATERIAL, STRONG = 0.55, 0.60, 0.70
FOLDS = 3
BINS, BINS_OF_PAIR = 16, 12
PRIOR_ROWS = 10.0  # rows of the stratum's mean that a bin's mean starts from
TREES = 60
DECIMALS = 12
Z_LOW = 1.6449  # one-sided 95 %
TREE_PARAMS = {
    "objective": "regression",
    "num_leaves": 15,
    "max_depth": 4,
    "learning_rate": 0.1,
    "min_data_in_leaf": 40,
    "lambda_l2": 10.0,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
    "seed": 0,
}


@dataclass(frozen=True)
class Strength:
    """How well the group is told from the others of a stratum, out of fold.

    Parameters
    ----------
    auc : chance of placing a firm of the group above another; 0.5 tells nothing
    low : lower end of the one-sided 95 % interval
    r2 : share of the attribute's variance within strata that is told. `auc` and `r2` are of one
        another's size: for a group r2 is that of two normal curves, for a number auc that of its
        upper and lower half
    """

    auc: float
    low: float
    r2: float

    @property
    def high(self) -> float:
        """Upper end of the one-sided 95 % interval."""
        return min(1.0, 2 * self.auc - self.low)

    @property
    def met(self) -> bool:
        """Whether the strength is at least weak, and more than chance."""
        return self.auc >= WEAK and self.low > 0.5

    @property
    def grade(self) -> str:
        """Return "strong", "material", "weak" or "none"."""
        if not self.met:
            return "none"
        return "strong" if self.auc >= STRONG else "material" if self.auc >= MATERIAL else "weak"


def codes(x: Singles, bins: int = BINS) -> Rows:
    """Return the quantile bin of each value, 1 upwards, and 0 for NaN, shape (n,).

    A value that many firms share gets one bin, so that counts and flags keep their steps.
    """
    series = pd.Series(x.astype(np.float64))
    if series.nunique() <= bins:
        ranked = series.rank(method="dense")
    else:
        ranked = pd.qcut(series, bins, labels=False, duplicates="drop") + 1
    return np.asarray(ranked.fillna(0), dtype=np.int64)


def pair_codes(x: Singles, y: Singles) -> Rows:
    """Return one code for each pair of bins of two inputs, shape (n,)."""
    first, second = codes(x, BINS_OF_PAIR), codes(y, BINS_OF_PAIR)
    return first * (BINS_OF_PAIR + 1) + second


def fold_of(n: int, seed: int) -> Rows:
    """Return each row's fold, equally many in each, shape (n,)."""
    return np.random.default_rng(seed).permutation(n) % FOLDS


def strength(code: Rows, contrast: Contrast, stratum: Rows, fold: Rows) -> Strength:
    """Return the strength of an input, or of a pair, given as bins, shape (n,).

    The score of a bin is the mean of the attribute, less its stratum's mean, over the bin's firms
    in the other folds.
    """
    known = contrast.known
    a, q, f, c = contrast.a[known], stratum[known], fold[known], code[known]
    residual = a - _means(a, q)[q]
    size = int(c.max()) + 1
    total = np.bincount(f * size + c, residual, FOLDS * size).reshape(FOLDS, size)
    count = np.bincount(f * size + c, minlength=FOLDS * size).reshape(FOLDS, size)
    score = (total.sum(axis=0) - total) / (count.sum(axis=0) - count + PRIOR_ROWS)
    score = np.round(score, DECIMALS)  # bins that tell alike tie, in whatever order rows are summed
    return judged(score[f, c], a, q, f, contrast.kind == "binary")


def told(X: Singles, contrast: Contrast, stratum: Rows, fold: Rows) -> Floats:
    """Return the attribute less its stratum's mean, as small boosted trees tell it out of fold.

    Shape (n,), NaN where the attribute is unknown.
    """
    known = contrast.known
    a, q, f = contrast.a[known], stratum[known], fold[known]
    inputs, residual, score = X[known], a - _means(a, q)[q], np.zeros(len(a))
    for k in range(FOLDS):
        learn = lgb.Dataset(inputs[f != k], residual[f != k])
        score[f == k] = lgb.train(dict(TREE_PARAMS), learn, TREES).predict(inputs[f == k])
    result = np.full(len(known), np.nan)
    result[known] = score
    return result


def joint_strength(X: Singles, contrast: Contrast, stratum: Rows, fold: Rows) -> Strength:
    """Return the strength of all the inputs together."""
    known = contrast.known
    score = told(X, contrast, stratum, fold)[known]
    a, q, f = contrast.a[known], stratum[known], fold[known]
    return judged(score, a, q, f, contrast.kind == "binary")


def judged(score: Floats, a: Floats, stratum: Rows, fold: Rows, binary: bool) -> Strength:
    """Return the strength of out-of-fold scores, compared within cells of stratum and fold."""
    cell = np.unique(np.column_stack([stratum, fold]), axis=0, return_inverse=True)[1].ravel()
    if binary:
        auc, n_in, n_out = _auc_within(score, a, cell)
        return Strength(auc, auc - Z_LOW * _auc_error(auc, n_in, n_out), _r2_of(auc))
    x, y = score - _means(score, cell)[cell], a - _means(a, cell)[cell]
    spread = float(np.sqrt((x @ x) * (y @ y)))
    r = float(x @ y) / spread if spread > 0 else 0.0
    low = np.tanh(np.arctanh(min(r, 1 - 1e-12)) - Z_LOW / np.sqrt(max(1, len(a) - 3)))
    return Strength(_auc_of(r), _auc_of(float(low)), max(r, 0.0) ** 2)


def _means(values: Floats, cell: Rows) -> Floats:
    n = np.bincount(cell)
    return np.bincount(cell, values) / np.maximum(n, 1)


def _auc_within(score: Floats, a: Floats, cell: Rows) -> tuple[float, float, float]:
    """Return the share of concordant pairs within cells, and the numbers in and out of the group."""
    order = np.lexsort((score, cell))
    start = np.searchsorted(cell[order], np.arange(cell.max() + 2))
    wins, pairs = 0.0, 0.0
    for first, last in pairwise(start):
        inside = a[order[first:last]] == 1
        n_in, n_out = int(inside.sum()), int((~inside).sum())
        ranks = rankdata(score[order[first:last]])
        wins += ranks[inside].sum() - n_in * (n_in + 1) / 2
        pairs += n_in * n_out
    return float(wins / pairs if pairs else 0.5), float((a == 1).sum()), float((a == 0).sum())


def _auc_error(auc: float, n_in: float, n_out: float) -> float:
    """Return the standard error of an AUC (Hanley and McNeil, 1982)."""
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    spread = auc * (1 - auc) + (n_in - 1) * (q1 - auc**2) + (n_out - 1) * (q2 - auc**2)
    return float(np.sqrt(max(spread, 0.0) / (n_in * n_out)))


def _auc_of(r: float) -> float:
    distance = 2 * r / np.sqrt(max(1 - r**2, 1e-12))
    return float(ndtr(distance / np.sqrt(2)))


def _r2_of(auc: float) -> float:
    distance = np.sqrt(2) * ndtri(min(max(auc, 0.5), 1 - 1e-12))
    return float(distance**2 / (distance**2 + 4))
