"""Remedies (F5): what the release would have done without an input, and what that would have cost.

Every remedy is the release's recipe with an input left out, capped, held to one direction or freed of
what the attribute tells, fitted anew and judged beside the release on the same firms. The severity is
held as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from models.arrays import Bools, Floats, Rows
from risk_index.fairness.burden import (
    Ratio,
    changed,
    harm_captured,
    loss_interval,
    overlap,
    ratio,
)
from risk_index.fairness.case import Case
from risk_index.fairness.config import Thresholds
from risk_index.fairness.earned import HALF, earned
from risk_index.fairness.evidence import Contrast
from risk_index.fairness.refits import Refit

CLOSED = 0.03
"""A burden ratio this near to 1 counts as closed."""
TAKES_OVER = 0.004
"""Log-odds by which another input's gap grows when it takes a dropped input's place."""
MOST_TAKERS = 6
TAKER_ROWS = 5000
CAP_QUANTILES = (0.1, 0.9)
LEAST_VALUES = 50
"""An input of fewer values has no spread to even out."""


@dataclass(frozen=True)
class Effect:
    """A remedy beside the release.

    Attributes
    ----------
    remedy : str
        In words.
    kind : str
        drop, drop with stand-ins, capped, one direction or residualised.
    inputs : tuple of str
        Inputs that it changes.
    needs_attribute : bool
        Whether scoring would need the attribute: then it is evidence, no remedy to release.
    before, after : Ratio
        Burden of the group at equal risk.
    harm_before, harm_after : float
        Harm captured, in multiples of uniform visits, by the honest risk of the registry's firms.
    harm_lost : float
        Share of it that is lost.
    drawn_lost, drawn_lost_low, drawn_lost_high : float
        The same by the outcomes of the random draws themselves, with its 95 % interval.
    overlap : float
        Share of the firms most often visited that stay the same.
    tiers_changed : float
        Share of firms whose tier changes.
    works, closes : bool
        Whether a burden above that of the others falls enough for little enough harm; whether the
        gap is then closed.
    """

    remedy: str
    kind: str
    inputs: tuple[str, ...]
    needs_attribute: bool
    before: Ratio
    after: Ratio
    harm_before: float
    harm_after: float
    harm_lost: float
    drawn_lost: float
    drawn_lost_low: float
    drawn_lost_high: float
    overlap: float
    tiers_changed: float
    works: bool
    closes: bool

    @property
    def burden_fall(self) -> float:
        """Share by which the burden ratio falls."""
        return 1 - self.after.value / self.before.value


@dataclass(frozen=True, eq=False)
class _Trial:
    """Inputs of a refit: for the examples, for the case's rows, and their directions."""

    learn: pd.DataFrame
    ask: pd.DataFrame
    directions: Mapping[str, int]


