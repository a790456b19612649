"""Judge scores against what inspections found, with bootstrap intervals by controller."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import pandas as pd

from models.arrays import Bools, Floats, Rows
from models.capture import order_metrics
from models.examples import Examples, NotEnoughLabels
from models.folds import Fold, controller_fold
from models.reliability import probability_metrics

BLOCK = 2_000_000
SHARE_STEPS = 10_000
CURVE = ("auc", "harm_at_10")
FittedT = TypeVar("FittedT")


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What inspections found, shape (n,) each. Harm not measured counts as none found."""

    violation: Floats
    harm: Floats
    weight: Floats
    controller: Rows

    @classmethod
    def of(cls, examples: Examples) -> Outcomes:
        """Take the outcomes of examples."""
        harm = np.nan_to_num(examples.harm, nan=0.0)
        violation = examples.violation.astype(np.float64)
        return cls(violation, harm, examples.weight, examples.controller)

    def take(self, rows: Bools | Rows) -> Outcomes:
        """Return the chosen rows."""
        return Outcomes(
            self.violation[rows], self.harm[rows], self.weight[rows], self.controller[rows]
        )


@dataclass(frozen=True, eq=False)
class Score:
    """What to rank by, shape (n,), and, where there is one, the probability of a violation."""

    rank: Floats
    probability: Floats | None = None

    def take(self, rows: Bools | Rows) -> Score:
        """Return the chosen rows."""
        return Score(self.rank[rows], None if self.probability is None else self.probability[rows])


def kish(weight: Floats) -> float:
    """Return Kish's effective number of rows, (sum w)^2 / sum w^2; weight of shape (n,)."""
    return float(weight.sum() ** 2 / (weight**2).sum())


def ends(values: Floats, level: float = 0.95) -> tuple[float, float]:
    """Return the percentile interval of replicates, shape (B,).

    Replicates that could not be computed are NaN and left out; with under half of them left both ends
    are NaN.
    """
    known = values[np.isfinite(values)]
    if not len(values) or 2 * len(known) < len(values):
        return float("nan"), float("nan")
    low, high = np.quantile(known, ((1 - level) / 2, (1 + level) / 2))
    return float(low), float(high)


def measure(outcomes: Outcomes, score: Score | Floats) -> dict[str, float]:
    """Return every metric of a score, with rows, violations, base rate and Kish's n_eff.

    Parameters
    ----------
    outcomes : Outcomes, n rows
    score : Score, or float64 of shape (n,) to rank by
        Metrics of calibration are given only if the score has a probability.
    """
    counts = {
        "rows": float(len(outcomes.violation)),
        "violations": float(outcomes.violation.sum()),
        "n_eff": kish(outcomes.weight),
    }
    metrics = _metrics(outcomes, _as_score(score), outcomes.weight[None])
    return counts | {name: float(value[0]) for name, value in metrics.items()}


