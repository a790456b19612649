"""Intervals of a rate and of a mean amount, for skewed estimates from few outcomes."""

from __future__ import annotations

import math

from scipy.stats import t


def rate_interval(
    rate: float, variance: float, n_eff: float, df: float, level: float = 0.95
) -> tuple[float, float]:
    """Return Wilson's interval for a rate, with the sample size that its variance stands for.

    That size is ``p (1-p) / variance`` (Korn and Graubard, 1998); Kish's, where nothing or only
    violations were found, so that the variance is 0. It stays within 0 and 1.

    >>> [round(end, 3) for end in rate_interval(0.0, 0.0, n_eff=100, df=99)]
    [0.0, 0.038]
    """
    size = rate * (1.0 - rate) / variance if variance > 0 and 0 < rate < 1 else n_eff
    z = _quantile(df, level)
    centre = (rate + z**2 / (2 * size)) / (1 + z**2 / size)
    half = z * math.sqrt(rate * (1 - rate) / size + (z / (2 * size)) ** 2) / (1 + z**2 / size)
    return max(0.0, centre - half), min(1.0, centre + half)


def amount_interval(
    mean: float, variance: float, df: float, level: float = 0.95
) -> tuple[float, float]:
    """Return an interval for a mean above 0 that is symmetric on the log scale.

    Harm has a heavy tail: a sample without the worst firms gives a low mean and a low variance at once.
    The log scale leans the interval upwards.

    >>> [round(end, 3) for end in amount_interval(1.0, 0.01, df=1000)]
    [0.822, 1.217]
    """
    factor = math.exp(_quantile(df, level) * math.sqrt(variance) / mean)
    return mean / factor, mean * factor


def _quantile(df: float, level: float) -> float:
    return float(t.ppf((1 + level) / 2, max(df, 1.0)))
