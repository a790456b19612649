"""The firm itself: age, size, changes of its registered details."""

from __future__ import annotations

from functools import partial

import ibis

from features.asof import UNSTATED, Snapshot, days_between, is_open, with_age
from features.feature import NEVER_DAYS, Count, Fact, Feature, Smallest, where

BASIS = "Regulations on the Registration of Market Entities (State Council Order 746)"
SIZES = ("micro", "small", "medium", "large")


def firm_facts(snapshot: Snapshot) -> ibis.Table:
    """Return one row per known firm and as-of date: its sector, region, group and own numbers.

    Adds ``firm_age_days``, ``size_order`` (1 micro to 4 large), ``one`` (the number 1) and ``is_open``.
    """
    firms = snapshot.known("firms")
    size = ibis.cases(*((firms.size_class == name, place) for place, name in enumerate(SIZES, 1)))
    return firms.select(
        "firm_key", "as_of", "group_id",
        sector=firms.sector.fill_null(UNSTATED),
        region=firms.region.fill_null(UNSTATED),
        firm_age_days=days_between(firms.registered_on, firms.as_of),
        registered_capital="registered_capital",
        employees="employees",
        size_order=size,
        one=ibis.literal(1.0),
        is_open=is_open(firms),
    )  # fmt: skip


def changes_seen(snapshot: Snapshot) -> ibis.Table:
    """Return changes of a firm's details recorded by the as-of date: one row a later version.

    Adds ``moved``, ``renamed``, ``new_sector``: what differs from the version before (a detail that
    either version leaves empty does not); ``age_days`` counts from the day of recording.
    """
    versions = snapshot.records.table("firms").semi_join(snapshot.spine, "firm_key")
    before = ibis.window(group_by="firm_key", order_by="recorded_on")
    changed = {
        flag: versions[column].lag().over(before).notnull()
        & (versions[column] != versions[column].lag().over(before)).fill_null(False)
        for flag, column in (("renamed", "name"), ("moved", "region"), ("new_sector", "sector"))
    }
    rows = versions.mutate(version=ibis.row_number().over(before), **changed)
    rows = rows.filter(rows.version > 0).join(snapshot.spine, "firm_key")
    return with_age(rows.filter(rows.recorded_on <= rows.as_of), "recorded_on")


_profile = partial(Feature, topic="age and size", table="firms", basis=BASIS)
_change = partial(Feature, topic="changes of details", table="firms", basis=BASIS)

FIRMS_COUNTED = _profile("firms", "the firm itself", "count", measure=Fact("one"), likelihood=None)

PROFILE: tuple[Feature, ...] = (
    _profile("firm_age_days", "age of the firm", "days", measure=Fact("firm_age_days"),
             if_none=float("nan"), severity=0),
    _profile("registered_capital", "registered capital", "currency",
             measure=Fact("registered_capital"), if_none=float("nan"), severity=0),
    _profile("employees", "employees", "count", measure=Fact("employees"), if_none=float("nan"),
             severity=1),
    _profile("size_class", "size class (1 micro to 4 large)", "class 1-4", measure=Fact("size_order"),
             if_none=float("nan"), severity=1),
)  # fmt: skip

CHANGES: tuple[Feature, ...] = (
    _change("changes_3y", "changes of registered details in 3 years", "count", measure=Count(),
            within_days=1095),
    _change("renamed_3y", "changes of name in 3 years", "count", measure=Count(where(renamed=True)),
            within_days=1095),
    _change("moved_3y", "changes of region in 3 years", "count", measure=Count(where(moved=True)),
            within_days=1095),
    _change("new_sector_3y", "changes of sector in 3 years", "count",
            measure=Count(where(new_sector=True)), within_days=1095),
    _change("days_since_change", "days since the last change of details", "days",
            measure=Smallest("age_days"), if_none=NEVER_DAYS),
)  # fmt: skip
