"""Boosted trees by LightGBM: settings, rounds chosen on later rows, and text that scores alike."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from models.arrays import Floats, Singles
from models.folds import Fold
from models.path_tables import FEWEST_ROWS_TO_COMPILE, PathTables
from models.splits import UnlikeTreesError

DEEPEST = 6
FEWEST_ROWS_FOR_THREADS = 200_000

Loss = Callable[[Floats, Floats, Floats], float]
"""(prediction, label, weight) -> loss; lower is better."""


@dataclass(frozen=True)
class TreeSettings:
    """How trees are grown. The same settings serve 100 rows and 5 million.

    Parameters
    ----------
    learning_rate, num_leaves, max_depth
        Depth is at most 6: exact reasons cost twice as much beyond it and earn no accuracy.
    rows_in_leaf : int or None
        Fewest rows in a leaf; None means the square root of the rows given, at least 5.
    hessian_in_leaf : float
        Least sum of second derivatives in a leaf, about the number of rarer outcomes in it.
    l2 : float
        Ridge penalty on leaf values, in rows.
    feature_share, row_share : float
        Share of columns a tree sees, and of rows a round sees.
    max_rounds, early_stopping_rounds : int
        Growing stops when the later rows' loss has not improved for that many rounds.
    interval_level : float
        Share of later harms that the severity interval holds.
    num_threads : int
        Changes the time and nothing else; not part of a saved model.
    """

    learning_rate: float = 0.05
    num_leaves: int = 31
    max_depth: int = DEEPEST
    rows_in_leaf: int | None = None
    hessian_in_leaf: float = 1.0
    l2: float = 10.0
    feature_share: float = 0.5
    row_share: float = 0.8
    max_rounds: int = 2000
    early_stopping_rounds: int = 50
    interval_level: float = 0.9
    num_threads: int = field(default=2, compare=False)

    def __post_init__(self) -> None:
        shares = (self.learning_rate, self.feature_share, self.row_share)
        if not 1 <= self.max_depth <= DEEPEST:
            raise ValueError(f"max_depth {self.max_depth} must be 1 to {DEEPEST}")
        if not all(0 < share <= 1 for share in shares) or not 0 < self.interval_level < 1:
            raise ValueError("learning_rate and the shares must be above 0, at most 1")
        if min(self.max_rounds, self.early_stopping_rounds, self.num_threads) < 1:
            raise ValueError("rounds and threads must be 1 or more")

    def threads(self, n_rows: int) -> int:
        """Return 1 for few rows, where starting threads costs more than they save."""
        return 1 if n_rows < FEWEST_ROWS_FOR_THREADS else self.num_threads

    def saved(self) -> dict[str, Any]:
        """Return what shapes the model, as plain values (without the number of threads)."""
        return {k: v for k, v in asdict(self).items() if k != "num_threads"}


class SlowReasonsWarning(UserWarning):
    """Trees of a kind that exact reasons are not looked up for."""


@dataclass(frozen=True)
class Trees:
    """A fitted ensemble, held as LightGBM's own text, so that saving and loading change no bit.

    Parameters
    ----------
    text : str
        Model text without its list of training parameters. Leaf values stand in full precision.
    """

    text: str = field(repr=False)
    booster: lgb.Booster = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "booster", lgb.Booster(model_str=self.text))

    @classmethod
    def of(cls, booster: lgb.Booster) -> Trees:
        """Take over a booster by way of its text."""
        text = booster.model_to_string()
        head, rest = text.split("\nparameters:\n", 1)
        return cls(head + rest.split("\nend of parameters\n", 1)[1])

    def raw(self, matrix: Singles, num_threads: int = 1) -> Floats:
        """Return the sum of leaf values, shape (n,): log-odds, or the log of an amount.

        Those of many rows are looked up, which gives the same bits.
        """
        if len(matrix) >= FEWEST_ROWS_TO_COMPILE and self.path_tables is not None:
            self._refuse_other_columns(matrix)
            return self.path_tables.raw(matrix)
        return self.walked(matrix, num_threads)

    def walked(self, matrix: Singles, num_threads: int = 1) -> Floats:
        """Return :meth:`raw` as LightGBM computes it, from the roots to the leaves."""
        if not len(matrix):
            return np.empty(0)
        raw = self.booster.predict(matrix, raw_score=True, num_threads=num_threads)
        return np.asarray(raw, dtype=np.float64)

    @cached_property
    def path_tables(self) -> PathTables | None:
        """What exact Shapley values are looked up in, or None, with a warning that says why."""
        try:
            return PathTables.of(self.text)
        except UnlikeTreesError as error:
            said = (
                f"reasons are left to LightGBM's pred_contrib, which is many times slower: {error}"
            )
            warnings.warn(said, SlowReasonsWarning, stacklevel=3)
            return None

    def contributions(self, matrix: Singles, num_threads: int = 1) -> Floats:
        """Return exact Shapley values of `raw`, shape (n, p + 1), base last.

        Values from tables take one thread; so many serve LightGBM where there are none.
        """
        self._refuse_other_columns(matrix)
        if not len(matrix):
            return np.empty((0, matrix.shape[1] + 1))
        if self.path_tables is not None:
            return self.path_tables.contributions(matrix)
        phi = self.booster.predict(matrix, pred_contrib=True, num_threads=num_threads)
        return np.asarray(phi, dtype=np.float64)

    def _refuse_other_columns(self, matrix: Singles) -> None:
        """Refuse what LightGBM itself refuses, and tables would not notice."""
        given, grown = matrix.shape[1], self.booster.num_feature()
        if given != grown:
            raise ValueError(f"{given} columns given, the trees were grown on {grown}")


@dataclass(frozen=True, eq=False)
class CrossFit:
    """Trees grown fold by fold, stopped together where their later rows' mean loss was least.

    Parameters
    ----------
    rounds : int
        Where they stopped.
    rows : float
        Rows of the fold that learnt from most.
    """

    rounds: int
    rows: float
    boosters: tuple[lgb.Booster, ...] = field(repr=False)

    def rounds_for(self, n_rows: int) -> int:
        """Return the rounds for a fit on more rows: more by the square root of the ratio.

        More rows bear more trees: the folds learn from fewer controllers and an earlier past
        (decision 0005 has the figures, and what else was tried).
        """
        return max(1, round(self.rounds * math.sqrt(n_rows / self.rows)))

    def raw(self, fold: int, matrix: Singles) -> NDArray[np.float64]:
        """Return one fold's raw score, shape (n,), or (n, classes) for a multiclass objective."""
        booster = self.boosters[fold]
        raw = booster.predict(matrix, raw_score=True, num_iteration=self.rounds, num_threads=1)
        return np.asarray(raw, dtype=np.float64)