class Remedies:
    """Refits of one case, each made once.

    Parameters
    ----------
    case : Case
    thresholds : Thresholds
    """

    def __init__(self, case: Case, thresholds: Thresholds) -> None:
        self.case, self.thresholds = case, thresholds
        self._made: dict[tuple[str, ...], tuple[Refit, Floats]] = {}
        self._before = case.frequencies(case.sample.likelihood)
        self._burdens: dict[str, Ratio] = {}

    def burden(self, contrast: Contrast) -> Ratio:
        """Return the burden at equal risk, by the release, of the group that a contrast watches."""
        if contrast.name not in self._burdens:
            self._burdens[contrast.name] = self._burden(contrast, self._before)
        return self._burdens[contrast.name]

    def _burden(self, contrast: Contrast, frequency: Floats) -> Ratio:
        case = self.case
        inside, known = watched(contrast)
        rows = case.registry
        return ratio(
            frequency[rows],
            inside[rows],
            known[rows],
            case.stratum[rows],
            1 - case.risk[rows],
            case.firms.controller[rows],
            case.seed,
        )

    def tried(self, name: str, contrast: Contrast) -> list[Effect]:
        """Return every remedy for an input that stands in for an attribute, mildest first."""
        effects = [self._effect(*trial, contrast) for trial in self._single(name, contrast)]
        last = next(effect for effect in effects if effect.kind == "drop")
        while last.before.value > 1 and not last.closes and len(last.inputs) <= MOST_TAKERS:
            taker = self._taker(last.inputs, contrast)
            if not taker:
                break
            inputs = (*last.inputs, taker)
            words = f"leave out {', '.join(inputs)}"
            last = self._effect(
                "drop with stand-ins",
                inputs,
                words,
                False,
                partial(self._without, inputs),
                contrast,
            )
            effects.append(last)
        return effects

    def _single(
        self, name: str, contrast: Contrast
    ) -> Iterator[tuple[str, tuple[str, ...], str, bool, Callable[[], _Trial]]]:
        one, examples = (name,), self.case.recipe.examples.X[name]
        low, high = (float(q) for q in examples.quantile(CAP_QUANTILES))
        if low < high:
            words = f"cap {name} between {low:g} and {high:g}"
            yield "capped", one, words, False, lambda: self._capped(name, low, high)
        yield "drop", one, f"leave out {name}", False, lambda: self._without(one)
        sign = -self._slope(name)
        if sign and self.case.recipe.likelihood.directions[name] == 0:
            words = f"let more of {name} only {'raise' if sign > 0 else 'lower'} the likelihood"
            yield "one direction", one, words, False, lambda: self._one_way(name, sign)
        if examples.nunique() >= LEAST_VALUES:
            words = f"give {name} the same spread in group and others at equal risk"
            yield "residualised", one, words, True, lambda: self._residualised(name, contrast)

    # ---- trials ----------------------------------------------------------------------------------

    def _without(self, names: tuple[str, ...]) -> _Trial:
        signs = self.case.recipe.likelihood.directions
        kept = {name: sign for name, sign in signs.items() if name not in names}
        return _Trial(self.case.recipe.examples.X, self.case.firms.X, kept)

    def _one_way(self, name: str, sign: int) -> _Trial:
        signs = {**self.case.recipe.likelihood.directions, name: sign}
        return _Trial(self.case.recipe.examples.X, self.case.firms.X, signs)

    def _capped(self, name: str, low: float, high: float) -> _Trial:
        learn, ask = (
            X.assign(**{name: X[name].clip(low, high)})
            for X in (self.case.recipe.examples.X, self.case.firms.X)
        )
        return _Trial(learn, ask, self.case.recipe.likelihood.directions)

    def _residualised(self, name: str, contrast: Contrast) -> _Trial:
        """Give an input its stratum's spread in the group as in the others, rank by rank.

        Ranks, since a shift of means moves a skewed input little and marks the group in a count. An
        example has the group and the stratum of its firm; firms outside the case keep their values.
        """
        case = self.case
        inside, known = watched(contrast)
        cell = np.where(known, 2 * case.stratum + inside, -1)
        own = pd.Series(cell[case.registry], index=case.firms.firm_key[case.registry])
        of_example = own.reindex(case.example_firm).fillna(-1).to_numpy(np.int64)
        x = case.firms.X[name].to_numpy(float)
        old = case.recipe.examples.X[name].to_numpy(float)
        learn = case.recipe.examples.X.assign(**{name: _evened(old, of_example)})
        ask = case.firms.X.assign(**{name: _evened(x, cell)})
        return _Trial(learn, ask, case.recipe.likelihood.directions)

    # ---- judging ---------------------------------------------------------------------------------

    def _effect(
        self,
        kind: str,
        inputs: tuple[str, ...],
        words: str,
        needs_attribute: bool,
        trial: Callable[[], _Trial],
        contrast: Contrast,
    ) -> Effect:
        key = (kind, contrast.name if needs_attribute else "", *inputs)
        chance = self._chance(key, trial)
        case, frequency = self.case, self.case.frequencies(chance)
        before, after = self.burden(contrast), self._burden(contrast, frequency)
        captured = [self._captured(f) for f in (self._before, frequency)]
        lost = 1 - captured[1] / captured[0]
        drawn_lost, low, high = self._loss(frequency)
        fall = 1 - after.value / before.value
        falls = before.value > 1 and fall >= self.thresholds.burden_falls
        limit = self.thresholds.harm_lost
        cheap = bool(lost < limit and not low > limit)
        rows, shares = case.registry, [c * case.severity for c in (case.sample.likelihood, chance)]
        one, two = (share[rows] for share in shares)
        return Effect(
            remedy=words,
            kind=kind,
            inputs=inputs,
            needs_attribute=needs_attribute,
            before=before,
            after=after,
            harm_before=captured[0],
            harm_after=captured[1],
            harm_lost=lost,
            drawn_lost=drawn_lost,
            drawn_lost_low=low,
            drawn_lost_high=high,
            overlap=overlap(one, two, case.budget.capacity),
            tiers_changed=changed(case.budget.tiers(one), case.budget.tiers(two)),
            works=bool(falls and cheap),
            closes=bool(abs(after.value - 1) <= CLOSED and cheap),
        )

    def _chance(self, key: tuple[str, ...], trial: Callable[[], _Trial]) -> Floats:
        if key not in self._made:
            made = trial()
            refit = self.case.recipe.refit(made.learn, made.directions)
            chance = refit.probability(made.ask, self.case.firms.controller)
            self._made[key] = refit, chance
        return self._made[key][1]

    def _captured(self, frequency: Floats) -> float:
        """Return the harm captured by the honest risk: far less noisy than few found violations."""
        rows, case = self.case.registry, self.case
        expected = (case.risk * case.severity)[rows]
        return harm_captured(frequency[rows], expected, np.ones(len(expected)))

    def _loss(self, frequency: Floats) -> tuple[float, float, float]:
        rows, case = self.case.drawn, self.case
        if not rows.any():
            return float("nan"), float("nan"), float("nan")
        harm, weight = case.harm[rows], case.sample.weight[rows]
        before, after = self._before[rows], frequency[rows]
        controller = case.firms.controller[rows]
        captured = [harm_captured(f, harm, weight) for f in (before, after)]
        ends = loss_interval(before, after, harm, weight, controller, case.seed)
        return 1 - captured[1] / captured[0], *ends

    def _slope(self, name: str) -> int:
        """Return the direction in which the input moves the margin: 1, -1 or 0."""
        x, phi = self.case.sample.X[name], self.case.sample.phi[name]
        known = x.notna()
        if phi[known].std() < 1e-9 or x[known].nunique() < 2:
            return 0
        return int(np.sign(np.corrcoef(x[known].rank(), phi[known])[0, 1]))

    def _taker(self, dropped: tuple[str, ...], contrast: Contrast) -> str:
        """Return the input that took most of the dropped ones' place and earns under half of it.

        Empty where there is none: an input that earns its weight on random draws is no stand-in.
        """
        case = self.case
        kind = "drop" if len(dropped) == 1 else "drop with stand-ins"
        self._chance((kind, "", *dropped), partial(self._without, dropped))
        refit = self._made[kind, "", *dropped][0]
        at = np.flatnonzero(case.registry)[:TAKER_ROWS]
        inside, known = watched(contrast)
        gap = _gap_within(
            refit.shares(case.firms.take(at)), inside[at], known[at], case.stratum[at]
        )
        able = [int(j) for j in np.argsort(-gap, kind="stable") if gap[j] >= TAKES_OVER]
        draws = np.flatnonzero(case.drawn)
        if not able or not len(draws):
            return ""
        shares = refit.shares(case.firms.take(draws))
        outcome, weight = case.sample.violation[draws], case.sample.weight[draws]
        alone, margin = np.eye(len(refit.columns), dtype=np.bool_), shares.sum(axis=1)
        for j in able:
            if not earned(shares, alone[j], j, margin, outcome, weight).beta >= HALF:
                return refit.columns[j]
        return ""


