"""How far distributions lie from those of an earlier day, and how far chance alone brings them."""

from __future__ import annotations

import numpy as np
from scipy.stats import chi2, entropy

from risk_index.distributions import (
    DRAWS,
    INDEX,
    Distributions,
    DrawnRate,
    Spread,
)
from risk_index.index import Floats

LEAST_SHARE, LEAST_COUNT = 1e-4, 0.5
"""Share, or firms of the smaller side, that an empty bin counts with, so that the PSI stays finite."""
NOISE_LEVEL = 0.999


def shifts(
    before: Distributions,
    after: dict[str, Floats],
    inputs: set[str],
    weights: dict[str, Floats] | None = None,
) -> dict[str, tuple[float, float]]:
    """Return the PSI, and that of chance, of each input that a model reads, and of the index.

    Parameters
    ----------
    after : dict of name to float64 of shape (n,)
        Values of today; the index by the champion, among random draws, too.
    weights : dict of name to float64 of shape (n,), optional
        For how many firms each value stands: 1 / chance of random draws.
    """
    found = {}
    for name in [*sorted(inputs), INDEX, DRAWS]:
        old, values = before.spreads.get(name), after.get(name)
        if old is None or values is None or not len(values) or not old.n:
            continue
        new = Spread.of(values, old.edges, (weights or {}).get(name))
        found[name] = (psi(old, new), psi_of_chance(old, new))
    return found


def shifts_between(
    before: Distributions, after: Distributions, inputs: set[str]
) -> dict[str, tuple[float, float]]:
    """Return the same from what two fits kept, in two digits; the index of each is by its own model."""
    found = {}
    for name in [*sorted(inputs), INDEX, DRAWS]:
        if name not in before.tallies or name not in after.tallies:
            continue
        old = before.tallies[name].spread()
        new = after.tallies[name].spread(old.edges)
        if old.n and new.n:
            found[name] = (psi(old, new), psi_of_chance(old, new))
    return found


def beyond_chance(first: DrawnRate, second: DrawnRate) -> bool:
    """Tell whether two rates differ by more than draws of one rate do once in a thousand times.

    Newcombe's interval of the difference, from the interval of either rate (Statistics in Medicine 17,
    1998, method 10), with the sample sizes that the designs stand for.
    """
    low, high = sorted((first, second), key=lambda drawn: drawn.rate)
    up = low.interval(NOISE_LEVEL)[1] - low.rate
    down = high.rate - high.interval(NOISE_LEVEL)[0]
    return bool(high.rate - low.rate > np.hypot(up, down))


def psi(before: Spread, after: Spread) -> float:
    """Return the population stability index, the sum of both relative entropies (in nats).

    `after` must have the bins of `before`.
    """
    least = max(LEAST_SHARE, LEAST_COUNT / max(min(before.n, after.n), 1.0))
    p, q = (np.maximum(np.array(s.shares), least) for s in (before, after))
    return float(entropy(p, q) + entropy(q, p))


def psi_of_chance(before: Spread, after: Spread) -> float:
    """Return the PSI that two samples of one distribution pass once in a thousand times.

    Of such samples, the PSI is about ``(1/n + 1/m)`` times chi-square with a degree of freedom less than
    bins (Yurdakul and Naranjo 2020, Journal of Risk Model Validation); n and m are effective numbers.
    """
    bins = int((np.maximum(before.shares, after.shares) > 0).sum())
    if bins < 2:
        return 0.0
    each = 1 / max(before.n, 1) + 1 / max(after.n, 1)
    return float(each * chi2.ppf(NOISE_LEVEL, bins - 1))


def factor(before: Spread, after: Spread) -> tuple[float, float]:
    """Return by what constant the values other than 0 were multiplied, and how uneven that is.

    The median ratio of the twentieths, and the greatest over the least ratio among the middle ones;
    NaN where either has none or they differ in sign.
    """
    if not before.quantiles or not after.quantiles:
        return float("nan"), float("nan")
    ratio = np.array(after.quantiles) / np.array(before.quantiles)
    middle = ratio[4:-4]
    if (ratio <= 0).any():
        return float("nan"), float("nan")
    return float(np.median(ratio)), float(middle.max() / middle.min())
