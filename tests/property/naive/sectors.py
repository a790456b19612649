"""Rates of a sector and of a region along their paths, from every visit of others known on the day."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tests.property.naive.registry import Day, Row
from tests.property.naive.rows import guide_entry, is_judged, path


def group_when_recorded(day: Day, row: Row, column: str) -> str:
    """Sector or region under which the firm was known when the row was recorded."""
    firm = Day(day.registry, row["recorded_on"]).firms.get(row["firm_id"], {})
    return firm.get(column) or ""


def judged_visits(day: Day, column: str, firm: str) -> list[tuple[str, Row]]:
    """Every judged visit of other firms that is known, with its sector or region."""
    known = [row for row in day.known("inspections") if row["firm_id"] != firm]
    rows = [row for row in known if is_judged(row)]
    return [(group_when_recorded(day, row, column), row) for row in rows]


def shrunk(values: list[float], prior: float, strength: float) -> float:
    """Mean of the values and of `strength` more of them at the prior."""
    return (sum(values) + strength * prior) / (len(values) + strength)


def outcomes(visits: list[Row]) -> list[float]:
    """Violation, 0 or 1, of each visit."""
    return [row["violation"] for row in visits]


def harm_of_violations(visits: list[Row]) -> list[float]:
    """Harm of each violation where it was measured."""
    return [r["harm"] for r in visits if r["violation"] == 1 and r["harm"] is not None]


def harm_seen(visits: list[Row]) -> list[float]:
    """Harm of each visit where it was measured."""
    return [row["harm"] for row in visits if row["harm"] is not None]


def rates_along(visits: list[tuple[str, Row]], steps: tuple[str, ...],
                paths: Callable[[str], tuple[str, ...]], values: Callable[[list[Row]], list[float]],
                first: tuple[float, float], strength: float) -> list[float]:  # fmt: skip
    """Rate of all visits, then of each group along the path, each pulled towards the wider one."""
    everything = values([row for _, row in visits])
    start, count = first
    rates = [(sum(everything) + start) / (len(everything) + count)]
    for group in steps:
        inside = [row for at, row in visits if group in paths(at)]
        rates.append(shrunk(values(inside), rates[-1], strength))
    return rates


def sector_facts(day: Day, firm: str, sector: str | None) -> Row:
    """Facts of a firm's sector; firms that state none form a sector of their own."""
    place = sector or ""
    visits = judged_visits(day, "sector", firm)
    along = partial(rates_along, visits, path(place), path)
    rates = along(outcomes, (0.5, 1.0), 20.0)
    entry = guide_entry(day, sector)
    return {
        "sector_rate": rates[-1],
        "wider_rate": rates[-2],
        "section_rate": rates[1],
        "sector_harm": along(harm_of_violations, (1.0, 1.0), 10.0)[-1],
        "sector_harm_seen": along(harm_seen, (1.0, 1.0), 20.0)[-1],
        "sector_inspections": float(len([1 for at, _ in visits if place in path(at)])),
        "hazard_class": getattr(entry, "hazard_class", None),
        "n_required": None if entry is None else float(len(entry.required_permits)),
    }


def districts(region: str) -> tuple[str, ...]:
    """Province, city, county of a GB/T 2260 code; other regions part by part."""
    if region.isdigit() and len(region) in (4, 6, 9, 12):
        return tuple(region[:end] for end in (2, 4, 6, 9, 12) if end <= len(region))
    parts = region.split("/")
    return tuple("/".join(parts[: n + 1]) for n in range(len(parts)))


def region_facts(day: Day, firm: str, region: str | None) -> Row:
    """The rate of a firm's region; firms that state none form a region of their own."""
    visits = judged_visits(day, "region", firm)
    rates = rates_along(visits, districts(region or ""), districts, outcomes, (0.5, 1.0), 50.0)
    return {"region_rate": rates[-1]}
