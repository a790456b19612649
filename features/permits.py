"""Permits held, expired, lapsed while the firm operates, revoked; what the sector requires."""

from __future__ import annotations

import datetime as dt
from functools import partial

import ibis
from ibis import ir

from features.asof import Snapshot, days_between
from features.feature import (
    NEVER_DAYS,
    Count,
    Distinct,
    Fact,
    Feature,
    Largest,
    Ratio,
    Smallest,
    where,
)  # fmt: skip

BASIS = "Administrative Licensing Law; Interim Regulations on Enterprise Information Publicity"
ENDED = ("expired", "suspended", "revoked", "cancelled")
RUN_OUT = ("valid", "expired")
LATE_DAYS = 7
"""Days without a permit that are no lapse: the delay can be the office's (decision 0040)."""
FAR = dt.date(9999, 12, 31)
"""End of a term that goes on."""


def permits_seen(snapshot: Snapshot, required: ibis.Table) -> ibis.Table:
    """Return permits known and begun by the as-of date, with their state on it.

    `required` holds the kinds that sectors require, :func:`features.sector.required_permits`.

    Adds ``kind`` (unstated where empty), ``state`` (the status if it had taken effect by then, else
    valid; a status without a day took effect when it was recorded), ``is_valid`` (state valid and
    the term not over), ``has_lapsed`` (the term is over, or the state is expired, and no permit of
    the kind is valid), ``days_left`` (of a valid permit, to the last day of its term),
    ``days_lapsed`` (of a lapsed one, since the last of the kind's lapsed terms ended; a term ends on
    the earlier of its last day and the day it was declared expired), ``days_changed`` (since the state
    took effect), ``let_lapse`` (it ran out and within `LATE_DAYS` nothing of its kind followed or went
    on), ``days_uncovered`` (since the kind's terms up to this one had all ended) and ``is_required`` (by
    the sector's guide).
    """
    rows = snapshot.events("permits", "issued_on")
    changed_on = ibis.coalesce(rows.status_changed_on, rows.recorded_on)
    state = (changed_on <= rows.as_of).ifelse(rows.status, "valid").fill_null("valid")
    rows = rows.mutate(kind=rows.kind.fill_null("unstated"), state=state, changed_on=changed_on)
    rows = rows.mutate(ended_on=_ended_on(rows))
    term_over = (rows.valid_to < rows.as_of).fill_null(False)
    rows = rows.mutate(is_valid=~rows.state.isin(ENDED) & ~term_over)
    same = ["firm_key", "as_of", "kind"]
    kinds = rows.group_by(same).agg(
        kind_held=rows.is_valid.max(), kind_ended_on=rows.ended_on.max()
    )
    rows = rows.join(kinds, same)
    lapsed = ~rows.kind_held & rows.ended_on.notnull()
    rows = rows.mutate(
        has_lapsed=lapsed,
        days_left=rows.is_valid.ifelse(days_between(rows.as_of, rows.valid_to), None),
        days_lapsed=lapsed.ifelse(days_between(rows.kind_ended_on, rows.as_of), None),
        days_changed=days_between(rows.changed_on, rows.as_of),
    )
    return _with_required(snapshot, _with_lapses(rows, same), required)


def _with_lapses(rows: ibis.Table, same: list[str]) -> ibis.Table:
    """Add ``let_lapse`` and ``days_uncovered``; renewing later ends a lapse and adds none."""
    order = ["issued_on", "permit_id"]
    so_far = ibis.cumulative_window(group_by=same, order_by=order)
    covered_to = (
        rows.is_valid.ifelse(FAR, ibis.coalesce(rows.ended_on, rows.changed_on)).max().over(so_far)
    )
    following = rows.issued_on.lead().over(ibis.window(group_by=same, order_by=order))
    gap = days_between(covered_to, ibis.coalesce(following, rows.as_of))
    return rows.mutate(
        let_lapse=(gap > LATE_DAYS) & rows.state.isin(RUN_OUT),
        days_uncovered=days_between(covered_to, rows.as_of),
    )


def _ended_on(rows: ibis.Table) -> ir.DateValue:
    """Return the day a term ended by the as-of date: its last, or earlier if declared expired."""
    over = (rows.valid_to < rows.as_of).ifelse(rows.valid_to, None)
    expired = (rows.state == "expired").ifelse(rows.changed_on, None)
    return (expired < over).ifelse(expired, ibis.coalesce(over, expired))


def _with_required(snapshot: Snapshot, rows: ibis.Table, required: ibis.Table) -> ibis.Table:
    required = required.mutate(is_required=True)
    sectors = snapshot.known("firms").select("firm_key", "as_of", "sector")
    rows = rows.left_join(sectors, ["firm_key", "as_of"])
    rows = rows.drop(*(c for c in rows.columns if c.endswith("_right")))
    rows = rows.left_join(required, ["sector", "kind"])
    rows = rows.drop(*(c for c in rows.columns if c.endswith("_right")))
    return rows.mutate(is_required=rows.is_required.fill_null(False))


_permit = partial(Feature, topic="permits", table="permits", basis=BASIS)

HELD_REQUIRED = _permit("permits_required_held", "required permits held", "count",
                        measure=Distinct("kind", where(is_valid=True, is_required=True)))  # fmt: skip
REQUIRED = _permit("permits_required", "permits that the sector requires", "count",
                   measure=Fact("n_required"), severity=0)  # fmt: skip

PERMITS: tuple[Feature, ...] = (
    _permit("permits_valid", "valid permits", "count", measure=Count(where(is_valid=True)), severity=0),
    _permit("permit_kinds_valid", "kinds of valid permits", "count",
            measure=Distinct("kind", where(is_valid=True)), severity=0),
    _permit("permits_ever", "permits ever held", "count", measure=Count()),
    _permit("permits_new_1y", "permits issued in the last year", "count", measure=Count(), within_days=365),
    _permit("permit_kinds_lapsed", "kinds of permit lapsed while operating", "count",
            measure=Distinct("kind", where(has_lapsed=True)), likelihood=1, severity=0),
    _permit("permit_lapsed_days", "longest time since a permit lapsed", "days",
            measure=Largest("days_lapsed"), likelihood=1),
    _permit("permit_lapses_3y", "times that a permit lapsed in the last 3 years", "count",
            measure=Count(where(let_lapse=True)), within_days=1095, dated="days_uncovered", likelihood=1),
    _permit("permits_revoked", "permits revoked", "count",
            measure=Count(where(state="revoked")), within_days=1095, dated="days_changed",
            likelihood=1, severity=1),
    _permit("permits_suspended", "permits suspended", "count",
            measure=Count(where(state="suspended")), within_days=1095, dated="days_changed",
            likelihood=1, severity=1),
    _permit("permits_cancelled", "permits cancelled", "count", measure=Count(where(state="cancelled"))),
    _permit("permit_days_left", "days to the next expiry of a permit", "days",
            measure=Smallest("days_left"), if_none=NEVER_DAYS),
    _permit("permit_days_since_issue", "days since a permit was last issued", "days",
            measure=Smallest("age_days"), if_none=NEVER_DAYS),
    _permit("permit_days_since_first", "days since the first permit", "days",
            measure=Largest("age_days"), severity=0),
    REQUIRED,
    HELD_REQUIRED,
    _permit("permit_coverage", "share of the required permits held", "share",
            measure=Ratio(HELD_REQUIRED, REQUIRED), if_none=1.0, likelihood=-1),
)  # fmt: skip