def fitting_weight(weight: Floats) -> Floats:
    """Return weights for fitting: cut at their 99th percentile, scaled to a mean of 1."""
    cut = np.minimum(weight, np.quantile(weight, 0.99))
    return np.asarray(cut / cut.mean(), dtype=np.float64)


def check_directions(directions: Mapping[str, int]) -> dict[str, int]:
    """Return the directions as a plain dict, or refuse an empty mapping or a value not -1, 0, 1."""
    wrong = {name: value for name, value in directions.items() if value not in (-1, 0, 1)}
    if wrong or not directions:
        raise ValueError(f"directions must name columns with -1, 0 or 1; refused: {wrong or '{}'}")
    return {name: int(value) for name, value in directions.items()}


def tree_params(
    settings: TreeSettings, n_rows: int, directions: Mapping[str, int], seed: int
) -> dict[str, Any]:
    """Translate the settings into LightGBM's parameters for so many rows and these directions.

    The "basic" monotone method is used since it alone kept every direction by brute force: of 12
    models each, "intermediate" broke some in 5, "advanced" in all (LightGBM 4.7).
    """
    leaf = settings.rows_in_leaf or max(5, round(math.sqrt(n_rows)))
    params: dict[str, Any] = {
        "learning_rate": settings.learning_rate,
        "num_leaves": settings.num_leaves,
        "max_depth": settings.max_depth,
        "min_data_in_leaf": leaf,
        "min_sum_hessian_in_leaf": settings.hessian_in_leaf,
        "lambda_l2": settings.l2,
        "feature_fraction": settings.feature_share,
        "bagging_fraction": settings.row_share,
        "bagging_freq": 1,
        "feature_pre_filter": False,
        "metric": "None",
        "deterministic": True,
        "force_row_wise": True,
        "seed": seed,
        "num_threads": settings.threads(n_rows),
        "verbosity": -1,
    }
    if any(directions.values()):
        params["monotone_constraints"] = list(directions.values())
        params["monotone_constraints_method"] = "basic"
    return params


