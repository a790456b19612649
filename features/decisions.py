"""One penalty decision, however many platforms recorded it.

Records of a firm are one decision where they state the same number. A record without a number is, where its
authority is stated, the decision that another source records with the same authority, day and fine: the
first such record of a source is the first of the others, the second the second, so that the records of one
source stay apart. What is merged on an as-of date depends on what was known on it alone.

Where platforms disagree, what is best for the firm counts until they are settled: the mildest gravity,
the smallest fine, the largest maximum, the earliest decision, repair and revocation.
"""

from __future__ import annotations

import duckdb
import ibis
from ibis import ir

from features.schema import PENALTIES

DECISION_COLUMNS = (
    "firm_key",
    "as_of",
    *(name for name in PENALTIES.names if name != "firm_id"),
)
GRAVITIES = ("minor", "moderate", "serious")
"""From the mildest on."""
_CELL = ("firm_key", "as_of", "authority", "decided_on", "fine_key")
_OF_SOURCE = (*_CELL, "platform")
_DECISION = ("firm_key", "as_of", "decision")
_SHARED = """
UPDATE penalties SET shared = true WHERE (firm_key, decision_number) IN (
    SELECT (firm_key, decision_number) FROM penalties WHERE decision_number IS NOT NULL
    GROUP BY ALL HAVING min(penalty_id) <> max(penalty_id)
) OR (firm_key, authority, decided_on, coalesce(fine, -1)) IN (
    SELECT (firm_key, authority, decided_on, coalesce(fine, -1)) FROM penalties
    WHERE authority IS NOT NULL
    GROUP BY ALL HAVING min(coalesce(source, '')) <> max(coalesce(source, ''))
)"""


def mark_shared(con: duckdb.DuckDBPyConnection) -> None:
    """Add ``shared`` to the accepted penalties: another record, of any day, may be of the same decision.

    It saves work and decides nothing: only such rows are compared on an as-of date.
    """
    con.execute("ALTER TABLE penalties ADD COLUMN shared BOOLEAN DEFAULT false")
    con.execute(_SHARED)


def recorded_once(rows: ibis.Table) -> ibis.Table:
    """Return the penalties known on their ``as_of`` of which there can be no other record."""
    return rows.filter(~_comparable(rows)).select(*DECISION_COLUMNS)


def recorded_again(rows: ibis.Table) -> ibis.Table:
    """Return one row a decision of the other penalties known on their ``as_of``.

    ``penalty_id``, ``source``, ``authority`` and ``category`` are those first recorded, ``recorded_on`` is
    the day of it.
    """
    return _one_a_decision(with_decision(rows)).select(*DECISION_COLUMNS)


def with_decision(rows: ibis.Table) -> ibis.Table:
    """Return the rows that may share their decision, with ``decision``, the same for all of one."""
    rows = rows.filter(_comparable(rows)).mutate(
        fine_key=rows.fine.fill_null(-1.0), platform=rows.source.fill_null("")
    )
    stated = rows.filter(rows.decision_number.notnull())
    numbered = stated.mutate(decision=ibis.literal("number ") + stated.decision_number)
    unnumbered = _placed(rows.filter(rows.decision_number.isnull()))
    found = _with_numbers_of_others(unnumbered, stated).select(*rows.columns, "decision")
    return ibis.union(numbered.select(*rows.columns, "decision"), found)


def with_ends(rows: ibis.Table) -> ibis.Table:
    """Return every record known on its ``as_of`` with its ``decision`` and the decision's ends.

    Repaired or revoked on one platform, a decision is so on all of them.
    """
    again = with_decision(rows)
    once = recorded_once(rows)
    once = once.mutate(decision=ibis.literal("record ") + once.penalty_id)
    columns = (*DECISION_COLUMNS, "decision")
    found = ibis.union(again.select(*columns), once.select(*columns))
    whole = ibis.window(group_by=_DECISION)
    return found.mutate(
        repaired_on=found.repaired_on.min().over(whole),
        revoked_on=found.revoked_on.min().over(whole),
    )


def _comparable(rows: ibis.Table) -> ir.BooleanValue:
    return rows.shared & (rows.decision_number.notnull() | rows.authority.notnull())


def _placed(rows: ibis.Table) -> ibis.Table:
    """Give each record its place among those of its source with its authority, day and fine."""
    order = ibis.window(group_by=_OF_SOURCE, order_by="penalty_id")
    return rows.mutate(place=ibis.row_number().over(order))


def _with_numbers_of_others(rows: ibis.Table, stated: ibis.Table) -> ibis.Table:
    """Give each record without a number its decision: a number of another source, or a place.

    The numbers that a source states itself are taken.
    """
    numbers = stated.select(*_OF_SOURCE, "decision_number").distinct()
    wanted = rows.select(*_OF_SOURCE).distinct()
    free = wanted.join(
        numbers.select(*_CELL, "decision_number").distinct(),
        list(_CELL),
    )
    free = free.anti_join(numbers, [*_OF_SOURCE, "decision_number"])
    order = ibis.window(group_by=_OF_SOURCE, order_by="decision_number")
    free = free.mutate(place=ibis.row_number().over(order))
    free = free.mutate(n_free=ibis._.place.max().over(ibis.window(group_by=_OF_SOURCE)) + 1)
    counts = free.select(*_OF_SOURCE, "n_free").distinct()
    rows = _joined(rows, free.select(*_OF_SOURCE, "place", number="decision_number"), "place")
    rows = _joined(rows, counts)
    rows = rows.mutate(left_over=rows.place - rows.n_free.fill_null(0))
    same = ibis.window(group_by=(*_CELL, "left_over"))
    first = ibis.literal("record ") + rows.penalty_id.min().over(same)
    return rows.mutate(
        decision=rows.number.notnull().ifelse(ibis.literal("number ") + rows.number, first)
    )


def _joined(rows: ibis.Table, more: ibis.Table, *also: str) -> ibis.Table:
    rows = rows.left_join(more, [*_OF_SOURCE, *also])
    return rows.drop(*(name for name in rows.columns if name.endswith("_right")))


def _one_a_decision(rows: ibis.Table) -> ibis.Table:
    order = ibis.window(group_by=_DECISION, order_by=["recorded_on", "penalty_id"])
    rows = rows.mutate(place=ibis.row_number().over(order))
    found = rows.group_by(list(_DECISION)).aggregate(
        **{name: _first(rows, name) for name in ("penalty_id", "source", "authority", "category")},
        decision_number=rows.decision_number.max(),
        mildest=ibis.cases(*((rows.gravity == name, n) for n, name in enumerate(GRAVITIES))).min(),
        fine=rows.fine.min(),
        statutory_max=rows.statutory_max.max(),
        **{
            name: rows[name].min()
            for name in ("decided_on", "repaired_on", "revoked_on", "recorded_on")
        },
    )
    names = ((found.mildest == n, name) for n, name in enumerate(GRAVITIES))
    return found.mutate(gravity=ibis.cases(*names))


def _first(rows: ibis.Table, name: str) -> ir.Scalar:
    """Return what was stated first."""
    return rows[name].argmin(rows.place, where=rows[name].notnull())
