"""The firm's own inspections: what was found, how long ago, how often it was visited."""

from __future__ import annotations

from functools import partial

import ibis

from features.asof import Snapshot
from features.feature import (
    NEVER_DAYS,
    Count,
    Decayed,
    Feature,
    Largest,
    Ratio,
    Smallest,
    Total,
    where,
)  # fmt: skip
from features.sector import MOST_HARM, SECTOR_HARM, SECTOR_RATE, SECTOR_SEEN, planned_and_judged

BASIS = "State Council circular of August 2015 on random inspection and publication of its results"


def visits_seen(snapshot: Snapshot) -> ibis.Table:
    """Return visits known by the as-of date; an empty harm counts as 0, none for more than MOST_HARM.

    Adds ``judged`` (neither complaint nor follow-up, outcome recorded) and, for judged visits,
    ``violated``, ``clean``, the numbers ``one``, ``hit``, ``harm_found`` (harm of a violation) and
    ``harm_seen`` (any harm recorded), and ``visit_no`` (1 the latest one, 0 not judged).
    """
    rows = snapshot.events("inspections", "inspected_on")
    rows = rows.mutate(judged=planned_and_judged(rows), found=rows.violation == 1)
    harm = rows.harm.clip(upper=MOST_HARM)
    rows = rows.mutate(
        one=rows.judged.ifelse(1.0, 0.0),
        hit=(rows.judged & rows.found).ifelse(1.0, 0.0),
        clean=rows.judged & (rows.violation == 0),
        violated=rows.judged & rows.found,
        harm_found=(rows.judged & rows.found).ifelse(harm, 0.0).fill_null(0.0),
        harm_seen=rows.judged.ifelse(harm, 0.0).fill_null(0.0),
    )
    latest_first = ibis.window(
        group_by=["firm_key", "as_of", "judged"],
        order_by=[ibis.desc("inspected_on"), ibis.desc("inspection_id")],
    )
    rows = rows.mutate(place=ibis.row_number().over(latest_first))
    return rows.mutate(visit_no=rows.judged.ifelse(rows.place + 1, 0))


_visit = partial(Feature, topic="own inspections", table="inspections", basis=BASIS)
_recency = partial(_visit, topic="time since inspections")
_VIOLATED, _CLEAN = where(violated=True), where(clean=True)

JUDGED = _visit("inspections", "inspections with a recorded outcome", "count",
                measure=Count(where(judged=True)))  # fmt: skip
HITS = _visit("violations_found", "violations found at inspections", "count",
              measure=Count(_VIOLATED), likelihood=1)  # fmt: skip
HARM = _visit("harm_found", "harm found at inspections with a violation", "harm units",
              measure=Total("harm_found"), likelihood=None, severity=1)  # fmt: skip
HARM_SEEN = _visit(
    "harm_seen", "harm recorded at inspections", "harm units", measure=Total("harm_seen")
)


def _faded(column: str, years: float, name: str, title: str, unit: str) -> Feature:
    days = round(365 * years)
    return _visit(f"{name}_fading_{days}d", f"{title}, halving every {days} days", unit,
                  measure=Decayed(column, days), likelihood=None)  # fmt: skip


_FADED = {
    years: tuple(
        _faded(column, years, name, title, unit)
        for column, name, title, unit in (
            ("one", "inspections", "inspections", "count"),
            ("hit", "violations", "violations", "count"),
            ("harm_seen", "harm", "harm recorded", "harm units"),
        )
    )
    for years in (0.5, 1, 2, 4)
}


def _rates(years: float) -> tuple[Feature, Feature]:
    visits, hits, harm = _FADED[years]
    days = round(365 * years)
    return (
        _visit(f"violation_rate_{days}d", f"rate of violations halving every {days} days, steadied by the sector's", "rate",
               measure=Ratio(hits, visits, SECTOR_RATE, 2.0), likelihood=1),
        _visit(f"harm_rate_{days}d", f"harm per inspection halving every {days} days, steadied by the sector's", "harm units",
               measure=Ratio(harm, visits, SECTOR_SEEN, 2.0), likelihood=1, severity=1),
    )  # fmt: skip


