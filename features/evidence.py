"""What stands behind a feature: how many events it counts, and the days of the first and the last.

They are computed from the same events as the matrix and see what it sees: records known on the as-of
date, in force on it. No model reads them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

import ibis
import numpy as np
import pandas as pd

from features.asof import Snapshot
from features.assembly import EVENTS
from features.catalogue import in_use
from features.compiled import prepared
from features.feature import (
    Count,
    Distinct,
    Fact,
    Feature,
    Largest,
    Others,
    Peers,
    Ratio,
    Smallest,
    Where,
    aggregate,
    where,
)
from features.permits import permits_seen
from features.ratings import VALID_DAYS
from features.sector import required_permits

JUDGED, VIOLATED = where(judged=True), where(violated=True)
VALID, LAPSED, LET_LAPSE = where(is_valid=True), where(has_lapsed=True), where(let_lapse=True)
REQUIRED = where(is_valid=True, is_required=True)
_OF_COLUMN = {
    "one": JUDGED,
    "hit": VIOLATED,
    "harm_found": VIOLATED,
    "harm_seen": JUDGED,
    "days_lapsed": LAPSED,
    "days_left": VALID,
}
"""Events that a column without a condition of its own is about."""
_DAYS = {VALID: "days_left", LAPSED: "days_lapsed", LET_LAPSE: "days_uncovered"}
_DAYS |= {where(state=state): "days_changed" for state in ("revoked", "suspended", "cancelled")}
_DISTINCT = {LAPSED: "kind", REQUIRED: "kind"}
"""What is counted by its different values: a permit has many terms."""


@dataclass(frozen=True)
class Kind:
    """A kind of event: those of a table that fulfil a condition, within a window."""

    table: str
    where: Where = ()
    within_days: int | None = None

    @property
    def days(self) -> str:
        """Column that says how many days ago (of ``days_left``: ahead)."""
        return _DAYS.get(self.where, "age_days")

    @property
    def name(self) -> str:
        """Name of the kind, from which those of its features are made."""
        condition = "_".join(str(part) for pair in self.where for part in pair)
        return f"{self.table}_{condition or 'all'}_{self.within_days or 'ever'}"

    @property
    def features(self) -> tuple[Feature, ...]:
        """Number of events, days since the first and since the last."""
        return _features(self)


@cache
def _features(kind: Kind) -> tuple[Feature, ...]:
    """Return a kind's features; reasons ask for them again and again."""
    column = _DISTINCT.get(kind.where)
    measures = {
        "n": Distinct(column, kind.where) if column else Count(kind.where),
        "first": Largest(kind.days, kind.where),
        "last": Smallest(kind.days, kind.where),
    }
    return tuple(
        Feature(
            f"{part}_{kind.name}",
            f"{part} of {kind.name}",
            "count" if part == "n" else "days",
            "evidence",
            kind.table,
            measure,
            "",
            within_days=kind.within_days,
            dated=kind.days,
            likelihood=None,
        )
        for part, measure in measures.items()
    )


@dataclass(frozen=True)
class Evidence:
    """Events behind a number: how many, and their first and last day; no day where there is none."""

    count: int
    first: dt.date | None
    last: dt.date | None


def kind_of(feature: Feature) -> Kind | None:
    """Return the events that a feature counts; None for what is no firm's own event.

    >>> from features.catalogue import BY_NAME
    >>> kind_of(BY_NAME["violation_rate_365d"])
    Kind(table='inspections', where=(('violated', True),), within_days=None)
    """
    measure = feature.measure
    if isinstance(measure, Ratio):
        return kind_of(measure.of)
    if isinstance(measure, Fact | Others | Peers):
        return None
    meant = measure.where or _OF_COLUMN.get(getattr(measure, "column", ""), ())
    return Kind(feature.table, meant, feature.within_days)


def kinds(features: Iterable[Feature]) -> tuple[Kind, ...]:
    """Return the kinds of event behind features, each once."""
    found = (kind_of(feature) for feature in features)
    return tuple(dict.fromkeys(kind for kind in found if kind is not None))


def recorder(snapshot: Snapshot, features: Iterable[Feature]) -> Callable[[], pd.DataFrame]:
    """Return what fetches the evidence of `features` for the firms of a spine that have any.

    Parameters
    ----------
    snapshot : Snapshot
        Of one date; its spine is a table, whose rows may change between calls.
    features : iterable of Feature

    Returns
    -------
    callable
        Returns ``firm_key`` and, of each kind of event behind the features, its number and days.
    """
    required, by_table = required_permits(snapshot), _by_table(features).items()
    found = [prepared(snapshot, _of_table, *of_table, required=required) for of_table in by_table]
    return lambda: _merged([rows() for rows in found])


def evidence_tables(
    snapshot: Snapshot, features: Iterable[Feature], required: ibis.Table
) -> list[ibis.Table]:
    """Return the evidence of `features`, a table for each record table: ``firm_key``, numbers, days.

    Parameters
    ----------
    snapshot : Snapshot
    features : iterable of Feature
    required : ibis.Table
        Of :func:`features.sector.required_permits`.
    """
    by_table = _by_table(features).items()
    return [_of_table(snapshot, *of_table, required=required) for of_table in by_table]


def _by_table(features: Iterable[Feature]) -> dict[str, tuple[Kind, ...]]:
    found: dict[str, tuple[Kind, ...]] = {}
    for kind in kinds(features):
        found[kind.table] = (*found.get(kind.table, ()), kind)
    return found


def _merged(tables: list[pd.DataFrame]) -> pd.DataFrame:
    keys = np.unique(np.concatenate([table.firm_key for table in tables]))
    firms = pd.DataFrame({"firm_key": keys})
    for table in tables:
        firms = firms.merge(table, on="firm_key", how="left", validate="1:1")
    return firms


def _of_table(
    snapshot: Snapshot, table: str, wanted: tuple[Kind, ...], *, required: ibis.Table
) -> ibis.Table:
    seen = EVENTS | {
        "permits": lambda snapshot: permits_seen(snapshot, required),
        "ratings": _ratings,
    }
    events = seen[table](snapshot)
    columns = [feature for kind in wanted for feature in kind.features]
    sums = {f.name: aggregate(f, events).cast("float64") for f in columns}
    return events.group_by("firm_key").aggregate(**sums)


def _ratings(snapshot: Snapshot) -> ibis.Table:
    rows = snapshot.events("ratings", "rated_on")
    return rows.filter(rows.age_days < VALID_DAYS)


def speaking() -> tuple[Feature, ...]:
    """Return the features that a model reads, of which a reason may speak."""
    return tuple(f for f in in_use() if f.likelihood is not None or f.severity is not None)


def evidence(kind: Kind, value: Callable[[str], float], as_of: dt.date) -> Evidence:
    """Return the evidence of a kind from a firm's row of the matrix, read by feature name."""
    count, first, last = (value(feature.name) for feature in kind.features)
    ahead = kind.days == "days_left"
    number = 0 if count != count else int(count)
    return Evidence(number, _day(first, as_of, ahead), _day(last, as_of, ahead))


def _day(days: float, as_of: dt.date, ahead: bool) -> dt.date | None:
    if days != days:
        return None
    gap = dt.timedelta(days=int(days))
    return as_of + gap if ahead else as_of - gap
