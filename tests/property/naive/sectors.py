"""Rates of a sector along its path and of a region, from every visit known on the day."""

from __future__ import annotations

from collections.abc import Callable

from tests.property.naive.registry import Day, Row
from tests.property.naive.rows import guide_entry, is_judged, path


def group_when_recorded(day: Day, row: Row, column: str) -> str:
    """Sector or region under which the firm was known when the row was recorded."""
    firm = Day(day.registry, row["recorded_on"]).firms.get(row["firm_id"], {})
    return firm.get(column) or ""


def judged_visits(day: Day, column: str) -> list[tuple[str, Row]]:
    """Every judged visit that is known, with its sector or region."""
    rows = [row for row in day.known("inspections") if is_judged(row)]
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


def rates_along(day: Day, sector: str, values: Callable[[list[Row]], list[float]],
                first: tuple[float, float], strength: float) -> list[float]:  # fmt: skip
    """Rate of all visits, then of each group along the path, each pulled towards the wider one."""
    visits = judged_visits(day, "sector")
    everything = values([row for _, row in visits])
    start, count = first
    rates = [(sum(everything) + start) / (len(everything) + count)]
    for group in path(sector):
        inside = [row for at, row in visits if group in path(at)]
        rates.append(shrunk(values(inside), rates[-1], strength))
    return rates


def sector_facts(day: Day, sector: str | None) -> Row:
    """Facts of a sector; firms that state none form a sector of their own."""
    place = sector or ""
    rates = rates_along(day, place, outcomes, (0.5, 1.0), 20.0)
    entry = guide_entry(day, sector)
    return {
        "sector_rate": rates[-1],
        "wider_rate": rates[-2],
        "section_rate": rates[1],
        "sector_harm": rates_along(day, place, harm_of_violations, (1.0, 1.0), 10.0)[-1],
        "sector_harm_seen": rates_along(day, place, harm_seen, (1.0, 1.0), 20.0)[-1],
        "sector_inspections": float(
            len([1 for at, _ in judged_visits(day, "sector") if place in path(at)])
        ),
        "hazard_class": getattr(entry, "hazard_class", None),
        "n_required": None if entry is None else float(len(entry.required_permits)),
    }


def region_facts(day: Day, region: str | None) -> Row:
    """The region's rate; firms that state none form a region of their own."""
    visits = judged_visits(day, "region")
    every = outcomes([row for _, row in visits])
    inside = outcomes([row for at, row in visits if at == (region or "")])
    prior = (sum(every) + 0.5) / (len(every) + 1.0)
    return {"region_rate": shrunk(inside, prior, 50.0)}