def intervals(
    outcomes: Outcomes,
    score: Score | Floats,
    replicates: int = 300,
    seed: int = 0,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return each metric with its percentile interval from resampling whole controllers.

    Returns
    -------
    DataFrame, index metric, columns value, low, high
        NaN where under half of the replicates could be computed.
    """
    chosen = _as_score(score)
    point = {k: v[0] for k, v in _metrics(outcomes, chosen, outcomes.weight[None]).items()}
    drawn = _replicated(outcomes, [chosen], replicates, seed)[0]
    return _table({"value": point}, drawn, level)


def paired_difference(
    outcomes: Outcomes,
    first: Score | Floats,
    second: Score | Floats,
    replicates: int = 300,
    seed: int = 0,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return first minus second on every shared metric, both seeing the same resampled controllers.

    Returns
    -------
    DataFrame, index metric, columns first, second, difference, low, high
    """
    scores = [_as_score(first), _as_score(second)]
    one, two = (_metrics(outcomes, score, outcomes.weight[None]) for score in scores)
    shared = [name for name in one if name in two and name != "base_rate"]
    a, b = _replicated(outcomes, scores, replicates, seed)
    points = {
        "first": {name: one[name][0] for name in shared},
        "second": {name: two[name][0] for name in shared},
        "difference": {name: one[name][0] - two[name][0] for name in shared},
    }
    return _table(points, {name: a[name] - b[name] for name in shared}, level)


def _as_score(score: Score | Floats) -> Score:
    return score if isinstance(score, Score) else Score(np.asarray(score, dtype=np.float64))


def _metrics(outcomes: Outcomes, score: Score, weight: Floats) -> dict[str, Floats]:
    base_rate = (weight * outcomes.violation).sum(axis=1) / weight.sum(axis=1)
    metrics = {"base_rate": base_rate}
    metrics |= order_metrics(score.rank, outcomes.violation, outcomes.harm, weight)
    if score.probability is not None:
        metrics |= probability_metrics(score.probability, outcomes.violation, weight)
    return metrics


def resampled_weights(outcomes: Outcomes, replicates: int, seed: int) -> Iterator[Floats]:
    """Yield blocks of weights, shape (b, n): row weight times how often its controller was drawn.

    The draw depends on the seed and the set of controllers, never on the order of rows.
    """
    controllers, cluster = np.unique(outcomes.controller, return_inverse=True)
    rng = np.random.default_rng(seed)
    size = max(1, BLOCK // len(cluster))
    for start in range(0, replicates, size):
        block = min(size, replicates - start)
        draws = rng.integers(len(controllers), size=(block, len(controllers)))
        draws += len(controllers) * np.arange(block)[:, None]
        times = np.bincount(draws.ravel(), minlength=block * len(controllers))
        yield times.reshape(block, -1)[:, cluster] * outcomes.weight


def _replicated(
    outcomes: Outcomes, scores: Sequence[Score], replicates: int, seed: int
) -> list[dict[str, Floats]]:
    blocks: list[list[dict[str, Floats]]] = [[] for _ in scores]
    for weight in resampled_weights(outcomes, replicates, seed):
        for done, score in zip(blocks, scores, strict=True):
            done.append(_metrics(outcomes, score, weight))
    return [{name: np.concatenate([b[name] for b in done]) for name in done[0]} for done in blocks]


def _table(
    points: dict[str, dict[str, float]], drawn: dict[str, Floats], level: float
) -> pd.DataFrame:
    table = pd.DataFrame(points, dtype=np.float64).rename_axis("metric")
    for name, values in drawn.items():
        table.loc[name, ["low", "high"]] = ends(values, level)
    return table


def learning_curve(
    fit: Callable[[Examples], FittedT],
    score: Callable[[FittedT, pd.DataFrame], Floats],
    examples: Examples,
    folds: Sequence[Fold | tuple[Rows, Rows]],
    shares: Sequence[float],
    seed: int = 0,
    replicates: int = 300,
    weight: Floats | None = None,
) -> pd.DataFrame:
    """Judge fits on growing shares of the controllers, always on the same later rows.

    A smaller share's controllers are within a larger one's, so the curve shows rows, not luck.
    Later rows are judged with `weight`, of all examples, where it is given: that of the examples is
    for fitting.

    Returns
    -------
    DataFrame
        One row a share: share, rows and violations learnt from (mean over folds), auc and
        harm_at_10, each with low and high; NaN where the share is too small to fit on.
    """
    parts = [Fold(*fold) for fold in folds]
    later = np.concatenate([fold.later for fold in parts])
    outcomes = Outcomes.of(examples.take(later))
    if weight is not None:
        outcomes = replace(outcomes, weight=weight[later])
    slot = controller_fold(examples.controller, SHARE_STEPS, seed)
    table = []
    for share in shares:
        chosen = [fold.train[slot[fold.train] < share * SHARE_STEPS] for fold in parts]
        try:
            scores = [
                score(fit(examples.take(rows)), examples.X.iloc[fold.later])
                for rows, fold in zip(chosen, parts, strict=True)
            ]
        except NotEnoughLabels:
            judged = pd.DataFrame(np.nan, index=list(CURVE), columns=["value", "low", "high"])
        else:
            judged = intervals(outcomes, np.concatenate(scores), replicates, seed)
        table.append(_curve_row(share, examples, chosen, judged))
    return pd.DataFrame(table)


def _curve_row(
    share: float, examples: Examples, chosen: Sequence[Rows], judged: pd.DataFrame
) -> dict[str, float]:
    row = {
        "share": share,
        "rows": float(np.mean([len(rows) for rows in chosen])),
        "violations": float(np.mean([examples.violation[rows].sum() for rows in chosen])),
    }
    for metric in CURVE:
        value, low, high = judged.loc[metric, ["value", "low", "high"]]
        row |= {metric: value, f"{metric}_low": low, f"{metric}_high": high}
    return row
