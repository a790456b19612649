"""Flags, remedies and pointers as they stand in ``audit.json``, and the verdicts in their order."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from risk_index.fairness.counterfactuals import Effect
from risk_index.fairness.gate import Waiver
from risk_index.fairness.verdicts import Verdict

ORDER = tuple(verdict.value for verdict in Verdict)
"""Verdicts, the gravest first."""
RED_CONFIRMED, RED_SUSPECTED, AMBER, DISPARATE, INFO, NONE = ORDER
DECIMALS = 6


def _measured(value: Any) -> float | None:
    """Return a number rounded for print, None where it was not measured."""
    if value is None:
        return None
    number = float(value)
    return round(number, DECIMALS) if math.isfinite(number) else None


Number = Annotated[float | None, BeforeValidator(_measured)]


class Found(BaseModel):
    """A part of ``audit.json``: frozen, and nothing in it but what is declared."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Measured(Found):
    """A figure with its 95 % interval; None where not measured."""

    value: Number = None
    low: Number = None
    high: Number = None


class Remedy(Found):
    """A remedy beside the release."""

    remedy: str
    kind: str
    inputs: tuple[str, ...]
    needs_attribute: bool
    burden_before: Measured
    burden_after: Measured
    burden_fall: Number
    harm_before: Number
    harm_after: Number
    harm_lost: Number
    drawn_lost: Measured
    overlap: Number
    tiers_changed: Number
    works: bool
    closes: bool

    @classmethod
    def of(cls, effect: Effect) -> Remedy:
        """Take the effect of a remedy."""
        before, after = effect.before, effect.after
        return cls(
            remedy=effect.remedy,
            kind=effect.kind,
            inputs=effect.inputs,
            needs_attribute=effect.needs_attribute,
            burden_before=Measured(value=before.value, low=before.low, high=before.high),
            burden_after=Measured(value=after.value, low=after.low, high=after.high),
            burden_fall=effect.burden_fall,
            harm_before=effect.harm_before,
            harm_after=effect.harm_after,
            harm_lost=effect.harm_lost,
            drawn_lost=Measured(
                value=effect.drawn_lost, low=effect.drawn_lost_low, high=effect.drawn_lost_high
            ),
            overlap=effect.overlap,
            tiers_changed=effect.tiers_changed,
            works=effect.works,
            closes=effect.closes,
        )


class Flag(Found):
    """One finding: an input and the attribute that it stands in for.

    Attributes
    ----------
    input, attribute, group : str
        Inputs that act together are joined by " + ".
    verdict : str
        One of ORDER.
    legs : tuple of str
        Legs that are met, such as F1, F2, F4.
    strength, gap, weight : Measured
        F1: area under the curve. F2: log-odds. F4: share of its weight that it earns.
    null_band : float
        Half width of the gap's 95 % band by chance.
    n : int
        Firms compared; random draws with an outcome.
    n_draws, n_needed : float
        Random draws with an outcome, and how many would settle F4.
    said : str
        The finding in words.
    """

    input: str
    attribute: str
    group: str
    verdict: str
    legs: tuple[str, ...] = ()
    strength: Measured = Measured()
    gap: Measured = Measured()
    null_band: Number = None
    weight: Measured = Measured()
    n: int = 0
    n_draws: int = 0
    n_needed: Number = None
    said: str = ""
    remedies: tuple[Remedy, ...] = ()
    named: Remedy | None = None
    waiver: Waiver | None = None

    @property
    def red(self) -> bool:
        """Whether it stops the release."""
        return self.verdict in (RED_CONFIRMED, RED_SUSPECTED)

    def line(self) -> str:
        """Return the finding with its remedy and waiver, in a line."""
        who = f"{self.attribute} {self.group}".rstrip()
        remedy = f"; remedy: {self.named.remedy}" if self.named else ""
        signed = f"; signed for by {self.waiver.person}" if self.waiver else ""
        return f"{self.verdict}: {self.input} stands in for {who}{remedy}{signed}"


class Look(Found):
    """Where to look: all inputs together against one group; no finding against an input.

    Attributes
    ----------
    told : Measured
        Area under the curve by which all inputs tell the group at equal risk.
    load : float
        Share of the margin's variance that moves with the group at equal risk (F2').
    most_input, most_load : str, float
        The input with the largest part of it.
    treatment_auc, treatment_p : float
        Whether the contributions tell the group (F3).
    look : bool
        Whether load or unequal treatment asks for a look.
    """

    attribute: str
    group: str
    told: Measured
    load: Number
    most_input: str
    most_load: Number
    treatment_auc: Number
    treatment_p: Number
    look: bool


def in_order(flags: list[Flag]) -> tuple[Flag, ...]:
    """Return flags from the gravest verdict on, by attribute and input."""
    return tuple(
        sorted(flags, key=lambda f: (ORDER.index(f.verdict), f.attribute, f.group, f.input))
    )
