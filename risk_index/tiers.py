"""Expected harm -> tier -> chance of inspection per round -> inspections a year.

The chances are the power water-filling of docs/methods.md: ``clip(c h^a, floor, ceiling)`` with c such that
they add up to the capacity exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from risk_index.errors import CapacityError
from risk_index.index import Floats

TIERS = np.array(["A", "B", "C", "D"])


@dataclass(frozen=True)
class Allocation:
    """What turns expected harm into tiers and frequencies.

    Attributes
    ----------
    shares : tuple of float
        Shares of firms in tiers A, B and C; the rest is D.
    capacity_share : float
        Inspections a year per firm of the registry.
    rounds_per_year : int
        Random draws a year.
    floor_per_year : float
        Least expected inspections a year of any firm.
    max_per_year : int
        Published yearly ceiling of one firm.
    ceiling_per_round : float
        Largest chance of any firm in a round.
    exponent : float
        Power of the expected harm that the chance follows.
    """

    shares: tuple[float, float, float] = (0.654, 0.253, 0.077)
    capacity_share: float = 0.05
    rounds_per_year: int = 4
    floor_per_year: float = 0.01
    max_per_year: int = 2
    ceiling_per_round: float = 0.8
    exponent: float = 1.0


@dataclass(frozen=True)
class Frequency:
    """What the capacity allows.

    Attributes
    ----------
    probability : ndarray, shape (n,)
        Chance of inspection per round; sums to `capacity_per_round`.
    per_year : ndarray, shape (n,)
        Expected inspections a year.
    capacity_per_round : float
        Inspections per round.
    """

    probability: Floats
    per_year: Floats
    capacity_per_round: float


def tiers(expected_harm: Floats, allocation: Allocation) -> npt.NDArray[np.str_]:
    """Return tiers A (lowest) to D by fixed shares of firms; equal firms share the lower tier."""
    shares = np.cumsum(allocation.shares)
    if shares[-1] > 1:
        raise CapacityError(f"tier shares add up to {shares[-1]:.3f}; they may not exceed 1")
    ordered = np.sort(expected_harm)
    last = np.clip(np.round(shares * len(ordered)).astype(int) - 1, -1, len(ordered) - 1)
    highest = np.where(last >= 0, ordered[last], -np.inf) if len(ordered) else np.zeros(3)
    return TIERS[np.searchsorted(highest, expected_harm, side="left")]


def frequency(expected_harm: Floats, allocation: Allocation) -> Frequency:
    """Spread the capacity over the firms."""
    rounds = allocation.rounds_per_year
    capacity = allocation.capacity_share * len(expected_harm) / rounds
    floor = allocation.floor_per_year / rounds
    ceiling = min(allocation.ceiling_per_round, allocation.max_per_year / rounds)
    probability = water_fill(expected_harm**allocation.exponent, floor, ceiling, capacity)
    return Frequency(probability, probability * rounds, capacity)


def water_fill(weight: Floats, floor: float, ceiling: float, capacity: float) -> Floats:
    """Return ``clip(c * weight, floor, ceiling)`` with the sum equal to the capacity.

    Parameters
    ----------
    weight : ndarray, shape (n,)
        At least 0.
    floor, ceiling : float
        Bounds of every value.
    capacity : float
        The sum to reach.

    Raises
    ------
    CapacityError
        Where the floors alone exceed the capacity, or the ceilings fall short of it.
    """
    n = len(weight)
    if floor > ceiling:
        raise CapacityError(f"floor {floor:g} per round exceeds ceiling {ceiling:g} per round")
    for bound, name, wrong in (
        (floor, "floor", floor * n > capacity * (1 + 1e-12)),
        (ceiling, "ceiling", ceiling * n < capacity * (1 - 1e-12)),
    ):
        if wrong:
            raise CapacityError(
                f"{n} firms at a {name} of {bound:g} per round make {bound * n:g} inspections, "
                f"the capacity is {capacity:g}: change capacity_share or the {name}"
            )
    positive = weight[weight > 0]
    if not len(positive):
        return _settle(np.full(n, floor), floor, ceiling, capacity)
    logs = np.full(n, -np.inf)
    logs[weight > 0] = np.log(positive)
    top = np.log(ceiling)
    low = np.log(max(floor, ceiling * 1e-12)) - logs.max() - 1.0
    high = top - np.log(positive.min()) + 1.0
    for _ in range(100):
        middle = (low + high) / 2
        too_much = _chances(logs + middle, floor, top).sum() > capacity
        low, high = (low, middle) if too_much else (middle, high)
    values = _chances(logs + low, floor, top)
    return _settle(values, floor, ceiling, capacity)


def _chances(logs: Floats, floor: float, top: float) -> Floats:
    return np.maximum(np.exp(np.minimum(logs, top)), floor)


def _settle(values: Floats, floor: float, ceiling: float, capacity: float) -> Floats:
    """Spread what bisection left over the values between the bounds."""
    for _ in range(3):
        left = capacity - values.sum()
        room = ceiling - values if left > 0 else values - floor
        if left == 0 or room.sum() <= 0:
            break
        values = values + left * room / room.sum()
    return values
