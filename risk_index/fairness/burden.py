"""Burden: how often compliant firms of equal risk are inspected, group against the others.

The frequency is the proportional one of the settings (floor, ceiling, capacity; strata and campaigns are
left out), so that a change of burden comes from the model alone. Firms count by their chance of being
compliant under the honest risk, learnt from random draws only, and are compared within its strata.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.arrays import Bools, Floats, Rows
from models.metrics import Outcomes, ends, kish, resampled_weights

STRATA = 10
LEAST_IN_CELL = 5
REPLICATES = 200


@dataclass(frozen=True)
class Budget:
    """What the inspectors can do, a year and firm.

    Attributes
    ----------
    capacity : float
        Mean inspections a year and firm.
    floor, ceiling : float
        Least and most of one firm.
    exponent : float
        Power of the expected harm that the frequency follows.
    tier_shares : tuple of float
        Shares of firms in tiers A, B and C.
    """

    capacity: float = 0.05
    floor: float = 0.01
    ceiling: float = 2.0
    exponent: float = 1.0
    tier_shares: tuple[float, float, float] = (0.654, 0.253, 0.077)

    def frequency(self, harm: Floats, weight: Floats | None = None) -> Floats:
        """Return inspections a year, ``clip(c harm^exponent, floor, ceiling)``, shape (n,).

        Their weighted mean is the capacity, or as near to it as floor and ceiling allow.
        """
        logs = self.exponent * np.log(np.maximum(harm, 1e-300))
        weight = np.ones(len(logs)) if weight is None else weight
        low = np.log(self.floor) - logs.max() - 1.0
        high = np.log(self.ceiling) - logs.min() + 1.0
        for _ in range(60):
            middle = (low + high) / 2
            mean = np.average(self._clipped(logs + middle), weights=weight)
            low, high = (low, middle) if mean > self.capacity else (middle, high)
        return self._clipped(logs + low)

    def tiers(self, harm: Floats) -> Rows:
        """Return tiers 0 (A) to 3 (D) by shares of firms, shape (n,); equals share the lower one."""
        return np.searchsorted(self.cuts(harm), harm, side="left").astype(np.int64)

    def cuts(self, harm: Floats) -> Floats:
        """Return the highest harm of tiers A, B and C, shape (3,)."""
        ordered = np.sort(harm)
        last = np.round(np.cumsum(self.tier_shares) * len(ordered)).astype(int) - 1
        return np.asarray(ordered[np.clip(last, 0, len(ordered) - 1)])

    def _clipped(self, logs: Floats) -> Floats:
        return np.exp(np.clip(logs, np.log(self.floor), np.log(self.ceiling)))


@dataclass(frozen=True)
class Ratio:
    """Burden of a group over that of the others, at equal risk.

    Attributes
    ----------
    value, low, high : float
        Ratio with its 95 % interval from resampling controllers; NaN where not measured.
    group, others : float
        Inspections a year of compliant firms, standardised to the group's strata.
    n : int
        Firms compared.
    n_eff : float
        Effective number of them, by their weights.
    """

    value: float
    low: float
    high: float
    group: float
    others: float
    n: int
    n_eff: float


def equal_mass(risk: Floats, weight: Floats | None = None, n: int = STRATA) -> Rows:
    """Return strata of risk, 0 lowest, of about equal weight; equal firms stay together, shape (n,)."""
    weight = np.ones(len(risk)) if weight is None else weight
    order = np.argsort(risk, kind="stable")
    middle = (np.cumsum(weight[order]) - weight[order] / 2) / weight.sum()
    place = np.empty(len(risk))
    place[order] = middle
    tied = pd.Series(place).groupby(risk).transform("mean").to_numpy()
    return np.minimum((tied * n).astype(np.int64), n - 1)


def ratio(
    frequency: Floats,
    inside: Bools,
    known: Bools,
    stratum: Rows,
    weight: Floats,
    controller: Rows,
    seed: int,
    replicates: int = REPLICATES,
) -> Ratio:
    """Return the burden ratio of a group.

    Parameters
    ----------
    frequency : shape (n,)
        Inspections a year.
    inside, known : shape (n,)
        Members of the group, and firms whose group is known.
    stratum : shape (n,)
        Of the honest risk.
    weight : shape (n,)
        Chance of being compliant, or 1 / inclusion probability of firms found compliant.
    controller : shape (n,)
        Resampled together.
    """
    rows = known & (weight > 0)
    kept = _shared_strata(stratum, inside, rows)
    rows &= kept[stratum]
    n = int(rows.sum())
    if not n or not (inside & rows).any():
        nan = float("nan")
        return Ratio(nan, nan, nan, nan, nan, n, 0.0)
    cell = 2 * stratum[rows] + inside[rows]
    mass, paid = np.zeros((n, 2 * len(kept))), np.zeros((n, 2 * len(kept)))
    mass[np.arange(n), cell], paid[np.arange(n), cell] = 1.0, frequency[rows]
    outcomes = Outcomes(np.zeros(n), np.zeros(n), weight[rows], controller[rows])
    group, others = _standardised(weight[rows][None] @ mass, weight[rows][None] @ paid)
    drawn = [
        np.divide(*_standardised(block @ mass, block @ paid))
        for block in resampled_weights(outcomes, replicates, seed)
    ]
    low, high = ends(np.concatenate(drawn))
    value, n_eff = float(group[0] / others[0]), kish(weight[rows])
    return Ratio(value, low, high, float(group[0]), float(others[0]), n, n_eff)


def _shared_strata(stratum: Rows, inside: Bools, rows: Bools) -> Bools:
    """Tell which strata hold enough firms of both sides."""
    size = int(stratum.max(initial=0)) + 1
    ours = np.bincount(stratum[rows & inside], minlength=size)
    theirs = np.bincount(stratum[rows & ~inside], minlength=size)
    return np.minimum(ours, theirs) >= LEAST_IN_CELL


def _standardised(mass: Floats, paid: Floats) -> tuple[Floats, Floats]:
    """Return the group's and the others' mean, both over the group's strata, each shape (B,)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = paid / mass
    ours, theirs, share = mean[:, 1::2], mean[:, 0::2], mass[:, 1::2]
    both = np.isfinite(ours) & np.isfinite(theirs)
    share = np.where(both, share, 0.0)
    total = share.sum(axis=1)
    total = np.where(total > 0, total, np.nan)
    group = np.where(both, ours, 0.0) * share
    others = np.where(both, theirs, 0.0) * share
    return group.sum(axis=1) / total, others.sum(axis=1) / total


