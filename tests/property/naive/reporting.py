"""How much reaches the records, and a sector's penalties at full reporting, one row at a time."""

from __future__ import annotations

from statistics import fmean

from tests.property.naive.decisions import decisions
from tests.property.naive.registry import Day, Row
from tests.property.naive.rows import is_in_force, path, penalties
from tests.property.naive.sectors import group_when_recorded

LAST_DAYS = 1095


def checked_rates(day: Day) -> dict[tuple[str, str], float]:
    """Rate of each source in each region, pulled towards the source's mean."""
    rows = [row for row in day.known("sources") if row["reporting_rate"] is not None]
    rates = {}
    for row in rows:
        mean = fmean(r["reporting_rate"] for r in rows if r["source"] == row["source"])
        own = row["reporting_rate"]
        if row["n_checked"] is not None:
            own = (row["n_checked"] * own + 10 * mean) / (row["n_checked"] + 10)
        rates[row["source"], row["region"]] = own
    return rates


def reported_share(day: Day, region: str | None) -> float:
    """Share of a region's penalties on record: its sources' rates by what each decides."""
    rates = checked_rates(day)
    if not rates:
        return 1.0
    seen = [
        (row["source"] or "", group_when_recorded(day, row, "region"))
        for firm_id in day.registry.firm_ids
        for row in decisions(day, firm_id)
        if is_in_force(day, row)
    ]
    sources = {source for source, _ in [*rates, *seen]}

    def rate(source: str, place: str) -> float:
        of_source = [value for (name, _), value in rates.items() if name == source]
        other = fmean(of_source or rates.values())
        return min(1.0, max(0.01, rates.get((source, place), other)))

    decided = {s: sum(1 / rate(*pair) for pair in seen if pair[0] == s) for s in sources}
    there = {s for s in sources if (s, region or "") in [*rates, *seen]} or sources
    total = sum(decided[s] for s in there)
    weight = {s: decided[s] / total if total else 1 / len(there) for s in there}
    return sum(weight[s] * rate(s, region or "") for s in there)


def exposures(day: Day, firm_id: str) -> tuple[float, float]:
    """Years, and windows of three years, in which the firm's penalties would be on record."""
    firm = day.firms[firm_id]
    age = (
        LAST_DAYS
        if firm["registered_on"] is None
        else max(0, (day.date - firm["registered_on"]).days)
    )
    share = reported_share(day, firm["region"])
    return share * min(age, 365) / 365, share * min(age, LAST_DAYS) / LAST_DAYS


def sector_penalty_facts(day: Day, sector: str | None) -> Row:
    """Penalties of the sector's open firms at full reporting, each rate pulled along the path."""
    if not any((day.firms[firm]["sector"] or "") == (sector or "") for firm in day.open_firms):
        return dict.fromkeys(NAMES)
    found = rates(totals(day, None), None)
    for group in path(sector or ""):
        found = rates(totals(day, group), found)
    return dict(zip(NAMES, found, strict=True))


NAMES = (
    "sector_penalty_rate", "sector_load_rate", "sector_serious_rate", "sector_weight_rate",
    "sector_counting_rate", "sector_penalty_pull",
)  # fmt: skip


def totals(day: Day, group: str | None) -> list[float]:
    """Penalties, fading weight, serious ones, weight, counting ones, years and windows of open firms."""
    sums = [0.0] * 7
    for firm_id in day.open_firms:
        if group is not None and group not in path(day.firms[firm_id]["sector"] or ""):
            continue
        rows = penalties(day, firm_id)
        numbers = (
            len(rows),
            sum(row["faded"] for row in rows),
            sum(row["gravity"] == "serious" for row in rows),
            sum(row["weight"] for row in rows),
            sum(row["counts"] for row in rows),
            *exposures(day, firm_id),
        )
        sums = [total + number for total, number in zip(sums, numbers, strict=True)]
    return sums


def rates(sums: list[float], wider: list[float] | None) -> list[float]:
    """Rates of a group; 20 years, or windows, count at the wider group's rate."""
    n, fading, serious, weight, counting, years, windows = sums
    tops, over = [n, fading, serious, weight, counting, 1.0], [years] * 6
    over[2] = windows
    if wider is None:
        return [top / max(bottom, 1.0) for top, bottom in zip(tops, over, strict=True)]
    return [
        (top + 20.0 * prior) / (bottom + 20.0)
        for top, bottom, prior in zip(tops, over, wider, strict=True)
    ]
