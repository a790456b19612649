"""Red and black lists. A judgment default is no regulatory violation and is counted apart."""

from __future__ import annotations

from functools import partial

import ibis

from features.asof import Snapshot, in_force
from features.feature import NEVER_DAYS, Count, Distinct, Feature, Largest, Smallest, where

BASIS = "SAMR Order 44 (serious violation list); national catalogue of public credit information"
JUDGMENT_DEFAULT = "judgment_default"


def listings_standing(snapshot: Snapshot) -> ibis.Table:
    """Return entries known and not removed by the as-of date.

    Adds ``kind``: red, black (regulatory) or judgment_default.
    """
    rows = snapshot.events("listings", "listed_on")
    rows = rows.filter(in_force(rows, "removed_on"))
    default = (rows.colour == "black") & (rows.ground == JUDGMENT_DEFAULT).fill_null(False)
    return rows.mutate(kind=default.ifelse(JUDGMENT_DEFAULT, rows.colour))


_listing = partial(Feature, topic="red and black lists", table="listings", basis=BASIS)

LISTINGS: tuple[Feature, ...] = (
    _listing("red_lists", "red lists that commend the firm", "count",
             measure=Count(where(kind="red")), likelihood=-1),
    _listing("red_list_days", "days on a red list", "days",
             measure=Largest("age_days", where(kind="red")), likelihood=-1),
    _listing("black_lists", "black lists for regulatory violations", "count",
             measure=Count(where(kind="black")), likelihood=1, severity=1),
    _listing("black_list_days", "days since the latest black-listing", "days",
             measure=Smallest("age_days", where(kind="black")), if_none=NEVER_DAYS, likelihood=-1, severity=-1),
    _listing("black_list_grounds", "different grounds of black-listing", "count",
             measure=Distinct("ground", where(kind="black")), likelihood=1),
    _listing("black_list_amount", "largest amount in a black-listing", "currency",
             measure=Largest("amount", where(kind="black")), likelihood=1, severity=1),
    _listing("judgment_defaults", "entries as judgment debtor in default", "count",
             measure=Count(where(kind=JUDGMENT_DEFAULT)), severity=0),
)  # fmt: skip
