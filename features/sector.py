"""Sector and region: hazard class, rates shrunk along the code's path.

A sector's rate is the mean of its recorded outcomes, pulled towards the rate of the next wider group
the fewer outcomes it has (``(y + k p) / (n + k)`` along class, group, division, section, all). The
rate of all is ``(y + 1/2) / (n + 1)``, their mean harm ``(sum + 1) / (n + 1)``. A firm's own past is in
it: labels lie after the as-of date, so nothing of them leaks. Firms that state no sector (or region)
form one of their own.
"""

from __future__ import annotations

import re
from functools import partial

import ibis
import numpy as np
import pandas as pd

from features.asof import UNSTATED, SectorClass, Snapshot, with_group
from features.feature import Fact, Feature, whole_parts

BASIS = "GB/T 4754-2017 (industries); State Council circular of August 2015 (results are public)"
SECTOR_STRENGTH, REGION_STRENGTH, HARM_STRENGTH = 20.0, 50.0, 10.0
"""Outcomes that the wider group's rate counts for."""
MOST_HARM = 1e9
"""One visit counts for no more harm units: no rubric goes so far, and sums stay exact integers."""
NOT_PLANNED = ("complaint", "follow_up")
"""Selections that say more about the trigger than about the firm; never labels."""
_COUNTS = ["n", "y", "harm", "n_harm", "seen", "n_seen"]
_GB = re.compile(r"[A-T]\d{2,4}")


def sector_path(code: str) -> tuple[str, ...]:
    """Return a sector's groups from the widest to itself.

    >>> sector_path("C2710"), sector_path("Risk 1/Restaurant")
    (('C', 'C27', 'C271', 'C2710'), ('Risk 1', 'Risk 1/Restaurant'))
    """
    if _GB.fullmatch(code):
        return tuple(code[:end] for end in (1, 3, 4, 5) if end <= len(code))
    parts = code.split("/")
    return tuple("/".join(parts[: end + 1]) for end in range(len(parts)))


def planned_and_judged(visits: ibis.Table) -> ibis.ir.BooleanValue:
    """Tell which visits were neither complaint nor follow-up and have a recorded outcome."""
    planned = ~visits.selection.isin(NOT_PLANNED).fill_null(False)
    return planned & visits.violation.notnull()


