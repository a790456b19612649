"""Who was inspected: weights that let visits speak for all firms, and how far they can.

A visit of known chance weighs 1 / chance. Where the chance is not known, the propensity stands for it:
the chance, given all that was known of a firm on the day, that its label comes from such a visit. That
helps only if the features tell what the authority looked at (selection on what is recorded) and if
every kind of firm was visited at times; the overlap says how far the second holds, nothing can say how
far the first does. Weights are trimmed where a model learns from them and never where they estimate.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import lightgbm as lgb
import numpy as np
import pandas as pd

from models.arrays import Bools, Days, Floats, Rows
from models.capture import order_metrics
from models.examples import NotEnoughLabels, matrix
from models.folds import Fold, controller_fold
from models.metrics import kish
from models.trees import TreeSettings, cross_fit, fitting_weight, log_loss, tree_params

LEAST_VISITED = 50
SMALLEST_CHANCE = 1e-6
LOWEST_PERCENTILE = 0.01
THIN_FROM, NONE_FROM = 0.10, 0.02
"""Shares of firms from which overlap is called thin, and none; see decision 0020."""
GROWN = TreeSettings(
    learning_rate=0.1,
    num_leaves=8,
    max_depth=4,
    feature_share=0.5,
    max_rounds=300,
    early_stopping_rounds=20,
)


def relative(weight: Floats) -> Floats:
    """Return weights relative to their mean; shape (n,)."""
    return np.asarray(weight / weight.mean(), dtype=np.float64)


def stabilised(chance: Floats, as_of: Days) -> Floats:
    """Return 1 / chance relative to the mean of the same as-of date; shape (n,).

    The window of the last dates ends early, so that chances are smaller there: only firms of one
    date are compared.
    """
    inverse = pd.Series(1.0 / chance)
    return (inverse / inverse.groupby(as_of).transform("mean")).to_numpy(np.float64)


def estimating_weights(design: Floats, propensity: Floats, as_of: Days) -> Floats:
    """Return the weights of visits for an estimate, shape (n,), mean 1, untrimmed.

    Parameters
    ----------
    design : shape (n,)
        Chance of inclusion by the design of the draw; NaN where it is not known.
    propensity : shape (n,)
        Estimated chance, used where `design` is NaN. NaN: the visit weighs 1.
    as_of : datetime64[D], shape (n,)

    Notes
    -----
    Visits of known and of unknown chance have mean 1 each: either speaks for all firms by itself,
    and they are mixed by their numbers.
    """
    return _by_part(design, propensity, as_of, trim=False)


def fitting_weights(design: Floats, propensity: Floats, as_of: Days) -> Floats:
    """Return :func:`estimating_weights`, each part cut at its own 99th percentile."""
    return _by_part(design, propensity, as_of, trim=True)


def _by_part(design: Floats, propensity: Floats, as_of: Days, trim: bool) -> Floats:
    known = np.isfinite(design)
    estimated = ~known & np.isfinite(propensity)
    weight = np.ones(len(design))
    scale = fitting_weight if trim else relative
    if known.any():
        weight[known] = scale(1.0 / design[known])
    if estimated.any():
        weight[estimated] = scale(stabilised(propensity[estimated], as_of[estimated]))
    return weight


@dataclass(frozen=True, eq=False)
class Candidates:
    """Firms on past dates, visited (at an unknown chance) or not.

    Parameters
    ----------
    X : DataFrame, shape (n, p), float32
        What was known of each on the date.
    visited : bool, shape (n,)
    stands_for : float64, shape (n,)
        Rows of the registry that the row stands for: 1 / its chance to be among these rows.
    controller : int64, shape (n,)
    unseen : bool, shape (n,)
        The row is of a place, such as a region or a sector, in which no row at all was visited.
    """

    X: pd.DataFrame
    visited: Bools
    stands_for: Floats
    controller: Rows
    unseen: Bools


@dataclass(frozen=True, eq=False)
class Propensity:
    """A fitted chance to be visited, one ensemble a part of the controllers.

    Parameters
    ----------
    shift : float
        Log-odds by which the ensembles' balanced odds exceed those of the registry.
    boosters : tuple of Booster
        The k-th never saw the controllers of part k.
    """

    columns: tuple[str, ...]
    shift: float
    seed: int
    rounds: int
    boosters: tuple[lgb.Booster, ...] = field(repr=False)

    def chance(self, X: pd.DataFrame, controller: Rows) -> Floats:
        """Return each row's chance by the ensemble that never saw its controller, shape (n,)."""
        values = matrix(X, self.columns)
        part = controller_fold(controller, len(self.boosters), self.seed)
        margin = np.empty(len(values))
        for k, booster in enumerate(self.boosters):
            at = np.flatnonzero(part == k)
            if len(at):
                margin[at] = booster.predict(
                    values[at], raw_score=True, num_iteration=self.rounds, num_threads=1
                )
        return np.maximum(1.0 / (1.0 + np.exp(self.shift - margin)), SMALLEST_CHANCE)


