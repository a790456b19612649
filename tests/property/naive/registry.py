"""Raw record tables as lists of dicts, and what of them was known on a day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from features.asof import Law, SectorClass
from features.schema import BY_NAME

Row = dict[str, Any]
Tables = dict[str, list[Row]]
ALWAYS = dt.date(1900, 1, 1)
EVENT_TABLES = ("penalties", "permits", "irregularities", "listings", "inspections", "ratings")


@dataclass(frozen=True)
class Registry:
    """Record tables as they came (missing cells: None or absent), the law and the sector guide."""

    tables: Tables
    law: Law = field(default_factory=Law)
    sectors: tuple[SectorClass, ...] = ()

    def rows(self, table: str) -> list[Row]:
        """Rows of a table with every column of the schema and ``recorded_on`` filled."""
        names = BY_NAME[table].names
        return [
            {name: row.get(name) for name in names} | {"recorded_on": recorded_on(table, row)}
            for row in self.tables.get(table, [])
        ]

    @property
    def firm_ids(self) -> list[str]:
        """All firms, in the order of their keys."""
        return sorted({row["firm_id"] for row in self.rows("firms")})


def recorded_on(table: str, row: Row) -> dt.date:
    """Day the row became known: stated, else the event's date, else always known."""
    event = BY_NAME[table].event
    return row.get("recorded_on") or (row.get(event) if event else None) or ALWAYS


def key_of(table: str, row: Row) -> tuple[Any, ...]:
    """What names the fact, however many versions of it there are."""
    return tuple(row[column] for column in BY_NAME[table].key)


@dataclass(frozen=True)
class Day:
    """A registry as it was known on one day."""

    registry: Registry
    date: dt.date

    def known(self, table: str) -> list[Row]:
        """The latest version of every fact that had been recorded by the day."""
        latest: dict[tuple[Any, ...], Row] = {}
        for row in sorted(self.registry.rows(table), key=lambda row: row["recorded_on"]):
            if row["recorded_on"] <= self.date:
                latest[key_of(table, row)] = row
        graced = [self.graced(table, row) for row in latest.values()]
        return [row for row in graced if row is not None]

    def graced(self, table: str, row: Row) -> Row | None:
        """The row as grace periods leave it: none where its event fell into one."""
        names = {"penalties": ("decided_on", "category"), "irregularities": ("listed_on", "reason"),
                 "permits": ("valid_to", "kind")}  # fmt: skip
        for period in self.registry.law.grace:
            if table not in period.tables:
                continue
            event, category = (row[name] for name in names[table])
            then = Day(self.registry, row["recorded_on"]).firms.get(row["firm_id"], {})
            place = then.get("region") or ""
            if period.categories and category not in period.categories:
                continue
            if period.regions and not place.startswith(period.regions):
                continue
            hit = event is not None and period.start <= event <= period.until
            if table != "permits" and hit:
                return None
            if table == "permits":
                changed = row["status_changed_on"]
                late = row["status"] == "expired" and changed is not None
                late = late and period.start <= changed <= period.until
                row = row | ({"valid_to": period.until} if hit else {})
                after = period.until + dt.timedelta(1)
                row = row | ({"status_changed_on": after} if late else {})
        return row

    @cached_property
    def firms(self) -> dict[str, Row]:
        """Firms known on the day."""
        return {row["firm_id"]: row for row in self.known("firms")}

    @cached_property
    def _by_firm(self) -> dict[tuple[str, str], list[Row]]:
        found: dict[tuple[str, str], list[Row]] = {}
        for table in EVENT_TABLES:
            for row in self.known(table):
                found.setdefault((table, row["firm_id"]), []).append(row)
        return found

    def events(self, table: str, firm_id: str) -> list[Row]:
        """A firm's known events that have happened, with ``age_days``."""
        event = BY_NAME[table].event
        rows = [
            row | {"age_days": (self.date - row[event]).days}
            for row in self._by_firm.get((table, firm_id), [])
        ]
        return [row for row in rows if row["age_days"] >= 0]

    def ended(self, day: dt.date | None) -> bool:
        """Tell whether something has ended: on the day of its end it is gone."""
        return day is not None and day <= self.date

    def is_open(self, firm_id: str) -> bool:
        """Tell whether a firm was known, registered and not closed."""
        firm = self.firms.get(firm_id)
        if firm is None or self.ended(firm["closed_on"]):
            return False
        return firm["registered_on"] is None or firm["registered_on"] <= self.date

    @cached_property
    def open_firms(self) -> list[str]:
        """Open firms, in the order of their keys."""
        return sorted(firm_id for firm_id in self.firms if self.is_open(firm_id))
