"""Queries compiled once for all records of the same shape.

Compiling takes up to seconds whatever the number of firms, and a fit, a simulation or a test suite asks
again and again the same of other rows. An expression is therefore built over tables that are nowhere:
their columns, the law and what it is told besides are all that its query can hang on. The names of the
tables at hand, and the as-of dates, are put into the query afterwards.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import cast

import ibis
import pandas as pd
import pyarrow as pa
from ibis.backends.duckdb import Backend
from ibis.expr.operations import DatabaseTable

from features.asof import Snapshot
from features.reading import quoted
from features.records import Records
from features.schema import TABLES
from features.working import DUCKDB, fetched

KEPT = 128
"""Queries kept; beyond, the one that was not used for longest is forgotten. One of the whole catalogue
has some 120 kB."""
SOME_DAYS = (dt.date(1, 1, 1), dt.date(1, 1, 2))
"""Stand for the as-of dates while a query is compiled: the first for one, both for several."""
SPINE = ibis.schema({"firm_key": "int32", "as_of": "date"})
_compiled: dict[str, str] = {}


@dataclass(frozen=True)
class _Nowhere:
    """Stands for the records while a query is compiled: tables with columns and nothing in them."""

    columns: Mapping[str, ibis.Schema]

    def table(self, name: str) -> ibis.Table:
        return ibis.table(self.columns[name], name=_placeholder(name))


def query(
    snapshot: Snapshot, rows: Callable[..., ibis.Table], *told: object, **tables: ibis.Table
) -> str:
    """Return the SQL of an expression on DuckDB.

    Parameters
    ----------
    snapshot : Snapshot
        A spine that the expression reads must be a table.
    rows : callable
        ``rows(snapshot, *told, **tables)`` returns the expression. It sees columns, the law and how many
        dates there are (one or several), but neither rows nor the dates themselves. It has a name, by
        which the query is kept, and captures nothing.
    told
        What else the expression hangs on, each with a ``repr`` that tells all of it.
    tables
        Tables of the working database beside the records.

    Raises
    ------
    ValueError
        Where the expression reads single ones of several dates, and not all by ``as_of_days``, captures
        variables, or has no name.
    """
    if getattr(rows, "__closure__", None):
        raise ValueError(f"{rows.__qualname__} captures variables, which a kept query cannot know")
    if rows.__name__ == "<lambda>":
        raise ValueError(f"{rows.__qualname__} has no name, by which its query could be kept")
    own = {"spine": snapshot.spine, "repeated": snapshot.repeated}
    own = {k: t for k, t in own.items() if t is not None and isinstance(t.op(), DatabaseTable)}
    at_hand = {table.name: snapshot.records.table(table.name) for table in TABLES} | own | tables
    nowhere = _Nowhere({"spine": SPINE} | {name: t.schema() for name, t in at_hand.items()})
    days = SOME_DAYS[: len(snapshot.dates)]
    key = repr((rows.__module__, rows.__qualname__, told, snapshot.law, days, nowhere))
    text = _compiled.pop(key, None) or _sql(
        snapshot.records.con,
        rows(
            replace(
                snapshot,
                records=cast("Records", nowhere),  # asked for tables, and for nothing else
                spine=nowhere.table("spine"),
                dates=days,
                sectors=(),
                repeated=nowhere.table("repeated") if "repeated" in own else None,
            ),
            *told,
            **{name: nowhere.table(name) for name in tables},
        ),
    )
    _compiled[key] = text  # the latest used stands last
    if len(_compiled) > KEPT:
        del _compiled[next(iter(_compiled))]
    for name, table in at_hand.items():
        text = text.replace(quoted(_placeholder(name)), quoted(table.op().name))
    text = text.replace(_constants(days), _constants(snapshot.dates))
    if any(_constants((day,)) in text for day in days):
        raise ValueError(f"{rows.__qualname__} reads single ones of several dates")
    return text


def prepared(
    snapshot: Snapshot, rows: Callable[..., ibis.Table], *told: object, **tables: ibis.Table
) -> Callable[[], pd.DataFrame]:
    """Return what fetches the rows of an expression; called again, it reads the tables as they are then.

    The parameters are those of :func:`query`. Days come as ``datetime64[us]``.
    """
    con = snapshot.records.con
    if con.name != DUCKDB:
        return lambda: _dated(rows(snapshot, *told, **tables).to_pyarrow())
    text = query(snapshot, rows, *told, **tables)
    return lambda: _dated(fetched(con, text))


def _dated(rows: pa.Table) -> pd.DataFrame:
    days = [field.name for field in rows.schema if pa.types.is_date(field.type)]
    return rows.to_pandas(date_as_object=False).astype(dict.fromkeys(days, "datetime64[us]"))


def _sql(con: Backend, rows: ibis.Table) -> str:
    sql = ibis.options.sql
    fused = sql.fuse_selects
    sql.fuse_selects = False  # compiles in two thirds of the time, runs as fast
    try:
        return str(con.compile(rows))
    finally:
        sql.fuse_selects = fused


def _placeholder(name: str) -> str:
    return f"the {name} at hand"


def _constants(days: tuple[dt.date, ...]) -> str:
    """Return dates, one or a list of several, as Ibis writes them for DuckDB."""
    return ", ".join(f"MAKE_DATE({day.year}, {day.month}, {day.day})" for day in days)
