"""Draws of fixed size with unequal probabilities, stratum by stratum, from public numbers.

Firms with probability one are taken and firms with probability zero are not; the rest of a stratum is
drawn. Where the probabilities of a stratum do not add up to a whole number of visits, a phantom unit "no
visit" fills them up, so that no firm's probability has to change.

All that decides is whole numbers, or a fixed order of single IEEE operations on whole numbers below 2^53:
each of them is rounded once and in the same way by every processor and language that keeps the standard.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from risk_index.draw.frame import Whole
from risk_index.draw.public_numbers import STEPS, Numbers, odd_steps
from risk_index.frame_columns import BILLION

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Design:
    """Whom to draw from.

    Attributes
    ----------
    ppb : ndarray, shape (n,)
        Inclusion probabilities in billionths; firms in byte order of firm_id, which breaks ties.
    stratum : ndarray, shape (n,)
        Stratum of each firm, 0 to `n_strata` - 1.
    n_strata : int
        Number of strata.
    """

    ppb: Whole
    stratum: Whole
    n_strata: int

    def per_stratum(self, values: Whole | Booleans) -> Whole:
        """Add up whole numbers by stratum, or count what is true, exactly."""
        total = np.zeros(self.n_strata, np.int64)
        np.add.at(total, self.stratum, values)
        return total

    @cached_property
    def total(self) -> Whole:
        """Billionths of each stratum."""
        return self.per_stratum(self.ppb)

    @cached_property
    def visits(self) -> Whole:
        """Visits of each stratum, the phantom's included."""
        return -(-self.total // BILLION)

    @cached_property
    def phantom(self) -> Whole:
        """Billionths of each stratum's phantom unit, 0 where none is needed."""
        return self.visits * BILLION - self.total

    @cached_property
    def certain(self) -> Whole:
        """Firms of each stratum with probability one."""
        return self.per_stratum(self.ppb == BILLION)


@dataclass(frozen=True)
class Selection:
    """Who was drawn.

    Attributes
    ----------
    drawn : ndarray of bool, shape (n,)
        Firms drawn, certain ones included.
    value : ndarray, shape (n,)
        Pareto: q. Systematic: billionths before the firm in its stratum's order. Undrawable and certain
        firms have infinity and zero, or -1.
    last : ndarray, shape (n_strata,)
        Pareto: the largest q drawn, the phantom's included; NaN where nobody is drawn by lot.
    phantom_drawn : ndarray of bool, shape (n_strata,)
        Whether "no visit" was drawn.
    """

    drawn: Booleans
    value: Whole | Floats
    last: Floats
    phantom_drawn: Booleans


def pareto_q(number: Numbers, ppb: Whole) -> Floats:
    """Return Rosén's ``q = (u / (1 - u)) ((1 - pi) / pi)``: the smallest of a stratum are drawn.

    With u = a / 2^53 and pi = p / 10^9, q = fl(fl(a / (2^53 - a)) x fl((10^9 - p) / p)). All four whole
    numbers are exact doubles, so the three rounded operations are all that happens. Infinite where p is 0.
    """
    a = odd_steps(number)
    p = ppb.astype(np.float64)
    with np.errstate(divide="ignore"):
        return (a / (2.0 ** (STEPS + 1) - a)) * ((BILLION - p) / p)


def pareto(design: Design, number: Numbers, phantom_number: Numbers) -> Selection:
    """Draw by order of q (Pareto pi-ps, Rosén 1997): every firm can check its own q against the last.

    The inclusion probabilities are very nearly `design.ppb`; the fewer the visits of a stratum, the less so.

    Parameters
    ----------
    design : Design
        Whom to draw from.
    number : ndarray, shape (n,)
        Each firm's number.
    phantom_number : ndarray, shape (n_strata,)
        Each stratum's number of its phantom unit.
    """
    units = _open_units(design, number, phantom_number)
    q = pareto_q(units.number, units.ppb)
    order = np.lexsort((q, units.stratum))
    stratum = units.stratum[order]
    rank = np.arange(len(order)) - np.searchsorted(stratum, stratum)
    wanted = design.visits - design.certain
    taken = order[rank < wanted[stratum]]
    last = np.full(design.n_strata, np.nan)
    last[units.stratum[taken]] = q[taken]  # in rising order of q: the last one stays
    return _selection(design, units, taken, pareto_q(number, design.ppb), last)


def systematic(design: Design, number: Numbers, phantom_number: Numbers, start: Whole) -> Selection:
    """Draw every 10^9-th billionth of a stratum, firms laid end to end in the order of their numbers.

    Each firm's inclusion probability is exactly `design.ppb`.

    Parameters
    ----------
    design, number, phantom_number
        As for :func:`pareto`.
    start : ndarray, shape (n_strata,)
        Where to start in each stratum, 0 to 10^9 - 1.
    """
    units = _open_units(design, number, phantom_number)
    order = np.lexsort((units.number, units.stratum))
    stratum, ppb = units.stratum[order], units.ppb[order]
    end = np.cumsum(ppb)
    begin = end - ppb
    begin -= begin[np.searchsorted(stratum, stratum)]
    taken = order[(start[stratum] - begin) % BILLION < ppb]
    value = np.full(len(design.ppb) + design.n_strata, -1, np.int64)
    value[units.place[order]] = begin
    nothing = np.full(design.n_strata, np.nan)
    return _selection(design, units, taken, value[: len(design.ppb)], nothing)


@dataclass(frozen=True)
class _Units:
    """Firms and phantoms that are drawn by lot; place n + h is the phantom of stratum h."""

    place: Whole
    stratum: Whole
    ppb: Whole
    number: Numbers


def _open_units(design: Design, number: Numbers, phantom_number: Numbers) -> _Units:
    firms = np.flatnonzero((design.ppb > 0) & (design.ppb < BILLION))
    phantoms = np.flatnonzero(design.phantom)
    return _Units(
        np.concatenate([firms, phantoms + len(design.ppb)]),
        np.concatenate([design.stratum[firms], phantoms]),
        np.concatenate([design.ppb[firms], design.phantom[phantoms]]),
        np.concatenate([number[firms], phantom_number[phantoms]]),
    )


def _selection(
    design: Design, units: _Units, taken: Whole, value: Whole | Floats, last: Floats
) -> Selection:
    n = len(design.ppb)
    drawn = np.zeros(n + design.n_strata, bool)
    drawn[units.place[taken]] = True
    drawn[:n] |= design.ppb == BILLION
    return Selection(drawn[:n], value, last, drawn[n:])
