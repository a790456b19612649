"""What becomes of the rows: broken rules reported, rejected rows filed, the others accepted."""

from __future__ import annotations

from functools import reduce
from operator import and_
from pathlib import Path

import ibis
from ibis import ir
from ibis.backends.duckdb import Backend

from features.decisions import mark_shared
from features.failures import Failure, refusal
from features.identity import without_persons
from features.rules import Rule
from features.schema import FIRMS, PENALTIES, RecordTable
from features.typed import ALWAYS_KNOWN

MAX_REJECTED_SHARE = 0.5
"""A table that loses more rows than this share was misread, not mistyped: it is refused."""


def failure_of(table: RecordTable, typed: ibis.Table, rule: Rule) -> Failure:
    """Count the rows that break `rule` and name the first three."""
    bad = typed.filter(~rule.keeps(typed))
    first = bad.order_by("source_row").limit(3).select(table.key[0], "source_row").execute()
    ids = tuple(
        str(key) if isinstance(key, str) and without_persons(key) == key else f"row {row}"
        for key, row in first.itertuples(index=False)
    )
    return Failure(
        table.name,
        rule.column,
        rule.text,
        int(bad.count().execute()),
        ids,
        rule.remedy,
        rule.action,
    )


def malformed_lines(backend: Backend, table: RecordTable) -> list[Failure]:
    """Return the lines that are no rows of the CSV as a failure, if there are any."""
    lines = _malformed(backend, table)
    if not lines:
        return []
    return [
        Failure(
            table.name,
            "",
            "line with too many, too few or unclosed cells",
            len(lines),
            tuple(f"line {line}" for line in lines[:3]),
            "Mend the line; quote text that holds the delimiter.",
            "row rejected",
        )
    ]


def _malformed(backend: Backend, table: RecordTable) -> list[int]:
    there = "SELECT count(*) FROM duckdb_tables() WHERE table_name = ?"
    if not backend.con.execute(there, [f"malformed_{table.name}"]).fetchall()[0][0]:
        return []
    found = backend.con.execute(f"SELECT line FROM malformed_{table.name} ORDER BY line")
    return [row[0] for row in found.fetchall()]


def write_rejected(backend: Backend, table: RecordTable, broken: list[Rule], folder: Path) -> None:
    """Write every rejected row and emptied cell with column, rule and the row as it came.

    ``TABLE.csv`` holds rows, ``TABLE.malformed.csv`` lines that are no rows at all. Identity and mobile
    numbers of persons give way to a mark; the row's number tells where they stand.
    """
    folder.mkdir(parents=True, exist_ok=True)
    typed, raw = backend.table(f"typed_{table.name}"), backend.table(f"raw_{table.name}")
    parts = [
        typed.filter(~rule.keeps(typed)).select(
            "source_row",
            column=ibis.literal(rule.column),
            rule=ibis.literal(rule.text),
            action=ibis.literal(rule.action),
        )
        for rule in broken
        if rule.action != "noted"
    ]
    if parts:
        listed = parts[0] if len(parts) == 1 else ibis.union(*parts)
        found = listed.join(raw, "source_row").order_by("source_row", "column", "rule")
        _write(backend, found.rename(row="source_row"), folder / f"{table.name}.csv")
    if _malformed(backend, table):
        lines = backend.table(f"malformed_{table.name}")
        _write(backend, lines, folder / f"{table.name}.malformed.csv")


def _write(backend: Backend, rows: ibis.Table, file: Path) -> None:
    columns = {
        name: _without_persons(rows[name])
        for name, kind in rows.schema().items()
        if kind.is_string() and name not in ("column", "rule", "action", "place")
    }
    backend.to_csv(rows.mutate(**columns), file, header=True)


@ibis.udf.scalar.python(name="without_persons")
def _without_persons(text: str) -> str:
    return without_persons(text)


def accept(backend: Backend, table: RecordTable, broken: list[Rule]) -> int:
    """Write the accepted rows as table ``TABLE``, by firm and row of the source; return their number."""
    typed = backend.table(f"typed_{table.name}")
    rejecting = [rule.keeps(typed) for rule in broken if rule.action == "row rejected"]
    kept = typed.filter(reduce(and_, rejecting)) if rejecting else typed
    emptied = {rule.column for rule in broken if rule.action == "cell emptied"}
    kept = kept.mutate(**{column: _emptied(kept, column, broken) for column in emptied})
    if not broken and table is not FIRMS:
        return _write_versions(backend, table, f"typed_{table.name}")
    backend.create_table("kept", kept, overwrite=True)
    if table is FIRMS:
        backend.con.execute(
            "CREATE OR REPLACE TABLE firm_keys AS SELECT firm_id, (row_number() OVER "
            "(ORDER BY firm_id) - 1)::INTEGER AS firm_key FROM (SELECT DISTINCT firm_id FROM kept)"
        )
        backend.con.execute(
            "CREATE OR REPLACE TABLE kept AS SELECT * REPLACE (coalesce(recorded_on, registered_on, "
            f"{ALWAYS_KNOWN}) AS recorded_on) FROM kept JOIN firm_keys USING (firm_id)"
        )
    total = _write_versions(backend, table, "kept")
    backend.con.execute("DROP TABLE kept")
    return total


def _emptied(kept: ibis.Table, column: str, broken: list[Rule]) -> ir.Value:
    keeps = [r.keeps(kept) for r in broken if r.column == column and r.action == "cell emptied"]
    return ibis.ifelse(reduce(and_, keeps), kept[column], ibis.null(kept[column].type()))


def _write_versions(backend: Backend, table: RecordTable, kept: str) -> int:
    """Write the table with ``superseded_on``, the day the next version of a row became known."""
    con, key = backend.con, ", ".join(table.key)
    total, distinct = con.execute(
        f"SELECT count(*), (SELECT count(*) FROM (SELECT DISTINCT {key} FROM {kept})) FROM {kept}"
    ).fetchall()[0]
    order = ", ".join(["recorded_on", *table.names])
    next_version = f"lead(recorded_on) OVER (PARTITION BY {key} ORDER BY {order})"
    superseded = next_version if total != distinct else "NULL::DATE"
    owner = ["firm_key"] if "firm_id" in table.names else []
    con.execute(
        f"CREATE OR REPLACE TABLE {table.name} AS "
        f"SELECT {', '.join([*owner, *table.names])}, {superseded} AS superseded_on "
        f"FROM {kept} ORDER BY {', '.join(owner) or key}, source_row"
    )
    if table is PENALTIES:
        mark_shared(con)
    return int(total)


def too_few(table: RecordTable, n_read: int, n_accepted: int) -> list[Failure]:
    """Return a refusal where so many rows were rejected that the table must be misread."""
    lost = n_read - n_accepted
    if table is FIRMS and n_accepted == 0:
        return [refusal("firms", "", f"no firm left of {n_read} rows", "Mend or add rows.")]
    if n_accepted < (1 - MAX_REJECTED_SHARE) * n_read:
        rule = f"{lost} of {n_read} rows rejected (more than {MAX_REJECTED_SHARE:.0%})"
        return [refusal(table.name, "", rule, "Mend the causes listed above.", lost)]
    return []
