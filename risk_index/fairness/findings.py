"""What an audit found, as it stands in ``audit.json``: typed, versioned, without clock times."""

from __future__ import annotations

import datetime as dt
from typing import Any

from risk_index.fairness.burden import Ratio
from risk_index.fairness.flags import AMBER, ORDER, Flag, Found, Look, Measured, Number
from risk_index.fairness.gate import Waiver
from risk_index.fairness.lineage import DirectUse
from risk_index.fairness.manipulation import Manipulation

SCHEMA_VERSION = "1.0"


class Burden(Found):
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


class Direct(Found):
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


class Moves(Found):
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


class AuditedColumn(Found):
    """An audited attribute and of how many firms it is known."""

    name: str
    title: str
    kind: str
    groups: dict[str, int]
    known_share: Number
    shown: bool


class Outcome(Found):
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


class Override(Found):
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


class Audit(Found):
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

    @property
    def inconclusive(self) -> int:
        """How many findings the data do not settle: groups not compared, weights not told."""
        return sum(flag.verdict == AMBER and "F6" not in flag.legs for flag in self.flags)

    def lines(self) -> list[str]:
        """Return what to tell the user: how many findings of each verdict, and every RED."""
        counts = dict.fromkeys(ORDER, 0)
        for flag in self.flags:
            counts[flag.verdict] += 1
        said = ", ".join(f"{verdict} {n}" for verdict, n in counts.items() if n)
        return [f"fairness audit: {said or 'no findings'}", *(flag.line() for flag in self.red)]
