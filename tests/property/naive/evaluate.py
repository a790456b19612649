"""The oracle: a feature of a firm on a day, computed row by row as its declaration reads."""

from __future__ import annotations

import datetime as dt
import math
from functools import cache

import numpy as np
import pandas as pd

from features.feature import (
    Count,
    Decayed,
    Distinct,
    Fact,
    Feature,
    Largest,
    Others,
    Peers,
    Ratio,
    Smallest,
    Total,
)  # fmt: skip
from tests.property.naive.ratings import ratings
from tests.property.naive.registry import Day, Registry, Row
from tests.property.naive.reporting import exposures, sector_penalty_facts
from tests.property.naive.rows import EVENTS, firm_facts, is_judged
from tests.property.naive.sectors import region_facts, sector_facts


class Oracle:
    """Evaluates features on one day, each table's rows once."""

    def __init__(self, registry: Registry, date: dt.date) -> None:
        self.day = Day(registry, date)
        events = EVENTS | {"ratings": ratings}
        self.events = cache(lambda table, firm: events[table](self.day, firm))
        self.sector = cache(lambda firm, sector: sector_facts(self.day, firm, sector))
        self.penalised = cache(lambda sector: sector_penalty_facts(self.day, sector))
        self.exposure = cache(lambda firm: exposures(self.day, firm))
        self.region = cache(lambda firm, region: region_facts(self.day, firm, region))

    def value(self, feature: Feature, firm: str) -> float:
        """Return the number, or the declared value where there is none."""
        measure = feature.measure
        if isinstance(measure, Others):
            return sum(self.value(measure.of, other) for other in self.others(firm))
        if isinstance(measure, Peers):
            rate, own, pull = (self.value(f, firm) for f in feature.parents)
            return max(0.0, rate - own * pull)
        if isinstance(measure, Ratio):
            return self.ratio(feature, measure, firm)
        found = (
            self.fact(measure.column, firm)
            if isinstance(measure, Fact)
            else aggregate(feature, self.events(feature.table, firm))
        )
        return feature.if_none if found is None else float(found)

    def fact(self, column: str, firm: str) -> float | None:
        """A fact of the firm, its sector or its region."""
        row = self.day.firms[firm]
        if column in ("reported_years", "reported_windows"):
            return self.exposure(firm)[column == "reported_windows"]
        facts = firm_facts(self.day, firm) | self.sector(firm, row["sector"])
        return (facts | self.penalised(row["sector"]) | self.region(firm, row["region"]))[column]

    def others(self, firm: str) -> list[str]:
        """The open firms of the same controller, without the firm itself."""
        group = self.day.firms[firm]["group_id"]
        there = [f for f in self.day.open_firms if self.day.firms[f]["group_id"] == group]
        return [f for f in there if f != firm] if group is not None else []

    def ratio(self, feature: Feature, measure: Ratio, firm: str) -> float:
        """One number over another, steadied by the prior's events."""
        top, bottom = self.value(measure.of, firm), self.value(measure.over, firm)
        if measure.prior is not None:
            prior = self.value(measure.prior, firm)
            steadied = (top + measure.strength * prior) / (bottom + measure.strength)
            return max(0.0, steadied - prior) if measure.above else steadied
        return top / bottom if bottom > 0 else feature.if_none


def aggregate(feature: Feature, events: list[Row]) -> float | None:
    """The measure over the events that its conditions and window choose."""
    measure = feature.measure
    rows = [row for row in events if all(row[c] == value for c, value in measure.where)]
    if feature.within_days is not None:
        rows = [row for row in rows if row[feature.dated] < feature.within_days]
    if isinstance(measure, Count):
        return len(rows)
    rows = [row for row in rows if row[measure.column] is not None]
    values = [row[measure.column] for row in rows]
    match measure:
        case Distinct():
            return len(set(values))
        case Largest():
            return max(values, default=None)
        case Smallest():
            return min(values, default=None)
        case Total():
            return min(whole_parts(values, measure.scale), measure.cap) if values else None
        case Decayed():
            fades = [2 ** (-row["age_days"] / measure.half_life_days) for row in rows]
            return whole_parts([v * f for v, f in zip(values, fades, strict=True)], 1_000_000)
    raise TypeError(measure)


def whole_parts(values: list[float], scale: int) -> float:
    """Sum of values, each rounded to whole parts of 1/scale."""
    return sum(math.floor(value * scale + 0.5) for value in values) / scale


def oracle_matrix(
    registry: Registry,
    spine: list[tuple[str, dt.date]],
    features: tuple[Feature, ...],
    open_only: bool = False,
) -> pd.DataFrame:
    """Return the matrix of (firm_id, as_of) pairs, sorted by date and firm, known firms only."""
    oracles = {date: Oracle(registry, date) for _, date in spine}
    there = {date: o.day.open_firms if open_only else o.day.firms for date, o in oracles.items()}
    rows = {
        (firm, date): [oracles[date].value(feature, firm) for feature in features]
        for firm, date in sorted(spine, key=lambda pair: (pair[1], pair[0]))
        if firm in there[date]
    }
    index = pd.MultiIndex.from_tuples(list(rows), names=["firm_id", "as_of"]) if rows else None
    names = [feature.name for feature in features]
    return pd.DataFrame(list(rows.values()), index, names, dtype=np.float32)


def oracle_labels(registry: Registry, date: dt.date, horizon_days: int,
                  known_by: dt.date) -> dict[str, Row]:  # fmt: skip
    """Return each firm's first judged visit after the date and within the horizon."""
    last = date + dt.timedelta(days=horizon_days)
    found: dict[str, Row] = {}
    visits = Day(registry, known_by).known("inspections")
    for row in sorted(visits, key=lambda row: (row["inspected_on"], row["inspection_id"])):
        if is_judged(row) and date < row["inspected_on"] <= last:
            found.setdefault(row["firm_id"], row)
    return found
