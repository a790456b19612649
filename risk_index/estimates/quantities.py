"""The rows of one quantity in one domain and arm: every estimator, the naive mean, what is missing."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from risk_index.survey import estimators
from risk_index.survey.design import Floats, Sample, effective_size
from risk_index.survey.estimators import Domain, Mean
from risk_index.survey.intervals import amount_interval, rate_interval

RATE, HARM, TOTAL = "violation rate", "harm per firm", "harm total"
NAIVE_NOTE = (
    "unweighted mean of what visits found, which go where harm is expected: not the registry's"
)
INDEX_NOTE = "what the visits led by the index found; they alone say nothing about the registry"
REPLACED_NOTE = "{} replaced: the visit to the replacement counts, its outcome does not"
MISSING_NOTE = (
    "{:.1%} of the firms stood for have no outcome; the others of their stratum stand for them"
)
WITHOUT_NOTE = "{} firms of the frames had no chance in this arm and are left out"
BOUNDS_NOTE = (
    "every firm without outcome compliant (low) or violating (high), with its predicted severity"
)

UNUSABLE = {
    RATE: "the estimate falls outside 0 to 1",
    HARM: "the standard error exceeds the estimate",
}


@dataclass(frozen=True)
class Least:
    """The size below which no number is given.

    Attributes
    ----------
    outcomes : int
        Outcomes, at least 2.
    n_eff : float
        Their effective number, by Kish.
    violations : int
        Violations found; asked of harm only, whose every unit comes from them.
    """

    outcomes: int = 30
    n_eff: float = 30.0
    violations: int = 30


@dataclass(frozen=True)
class Part:
    """One quantity of one domain in one arm.

    Attributes
    ----------
    quantity : str
        `RATE` or `HARM`.
    arm : {"both", "floor", "index"}
        Whose firms these are.
    y, most, predicted : ndarray, shape (n,)
        What was found (missing: NaN), the most it may have been, what the model had predicted.
    predicted_mean : float
        The mean prediction of the domain's firms in the frame.
    sample : Sample
        How the firms were observed.
    domain : Domain
        Which of them belong to it.
    counts : dict
        ``n_planned, n_visited, n_replaced, n_violations`` of the firms drawn; ``n_without``, firms of the
        frame that had no chance.
    """

    quantity: str
    arm: str
    y: Floats
    most: Floats
    predicted: Floats
    predicted_mean: float
    sample: Sample
    domain: Domain
    counts: dict[str, int]

    @property
    def n_outcome(self) -> int:
        """Firms of the domain whose outcome is known."""
        return int((self.domain.members & self.sample.answered).sum())

    @property
    def n_eff(self) -> float:
        """Their effective number; that of the index arm, which is not weighted, is the number itself."""
        if self.arm == "index":
            return float(self.n_outcome)
        return effective_size(self.sample.weight * self.domain.members)

    @property
    def missing_share(self) -> float:
        """Share of the design weight of the domain's firms without outcome."""
        weight = self.sample.design_weight * self.domain.members
        missing = float(weight[~self.sample.answered].sum())
        return missing / float(weight.sum()) if missing else 0.0


def part_rows(part: Part, least: Least, level: float) -> Iterator[dict[str, Any]]:
    """Yield a row an estimator, and one of bounds where outcomes are missing.

    The index arm leaves firms out that stand at their floor: it is told naively only.
    """
    size = {"n_outcome": part.n_outcome, "n_eff": part.n_eff, **part.counts}
    few = too_few(part, least)
    names = ("Horvitz-Thompson", "Hajek", "difference", "naive")
    for name in names if part.arm != "index" else names[-1:]:
        head = {"quantity": part.quantity, "estimator": name, **size}
        yield head | ({"note": f"insufficient data: {few}"} if few else _told(name, part, level))
    if part.arm != "index" and not few and part.missing_share > 0:
        low, high = estimators.bounds(
            _filled(part, 0.0), _filled(part, part.most), part.sample, part.domain
        )
        head = {"quantity": part.quantity, "estimator": "bounds", **size}
        yield head | {"low": low, "high": high, "note": BOUNDS_NOTE}


def too_few(part: Part, least: Least) -> str:
    """Say what is short of the least size; empty where nothing is."""
    asked = [("outcomes", part.n_outcome, least.outcomes), ("n_eff", part.n_eff, least.n_eff)]
    if part.quantity == HARM:
        asked.append(("violations", part.counts["n_violations"], least.violations))
    return ", ".join(f"{name} {have:.4g} of {need:g}" for name, have, need in asked if have < need)


def _told(name: str, part: Part, level: float) -> dict[str, Any]:
    mean = _mean(name, part)
    if name == "naive":
        note = INDEX_NOTE if part.arm == "index" else NAIVE_NOTE
        return {"estimate": mean.value, "note": note}
    if not _possible(mean, part.quantity):
        return {"note": "insufficient data: " + UNUSABLE[part.quantity]}
    low, high = _interval(mean, part, level)
    return {
        "estimate": mean.value,
        "low": low,
        "high": high,
        "standard_error": math.sqrt(mean.variance),
        "design_effect": mean.design_effect,
        "note": "; ".join(_notes(part)),
    }


def _possible(mean: Mean, quantity: str) -> bool:
    """Tell whether a rate lies within 0 and 1, and whether harm exceeds its standard error."""
    if quantity == RATE:
        return 0 <= mean.value <= 1
    return mean.value > 0 and mean.variance <= mean.value**2


def _mean(name: str, part: Part) -> Mean:
    if name == "difference":
        return estimators.difference(
            part.y, part.predicted, part.predicted_mean, part.sample, part.domain
        )
    by_name = {
        "Horvitz-Thompson": estimators.horvitz_thompson,
        "Hajek": estimators.hajek,
        "naive": estimators.naive,
    }
    return by_name[name](part.y, part.sample, part.domain)


def _interval(mean: Mean, part: Part, level: float) -> tuple[float, float]:
    df = min(mean.df, part.n_eff - 1.0)
    if part.quantity == RATE:
        return rate_interval(mean.value, mean.variance, part.n_eff, df, level)
    return amount_interval(mean.value, mean.variance, df, level)


def _notes(part: Part) -> Iterator[str]:
    if part.missing_share > 0:
        yield MISSING_NOTE.format(part.missing_share)
    if part.counts["n_replaced"]:
        yield REPLACED_NOTE.format(part.counts["n_replaced"])
    if part.counts["n_without"]:
        yield WITHOUT_NOTE.format(part.counts["n_without"])


def _filled(part: Part, value: Floats | float) -> Floats:
    return np.where(part.sample.answered, part.y, value)
