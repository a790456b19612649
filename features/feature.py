"""What a feature is: a frozen declaration that a person can read and an engine can compute."""

from __future__ import annotations

import math
from dataclasses import dataclass

import ibis
from ibis import ir

NEVER_DAYS = 3650.0
"""Days "since" something that never happened, and the most that any such feature counts."""

SCALE = 1_000_000
"""Weights are summed as whole millionths, so that the sum is the same in any order of rows."""

Where = tuple[tuple[str, object], ...]


def where(**equal: object) -> Where:
    """Return the condition that columns of an event equal these values."""
    return tuple(equal.items())


@dataclass(frozen=True)
class Count:
    """Number of events."""

    where: Where = ()

    def over(self, events: ibis.Table, holds: ir.BooleanValue) -> ir.Scalar:
        """Return the aggregate over the events for which `holds` is true."""
        return holds.ifelse(1, 0).sum()


@dataclass(frozen=True)
class Total:
    """Sum of a column, each value rounded to whole parts of 1/scale first; `cap` at most.

    The parts are millionths, of money cents.
    """

    column: str
    where: Where = ()
    scale: int = SCALE
    cap: float = math.inf

    def over(self, events: ibis.Table, holds: ir.BooleanValue) -> ir.Scalar:
        """Return the aggregate over the events for which `holds` is true."""
        total = _exact_sum(events[self.column], holds, self.scale)
        return total if math.isinf(self.cap) else total.clip(upper=self.cap)


@dataclass(frozen=True)
class Decayed:
    """Sum of a column, a value halving every `half_life_days`; each rounded to whole millionths."""

    column: str
    half_life_days: int
    where: Where = ()

    def over(self, events: ibis.Table, holds: ir.BooleanValue) -> ir.Scalar:
        """Return the aggregate over the events for which `holds` is true."""
        fade = (events.age_days.cast("float64") * (-math.log(2) / self.half_life_days)).exp()
        return _exact_sum(events[self.column] * fade, holds, SCALE)


@dataclass(frozen=True)
class Largest:
    """Largest value of a column."""

    column: str
    where: Where = ()

    def over(self, events: ibis.Table, holds: ir.BooleanValue) -> ir.Scalar:
        """Return the aggregate over the events for which `holds` is true."""
        return holds.ifelse(events[self.column], None).max()


@dataclass(frozen=True)
class Smallest:
    """Smallest value of a column."""

    column: str
    where: Where = ()

    def over(self, events: ibis.Table, holds: ir.BooleanValue) -> ir.Scalar:
        """Return the aggregate over the events for which `holds` is true."""
        return holds.ifelse(events[self.column], None).min()


@dataclass(frozen=True)
class Distinct:
    """Number of different values of a column."""

    column: str
    where: Where = ()

    def over(self, events: ibis.Table, holds: ir.BooleanValue) -> ir.Scalar:
        """Return the aggregate over the events for which `holds` is true."""
        return holds.ifelse(events[self.column], None).nunique()


Aggregate = Count | Total | Decayed | Largest | Smallest | Distinct


@dataclass(frozen=True)
class Fact:
    """A column of the firm itself, its sector or its region, as known on the day."""

    column: str


@dataclass(frozen=True)
class Others:
    """The same feature summed over the controller's other open firms; 0 without a controller."""

    of: Feature


@dataclass(frozen=True)
class Ratio:
    """One feature over another; a prior of `strength` events at rate `prior` steadies it.

    ``(of + strength * prior) / (over + strength)``; the feature's ``if_none`` where below the line is 0.
    With `above` only what that exceeds the prior by, 0 at least.
    """

    of: Feature
    over: Feature
    prior: Feature | None = None
    strength: float = 0.0
    above: bool = False


@dataclass(frozen=True)
class Peers:
    """A group's rate as it would be without the firm's own events: ``rate - pull * own``, 0 at least.

    `pull` is what one event adds to the rate.
    """

    rate: Feature
    own: Feature
    pull: Feature


Measure = Aggregate | Fact | Others | Ratio | Peers


@dataclass(frozen=True)
class Feature:
    """A number about a firm on a day.

    Attributes
    ----------
    name : str
        Column of the matrix.
    title : str
        What it says, in words that fit into a reason.
    unit : str
        Unit of the number.
    topic : str
        Heading under which the reasons add it up.
    table : str
        Record table that it reads.
    measure : Measure
        How it is computed.
    within_days : int or None
        Only events of so many days before the as-of date; None for all of them.
    dated : str
        Column of the days that `within_days` counts: since the event, or since the state that the
        feature counts took effect.
    if_none : float
        Value of a firm without any such event (NaN: not known).
    basis : str
        Legal ground of holding and using the record.
    likelihood, severity : int or None
        Whether the model uses the feature, and the direction in which a larger value may move it: 1 up,
        -1 down, 0 either way, None not used.
    rival : bool
        Whether a simple method that is judged beside the models reads it.
    note : str
        What a firm's row says in ``notes`` where the feature is above 0; empty for nothing.
    """

    name: str
    title: str
    unit: str
    topic: str
    table: str
    measure: Measure
    basis: str
    within_days: int | None = None
    dated: str = "age_days"
    if_none: float = 0.0
    likelihood: int | None = 0
    severity: int | None = None
    rival: bool = False
    note: str = ""

    @property
    def parents(self) -> tuple[Feature, ...]:
        """Features that this one is computed from."""
        measure = self.measure
        if isinstance(measure, Others):
            return (measure.of,)
        if isinstance(measure, Peers):
            return (measure.rate, measure.own, measure.pull)
        if isinstance(measure, Ratio):
            return tuple(f for f in (measure.of, measure.over, measure.prior) if f is not None)
        return ()


def aggregate(feature: Feature, events: ibis.Table) -> ir.Scalar:
    """Return the feature's aggregate over a table of events with ``age_days``."""
    measure = feature.measure
    if isinstance(measure, Fact | Others | Ratio | Peers):
        raise TypeError(f"{feature.name} is no aggregate of events")
    holds: ir.BooleanValue = events.age_days >= 0
    if feature.within_days is not None:
        holds = holds & (events[feature.dated] < feature.within_days)
    for column, value in measure.where:
        holds = holds & (events[column] == value).fill_null(False)
    return measure.over(events, holds)


def _exact_sum(values: ir.NumericValue, holds: ir.BooleanValue, scale: int) -> ir.Scalar:
    """Sum doubles as whole parts of 1/scale: exact, so free of the order of rows."""
    parts = whole_parts(values, scale)
    return holds.ifelse(parts, None).sum().cast("float64") / float(scale)


def whole_parts(values: ir.NumericValue, scale: int = SCALE) -> ir.IntegerValue:
    """Return values as whole parts of 1/scale; beyond 9.2e18 parts they overflow."""
    return (values * float(scale)).round().cast("int64")
