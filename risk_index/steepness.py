"""Expected harm -> chance of inspection in a round, within capacity, floor and ceiling.

The formulas and their sources stand in docs/methods.md, frequency. All methods keep every firm between
its floor and its ceiling and spend the capacity exactly; they differ in how steeply harm draws visits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from risk_index.errors import CapacityError
from risk_index.index import Floats
from risk_index.tiers import TIERS
from risk_index.water_filling import bisect, check_capacity, settle, water_fill


@dataclass(frozen=True)
class Steepness:
    """How the chance follows the expected harm.

    Attributes
    ----------
    method : str
        One of `METHODS`.
    exponent : float
        Power of the expected harm, for "power" and "proportional": 0 is uniform, large is greedy.
    variance_weight : float
        For "variance": worth of precise estimates beside harm found; 0 is greedy with a floor.
    ladder : tuple of float
        For "ladder": ratios of the chances in tiers A to D, rescaled to the capacity.
    random_share : float
        For "mix": part of the capacity that is spread evenly over all firms.
    """

    method: str = "power"
    exponent: float = 1.0
    variance_weight: float = 1.0
    ladder: tuple[float, float, float, float] = (1.0, 10.0, 50.0, 80.0)
    random_share: float = 0.2


@dataclass(frozen=True, eq=False)
class Group:
    """Firms among which one capacity is spread; every array of shape (n,).

    Attributes
    ----------
    harm : ndarray of float
        Expected harm.
    variance : ndarray of float
        Variance of the harm that a visit finds.
    tier : ndarray of str
        Tiers A to D.
    floor, ceiling : ndarray of float
        Least and largest chance in the round.
    cost : ndarray of float
        What a visit takes from the capacity.
    """

    harm: Floats
    variance: Floats
    tier: npt.NDArray[np.str_]
    floor: Floats
    ceiling: Floats
    cost: Floats

    def take(self, rows: npt.NDArray[np.int64]) -> Group:
        """Return some of the firms."""
        return Group(**{name: values[rows] for name, values in vars(self).items()})


@dataclass(frozen=True, eq=False)
class Chances:
    """Chance of inspection in the round, and the part of it that does not depend on the index."""

    total: Floats
    floor: Floats


def spread(group: Group, capacity: float, how: Steepness, where: str = "") -> Chances:
    """Spread a capacity over the firms of a group.

    Raises
    ------
    CapacityError
        Where the bounds cannot be kept; it names `where`.
    """
    check_capacity(group.floor, group.ceiling, capacity, group.cost, where)
    return METHODS[how.method](group, capacity, how)


def _power(group: Group, capacity: float, how: Steepness) -> Chances:
    """Return ``clip(c * harm^exponent, floor, ceiling)``."""
    return _filled(group, _steep(group.harm, how.exponent), capacity)


def _ladder(group: Group, capacity: float, how: Steepness) -> Chances:
    """Return chances in the published ratios of the tiers, as far as the bounds allow."""
    ratios = np.array(how.ladder, float)
    return _filled(group, ratios[np.searchsorted(TIERS, group.tier)], capacity)


def _filled(group: Group, weight: Floats, capacity: float) -> Chances:
    total = water_fill(weight, group.floor, group.ceiling, capacity, group.cost)
    return Chances(total, group.floor)


def _proportional(group: Group, capacity: float, how: Steepness) -> Chances:
    """Return the floor for everybody, and what is left in proportion to ``harm^exponent``."""
    left = capacity - float((group.cost * group.floor).sum())
    room, weight = group.ceiling - group.floor, _steep(group.harm, how.exponent)
    return Chances(
        group.floor + water_fill(weight, 0.0, room, max(left, 0.0), group.cost), group.floor
    )


def _mix(group: Group, capacity: float, how: Steepness) -> Chances:
    """Return an even part for everybody; the rest goes to the highest expected harm a unit of cost."""
    even = how.random_share * capacity / float(group.cost.sum())
    floor = np.clip(np.maximum(group.floor, even), None, group.ceiling)
    left = capacity - float((group.cost * floor).sum())
    if left < 0:
        raise CapacityError(
            f"the floors and the even part need {capacity - left:g}, the capacity is {capacity:g}: "
            "lower random_share or floor_per_year"
        )
    order = np.argsort(-group.harm / group.cost, kind="stable")
    room = ((group.ceiling - floor) * group.cost)[order]
    spent = np.clip(left - (np.cumsum(room) - room), 0.0, room)
    total = floor.copy()
    total[order] += spent / group.cost[order]
    return Chances(settle(total, group.floor, group.ceiling, capacity, group.cost), floor)


def _variance(group: Group, capacity: float, how: Steepness) -> Chances:
    """Return the optimum of harm found less the estimate's variance.

    ``clip(sqrt(l variance / (m cost - harm)), floor, ceiling)``; the ceiling where ``harm >= m cost``.
    """
    mean = capacity / float(group.cost.sum())
    scale = group.harm.mean() * mean**2 / max(group.variance.mean(), np.finfo(float).tiny)
    worth = how.variance_weight * scale * group.variance

    def values(log_inverse: float) -> Floats:
        gap = np.exp(-log_inverse) * group.cost - group.harm
        with np.errstate(divide="ignore", invalid="ignore"):
            inner = np.sqrt(worth / np.where(gap > 0, gap, np.nan))
        return np.asarray(
            np.clip(np.where(gap > 0, inner, group.ceiling), group.floor, group.ceiling)
        )

    found = bisect(values, lambda v: float((group.cost * v).sum()), capacity, (-300.0, 300.0))
    return Chances(settle(found, group.floor, group.ceiling, capacity, group.cost), group.floor)


def _steep(harm: Floats, exponent: float) -> Floats:
    largest = harm.max(initial=0.0)
    return (harm / largest) ** exponent if largest > 0 else np.ones_like(harm)


VARIANCE = "variance"
METHODS: dict[str, Callable[[Group, float, Steepness], Chances]] = {
    "power": _power,
    "proportional": _proportional,
    VARIANCE: _variance,
    "ladder": _ladder,
    "mix": _mix,
}
"""Ways from expected harm to chances, by the name that the settings use."""
