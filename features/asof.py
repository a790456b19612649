"""Snapshot: what had been recorded of each firm by its as-of date, and nothing else.

The only cut is on ``recorded_on``. A fact that ends later (a repair, a removal, a closure, a change of
status) is seen as it stood on the as-of date.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import ibis
import pandas as pd
from ibis import ir
from ibis.expr.operations import DatabaseTable

from features.decisions import DECISION_COLUMNS, recorded_again, recorded_once
from features.records import Records
from features.working import drop, written

UNSTATED = ""
"""Sector or region of firms that state none."""
KEYS = ("firm_key", "as_of")


@dataclass(frozen=True)
class GracePeriod:
    """Days whose events are not held against a firm, as in an epidemic.

    Attributes
    ----------
    start, until : date
        First and last day; the event's date decides (of a permit, the last day of its term).
    tables : tuple of str
        Of penalties, irregularities and permits. A permit that ended in the period is taken to have run
        until its last day.
    regions : tuple of str
        First characters of the regions; empty for all.
    categories : tuple of str
        Categories of penalties, reasons of irregularities, kinds of permit; empty for all.
    """

    start: dt.date
    until: dt.date
    tables: tuple[str, ...]
    regions: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


@dataclass(frozen=True)
class Law:
    """What the law in force fixes about the use of penalties and other records.

    Attributes
    ----------
    expiry_days : mapping
        Gravity -> days after the decision from which a penalty may no longer be used.
    default_weight : mapping
        Gravity -> weight in [0, 1] where neither fine nor maximum is known.
    unstated_gravity : str
        Gravity band of a penalty whose record does not state one.
    grace : tuple of GracePeriod
        Periods whose events do not count.
    """

    expiry_days: Mapping[str, int] = field(
        default_factory=lambda: {"minor": 90, "moderate": 365, "serious": 1095}
    )
    default_weight: Mapping[str, float] = field(
        default_factory=lambda: {"minor": 0.1, "moderate": 0.4, "serious": 1.0}
    )
    unstated_gravity: str = "moderate"
    grace: tuple[GracePeriod, ...] = ()


@dataclass(frozen=True)
class SectorClass:
    """An industry: code or path, hazard class (1 low to 5 high) and permits that it requires."""

    code: str
    hazard_class: int
    required_permits: tuple[str, ...] = ()


@dataclass(frozen=True)
class Snapshot:
    """Firms on as-of dates, with access to what was known of them.

    Attributes
    ----------
    records : Records
        The checked records.
    spine : ibis.Table
        Columns ``firm_key`` and ``as_of``, each pair once.
    dates : tuple of date
        The different as-of dates, sorted.
    law, sectors
        What the law in force and the guide of industries fix.
    repeated : ibis.Table, optional
        Penalty decisions known on the dates of which there may be several records, once a date; None
        where there are none.
    """

    records: Records
    spine: ibis.Table
    dates: tuple[dt.date, ...]
    law: Law
    sectors: tuple[SectorClass, ...]
    repeated: ibis.Table | None = None

    def known(self, table: str) -> ibis.Table:
        """Return the rows of a record table known by the as-of date, once per spine row.

        What falls into a grace period of the law is left out. One date needs no join with the spine:
        the date is a constant then.
        """
        rows = self.records.table(table)
        if len(self.dates) == 1:
            day = ibis.date(self.dates[0])
            rows = rows.filter(known_by(rows, day)).semi_join(self.spine, "firm_key")
            return self._after_grace(table, rows.mutate(as_of=day))
        joined = rows.join(self.spine, "firm_key")
        return self._after_grace(table, joined.filter(known_by(joined, joined.as_of)))

    def known_anywhere(self, table: str) -> ibis.Table:
        """Return the rows of a record table known by each as-of date, of all firms."""
        joined = self.records.table(table).cross_join(as_of_days(self.dates))
        return self._after_grace(table, joined.filter(known_by(joined, joined.as_of)))

    def _after_grace(self, table: str, rows: ibis.Table) -> ibis.Table:
        periods = [period for period in self.law.grace if table in period.tables]
        if not periods:
            return rows
        found = with_group(self, rows, "region")
        for period in periods:
            found = _graced(found, table, period)
        return found.select(*rows.columns)

    def decisions(self) -> ibis.Table:
        """Return the penalty decisions known by the as-of date, once per spine row."""
        return self._merged(self.known("penalties"), self.spine)

    def decisions_anywhere(self) -> ibis.Table:
        """Return the penalty decisions known by each as-of date, of all firms."""
        return self._merged(self.known_anywhere("penalties"), None)

    def _merged(self, rows: ibis.Table, spine: ibis.Table | None) -> ibis.Table:
        if self.repeated is None:
            return rows.select(*DECISION_COLUMNS)
        found = self.repeated if spine is None else self.repeated.semi_join(spine, KEYS)
        return ibis.union(recorded_once(rows), found)

    def events(self, table: str, event: str) -> ibis.Table:
        """Return :meth:`known` with ``age_days``, days from the event to the as-of date."""
        return with_age(self.known(table), event)

    def forget(self) -> None:
        """Drop the tables that were made for this snapshot alone; it cannot be used afterwards."""
        made = (self.spine, self.repeated)
        drop(*(t for t in made if t is not None and isinstance(t.op(), DatabaseTable)))

    def restrict(self, spine: ibis.Table) -> Snapshot:
        """Return the same snapshot for a part of the spine."""
        return replace(self, spine=spine)


_GRACED = {
    "penalties": ("decided_on", "category"),
    "irregularities": ("listed_on", "reason"),
    "permits": ("valid_to", "kind"),
}


def _graced(rows: ibis.Table, table: str, period: GracePeriod) -> ibis.Table:
    """Leave out the events of a period, or let permits that ended in it run until its end."""
    event, category = _GRACED[table]
    meant: ir.BooleanValue = ibis.literal(True)
    if period.categories:
        meant = meant & rows[category].isin(period.categories).fill_null(False)
    if period.regions:
        starts = [rows.region.startswith(start) for start in period.regions]
        meant = meant & ibis.or_(*starts)
    first, last = ibis.date(period.start), ibis.date(period.until)
    if table != "permits":
        return rows.filter(~(meant & rows[event].between(first, last)))
    ended = meant & rows.valid_to.between(first, last).fill_null(False)
    declared = (rows.status == "expired") & rows.status_changed_on.between(first, last)
    after = ibis.date(period.until + dt.timedelta(days=1))
    return rows.mutate(
        valid_to=ended.ifelse(last, rows.valid_to),
        status_changed_on=(meant & declared.fill_null(False)).ifelse(after, rows.status_changed_on),
    )


def with_group(snapshot: Snapshot, rows: ibis.Table, group: str) -> ibis.Table:
    """Add the firm's sector or region as known when the row was recorded."""
    versions = snapshot.records.table("firms").select(
        "firm_key", group, known_from="recorded_on", known_to="superseded_on")  # fmt: skip
    joined = rows.left_join(
        versions,
        [
            rows.firm_key == versions.firm_key,
            versions.known_from <= rows.recorded_on,
            versions.known_to.isnull() | (versions.known_to > rows.recorded_on),
        ],
    )
    joined = joined.drop(*(c for c in joined.columns if c.endswith("_right")))
    return joined.mutate(**{group: joined[group].fill_null(UNSTATED)})


