"""Amounts that follow weights between bounds and add up to a capacity exactly."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from risk_index.errors import CapacityError
from risk_index.frame_columns import BILLION as BILLION
from risk_index.index import Floats

STEPS = 100
ROUNDING = 1e-9


def water_fill(
    weight: Floats,
    floor: Floats | float,
    ceiling: Floats | float,
    capacity: float,
    cost: Floats | float = 1.0,
    where: str = "",
) -> Floats:
    """Return ``clip(c * weight, floor, ceiling)`` whose cost adds up to the capacity.

    Parameters
    ----------
    weight : ndarray, shape (n,)
        At least 0. What no weight asks for goes to the others, and to those without weight at last.
    floor, ceiling : float or ndarray of shape (n,)
        Bounds of every value.
    capacity : float
        The sum of ``cost * value`` to reach.
    cost : float or ndarray of shape (n,)
        Above 0; what one unit of a value takes from the capacity.
    where : str
        Stratum or campaign, named in errors.

    Raises
    ------
    CapacityError
        Where a floor exceeds its ceiling, the floors alone exceed the capacity, or the ceilings fall
        short of it.
    """
    low, high = np.broadcast_to(floor, weight.shape), np.broadcast_to(ceiling, weight.shape)
    check_capacity(low, high, capacity, cost, where)
    largest = weight.max(initial=0.0)
    if not largest > 0:
        return settle(np.array(low, float), low, high, capacity, cost)
    relative = weight / largest

    def values(log_factor: float) -> Floats:
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = np.exp(log_factor) * relative
        np.nan_to_num(scaled, copy=False, nan=0.0, posinf=np.inf)
        return np.clip(scaled, low, high, out=scaled)

    found = bisect(values, lambda v: float((cost * v).sum()), capacity, (-60.0, 709.0))
    return settle(found, low, high, capacity, cost)


def check_capacity(
    floor: Floats, ceiling: Floats, capacity: float, cost: Floats | float, where: str = ""
) -> None:
    """Refuse bounds that no spreading of the capacity can keep.

    Raises
    ------
    CapacityError
        With what is needed and what is there.
    """
    place, n = (f" in {where}" if where else ""), len(floor)
    crossed = floor > ceiling
    if crossed.any():
        at = int(np.flatnonzero(crossed)[0])
        raise CapacityError(
            f"floor {floor[at]:g} per round exceeds ceiling {ceiling[at]:g} per round "
            f"for {crossed.sum()} of {n} firms{place}: lower floor_per_year or raise the ceiling"
        )
    least, most = float((cost * floor).sum()), float((cost * ceiling).sum())
    slack = ROUNDING * max(1.0, capacity)
    if least > capacity + slack:
        raise CapacityError(
            f"the floors of {n} firms{place} need {least:g}, the capacity is {capacity:g}: "
            "raise the capacity or lower floor_per_year"
        )
    if most < capacity - slack:
        raise CapacityError(
            f"the ceilings of {n} firms{place} take {most:g}, the capacity is {capacity:g}: "
            "lower the capacity or raise ceiling_per_round or max_inspections_per_year"
        )


def bisect(
    values: Callable[[float], Floats],
    total: Callable[[Floats], float],
    capacity: float,
    between: tuple[float, float],
) -> Floats:
    """Return the values at the largest argument whose total does not exceed the capacity.

    `values` must not fall with its argument.
    """
    low, high = between
    for _ in range(STEPS):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        low, high = (low, middle) if total(values(middle)) > capacity else (middle, high)
    return values(low)


def settle(
    values: Floats, floor: Floats, ceiling: Floats, capacity: float, cost: Floats | float = 1.0
) -> Floats:
    """Spread what bisection left over the values between the bounds."""
    for _ in range(3):
        left = capacity - float((cost * values).sum())
        room = ceiling - values if left > 0 else values - floor
        whole = float((cost * room).sum())
        if left == 0 or whole <= 0:
            break
        room *= left
        room /= whole
        room += values
        values = np.clip(room, floor, ceiling, out=room)
    return values


def billionths(
    values: Floats, ceiling: Floats | float, total: float | None
) -> npt.NDArray[np.int64]:
    """Return chances in billionths, at most the ceiling, that add up to the total in billionths.

    Rounded down, and what is left goes to the largest remainders, one billionth each, in the order of
    rows.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Chances.
    ceiling : float or ndarray of shape (n,)
        No value passes it.
    total : float, optional
        Sum to reach; without it every value is rounded down.

    Raises
    ------
    ArithmeticError
        Where the values are further from the total than rounding explains.
    """
    exact = values * BILLION
    most = np.broadcast_to(ceiling, values.shape) * BILLION
    np.floor(np.add(most, ROUNDING, out=most), out=most)
    whole = exact + ROUNDING
    np.minimum(np.floor(whole, out=whole), most, out=whole)
    if total is None:
        return whole.astype(np.int64)
    free = whole < most
    del most  # a nation's firms take half a gigabyte an array
    found = whole.astype(np.int64)
    left = round(total * BILLION) - int(found.sum())
    if left <= 0:
        free = found > 0
    if abs(left) > free.sum():
        raise ArithmeticError(f"{left} billionths cannot be rounded away on {free.sum()} firms")
    remainder = np.subtract(whole, exact, out=whole)
    remainder *= np.sign(left)
    remainder[~free] = np.inf
    found[_smallest(remainder, abs(left))] += np.sign(left)
    return found


def _smallest(values: Floats, n: int) -> npt.NDArray[np.int64]:
    """Return where the n smallest values are; of equal ones at the edge the first."""
    if not n:
        return np.zeros(0, np.int64)
    edge = np.partition(values, n - 1)[n - 1]
    below = np.flatnonzero(values < edge)
    return np.concatenate([below, np.flatnonzero(values == edge)[: n - len(below)]])