SMOOTHED_RATE = _visit(
    "violation_rate", "rate of violations at inspections, steadied by the sector's", "rate",
    measure=Ratio(HITS, JUDGED, SECTOR_RATE, 4.0), likelihood=1, severity=0)  # fmt: skip

INSPECTIONS: tuple[Feature, ...] = (
    JUDGED,
    HITS,
    HARM,
    HARM_SEEN,
    _visit("inspections_1y", "inspections in the last year", "count",
           measure=Count(where(judged=True)), within_days=365),
    _visit("inspections_3y", "inspections in the last 3 years", "count",
           measure=Count(where(judged=True)), within_days=1095),
    _visit("violations_1y", "violations found in the last year", "count",
           measure=Count(_VIOLATED), within_days=365, likelihood=1),
    _visit("violations_3y", "violations found in the last 3 years", "count",
           measure=Count(_VIOLATED), within_days=1095, likelihood=1, severity=0),
    _visit("harm_1y", "harm recorded in the last year", "harm units",
           measure=Total("harm_seen"), within_days=365, severity=0),
    _visit("harm_largest", "largest harm found at one inspection", "harm units",
           measure=Largest("harm_found"), severity=1),
    _visit("harm_mean", "mean harm of the violations found, steadied by the sector's", "harm units",
           measure=Ratio(HARM, HITS, SECTOR_HARM, 2.0), likelihood=None, severity=1),
    *(feature for faded in _FADED.values() for feature in faded),
    SMOOTHED_RATE,
    *(feature for years in _FADED for feature in _rates(years)),
    *(
        _visit(f"outcome_{place}", f"violation at the {word} inspection", "0/1",
               measure=Total("hit", where(visit_no=place)), if_none=float("nan"), likelihood=0)
        for place, word in ((1, "latest"), (2, "second latest"), (3, "third latest"))
    ),
    *(
        _visit(f"harm_{place}", f"harm recorded at the {word} inspection", "harm units",
               measure=Total("harm_seen", where(visit_no=place)), if_none=float("nan"), severity=0)
        for place, word in ((1, "latest"), (2, "second latest"))
    ),
    _recency("days_since_inspection", "days since the latest inspection", "days",
             measure=Smallest("age_days", where(judged=True)), if_none=NEVER_DAYS, severity=0),
    _recency("days_since_visit", "days since any visit", "days",
             measure=Smallest("age_days"), if_none=NEVER_DAYS),
    _recency("days_since_violation", "days since a violation was found", "days",
             measure=Smallest("age_days", _VIOLATED), if_none=NEVER_DAYS, likelihood=-1),
    _recency("days_since_clean", "days since an inspection without violation", "days",
             measure=Smallest("age_days", _CLEAN), if_none=NEVER_DAYS),
    _recency("days_since_clean_random", "days since a random inspection without violation", "days",
             measure=Smallest("age_days", (*_CLEAN, ("selection", "random"))), if_none=NEVER_DAYS,
             likelihood=1),
    _visit("random_inspections_3y", "random inspections in the last 3 years", "count",
           measure=Count(where(selection="random")), within_days=1095),
    _visit("complaint_visits_1y", "visits after a complaint in the last year", "count",
           measure=Count(where(selection="complaint")), within_days=365, likelihood=1),
    _visit("complaint_visits", "visits after a complaint", "count",
           measure=Count(where(selection="complaint"))),
    _visit("follow_ups_1y", "follow-up visits in the last year", "count",
           measure=Count(where(selection="follow_up")), within_days=365),
    _visit("follow_ups", "follow-up visits", "count", measure=Count(where(selection="follow_up"))),
)  # fmt: skip
