"""What the legs say together of one input and one attribute, and what would settle the rest."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from risk_index.fairness.earned import HALF, Earned
from risk_index.fairness.gaps import LARGE_GAP, LEAST_GAP, Z_TWO_SIDED
from risk_index.fairness.strength import WEAK, Strength

IDLE_RATIO = 1 / 3  # least likelihood ratio of a suspect: odds of 3 to 1 are given before outcomes
MOST_ERROR = 0.9  # of the earned weight; above it outcomes must speak for idleness themselves
LEAST_VIOLATIONS = 100  # drawn; below, a legitimate factor is not yet told from an idle one


class Verdict(StrEnum):
    """From the worst to the mildest."""

    RED_CONFIRMED = "RED-confirmed"
    RED_SUSPECTED = "RED-suspected"
    AMBER = "AMBER"
    DISPARATE = "legitimate but disparate"
    INFO = "INFO"
    NONE = "none"

    @property
    def red(self) -> bool:
        """Whether a release must stop."""
        return self in (Verdict.RED_CONFIRMED, Verdict.RED_SUSPECTED)


@dataclass(frozen=True)
class Legs:
    """What was measured of one input, or block of inputs, for one contrast.

    Parameters
    ----------
    strength : by itself
    joint : with the partner of the model's paths that it adds most to; None if it adds to none
    gap, gap_error : adverse gap at equal risk, in log-odds, above 0 if it burdens those watched
    discovery : whether the gap counts, false discoveries controlled
    earned : what random-draw outcomes say
    firms : firms whose attribute is known
    """

    strength: Strength
    joint: Strength | None
    gap: float
    gap_error: float
    discovery: bool
    earned: Earned
    firms: int

    @property
    def tells(self) -> bool:
        """F1: the input tells the attribute, by itself or with a partner."""
        return self.strength.met or (self.joint is not None and self.joint.met)

    @property
    def suspect(self) -> bool:
        """F1 and F2: it tells the attribute and its contribution burdens the group."""
        return self.tells and self.discovery


@dataclass(frozen=True)
class Judgement:
    """A verdict, its reason in words, and the sample that would settle it (0: settled)."""

    verdict: Verdict
    reason: str
    draws_needed: int = 0
    firms_needed: int = 0


def judge(legs: Legs) -> Judgement:
    """Return the verdict on one input for one contrast."""
    if legs.suspect:
        return _judge_suspect(legs.earned)
    if legs.tells:
        return Judgement(Verdict.INFO, "tells the attribute; opens no adverse gap at equal risk")
    if _too_few_firms(legs):
        needed = int(np.ceil(legs.firms * (Z_TWO_SIDED * legs.gap_error / LEAST_GAP) ** 2))
        reason = "too few firms in the group to tell a gap from none"
        return Judgement(Verdict.AMBER, reason, firms_needed=needed)
    if legs.discovery:
        return Judgement(Verdict.INFO, "a gap at equal risk, but does not tell the attribute")
    return Judgement(Verdict.NONE, "neither tells the attribute nor opens an adverse gap")


def _judge_suspect(earned: Earned) -> Judgement:
    needed = int(earned.needed) if np.isfinite(earned.needed) else 0
    if earned.low > 0:
        part = "more than it earns" if earned.high < 1 else "what it earns"
        return Judgement(
            Verdict.DISPARATE, f"earns weight on random draws; the model gives it {part}"
        )
    ratio = IDLE_RATIO if earned.error <= MOST_ERROR else 1.0
    idle = np.isfinite(earned.error) and earned.likelihood_ratio >= ratio
    if idle and earned.beta < HALF and earned.high < 1:
        return Judgement(Verdict.RED_CONFIRMED, "earns less than its weight, beyond chance")
    if idle and earned.violations >= LEAST_VIOLATIONS:
        reason = "random-draw outcomes speak for its earning nothing, short of proof"
        return Judgement(Verdict.RED_SUSPECTED, reason, needed)
    if earned.violations < LEAST_VIOLATIONS or earned.error > MOST_ERROR:
        return Judgement(Verdict.AMBER, "too few random-draw outcomes to judge its weight", needed)
    return Judgement(Verdict.AMBER, "may earn its weight or not", needed)


def _too_few_firms(legs: Legs) -> bool:
    could_gap = legs.gap + Z_TWO_SIDED * legs.gap_error >= LARGE_GAP
    could_tell = legs.strength.high >= WEAK
    return could_gap and could_tell
