"""What an audit found, as it stands in ``audit.json``: typed, versioned, without clock times."""

from __future__ import annotations

import datetime as dt
import math
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from risk_index.fairness.burden import Ratio
from risk_index.fairness.counterfactuals import Effect
from risk_index.fairness.gate import Waiver
from risk_index.fairness.lineage import DirectUse
from risk_index.fairness.manipulation import Manipulation

SCHEMA_VERSION = "1.0"
RED_CONFIRMED, RED_SUSPECTED = "RED-confirmed", "RED-suspected"
AMBER, INFO, NONE = "AMBER", "INFO", "none"
DISPARATE = "legitimate but disparate"
ORDER = (RED_CONFIRMED, RED_SUSPECTED, AMBER, DISPARATE, INFO, NONE)
JOINED = " + "
"""Between inputs that act together."""
DECIMALS = 6


def _measured(value: Any) -> float | None:
    """Return a number rounded for print, None where it was not measured."""
    if value is None:
        return None
    number = float(value)
    return round(number, DECIMALS) if math.isfinite(number) else None


Number = Annotated[float | None, BeforeValidator(_measured)]


class _Found(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Measured(_Found):
    """A figure with its 95 % interval; None where not measured."""

    value: Number = None
    low: Number = None
    high: Number = None


class Burden(_Found):
    """Burden of a group over that of the others at equal risk."""

    attribute: str
    group: str
    ratio: Measured
    group_a_year: Number
    others_a_year: Number
    n: int
    n_eff: Number

    @classmethod
    def of(cls, attribute: str, group: str, found: Ratio) -> Burden:
        """Take a burden ratio."""
        return cls(
            attribute=attribute,
            group=group,
            ratio=Measured(value=found.value, low=found.low, high=found.high),
            group_a_year=found.group,
            others_a_year=found.others,
            n=found.n,
            n_eff=found.n_eff,
        )


class Remedy(_Found):
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


class Flag(_Found):
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


class Look(_Found):
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


class Direct(_Found):
    """An input that follows from an attribute."""

    input: str
    attribute: str
    how: str
    exempt: bool
    basis: str

    @classmethod
    def of(cls, use: DirectUse) -> Direct:
        """Take a direct use."""
        return cls(
            input=use.name, attribute=use.attribute, how=use.how, exempt=use.exempt, basis=use.basis
        )


class Moves(_Found):
    """How far an attack reaches."""

    name: str
    title: str
    by: str
    reachable: bool
    inputs: tuple[str, ...]
    passed: bool
    if_failed: str
    said: str
    reason: str
    moved: tuple[dict[str, Any], ...]
    least: tuple[dict[str, Any], ...]

    @classmethod
    def of(cls, found: Manipulation) -> Moves:
        """Take the result of an attack."""
        attack = found.attack
        return cls(
            name=attack.name,
            title=attack.title,
            by=attack.by,
            reachable=found.reachable,
            inputs=found.inputs,
            passed=found.passed,
            if_failed=attack.if_failed,
            said=found.said,
            reason=attack.reason,
            moved=found.moved,
            least=found.least,
        )


class AuditedColumn(_Found):
    """An audited attribute and of how many firms it is known."""

    name: str
    title: str
    kind: str
    groups: dict[str, int]
    known_share: Number
    shown: bool


class Outcome(_Found):
    """One measure of one group on random draws."""

    attribute: str
    group: str
    measure: str
    value: Number
    low: Number
    high: Number
    n: int
    n_eff: Number
    note: str


class Override(_Found):
    """Overrides of one group."""

    attribute: str
    group: str
    n_firms: int
    overrides: int
    rate: Number
    lowered: Number
    lowered_low: Number
    lowered_high: Number
    note: str


class Audit(_Found):
    """The whole audit.

    Attributes
    ----------
    n_tests : int
        Inputs and blocks times groups that were looked at; those without a finding are not listed.
    join_rate, unmatched : float, int
        Share of the compared firms that the attributes file names; its rows that name none of them.
    level : float
        False discovery rate of this audit.
    stops : tuple of (input, attribute)
        RED findings that nobody has signed for.
    """

    schema_version: str = SCHEMA_VERSION
    model_version: str
    as_of: dt.date
    n_firms: int
    n_compared: int
    n_draws: int
    n_violations: int
    join_rate: Number
    unmatched: int
    level: Number
    spending: str
    attributes: tuple[AuditedColumn, ...]
    missing: tuple[str, ...]
    not_audited: tuple[str, ...]
    direct: tuple[Direct, ...]
    n_tests: int
    flags: tuple[Flag, ...]
    looks: tuple[Look, ...]
    burdens: tuple[Burden, ...]
    outcomes: tuple[Outcome, ...]
    manipulation: tuple[Moves, ...]
    overrides: tuple[Override, ...]
    waived: tuple[Waiver, ...]
    lapsed: tuple[Waiver, ...]
    unused_waivers: tuple[Waiver, ...]
    stops: tuple[tuple[str, str], ...]
    passed: bool
    notes: tuple[str, ...]

    @property
    def red(self) -> tuple[Flag, ...]:
        """Findings that stop the release, waived or not."""
        return tuple(flag for flag in self.flags if flag.red)

    def lines(self) -> list[str]:
        """Return what to tell the user: how many findings of each verdict, and every RED."""
        counts = dict.fromkeys(ORDER, 0)
        for flag in self.flags:
            counts[flag.verdict] += 1
        said = ", ".join(f"{verdict} {n}" for verdict, n in counts.items() if n)
        return [f"fairness audit: {said or 'no findings'}", *(flag.line() for flag in self.red)]


def in_order(flags: list[Flag]) -> tuple[Flag, ...]:
    """Return flags from the gravest verdict on, by attribute and input."""
    return tuple(
        sorted(flags, key=lambda f: (ORDER.index(f.verdict), f.attribute, f.group, f.input))
    )
