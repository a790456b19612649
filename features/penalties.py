"""Penalties in force: counts, amounts, load fading by gravity. Expired and repaired ones are gone.

Sources: NDRC Order 36 (2026) on expiry and repair; docs/methods.md for decay and proportional gravity.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial

import ibis
from ibis import ir

from features.asof import Law, Snapshot, days_between, in_force, unexpired, with_age
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
LEAST_WEIGHT = 0.05
"""What weighs less is a trifle: it adds its weight, and is not counted."""
LOAD_CAP = 3.0
"""Many small penalties together weigh no more than three of full weight."""


def penalties_in_force(snapshot: Snapshot) -> ibis.Table:
    """Return the penalties of the spine's firms in force on the as-of date; see `weighed`."""
    decisions = with_age(snapshot.decisions(), "decided_on")
    return weighed(decisions, snapshot.known("firms"), snapshot.law)


def weighed(rows: ibis.Table, firms: ibis.Table, law: Law) -> ibis.Table:
    """Return the penalties neither expired, repaired nor revoked on the as-of date, with weights.

    Adds ``gravity`` (stated or the law's default), ``weight``, the proportional gravity in [0, 1]:
    half the fine's share of the statutory maximum and half its size against the firm's capital
    (where only one is known, that one; where neither, the gravity's default weight), ``faded``, the
    weight halving every half of the time until the penalty expires, and ``counts``: moderate or
    serious, and of no trifling weight.
    """
    rows = rows.mutate(gravity=rows.gravity.fill_null(law.unstated_gravity))
    rows = rows.filter(
        in_force(rows, "repaired_on"), in_force(rows, "revoked_on"), unexpired(rows, law)
    )
    rows = rows.left_join(
        firms.select("firm_key", "as_of", "registered_capital"), ["firm_key", "as_of"]
    )
    rows = rows.drop(*(c for c in rows.columns if c.endswith("_right")))
    rows = rows.mutate(weight=_weight(rows, law.default_weight))
    expiry = ibis.cases(*((rows.gravity == name, float(d)) for name, d in law.expiry_days.items()))
    age = days_between(rows.decided_on, rows.as_of).cast("float64")
    return rows.mutate(
        faded=rows.weight * (age / expiry * (-2.0 * math.log(2))).exp(),
        counts=(rows.gravity != "minor") & (rows.weight >= LEAST_WEIGHT),
    )


def _weight(rows: ibis.Table, default: Mapping[str, float]) -> ir.NumericValue:
    # clip keeps an unknown share unknown; SQL's LEAST would make it 1
    fine = rows.fine
    of_maximum = (fine / rows.statutory_max).clip(upper=1.0)
    capital = (rows.registered_capital > 0).ifelse(rows.registered_capital, None)
    of_capital = ((fine / capital + 1.0).ln() / math.log1p(FULL_WEIGHT_SHARE)).clip(upper=1.0)
    both = (of_maximum + of_capital) / 2.0
    stated = ibis.cases(*((rows.gravity == name, weight) for name, weight in default.items()))
    return ibis.coalesce(both, of_maximum, of_capital, stated)


# Counts of what reached the records say as much about the records as about the firm: the models read
# the rates of features/reporting.py instead.
_penalty = partial(Feature, topic="penalties", table="penalties", basis=BASIS, likelihood=None)

IN_FORCE = _penalty("penalties_in_force", "penalties in force", "count", measure=Count())
FINES = _penalty("fines_in_force", "fines of penalties in force", "currency",
                 measure=Total("fine", scale=100))  # fmt: skip
YEAR = _penalty("penalties_1y", "penalties in force of the last year", "count", measure=Count(),
                within_days=365)  # fmt: skip
SERIOUS = _penalty("penalties_serious", "serious penalties in force", "count",
                   measure=Count(where(gravity="serious")), rival=True)  # fmt: skip
COUNTING = _penalty("penalties_counting", "moderate and serious penalties in force of some weight", "count",
                    measure=Count(where(counts=True)))  # fmt: skip
WEIGHT = _penalty("penalty_weight", "sum of the weights of penalties in force", "weight",
                  measure=Total("weight"))  # fmt: skip
LOAD = _penalty("penalty_load_fading", "penalties in force, weighed by gravity and fading", "weight",
                measure=Total("faded", cap=LOAD_CAP))  # fmt: skip

PENALTIES: tuple[Feature, ...] = (
    IN_FORCE,
    YEAR,
    _penalty("penalties_90d", "penalties in force of the last 90 days", "count", measure=Count(), within_days=90),
    _penalty("penalties_minor", "minor penalties in force", "count", measure=Count(where(gravity="minor"))),
    _penalty("penalties_moderate", "moderate penalties in force", "count",
             measure=Count(where(gravity="moderate")), rival=True),
    SERIOUS,
    COUNTING,
    WEIGHT,
    _penalty("penalty_load", "penalties in force, weighed by gravity", "weight",
             measure=Total("weight", cap=LOAD_CAP)),
    LOAD,
    # half-life: half of the time until the penalty expires
    _penalty("penalty_load_minor", "minor penalties, fading", "weight",
             measure=Decayed("weight", 45, where(gravity="minor"))),
    _penalty("penalty_load_moderate", "moderate penalties, fading", "weight",
             measure=Decayed("weight", 182, where(gravity="moderate"))),
    _penalty("penalty_load_serious", "serious penalties, fading", "weight",
             measure=Decayed("weight", 547, where(gravity="serious"))),
    _penalty("penalty_heaviest", "weight of the heaviest penalty in force", "weight", measure=Largest("weight")),
    FINES,
    _penalty("fine_largest", "largest fine in force", "currency", measure=Largest("fine")),
    _penalty("fine_mean", "mean fine of penalties in force", "currency", measure=Ratio(FINES, IN_FORCE)),
    _penalty("days_since_penalty", "days since the last penalty in force", "days",
             measure=Smallest("age_days"), if_none=NEVER_DAYS),
    _penalty("days_since_serious_penalty", "days since the last serious penalty in force", "days",
             measure=Smallest("age_days", where(gravity="serious")), if_none=NEVER_DAYS),
    _penalty("penalty_authorities", "authorities with a penalty in force", "count", measure=Distinct("authority")),
    _penalty("penalty_categories", "kinds of violation penalised and in force", "count", measure=Distinct("category")),
)  # fmt: skip
