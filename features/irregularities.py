"""Entries in the list of abnormal operations that stand on the day; removed ones are gone."""

from __future__ import annotations

from functools import partial

import ibis

from features.asof import Snapshot, in_force
from features.feature import Count, Distinct, Feature, Largest, where

BASIS = "Interim Regulations on Enterprise Information Publicity (list of abnormal operations)"
REASONS = {
    "annual_report_not_filed": "annual report not filed",
    "address_unreachable": "not reachable at the registered address",
    "disclosure_missing": "required disclosure missing",
    "disclosure_false": "false disclosure",
}


def irregularities_standing(snapshot: Snapshot) -> ibis.Table:
    """Return entries known and not removed by the as-of date."""
    rows = snapshot.events("irregularities", "listed_on")
    return rows.filter(in_force(rows, "removed_on"))


_irregularity = partial(
    Feature, topic="irregularities", table="irregularities", basis=BASIS, likelihood=1
)

IRREGULARITIES: tuple[Feature, ...] = (
    _irregularity("irregularities", "entries in the list of abnormal operations", "count",
                  measure=Count(), severity=0),
    _irregularity("irregularity_days", "days since the oldest standing entry of abnormal operations",
                  "days", measure=Largest("age_days")),
    _irregularity("irregularity_reasons", "different grounds of abnormal operations", "count",
                  measure=Distinct("reason")),
    *(
        _irregularity(f"irregular_{reason}", title, "count", measure=Count(where(reason=reason)))
        for reason, title in REASONS.items()
    ),
)  # fmt: skip