def with_age(rows: ibis.Table, event: str) -> ibis.Table:
    """Add ``age_days`` and leave out events that have not happened yet."""
    rows = rows.mutate(age_days=days_between(rows[event], rows.as_of))
    return rows.filter(rows.age_days >= 0)


def days_between(start: ir.DateValue, end: ir.DateValue) -> ir.IntegerValue:
    """Return the days from `start` to `end`."""
    return end.delta(start, unit="day").cast("int32")


def in_force(rows: ibis.Table, end: str) -> ir.BooleanValue:
    """Tell which facts had not ended by the as-of date (on the day of the end they are gone)."""
    return rows[end].isnull() | (rows[end] > rows.as_of)


def unexpired(rows: ibis.Table, law: Law) -> ir.BooleanValue:
    """Tell which penalties had not expired by the as-of date; the unstated gravity is the law's."""
    gravity = rows.gravity.fill_null(law.unstated_gravity)
    expiry = ibis.cases(*((gravity == name, int(days)) for name, days in law.expiry_days.items()))
    age = days_between(rows.decided_on, rows.as_of)
    return (age >= 0) & (age < expiry)


def is_open(firms: ibis.Table) -> ir.BooleanValue:
    """Tell which known firms were registered and not closed on the as-of date."""
    registered = firms.registered_on.isnull() | (firms.registered_on <= firms.as_of)
    return in_force(firms, "closed_on") & registered


def known_by(rows: ibis.Table, day: ir.DateValue) -> ir.BooleanValue:
    """Tell which rows of a record table were known on a day and not superseded by then."""
    return (rows.recorded_on <= day) & (rows.superseded_on.isnull() | (rows.superseded_on > day))


def as_of_days(dates: tuple[dt.date, ...]) -> ibis.Table:
    """Return the as-of dates as a table of one column, ``as_of``."""
    return ibis.array([ibis.date(day) for day in dates]).unnest().name("as_of").as_table()


def open_firms(records: Records, dates: tuple[dt.date, ...]) -> ibis.Table:
    """Return the spine of all firms that were known, registered and not closed on each date."""
    firms = records.table("firms").cross_join(as_of_days(dates))
    return firms.filter(known_by(firms, firms.as_of), is_open(firms)).select(*KEYS)


def snapshot_of_registry(
    records: Records, as_of: dt.date, law: Law, sectors: tuple[SectorClass, ...]
) -> Snapshot:
    """Return the snapshot of every open firm on one date."""
    spine = open_firms(records, (as_of,))
    return _with_repeated(Snapshot(records, spine, (as_of,), law, sectors))


def snapshot_of_rows(
    records: Records, rows: pd.DataFrame, law: Law, sectors: tuple[SectorClass, ...]
) -> Snapshot:
    """Return the snapshot of (firm_key, as_of) pairs, such as those that have labels."""
    pairs = rows[list(KEYS)].drop_duplicates().sort_values(["as_of", "firm_key"])
    dates = tuple(sorted({pd.Timestamp(day).date() for day in pairs.as_of.unique()}))
    table = written(records.con, "spine_rows", pairs, {"firm_key": "int32", "as_of": "date"})
    return _with_repeated(Snapshot(records, table, dates, law, sectors))


def _with_repeated(snapshot: Snapshot) -> Snapshot:
    """Merge what several platforms recorded of one penalty decision, once for the whole snapshot."""
    con, penalties = snapshot.records.con, snapshot.records.table("penalties")
    if not penalties.shared.any().fill_null(False).execute():
        return snapshot
    name = ibis.util.gen_name("repeated")
    merged = recorded_again(snapshot.known_anywhere("penalties"))
    return replace(snapshot, repeated=con.create_table(name, merged))
