"""Sector and region: hazard class, required permits, and rates (:mod:`features.shrinkage`)."""

from __future__ import annotations

import re
from functools import partial

import ibis
import pandas as pd

from features.asof import SectorClass, Snapshot
from features.compiled import prepared
from features.feature import Fact, Feature
from features.working import written

BASIS = "GB/T 4754-2017 (industries); State Council circular of August 2015 (results are public)"
MOST_HARM = 1e9
"""One visit counts for no more harm units: no rubric goes so far, and sums stay exact integers."""
NOT_PLANNED = ("complaint", "follow_up")
"""Selections that say more about the trigger than about the firm; never labels."""
_INDUSTRY, _DIVISION = re.compile(r"[A-T]\d{2,4}"), re.compile(r"\d{4}|\d{6}|\d{9}|\d{12}")


def sector_path(code: str) -> tuple[str, ...]:
    """Return a sector's groups from the widest to itself.

    >>> sector_path("C2710"), sector_path("Risk 1/Restaurant")
    (('C', 'C27', 'C271', 'C2710'), ('Risk 1', 'Risk 1/Restaurant'))
    """
    return _cut(code, (1, 3, 4, 5)) if _INDUSTRY.fullmatch(code) else _parts(code)


def region_path(code: str) -> tuple[str, ...]:
    """Return a region's groups from the widest to itself: GB/T 2260 digits, or parts between ``/``.

    >>> region_path("110105"), region_path("Ontario/Toronto")
    (('11', '1101', '110105'), ('Ontario', 'Ontario/Toronto'))
    """
    return _cut(code, (2, 4, 6, 9, 12)) if _DIVISION.fullmatch(code) else _parts(code)


def _cut(code: str, ends: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(code[:end] for end in ends if end <= len(code))


def _parts(code: str) -> tuple[str, ...]:
    parts = code.split("/")
    return tuple("/".join(parts[: end + 1]) for end in range(len(parts)))


PATHS = {"sector": sector_path, "region": region_path}


def planned_and_judged(visits: ibis.Table) -> ibis.ir.BooleanValue:
    """Tell which visits were neither complaint nor follow-up and have a recorded outcome."""
    planned = ~visits.selection.isin(NOT_PLANNED).fill_null(False)
    return planned & visits.violation.notnull()


def sector_guide(snapshot: Snapshot) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return each sector's (hazard_class, n_required) and the (sector, kind) of required permits.

    A sector takes the entry of the guide that matches it most closely along its path.
    """
    sectors = sorted(prepared(snapshot, _sectors)().sector.dropna())
    guide = {entry.code: entry for entry in snapshot.sectors}
    entries = {sector: _closest(sector, guide) for sector in sectors}
    classes = pd.DataFrame(
        [(s, float(e.hazard_class), float(len(e.required_permits))) for s, e in entries.items() if e],
        columns=["sector", "hazard_class", "n_required"],
    )  # fmt: skip
    required = [(s, kind) for s, e in entries.items() if e for kind in e.required_permits]
    return classes, pd.DataFrame(required, columns=["sector", "kind"])


def _sectors(snapshot: Snapshot) -> ibis.Table:
    return snapshot.records.table("firms").select("sector").distinct()


def _closest(sector: str, guide: dict[str, SectorClass]) -> SectorClass | None:
    matches = [guide[group] for group in sector_path(sector) if group in guide]
    return matches[-1] if matches else None


def required_permits(snapshot: Snapshot) -> ibis.Table:
    """Return the table (sector, kind) of permits that sectors require."""
    required, types = sector_guide(snapshot)[1], {"sector": "string", "kind": "string"}
    return written(snapshot.records.con, "required_permits", required, types)


_sector = partial(Feature, topic="sector", table="firms", basis=BASIS)

HAZARD = _sector("hazard_class", "hazard class of the sector", "class 1-5",
                 measure=Fact("hazard_class"), if_none=float("nan"), likelihood=0, severity=1)  # fmt: skip
SECTOR_RATE = _sector("sector_rate", "violation rate of others in the sector", "rate",
                      measure=Fact("sector_rate"), likelihood=1, severity=0)  # fmt: skip
SECTOR_HARM = _sector("sector_harm", "mean harm of violations of others in the sector", "harm units",
                      measure=Fact("sector_harm"), likelihood=None, severity=1)  # fmt: skip
SECTOR_SEEN = _sector("sector_harm_seen", "harm per inspection of others in the sector", "harm units",
                      measure=Fact("sector_harm_seen"), severity=0)  # fmt: skip

SECTOR: tuple[Feature, ...] = (
    HAZARD,
    SECTOR_RATE,
    SECTOR_HARM,
    SECTOR_SEEN,
    _sector("wider_rate", "violation rate of others in the next wider sector", "rate",
            measure=Fact("wider_rate"), likelihood=1),
    _sector("section_rate", "violation rate of others in the section", "rate",
            measure=Fact("section_rate"), likelihood=1),
    _sector("sector_inspections", "inspections of others recorded in the sector", "count",
            measure=Fact("sector_inspections"), likelihood=None, severity=None),
    _sector("region_rate", "violation rate of others in the region", "rate",
            measure=Fact("region_rate"), likelihood=1),
)  # fmt: skip
