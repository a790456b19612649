"""The query of a matrix, compiled once for all records of the same shape.

Compiling takes seconds whatever the number of firms, and a fit, a simulation or a test suite asks again
and again for the same features of other rows. The expression is therefore built over tables that are
nowhere: their columns, the law and the features are all that the query can hang on. The names of the
tables at hand, and the as-of date, are put into it afterwards.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import cast

import ibis
import pandas as pd
from ibis.backends.duckdb import Backend

from features.asof import Law, Snapshot
from features.assembly import Facts, assembled, in_order
from features.feature import Feature
from features.reading import quoted
from features.records import Records
from features.schema import TABLES

KEPT = 64
"""Queries kept; beyond, the one that was not used for longest is forgotten. One of the whole catalogue
has some 300 kB."""
SOME_DAY = dt.date(1, 1, 1)
"""Stands for the as-of date while a query is compiled."""
_compiled: dict[str, str] = {}


@dataclass(frozen=True)
class Shape:
    """All that the query of a matrix hangs on.

    Attributes
    ----------
    features : tuple of Feature
        Wanted, in order.
    law : Law
        The law in force.
    one_date : bool
        Whether there is one as-of date: a constant of the query then.
    levels : mapping
        Of :class:`~features.assembly.Facts`.
    columns : mapping
        Table -> its columns: of the record tables, the facts and the spine.
    kind : str
        Type of the matrix's numbers.
    """

    features: tuple[Feature, ...]
    law: Law
    one_date: bool
    levels: Mapping[str, tuple[int, ...]]
    columns: Mapping[str, ibis.Schema]
    kind: str


@dataclass(frozen=True)
class _Nowhere:
    """Stands for the records while a query is compiled: tables with columns and nothing in them."""

    columns: Mapping[str, ibis.Schema]

    def table(self, name: str) -> ibis.Table:
        return ibis.table(self.columns[name], name=_placeholder(name))


def query(
    snapshot: Snapshot, features: tuple[Feature, ...], facts: Facts, kind: str = "float32"
) -> str:
    """Return the SQL of a matrix on DuckDB, sorted by date and firm; the snapshot's spine is a table."""
    tables = {table.name: snapshot.records.table(table.name) for table in TABLES}
    tables |= _named(snapshot, facts)
    shape = Shape(
        features,
        snapshot.law,
        len(snapshot.dates) == 1,
        facts.levels,
        {name: table.schema() for name, table in tables.items()},
        kind,
    )
    key = repr(shape)
    text = _compiled.pop(key, None) or _compile(shape, snapshot)
    _compiled[key] = text  # the latest used stands last
    if len(_compiled) > KEPT:
        del _compiled[next(iter(_compiled))]
    for name, table in tables.items():
        text = text.replace(quoted(_placeholder(name)), quoted(table.op().name))
    return (
        text.replace(_constant(SOME_DAY), _constant(snapshot.dates[0])) if shape.one_date else text
    )


def prepared(con: Backend, rows: ibis.Table) -> Callable[[], pd.DataFrame]:
    """Return a query on DuckDB compiled: called again, it reads the tables as they are by then."""
    text = str(con.compile(rows))
    return lambda: con.con.sql(text).to_arrow_table().to_pandas(date_as_object=False)


def _named(snapshot: Snapshot, facts: Facts) -> dict[str, ibis.Table]:
    """Return the tables of a matrix beside the records, by name."""
    seldom = {"repeated": snapshot.repeated, "controllers": facts.controllers}
    return {
        "spine": snapshot.spine,
        "curves": facts.curves,
        "required": facts.required,
        **{f"groups_{kind}": table for kind, table in facts.groups.items()},
        **{f"paths_{kind}": table for kind, table in facts.paths.items()},
        **{name: table for name, table in seldom.items() if table is not None},
    }


def _compile(shape: Shape, like: Snapshot) -> str:
    nowhere = _Nowhere(shape.columns)
    facts = Facts(
        groups={kind: nowhere.table(f"groups_{kind}") for kind in shape.levels},
        paths={kind: nowhere.table(f"paths_{kind}") for kind in shape.levels},
        levels=shape.levels,
        curves=nowhere.table("curves"),
        required=nowhere.table("required"),
        controllers=nowhere.table("controllers") if "controllers" in shape.columns else None,
    )
    snapshot = replace(
        like,
        records=cast("Records", nowhere),  # the expression asks for tables, and for nothing else
        spine=nowhere.table("spine"),
        dates=(SOME_DAY,) if shape.one_date else (),
        sectors=(),
        repeated=nowhere.table("repeated") if "repeated" in shape.columns else None,
    )
    rows = assembled(snapshot, shape.features, facts, shape.kind)
    sql = ibis.options.sql
    fused = sql.fuse_selects
    sql.fuse_selects = False  # compiles in two thirds of the time, runs as fast
    try:
        return str(ibis.to_sql(in_order(rows), dialect="duckdb", pretty=False))
    finally:
        sql.fuse_selects = fused


def _placeholder(name: str) -> str:
    return f"the {name} at hand"


def _constant(day: dt.date) -> str:
    """Return a date as Ibis writes it for DuckDB."""
    return f"MAKE_DATE({day.year}, {day.month}, {day.day})"
