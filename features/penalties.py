"""Penalties in force: counts, amounts, load fading by gravity. Expired and repaired ones are gone.

Sources: NDRC Order 36 (2026) on expiry and repair; docs/methods.md for decay and proportional gravity.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial

import ibis
from ibis import ir

from features.asof import Snapshot, in_force, unexpired
from features.feature import (
    NEVER_DAYS,
    Count,
    Decayed,
    Distinct,
    Feature,
    Largest,
    Ratio,
    Smallest,
    Total,
    where,
)  # fmt: skip

BASIS = "SAMR Order 45 (publication of penalties); NDRC Order 36 of 2026 (expiry and repair)"
FULL_WEIGHT_SHARE = 0.05
"""A fine of this share of the firm's capital weighs in full."""
LOAD_CAP = 3.0
"""Many small penalties together weigh no more than three of full weight."""


def penalties_in_force(snapshot: Snapshot) -> ibis.Table:
    """Return penalties known, neither expired, repaired nor revoked on the as-of date.

    Adds ``gravity`` (stated or the law's default) and ``weight``, the proportional gravity in
    [0, 1]: half the fine's share of the statutory maximum and half its size against the firm's
    capital (where only one is known, that one; where neither, the gravity's default weight).
    """
    law = snapshot.law
    rows = snapshot.events("penalties", "decided_on")
    rows = rows.mutate(gravity=rows.gravity.fill_null(law.unstated_gravity))
    rows = rows.filter(
        in_force(rows, "repaired_on"), in_force(rows, "revoked_on"), unexpired(rows, law)
    )
    firms = snapshot.known("firms").select("firm_key", "as_of", "registered_capital")
    rows = rows.left_join(firms, ["firm_key", "as_of"])
    rows = rows.drop(*(c for c in rows.columns if c.endswith("_right")))
    return rows.mutate(weight=_weight(rows, law.default_weight))


def _weight(rows: ibis.Table, default: Mapping[str, float]) -> ir.NumericValue:
    # clip keeps an unknown share unknown; SQL's LEAST would make it 1
    fine = rows.fine
    of_maximum = (fine / rows.statutory_max).clip(upper=1.0)
    capital = (rows.registered_capital > 0).ifelse(rows.registered_capital, None)
    of_capital = ((fine / capital + 1.0).ln() / math.log1p(FULL_WEIGHT_SHARE)).clip(upper=1.0)
    both = (of_maximum + of_capital) / 2.0
    stated = ibis.cases(*((rows.gravity == name, weight) for name, weight in default.items()))
    return ibis.coalesce(both, of_maximum, of_capital, stated)


_penalty = partial(Feature, topic="penalties", table="penalties", basis=BASIS, likelihood=1)

IN_FORCE = _penalty(
    "penalties_in_force", "penalties in force", "count", measure=Count(), severity=1
)
FINES = _penalty("fines_in_force", "fines of penalties in force", "currency",
                 measure=Total("fine", scale=100), likelihood=1, severity=1)  # fmt: skip

PENALTIES: tuple[Feature, ...] = (
    IN_FORCE,
    _penalty("penalties_1y", "penalties in force of the last year", "count", measure=Count(), within_days=365),
    _penalty("penalties_90d", "penalties in force of the last 90 days", "count", measure=Count(), within_days=90),
    *(
        _penalty(f"penalties_{gravity}", f"{gravity} penalties in force", "count",
                 measure=Count(where(gravity=gravity)), severity=1)
        for gravity in ("minor", "moderate", "serious")
    ),
    _penalty("penalty_load", "penalties in force, weighed by gravity", "weight",
             measure=Total("weight", cap=LOAD_CAP), severity=1),
    # half-life: half of the time until the penalty expires
    _penalty("penalty_load_minor", "minor penalties, fading", "weight",
             measure=Decayed("weight", 45, where(gravity="minor"))),
    _penalty("penalty_load_moderate", "moderate penalties, fading", "weight",
             measure=Decayed("weight", 182, where(gravity="moderate"))),
    _penalty("penalty_load_serious", "serious penalties, fading", "weight",
             measure=Decayed("weight", 547, where(gravity="serious")), severity=1),
    _penalty("penalty_heaviest", "weight of the heaviest penalty in force", "weight",
             measure=Largest("weight"), severity=1),
    FINES,
    _penalty("fine_largest", "largest fine in force", "currency", measure=Largest("fine"), severity=1),
    _penalty("fine_mean", "mean fine of penalties in force", "currency",
             measure=Ratio(FINES, IN_FORCE), severity=1, likelihood=None),
    _penalty("days_since_penalty", "days since the last penalty in force", "days",
             measure=Smallest("age_days"), if_none=NEVER_DAYS, likelihood=-1),
    _penalty("days_since_serious_penalty", "days since the last serious penalty in force", "days",
             measure=Smallest("age_days", where(gravity="serious")), if_none=NEVER_DAYS,
             likelihood=-1, severity=-1),
    _penalty("penalty_authorities", "authorities with a penalty in force", "count",
             measure=Distinct("authority")),
    _penalty("penalty_categories", "kinds of violation penalised and in force", "count",
             measure=Distinct("category"), severity=0),
)  # fmt: skip