def fit_propensity(candidates: Candidates, n_folds: int, seed: int) -> Propensity:
    """Fit the chance to be visited by boosted trees, cross-fitted by controller.

    Visited and other rows weigh alike in total while trees are grown; the odds are set back to
    those of the registry afterwards.

    Raises
    ------
    NotEnoughLabels
        Under 50 rows visited or not visited, or a part of the controllers without either.
    """
    visited = candidates.visited
    part = controller_fold(candidates.controller, n_folds, seed)
    _refuse_few(visited, part, n_folds)
    folds = [Fold(np.flatnonzero(part != k), np.flatnonzero(part == k)) for k in range(n_folds)]
    columns = tuple(candidates.X.columns)
    X = matrix(candidates.X, columns)
    share = candidates.stands_for[~visited].sum() / candidates.stands_for[visited].sum()
    weight = relative(np.where(visited, share, 1.0) * candidates.stands_for)
    params = tree_params(GROWN, len(X), dict.fromkeys(columns, 0), seed)
    params |= {"objective": "binary"}
    fit = cross_fit(X, visited.astype(np.float64), weight, folds, params, GROWN, log_loss)
    return Propensity(columns, float(np.log(share)), seed, fit.rounds, fit.boosters)


def _refuse_few(visited: Bools, part: Rows, n_folds: int) -> None:
    few = min(visited.sum(), (~visited).sum())
    each = [len(np.unique(part[kind])) for kind in (visited, ~visited)]
    if few < LEAST_VISITED or min(each) < n_folds:
        raise NotEnoughLabels(
            f"{visited.sum()} rows visited at an unknown chance and {(~visited).sum()} others: a "
            f"propensity needs {LEAST_VISITED} of each, in all {n_folds} parts of the controllers"
        )


@dataclass(frozen=True)
class Overlap:
    """How far the visits can speak for the registry.

    Attributes
    ----------
    rows : int
        Labelled rows, one a firm and date.
    rows_unknown : int
        Of these, rows whose visit had an unknown chance.
    n_eff, largest_weight : float
        Of the untrimmed weights of all labelled rows (mean 1).
    sampled : int
        Rows of the registry that the propensity was learnt beside; 0: none was fitted.
    auc : float
        How well the propensity tells visited from other firms; 0.5 is as good as a random draw.
    share_below_percentile, share_unlike : float
        Firms of the registry with a smaller propensity than the lowest hundredth of those visited;
        and with a smaller one than all visited, or of a place where nobody was.
    verdict : str
        In words. It speaks of visits of unknown chance; a draw of known chances overlaps by design.
    unseen : tuple of str
        Places in which no visit had an unknown chance.
    """

    rows: int
    rows_unknown: int
    n_eff: float
    largest_weight: float
    verdict: str
    sampled: int = 0
    auc: float = float("nan")
    share_below_percentile: float = float("nan")
    share_unlike: float = float("nan")
    unseen: tuple[str, ...] = ()


def no_overlap_seen(design: Floats, weight: Floats, verdict: str) -> Overlap:
    """Report weights alone, where no propensity could be fitted; parameters as for `overlap`."""
    unknown = int(np.isnan(design).sum())
    return Overlap(len(weight), unknown, kish(weight), float(weight.max()), verdict)


def overlap(design: Floats, weight: Floats, candidates: Candidates, chance: Floats) -> Overlap:
    """Report the overlap of the visits of unknown chance with the registry.

    Parameters
    ----------
    design, weight : shape (n,)
        Known chances and untrimmed weights of all labelled rows.
    candidates : Candidates, m rows
    chance : shape (m,)
        Propensity of the candidates.
    """
    visited, stands_for = candidates.visited, candidates.stands_for
    smallest, lowest = np.quantile(chance[visited], (0.0, LOWEST_PERCENTILE))
    unlike = float(np.average((chance < smallest) | candidates.unseen, weights=stands_for))
    thin = float(np.average((chance < lowest) | candidates.unseen, weights=stands_for))
    told = order_metrics(
        chance, visited.astype(np.float64), np.zeros(len(chance)), stands_for[None]
    )
    return replace(
        no_overlap_seen(design, weight, _verdict(unlike, thin)),
        sampled=int((~visited).sum()),
        auc=float(told["auc"][0]),
        share_below_percentile=thin,
        share_unlike=unlike,
    )


def _verdict(unlike: float, thin: float) -> str:
    if unlike >= NONE_FROM:
        return f"no overlap: {unlike:.0%} of firms resemble none that was inspected"
    if thin >= THIN_FROM:
        return (
            f"thin overlap: {thin:.0%} of firms resemble fewer than a hundredth of those inspected"
        )
    return f"overlap: all but {thin:.1%} of firms resemble some that were inspected"
