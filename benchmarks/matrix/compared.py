"""The features that every contender computes: counts, amounts, rates and dates of all record tables.

Rates at full reporting (`features/reporting.py`, `features/rates.py`) and what ratings mean
(`features/ratings.py`) are left out with all that is made from them: they are estimates of this project,
which the others would have to copy line by line. So are the steps to other features: fading counts, whose
rates are compared, and the number of a sector's inspections. What hangs on others' outcomes, on decisions
recorded twice and on the codes' paths is compared.
"""

from __future__ import annotations

from features.catalogue import FEATURES
from features.feature import Decayed, Fact, Feature, Ratio
from features.penalties import COUNTING, LOAD, WEIGHT
from features.ratings import RATINGS
from features.related import OTHERS_COUNTING, OTHERS_EXPOSURE, OTHERS_WEIGHT
from features.reporting import REPORTING

_LEFT_OUT = {
    COUNTING, LOAD, WEIGHT, OTHERS_COUNTING, OTHERS_EXPOSURE, OTHERS_WEIGHT, *REPORTING, *RATINGS,
}  # fmt: skip
_STEPS = {"sector_inspections"} | {
    f"{what}_fading_{days}d"
    for what in ("inspections", "violations", "harm")
    for days in (182, 365, 730, 1460)
}


Features = tuple[Feature, ...]
AGGREGATED = ("irregularities", "listings", "inspections")


def compared() -> Features:
    """Return the features in the order of the catalogue."""
    return tuple(
        feature
        for feature in FEATURES
        if feature not in _LEFT_OUT
        and feature.name not in _STEPS
        and not _LEFT_OUT & set(feature.parents)
    )


def aggregated() -> Features:
    """Return those that a tool for aggregates over windows can express: of three tables of own events.

    Left out besides what hangs on the sector, on other firms or on two tables: what fades, and the
    outcomes of the last visits one by one.
    """
    return tuple(
        feature
        for feature in compared()
        if feature.table in AGGREGATED
        and not isinstance(feature.measure, Decayed | Fact | Ratio)
        and "visit_no" not in dict(getattr(feature.measure, "where", ()))
    )