def cross_fit(
    X: Singles,
    label: Floats,
    weight: Floats,
    folds: Sequence[Fold],
    params: Mapping[str, Any],
    settings: TreeSettings,
    loss: Loss,
    offset: Floats | None = None,
) -> CrossFit:
    """Grow one ensemble a fold, all in step, and stop on the mean loss of their later rows.

    An offset, shape (n,) in log-odds, is part of every row's margin in the fit and of none after it.
    The loss is computed here, not by LightGBM, whose threaded sums could change the last bit.
    """
    n_leaf = params["min_data_in_leaf"]
    smallest = min(len(fold.train) for fold in folds)
    result = lgb.cv(
        {**params, "min_data_in_leaf": min(n_leaf, max(5, smallest // 8))},
        _data(X, label, weight, offset),
        num_boost_round=settings.max_rounds,
        folds=iter(folds),
        feval=_evaluation(loss),
        callbacks=[lgb.early_stopping(settings.early_stopping_rounds, verbose=False)],
        return_cvbooster=True,
    )
    grown: Any = result["cvbooster"]
    for booster in grown.boosters:
        _add_base(booster, label, weight, offset)
    rows = float(max(len(fold.train) for fold in folds))
    return CrossFit(max(1, grown.best_iteration), rows, tuple(grown.boosters))


def _evaluation(loss: Loss) -> Callable[[Floats, lgb.Dataset], tuple[str, float, bool]]:
    def evaluate(prediction: Floats, later: lgb.Dataset) -> tuple[str, float, bool]:
        label = np.asarray(later.get_label(), dtype=np.float64)
        given = later.get_weight()  # None if all are 1
        weight = np.ones_like(label) if given is None else np.asarray(given, dtype=np.float64)
        value = loss(prediction, label, weight)
        if not np.isfinite(value):
            raise FloatingPointError(f"the later rows' loss is {value}: a label is out of range")
        return "later", value, False

    return evaluate


def grow(
    X: Singles,
    label: Floats,
    weight: Floats,
    params: Mapping[str, Any],
    rounds: int,
    offset: Floats | None = None,
) -> Trees:
    """Grow the final ensemble on all the rows given; an offset as in `cross_fit`."""
    data = _data(X, label, weight, offset)
    booster = lgb.train(dict(params), data, num_boost_round=rounds)
    _add_base(booster, label, weight, offset)
    return Trees.of(booster)


def _data(X: Singles, label: Floats, weight: Floats, offset: Floats | None) -> lgb.Dataset:
    start = None if offset is None else offset + _base(label, weight)
    return lgb.Dataset(X, label, weight=weight, init_score=start, free_raw_data=True)


def _base(label: Floats, weight: Floats) -> float:
    """Return the log-odds of the mean label: where the trees start from, as they would unasked."""
    mean = float((label * weight).sum() / weight.sum())
    return math.log(mean / (1 - mean))


def _add_base(booster: lgb.Booster, label: Floats, weight: Floats, offset: Floats | None) -> None:
    """Put the base that a start score holds into the first tree, where LightGBM itself puts it."""
    if offset is None:
        return
    base = _base(label, weight)
    for leaf in range(booster.dump_model(num_iteration=1)["tree_info"][0]["num_leaves"]):
        booster.set_leaf_output(0, leaf, booster.get_leaf_output(0, leaf) + base)


def log_loss(probability: Floats, label: Floats, weight: Floats) -> float:
    """Return the weighted mean log loss of probabilities, shape (n,)."""
    p = np.clip(probability, 1e-15, 1 - 1e-15)
    losses = -np.where(label > 0, np.log(p), np.log1p(-p))
    return float((losses * weight).sum() / weight.sum())


def squared_error(prediction: Floats, label: Floats, weight: Floats) -> float:
    """Return the weighted mean squared error, shape (n,)."""
    return float(((prediction - label) ** 2 * weight).sum() / weight.sum())


def gamma_deviance(mean: Floats, label: Floats, weight: Floats) -> float:
    """Return the weighted mean gamma deviance of positive amounts, shape (n,); 0 is perfect."""
    ratio = label / np.maximum(mean, 1e-300)
    deviance = 2 * (ratio - 1 - np.log(ratio))
    return float((deviance * weight).sum() / weight.sum())
