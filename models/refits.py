"""The same two models grown again on resampled controllers: how much hangs on who was inspected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import pandas as pd

from models.arrays import Floats, Rows
from models.examples import Examples, matrix
from models.likelihood import Likelihood, strictness_offset
from models.severity import Severity
from models.trees import Trees, fitting_weight, grow, tree_params

Item = TypeVar("Item")


@dataclass(frozen=True, eq=False)
class Refits:
    """Trees of every refit; rounds, calibration and scale are the release's.

    Parameters
    ----------
    likelihood : tuple of Trees
    severity : tuple of Trees
        As many, or none where the severity is one constant.
    """

    likelihood: tuple[Trees, ...] = ()
    severity: tuple[Trees, ...] = ()

    def __len__(self) -> int:
        return len(self.likelihood)


def fit_refits(
    examples: Examples,
    likelihood: Likelihood,
    severity: Severity,
    count: int,
    seed: int,
    progress: Callable[[int], object] = lambda more: None,
) -> Refits:
    """Grow both models `count` times, each time on as many controllers drawn with replacement.

    Parameters
    ----------
    examples : Examples
        Those of the release.
    likelihood, severity
        The release, whose settings, directions and number of trees are taken over.
    count : int
        Refits; 0 for none.
    seed : int
        A refit depends on it and on the set of controllers, not on the order of rows.
    progress : callable, optional
        Told after each model how many more are grown.
    """
    drawn = [_times_drawn(examples.controller, seed, k) for k in range(count)]
    label, offset = (
        examples.violation.astype(np.float64),
        strictness_offset(examples, likelihood.strictness),
    )
    grown = [
        _grown(examples, label, times, likelihood, "binary", seed + k, offset)
        for k, times in _told(enumerate(drawn), progress)
    ]
    if severity.trees is None:
        return Refits(tuple(grown))
    gamma = severity.form == "gamma"
    harm = np.nan_to_num(examples.harm, nan=0.0)
    target = harm if gamma else np.log(np.where(harm > 0, harm, 1.0))
    amounts = [
        _grown(
            examples,
            target,
            times * (harm > 0),
            severity,
            "gamma" if gamma else "regression",
            seed + k,
        )
        for k, times in _told(enumerate(drawn), progress)
    ]
    return Refits(tuple(grown), tuple(amounts))


def _told(things: Iterable[Item], progress: Callable[[int], object]) -> Iterator[Item]:
    """Yield things, and tell of each when it is done with."""
    for thing in things:
        yield thing
        progress(1)


def refit_scores(
    refits: Refits, likelihood: Likelihood, severity: Severity, X: pd.DataFrame
) -> Iterator[tuple[Floats, Floats]]:
    """Yield every firm's probability of a violation and expected harm by each refit, shape (n,)."""
    chances, amounts = matrix(X, likelihood.columns), matrix(X, severity.columns)
    threads = likelihood.settings.threads(len(X))
    for k, trees in enumerate(refits.likelihood):
        chance = likelihood.calibrator.probability(trees.raw(chances, threads))
        again = replace(severity, trees=refits.severity[k]) if refits.severity else severity
        yield chance, chance * again.expected(amounts)


def _times_drawn(controller: Rows, seed: int, k: int) -> Floats:
    """Return how often each row's controller was drawn in refit k, shape (n,)."""
    unique, at = np.unique(controller, return_inverse=True)
    rng = np.random.default_rng([seed, k])
    times = np.bincount(rng.integers(len(unique), size=len(unique)), minlength=len(unique))
    return times[at].astype(np.float64)


def _grown(
    examples: Examples,
    label: Floats,
    times: Floats,
    release: Likelihood | Severity,
    objective: str,
    seed: int,
    offset: Floats | None = None,
) -> Trees:
    rows = np.flatnonzero(times)
    signs: Mapping[str, int] = release.directions
    params = {"objective": objective, **tree_params(release.settings, len(rows), signs, seed)}
    weight = fitting_weight(examples.weight[rows]) * times[rows]
    X = matrix(examples.X.iloc[rows], list(signs))
    start = None if offset is None else offset[rows]
    return grow(X, label[rows], weight / weight.mean(), params, release.rounds, start)