def sector_guide(snapshot: Snapshot) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return each sector's (hazard_class, n_required) and the (sector, kind) of required permits.

    A sector takes the entry of the guide that matches it most closely along its path.
    """
    firms = snapshot.records.table("firms")
    sectors = sorted(firms.select("sector").distinct().execute().sector.dropna())
    guide = {entry.code: entry for entry in snapshot.sectors}
    entries = {sector: _closest(sector, guide) for sector in sectors}
    classes = pd.DataFrame(
        [(s, float(e.hazard_class), float(len(e.required_permits))) for s, e in entries.items() if e],
        columns=["sector", "hazard_class", "n_required"],
    )  # fmt: skip
    required = [(s, kind) for s, e in entries.items() if e for kind in e.required_permits]
    return classes, pd.DataFrame(required, columns=["sector", "kind"])


def _closest(sector: str, guide: dict[str, SectorClass]) -> SectorClass | None:
    matches = [guide[group] for group in sector_path(sector) if group in guide]
    return matches[-1] if matches else None


def required_permits(snapshot: Snapshot) -> ibis.Table:
    """Return the table (sector, kind) of permits that sectors require."""
    required = ibis.memtable(
        sector_guide(snapshot)[1], schema={"sector": "string", "kind": "string"}
    )
    return snapshot.records.con.create_table(ibis.util.gen_name("required_permits"), required)


def sector_facts(snapshot: Snapshot) -> pd.DataFrame:
    """Return one row per (as_of, sector): hazard class and shrunken rates.

    ``sector_rate`` counts violations, ``sector_harm`` the measured harm of violations,
    ``sector_harm_seen`` the measured harm of all judged visits; ``wider_rate`` and ``section_rate``
    are those of the next wider and the widest group, ``sector_inspections`` its judged visits. A
    group holds all sectors below it.
    """
    classes, _ = sector_guide(snapshot)
    counts = _outcomes(snapshot, "sector")
    rates = pd.concat([_shrunk(day, part) for day, part in counts.groupby("as_of", sort=True)])
    facts = rates.merge(classes, on="sector", how="left")
    facts["n_required"] = facts.n_required.fillna(0.0)  # an engine may take NaN for a number
    return facts.sort_values(["as_of", "sector"]).reset_index(drop=True)


def region_facts(snapshot: Snapshot) -> pd.DataFrame:
    """Return one row per (as_of, region): its violation rate, pulled towards that of all regions."""
    counts = _outcomes(snapshot, "region")
    overall = counts.groupby("as_of")[["n", "y"]].transform("sum")
    prior = (overall.y + 0.5) / (overall.n + 1.0)
    counts["region_rate"] = (counts.y + REGION_STRENGTH * prior) / (counts.n + REGION_STRENGTH)
    return counts[["as_of", "region", "region_rate"]]


def _outcomes(snapshot: Snapshot, group: str) -> pd.DataFrame:
    """Count judged visits, violations and harm by as-of date and sector (or region).

    A visit counts for the sector the firm was known under when the visit was recorded (the unstated
    one if it was not known yet). Every sector of the registry has a row on every date, if need be of
    zeros.
    """
    visits = snapshot.records.table("inspections")
    visits = visits.filter(planned_and_judged(visits))
    daily = with_group(snapshot, visits, group).group_by(
        [group, "recorded_on", "superseded_on"]).aggregate(**_sums())  # fmt: skip
    days = _days(snapshot)
    joined = daily.cross_join(days)
    known = joined.filter(
        joined.recorded_on <= joined.as_of,
        joined.superseded_on.isnull() | (joined.superseded_on > joined.as_of),
    )
    counts = known.group_by(["as_of", group]).aggregate(**{c: known[c].sum() for c in _COUNTS})
    firms = snapshot.records.table("firms")
    stated = firms.select(**{group: firms[group].fill_null(UNSTATED)}).distinct()
    everyone = stated.cross_join(days)
    found = counts.execute()
    frame = everyone.execute().merge(found, on=["as_of", group], how="outer")
    frame[_COUNTS] = frame[_COUNTS].astype(float).fillna(0.0)
    return frame.sort_values(["as_of", group], ignore_index=True)


def _sums() -> dict[str, ibis.Deferred]:
    row = ibis._
    harm = whole_parts(row.harm.clip(upper=MOST_HARM).fill_null(0.0))
    hit, measured = row.violation == 1, row.harm.notnull()
    parts = {
        "n": row.violation.count(),
        "y": hit.ifelse(1, 0).sum(),
        "harm": hit.ifelse(harm, 0).sum(),
        "n_harm": (hit & measured).ifelse(1, 0).sum(),
        "seen": harm.sum(),
        "n_seen": measured.ifelse(1, 0).sum(),
    }
    return {name: value.cast("float64") for name, value in parts.items()}


def _days(snapshot: Snapshot) -> ibis.Table:
    dates = pd.DataFrame({"as_of": list(snapshot.dates)})
    return ibis.memtable(dates, schema={"as_of": "date"})


def _shrunk(day: object, counts: pd.DataFrame) -> pd.DataFrame:
    """Shrink rates along the path of every sector on one date."""
    total = counts[_COUNTS].sum()
    rate = (total.y + 0.5) / (total.n + 1.0)
    harm = (total.harm / 1e6 + 1.0) / (total.n_harm + 1.0)
    seen = (total.seen / 1e6 + 1.0) / (total.n_seen + 1.0)
    groups: dict[str, np.ndarray] = {}
    for sector, row in zip(counts.sector, counts[_COUNTS].to_numpy(), strict=True):
        for group in sector_path(sector):
            groups[group] = groups.get(group, np.zeros(len(_COUNTS))) + row
    rows = []
    for sector in counts.sector:
        chain = [(rate, harm, seen)]
        path = sector_path(sector)
        for group in path:
            chain.append(_pulled(groups[group], chain[-1]))
        own, wider, widest = chain[-1], chain[-2], chain[1]
        rows.append((day, sector, *own, wider[0], widest[0], groups[path[-1]][0]))
    return pd.DataFrame(rows, columns=[
        "as_of", "sector", "sector_rate", "sector_harm", "sector_harm_seen", "wider_rate",
        "section_rate", "sector_inspections"])  # fmt: skip


def _pulled(counts: np.ndarray, prior: tuple[float, float, float]) -> tuple[float, float, float]:
    n, y, harm, n_harm, seen, n_seen = counts
    return (
        (y + SECTOR_STRENGTH * prior[0]) / (n + SECTOR_STRENGTH),
        (harm / 1e6 + HARM_STRENGTH * prior[1]) / (n_harm + HARM_STRENGTH),
        (seen / 1e6 + SECTOR_STRENGTH * prior[2]) / (n_seen + SECTOR_STRENGTH),
    )


_sector = partial(Feature, topic="sector", table="firms", basis=BASIS)

HAZARD = _sector("hazard_class", "hazard class of the sector", "class 1-5",
                 measure=Fact("hazard_class"), if_none=float("nan"), likelihood=0, severity=1)  # fmt: skip
SECTOR_RATE = _sector("sector_rate", "violation rate of the sector", "rate",
                      measure=Fact("sector_rate"), likelihood=1, severity=0)  # fmt: skip
SECTOR_HARM = _sector("sector_harm", "mean harm of violations in the sector", "harm units",
                      measure=Fact("sector_harm"), likelihood=None, severity=1)  # fmt: skip
SECTOR_SEEN = _sector("sector_harm_seen", "harm per inspection in the sector", "harm units",
                      measure=Fact("sector_harm_seen"), severity=0)  # fmt: skip

SECTOR: tuple[Feature, ...] = (
    HAZARD,
    SECTOR_RATE,
    SECTOR_HARM,
    SECTOR_SEEN,
    _sector("wider_rate", "violation rate of the next wider sector", "rate",
            measure=Fact("wider_rate"), likelihood=1),
    _sector("section_rate", "violation rate of the section", "rate",
            measure=Fact("section_rate"), likelihood=1),
    _sector("sector_inspections", "inspections recorded in the sector", "count",
            measure=Fact("sector_inspections"), likelihood=None, severity=None),
    _sector("region_rate", "violation rate of the region", "rate",
            measure=Fact("region_rate"), likelihood=1),
)  # fmt: skip
