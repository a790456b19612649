"""Remedies (F5): what the release would have done without an input, and what that would have cost.

Every remedy is the release's recipe with an input left out, capped, held to one direction or freed of
what the attribute tells, fitted anew and judged beside the release on the same firms. The severity is
held as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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
from risk_index.fairness.trials import DROP, Proposal, dropped, proposals, watched

CLOSED = 0.03
"""A burden ratio this near to 1 counts as closed."""
TAKES_OVER = 0.004
"""Log-odds by which another input's gap grows when it takes a dropped input's place."""
MOST_TAKERS = 6
TAKER_ROWS = 5000


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
        effects = [self.effect(one, contrast) for one in proposals(self.case, name, contrast)]
        last = next(effect for effect in effects if effect.kind == DROP)
        while last.before.value > 1 and not last.closes and len(last.inputs) <= MOST_TAKERS:
            taker = self._taker(last.inputs, contrast)
            if not taker:
                break
            last = self.effect(dropped(self.case, (*last.inputs, taker)), contrast)
            effects.append(last)
        return effects

    def effect(self, proposal: Proposal, contrast: Contrast) -> Effect:
        """Return a remedy beside the release, for the group that a contrast watches."""
        chance = self._chance(proposal, contrast)
        frequency = self.case.frequencies(chance)
        before, after = self.burden(contrast), self._burden(contrast, frequency)
        captured = [self._captured(f) for f in (self._before, frequency)]
        lost = 1 - captured[1] / captured[0]
        drawn_lost, low, high = self._loss(frequency)
        cheap = self._cheap(lost, low)
        kept, tiers_changed = self._moved(chance)
        return Effect(
            remedy=proposal.words,
            kind=proposal.kind,
            inputs=proposal.inputs,
            needs_attribute=proposal.needs_attribute,
            before=before,
            after=after,
            harm_before=captured[0],
            harm_after=captured[1],
            harm_lost=lost,
            drawn_lost=drawn_lost,
            drawn_lost_low=low,
            drawn_lost_high=high,
            overlap=kept,
            tiers_changed=tiers_changed,
            works=cheap and self._falls(before, after),
            closes=cheap and bool(abs(after.value - 1) <= CLOSED),
        )

    def _cheap(self, lost: float, drawn_low: float) -> bool:
        """Tell whether little harm is lost, and the draws do not contradict."""
        limit = self.thresholds.harm_lost
        return bool(lost < limit and not drawn_low > limit)

    def _falls(self, before: Ratio, after: Ratio) -> bool:
        """Tell whether a burden above that of the others falls by enough."""
        fall = 1 - after.value / before.value
        return bool(before.value > 1 and fall >= self.thresholds.burden_falls)

    def _moved(self, chance: Floats) -> tuple[float, float]:
        """Return the share of the firms visited most that stay, and of tiers that change."""
        case, rows = self.case, self.case.registry
        one, two = ((c * case.severity)[rows] for c in (case.sample.likelihood, chance))
        tiers = [case.budget.tiers(harm) for harm in (one, two)]
        return overlap(one, two, case.budget.capacity), changed(*tiers)

    def _chance(self, proposal: Proposal, contrast: Contrast) -> Floats:
        return self._refit(proposal, contrast)[1]

    def _refit(self, proposal: Proposal, contrast: Contrast) -> tuple[Refit, Floats]:
        of = contrast.name if proposal.needs_attribute else ""
        key = (proposal.kind, of, *proposal.inputs)
        if key not in self._made:
            made = proposal.trial()
            refit = self.case.recipe.refit(made.learn, made.directions)
            self._made[key] = refit, refit.probability(made.ask, self.case.firms.controller)
        return self._made[key]

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

    def _taker(self, gone: tuple[str, ...], contrast: Contrast) -> str:
        """Return the input that took most of the dropped ones' place and earns under half of it.

        Empty where there is none: an input that earns its weight on random draws is no stand-in.
        """
        case = self.case
        refit = self._refit(dropped(case, gone), contrast)[0]
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
