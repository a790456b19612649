"""Features of one firm under changed records: one compiled query, over views that each trial lays anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import ibis
import pandas as pd

from features.asof import KEYS, Snapshot
from features.assembly import Facts, assembled, in_order, with_controllers
from features.catalogue import in_use
from features.compiled import query
from features.controllers import members
from features.matrix import framed, publish_facts
from features.records import Records
from features.working import fetched

Change = Callable[[ibis.Table], ibis.Table]
CHANGEABLE = ("penalties", "permits", "irregularities", "listings")
REPEATED = "repeated"
"""Name of the decisions that several platforms recorded, beside those of the record tables."""


@dataclass(frozen=True)
class _Seen(Records):
    """Records some of whose tables are seen through views."""

    views: Mapping[str, str] = field(default_factory=dict)

    def table(self, name: str) -> ibis.Table:
        """Return an accepted record table, or the view of it."""
        return super().table(self.views.get(name, name))


@dataclass(frozen=True)
class Trials:
    """The matrix of the firms of a snapshot as a compiled query over views of their records.

    Attributes
    ----------
    snapshot : Snapshot
        With the records as they are.
    query : str
        Reads the views instead.
    views : mapping
        Name of the view by record table.
    """

    snapshot: Snapshot
    query: str
    views: Mapping[str, str]

    def matrix(self, changes: Mapping[str, Change] | None = None) -> pd.DataFrame:
        """Return the matrix with some tables changed; what is learnt from all firms stays as it is."""
        for table, view in self.views.items():
            rows = _table(self.snapshot, table)
            change = (changes or {}).get(table)
            _lay(self.snapshot, view, change(rows) if change else rows)
        return framed(fetched(self.snapshot.records.con, self.query))


def trials(registry: Snapshot, one: Snapshot) -> Trials:
    """Return the trials of the firms of `one`, part of a registry, on DuckDB."""
    tables = (*CHANGEABLE, *([REPEATED] if one.repeated is not None else []))
    views = {table: ibis.util.gen_name(f"trial_{table}") for table in tables}
    for table, view in views.items():
        _lay(one, view, _table(one, table))
    con, facts = one.records.con, publish_facts(registry, ())
    mine = con.create_table(ibis.util.gen_name("open_firms"), one.spine.select(*KEYS))
    fellows = con.create_table(ibis.util.gen_name("fellows"), members(one))
    seen = replace(
        one,
        spine=mine,
        records=_Seen(con, one.records.quality, views),
        repeated=None if one.repeated is None else con.table(views[REPEATED]),
    )
    text = query(seen, _rows, facts.levels, fellows=fellows, **facts.tables)
    return Trials(one, text, views)


def _rows(
    snapshot: Snapshot,
    levels: Mapping[str, tuple[int, ...]],
    *,
    fellows: ibis.Table,
    **tables: ibis.Table,
) -> ibis.Table:
    """Return the matrix of all features, with what the firms of each controller have together."""
    together = with_controllers(snapshot, in_use(), Facts.of(levels, tables), fellows)
    return in_order(assembled(snapshot, in_use(), together))


def _table(snapshot: Snapshot, name: str) -> ibis.Table:
    if name == REPEATED:
        assert snapshot.repeated is not None
        return snapshot.repeated
    return snapshot.records.table(name)


def _lay(snapshot: Snapshot, view: str, rows: ibis.Table) -> None:
    con = snapshot.records.con
    con.con.execute(f'CREATE OR REPLACE VIEW "{view}" AS {con.compile(rows)}')