def _evened(x: Floats, cell: Rows) -> NDArray[np.float32]:
    """Map each side's quantiles within a stratum (cells 2 q and 2 q + 1) to those of both sides."""
    even = x.copy()
    for q in np.unique(cell[cell >= 0] // 2):
        both = (cell // 2 == q) & (cell >= 0) & np.isfinite(x)
        for side in (0, 1):
            here = both & (cell == 2 * q + side)
            if here.any():
                place = (rankdata(x[here]) - 0.5) / here.sum()
                even[here] = np.quantile(x[both], place)
    return even.astype(np.float32)


def watched(contrast: Contrast) -> tuple[Bools, Bools]:
    """Return who is in the group whose burden is watched, and of whom that is known, each (n,).

    Of a number the upper half is the group, or the lower one where that is the adverse end.
    """
    known = contrast.known
    middle = 0.5 if contrast.kind == "binary" else 0.0
    inside = known & (np.nan_to_num(contrast.a) > middle)
    return (known & ~inside if contrast.sign < 0 else inside), known


def _gap_within(phi: Floats, inside: Bools, known: Bools, stratum: Rows) -> Floats:
    """Return the mean difference of each column between group and others within strata."""
    total, mass = np.zeros(phi.shape[1]), 0.0
    for q in np.unique(stratum[known]):
        ours, theirs = known & inside & (stratum == q), known & ~inside & (stratum == q)
        if ours.any() and theirs.any():
            total += ours.sum() * (phi[ours].mean(axis=0) - phi[theirs].mean(axis=0))
            mass += ours.sum()
    return total / mass if mass else total


def cheapest(effects: list[Effect]) -> Effect | None:
    """Return the remedy to name: of those that work without the attribute, one that closes the gap.

    Among several the one that loses least harm, to a tenth of a per cent; of these the mildest.
    """
    able = [e for e in effects if e.works and not e.needs_attribute]
    able = [e for e in able if e.closes] or able
    return min(able, key=lambda e: round(max(e.harm_lost, 0.0), 3), default=None)
