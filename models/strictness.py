"""How much inspectors differ in what they find at equal risk: a nuisance of the labels.

``logit P = a + c margin + b_j`` with ``b_j ~ N(0, spread^2)`` one a group of inspectors, one row a visit.
Identified where inspectors are assigned at random given the margin; where one group has a district of
its own, what the margin does not say of the district is taken for its strictness. The spread
maximises the restricted Laplace likelihood, its interval is that of the profile (95 %).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.special import expit

from models.arrays import Floats, Rows

LEAST_INSPECTORS = 5
LEAST_VISITS = 20
"""So many groups of inspectors with so many visits each are needed."""
LEAST_SPREAD, MOST_SPREAD = 1e-3, 3.0
HALF_CHI_SQUARED = 1.920729
"""Fall of the log-likelihood at the ends of a 95 % interval of one number."""


@dataclass(frozen=True, eq=False)
class Strictness:
    """The spread of strictness between groups of inspectors, in log-odds.

    Parameters
    ----------
    spread, low, high : float
        Standard deviation of the effects, with its 95 % interval.
    effects : float64, shape (k,)
        Shrunken effect of each group, by its number. Used in training alone; never saved.
    inspectors, visits : int
        Groups and visits that it rests on.
    """

    spread: float
    low: float
    high: float
    inspectors: int
    visits: int
    effects: Floats = field(repr=False)

    @property
    def is_there(self) -> bool:
        """Whether the spread can be told from none."""
        return self.low > 0

    def offset(self, inspector: Rows) -> Floats:
        """Return the effect of each row's group, 0 where it is unknown (-1); shape (n,)."""
        return np.asarray(np.where(inspector >= 0, self.effects[inspector], 0.0))

    def summary(self) -> dict[str, float | int | bool]:
        """Return the spread and the range of effects: nothing that names anybody."""
        return {
            "groups": self.inspectors,
            "visits": self.visits,
            "spread": self.spread,
            "spread_low": self.low,
            "spread_high": self.high,
            "least_effect": float(self.effects.min()),
            "most_effect": float(self.effects.max()),
            "corrected": self.is_there,
        }


@dataclass(frozen=True, eq=False)
class _Visits:
    """One row a visit with a known group: outcome, (1, margin), and the group's number."""

    violation: Floats
    fixed: Floats
    group: Rows
    n_groups: int

    def sums(self, values: Floats) -> Floats:
        return np.asarray(np.bincount(self.group, values, self.n_groups), dtype=np.float64)


def too_few(inspector: Rows, visit: Rows) -> bool:
    """Tell whether fewer than 5 groups have 20 visits."""
    known = inspector >= 0
    pairs = np.unique(np.stack([inspector[known], visit[known]]), axis=1)[0]
    counts = np.unique(pairs, return_counts=True)[1]
    return int((counts >= LEAST_VISITS).sum()) < LEAST_INSPECTORS


def fit_strictness(margin: Floats, violation: Floats, inspector: Rows, visit: Rows) -> Strictness:
    """Estimate spread and effects.

    Parameters
    ----------
    margin : shape (n,)
        Log-odds of rows by a model that has not seen them; of one visit's rows the mean counts.
    violation : shape (n,)
    inspector : shape (n,)
        Number of the group that visited, -1 unknown.
    visit : shape (n,)
        Number of the visit; rows of one visit share outcome and group.
    """
    data = _visits(margin, violation, inspector, visit)

    def loss(spread: float) -> float:
        return -_laplace(data, spread)[0]

    found = minimize_scalar(loss, bounds=(LEAST_SPREAD, MOST_SPREAD), method="bounded")
    best = found.x if found.fun < loss(LEAST_SPREAD) else LEAST_SPREAD
    least = loss(best)

    def above(spread: float) -> float:
        return loss(spread) - least - HALF_CHI_SQUARED

    low = brentq(above, LEAST_SPREAD, best) if above(LEAST_SPREAD) > 0 else 0.0
    high = brentq(above, best, MOST_SPREAD) if above(MOST_SPREAD) > 0 else MOST_SPREAD
    groups = len(np.unique(data.group))
    effects = _laplace(data, best)[1]
    return Strictness(float(best), float(low), float(high), groups, len(data.group), effects)


def _visits(margin: Floats, violation: Floats, inspector: Rows, visit: Rows) -> _Visits:
    known = inspector >= 0
    _, first, number = np.unique(visit[known], return_index=True, return_inverse=True)
    mean = np.bincount(number, margin[known]) / np.bincount(number)
    return _Visits(
        violation=violation[known][first].astype(np.float64),
        fixed=np.column_stack([np.ones(len(mean)), mean]),
        group=inspector[known][first],
        n_groups=int(inspector.max()) + 1,
    )


def _laplace(data: _Visits, spread: float) -> tuple[float, Floats]:
    """Return the restricted Laplace log-likelihood of a spread, and the effects at its mode."""
    fixed, effects = np.array([0.0, 1.0]), np.zeros(data.n_groups)
    for _ in range(50):
        steps, _ = _newton(data, fixed, effects, spread)
        fixed, effects = fixed + steps[0], effects + steps[1]
        if max(np.abs(steps[0]).max(), np.abs(steps[1]).max()) < 1e-9:
            break
    logit = data.fixed @ fixed + effects[data.group]
    fit = (data.violation * logit - np.logaddexp(0, logit)).sum()
    _, log_curvature = _newton(data, fixed, effects, spread)
    penalty = (effects**2).sum() / (2 * spread**2) + data.n_groups * np.log(spread)
    return float(fit - penalty - log_curvature / 2), effects


def _newton(
    data: _Visits, fixed: Floats, effects: Floats, spread: float
) -> tuple[tuple[Floats, Floats], float]:
    """Return Newton's steps of both, and the log determinant of the curvature.

    The effects' block is diagonal, so that only a 2 x 2 system is solved.
    """
    chance = expit(data.fixed @ fixed + effects[data.group])
    off, weight = data.violation - chance, chance * (1 - chance)
    slope = data.sums(off) - effects / spread**2
    own = data.sums(weight) + 1 / spread**2
    cross = np.stack([data.sums(weight * column) for column in data.fixed.T])
    left = (data.fixed.T * weight) @ data.fixed - (cross / own) @ cross.T
    step = np.linalg.solve(left, data.fixed.T @ off - cross @ (slope / own))
    curvature = np.log(own).sum() + np.linalg.slogdet(left)[1]
    return (step, (slope - cross.T @ step) / own), float(curvature)
