"""From scores on many scales to risk: one monotone curve a rating scheme, learnt from outcomes.

9 of 12 may be a clean record and 75 of 100 a bad one, so no scale is stretched onto another. What a
score means is what inspections of firms with such a score found: an isotonic regression of outcomes on
the score's place among the scheme's ratings. It is steadied by 200 outcomes' worth of what all schemes
say at that place. A scheme with too few outcomes takes that alone, and is not comparable. Which end of
a scale is the good one is stated or follows from outcomes; where neither helps, a score says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Better = Literal["higher", "lower", ""]

POOLED_STRENGTH = 200.0
"""Outcomes that what all schemes say counts for, spread over a scheme's ratings."""
LEAST_OUTCOMES = 50
"""With fewer of them a scheme has no curve of its own."""
PLACES = 20
"""Parts of a scheme's ratings, from the lowest score to the highest, between which its curve may rise."""


@dataclass(frozen=True, eq=False)
class Scheme:
    """A rating scheme as known on one day, counted by place; lowest scores first.

    Attributes
    ----------
    rated : int64, shape (PLACES,)
        Ratings on record.
    visits, violations : int64, shape (PLACES,)
        Judged visits to firms so rated, and those that found a violation.
    better : "higher", "lower" or ""
        Which scores are the good ones, if stated.
    enough : bool
        Whether it has outcomes enough for a curve of its own.
    """

    rated: Counts
    visits: Counts
    violations: Counts
    better: Better = ""
    enough: bool = True


@dataclass(frozen=True, eq=False)
class Curve:
    """What a scheme's scores mean.

    Attributes
    ----------
    risk : float64, shape (PLACES,)
        Rate of violations, lowest scores first; monotone in the score.
    relative : float64, shape (PLACES,)
        The same over its mean over the scheme's ratings; 1 is neither better nor worse.
    comparable : bool
        Whether it rests on outcomes of its own scheme.
    """

    risk: Floats
    relative: Floats
    comparable: bool


def places(rated: Counts) -> Counts:
    """Return the place of each score among a scheme's ratings, equal ones in their middle.

    Parameters
    ----------
    rated : int64, shape (m,)
        Ratings with each score, lowest score first.

    >>> places(np.array([1, 8, 1]))
    array([ 1, 10, 19])
    """
    before = np.cumsum(rated) - rated
    return (PLACES * (2 * before + rated)) // (2 * rated.sum())


def curves(schemes: Sequence[Scheme]) -> list[Curve]:
    """Calibrate all schemes of one day together; the answer is in their order."""
    better = [scheme.better or _better_by_outcomes(scheme) for scheme in schemes]
    pooled = _pooled([(s, b) for s, b in zip(schemes, better, strict=True) if b])
    return [_curve(scheme, b, pooled) for scheme, b in zip(schemes, better, strict=True)]


def _better_by_outcomes(scheme: Scheme) -> Better:
    """Return the end with fewer violations; empty where outcomes leave it open.

    Higher scores are commonly the good ones: any trend that way is believed, the other only where a
    score test of it has z > 1.64. In whole numbers, so that no rounding decides.
    """
    at, n, y = np.arange(PLACES), scheme.visits, scheme.violations
    visits, hits, mass = int(n.sum()), int(y.sum()), int(n @ at)
    trend = visits * int(y @ at) - hits * mass
    spread = visits * int(n @ at**2) - mass**2
    if trend < 0:
        return "higher"
    clear = 10 * visits * trend**2 > 27 * hits * (visits - hits) * spread
    return "lower" if clear else ""


def _best_first(values: Counts | Floats, better: Better) -> Floats:
    return np.asarray(values[::-1] if better == "higher" else values, dtype=np.float64)


def _pooled(schemes: Sequence[tuple[Scheme, Better]]) -> Floats:
    """Return the rate of violations at each place over all schemes, best scores first."""
    n, y = np.zeros(PLACES), np.zeros(PLACES)
    for scheme, better in schemes:
        n += _best_first(scheme.visits, better)
        y += _best_first(scheme.violations, better)
    overall = (y.sum() + 0.5) / (n.sum() + 1.0)
    return _never_falling((y + overall) / (n + 1.0), n + 1.0)


def _curve(scheme: Scheme, better: Better, pooled: Floats) -> Curve:
    share = scheme.rated / scheme.rated.sum()
    if not better:
        return Curve(np.full(PLACES, pooled @ share), np.ones(PLACES), False)
    risk = _best_first(pooled, better)
    if scheme.enough:
        weight = scheme.visits + POOLED_STRENGTH * share
        risk = _own(scheme.violations + POOLED_STRENGTH * share * risk, weight, better)
    return Curve(risk, risk / (risk @ share), scheme.enough)


def _own(violations: Floats, weight: Floats, better: Better) -> Floats:
    """Return the monotone rate at each place; an empty place takes that of the next lower score."""
    held = weight > 0
    rate = violations[held] / weight[held]
    fitted = isotonic_regression(rate, weights=weight[held], increasing=better == "lower").x
    return np.asarray(fitted[np.maximum(np.cumsum(held) - 1, 0)])


def _never_falling(rate: Floats, weight: Floats) -> Floats:
    return np.asarray(isotonic_regression(rate, weights=weight, increasing=True).x)
