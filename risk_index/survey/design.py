"""How firms came to be observed: drawn, then in an arm, then with an outcome; and the doubt that it leaves.

A draw takes a fixed number of firms a stratum with known chances pi. Of these, an arm keeps each with a
known chance t of its own. Of these, a share r of the cell (the stratum) has an outcome, as if by chance.
A firm observed stands for ``1 / (pi t r)`` firms.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Sample:
    """Firms drawn, of one arm or of both; every array has shape (n,).

    Attributes
    ----------
    probability : ndarray
        Chance pi of the draw, above 0.
    share : ndarray
        Chance t that a firm drawn is in the arm: 1 for both arms together.
    stratum : ndarray of int
        Codes from 0; every round has strata of its own.
    answered : ndarray of bool
        The outcome is known.
    real : ndarray of bool
        False for the unit "no visit" that rounds a stratum's chances up to a whole number.
    """

    probability: Floats
    share: Floats
    stratum: Ints
    answered: Bools
    real: Bools

    @cached_property
    def design_weight(self) -> Floats:
        """Return ``1 / (pi t)``, 0 for what is no firm."""
        return np.where(self.real, 1.0 / (self.probability * self.share), 0.0)

    @cached_property
    def response(self) -> Floats:
        """Return the weighted share r with an outcome in each firm's cell.

        The cell is the stratum. Strata without any outcome share the cell of the stratum with most.

        >>> two, first = np.ones(2), np.array([True, False])
        >>> Sample(two / 4, two, np.zeros(2, int), first, two == 1).response
        array([0.5, 0.5])
        """
        weight = self.design_weight
        if not weight.any():
            return np.ones(len(weight))
        known = np.bincount(self.stratum, weight * self.answered)
        cell = np.where(known[self.stratum] > 0, self.stratum, np.argmax(known))
        rate = _mean_within(self.answered.astype(float), weight, cell)
        return np.where(self.real, rate, 1.0)

    @cached_property
    def weight(self) -> Floats:
        """Return for how many firms each one observed stands, ``1 / (pi t r)``; 0 for the others."""
        observed = self.answered & self.real
        return np.where(observed, self.design_weight / np.where(observed, self.response, 1.0), 0.0)


def effective_size(weight: Floats) -> float:
    """Return Kish's effective sample size, ``(sum w)^2 / sum w^2``.

    >>> effective_size(np.array([1.0, 1.0, 1.0])), effective_size(np.array([3.0, 1.0]))
    (3.0, 1.6)
    """
    squares = float((weight**2).sum())
    return float(weight.sum()) ** 2 / squares if squares else 0.0


def squares(values: Floats, sample: Sample) -> Floats:
    """Return the parts that sum to the estimated variance of the weighted sum of `values`.

    The fixed-size estimator of Hajek, ``n/(n-1) sum (1-pi)(y/pi - B)^2`` with ``B = sum (1-pi)(y/pi) /
    sum (1-pi)``, in each stratum; plus what the arm adds, ``sum (1-t)(y/(pi t))^2``; plus what missing
    outcomes add, the same with the share r and values about the mean of their cell.

    Parameters
    ----------
    values : ndarray, shape (n,)
        What is summed: an outcome over the number of firms, or a linearised residual. Ignored where
        not answered.

    Returns
    -------
    ndarray, shape (n,)
        One part a firm, 0 for those not observed.

    Notes
    -----
    It needs no joint probabilities, which neither a Pareto nor a systematic draw offers; it holds for
    draws of high entropy. It breaks where missing outcomes depend on what would have been found.
    """
    seen = sample.answered | ~sample.real
    pi, share, real = sample.probability[seen], sample.share[seen], sample.real[seen]
    stratum, rate = sample.stratum[seen], sample.response[seen]
    value = np.where(real, values[seen], 0.0)
    drawn = _of_the_draw(value / pi, pi, share * rate, stratum)
    arm = (1.0 - share) / rate * (value / (pi * share)) ** 2
    about = value - _mean_within(value, real / (pi * share * rate), stratum)
    missing = real * (1.0 - rate) * (about / (pi * share * rate)) ** 2
    parts = np.zeros(len(seen))
    parts[seen] = drawn + arm + missing
    return parts


def degrees_of_freedom(parts: Floats) -> float:
    """Return how many equal normal parts would make a variance as sure as these (Satterthwaite).

    ``2 V^2 / (sum q^2 - V^2 / n)`` with V the sum of the n parts q: few where few firms carry the
    variance, at most n - 1.

    >>> round(degrees_of_freedom(np.random.default_rng(0).normal(size=100_000) ** 2), -4)
    100000.0
    >>> round(degrees_of_freedom(np.array([9.0, 0.0, 0.0, 0.0])), 2)
    2.67
    """
    n, total = len(parts), float(parts.sum())
    spread = float((parts**2).sum()) - total**2 / max(n, 1)
    if spread <= 0:
        return max(1.0, n - 1.0)
    return min(max(1.0, 2 * total**2 / spread), max(1.0, n - 1.0))


def _of_the_draw(expanded: Floats, pi: Floats, kept: Floats, stratum: Ints) -> Floats:
    """Return the draw's own parts, estimated from firms kept with chance `kept` of those drawn.

    Firms drawn for certain add nothing.
    """
    loose = pi < 1
    parts = (1.0 - pi) / kept * expanded**2
    if loose.sum() < 2:
        return parts
    group, weight = _joined(stratum[loose]), ((1.0 - pi) / kept)[loose]
    count = np.bincount(group)[group]
    about = expanded[loose] - _mean_within(expanded[loose], weight, group)
    parts[loose] = count / (count - 1) * weight * about**2
    return parts


def _joined(stratum: Ints) -> Ints:
    """Put strata with one firm together; a last one joins the largest stratum.

    >>> _joined(np.array([0, 0, 1, 2])), _joined(np.array([0, 0, 1]))
    (array([0, 0, 3, 3]), array([0, 0, 0]))
    """
    count = np.bincount(stratum)
    single = count[stratum] == 1
    together = np.argmax(count) if single.sum() == 1 else len(count)
    return np.where(single, together, stratum)


def _mean_within(values: Floats, weight: Floats, group: Ints) -> Floats:
    """Return each one's weighted mean of its group; shape (n,)."""
    total = np.bincount(group, weight)
    mean = np.bincount(group, weight * values) / np.where(total > 0, total, 1.0)
    return mean[group]