def harm_captured(frequency: Floats, harm: Floats, weight: Floats) -> float:
    """Return harm that visits at these frequencies would find, over that of uniform visits.

    Parameters
    ----------
    frequency, harm, weight : shape (n,)
        Inspections a year; harm found (0 where none); 1 / inclusion probability.
    """
    total = float((weight * harm).sum())
    mean = float(np.average(frequency, weights=weight))
    return float((weight * frequency * harm).sum()) / total / mean if total > 0 else float("nan")


def loss_interval(
    before: Floats, after: Floats, harm: Floats, weight: Floats, controller: Rows, seed: int
) -> tuple[float, float]:
    """Return the 95 % interval of the share of harm captured that is lost, paired, by controller."""
    outcomes = Outcomes(np.zeros(len(harm)), harm, weight, controller)
    drawn: list[Floats] = []
    for block in resampled_weights(outcomes, REPLICATES, seed):
        one, two = ((block @ (f * harm)) / (block @ f) for f in (before, after))
        with np.errstate(divide="ignore", invalid="ignore"):
            drawn.append(1 - two / one)
    return ends(np.concatenate(drawn))


def overlap(first: Floats, second: Floats, share: float) -> float:
    """Return the share of the highest `share` of one score that is among the other's, too."""
    n = max(1, round(share * len(first)))
    top = [set(np.argsort(-s, kind="stable")[:n].tolist()) for s in (first, second)]
    return len(top[0] & top[1]) / n


def changed(first: Sequence[int] | Rows, second: Sequence[int] | Rows) -> float:
    """Return the share of firms whose tier differs."""
    return float((np.asarray(first) != np.asarray(second)).mean())
