"""Accepted records without files: the tables as the check would leave them, in any Ibis backend."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import ibis
import pyarrow as pa

from features.quality import Quality
from features.records import Records
from features.schema import TABLES, RecordTable
from tests.property.naive.registry import Registry, Row, key_of

Create = Callable[[str, pa.Table], None]
TYPES = {"text": pa.string(), "date": pa.date32(), "number": pa.float64()}


def accepted(
    registry: Registry,
    con: Any,
    create: Create | None = None,
    firm_ids: list[str] | None = None,
) -> Records:
    """Write every accepted table (and ``firm_keys``) into the backend.

    `create` writes a table where the backend has its own way; `firm_ids` numbers firms otherwise.
    """
    create = create or partial(_create, con)
    keys = {firm: key for key, firm in enumerate(firm_ids or registry.firm_ids)}
    for table in TABLES:
        rows = [
            row | {"firm_key": keys[row["firm_id"]]} if "firm_id" in row else row
            for row in with_end(table.name, registry.rows(table.name))
        ]
        if table.name == "penalties":
            rows = [row | {"shared": may_be_shared(row, rows)} for row in rows]
        create(table.name, pa.Table.from_pylist(rows, schema=schema_of(table)))
    known = pa.schema([("firm_id", pa.string()), ("firm_key", pa.int32())])
    pairs = [{"firm_id": firm, "firm_key": key} for firm, key in keys.items()]
    create("firm_keys", pa.Table.from_pylist(pairs, schema=known))
    return Records(con, Quality((), ()))


def with_end(table: str, rows: list[Row]) -> list[Row]:
    """Add ``superseded_on``: the day the fact's next version became known."""
    return [
        row
        | {
            "superseded_on": min(
                (
                    other["recorded_on"]
                    for other in rows
                    if key_of(table, other) == key_of(table, row)
                    and other["recorded_on"] > row["recorded_on"]
                ),
                default=None,
            )
        }
        for row in rows
    ]


def may_be_shared(row: Row, rows: list[Row]) -> bool:
    """Tell whether another record of the firm has the number, or the authority, day and fine."""
    others = [
        other
        for other in rows
        if other["penalty_id"] != row["penalty_id"] and other["firm_id"] == row["firm_id"]
    ]
    numbers = [other["decision_number"] for other in others]
    cells = [tuple(other[name] for name in ("authority", "decided_on", "fine")) for other in others]
    own = tuple(row[name] for name in ("authority", "decided_on", "fine"))
    return own in cells or (
        row["decision_number"] is not None and row["decision_number"] in numbers
    )


def schema_of(table: RecordTable) -> pa.Schema:
    """Columns and types of an accepted table."""
    columns = [(column.name, TYPES[column.kind]) for column in table.columns]
    owner = [("firm_key", pa.int32())] if "firm_id" in table.names else []
    marks = [("shared", pa.bool_())] if table.name == "penalties" else []
    return pa.schema([*owner, *columns, ("superseded_on", pa.date32()), *marks])


def _create(con: Any, name: str, rows: pa.Table) -> None:
    con.create_table(name, rows, schema=ibis.Schema.from_pyarrow(rows.schema), overwrite=True)
