"""What platforms record differently of one penalty decision, listed for the office to settle."""

from __future__ import annotations

from pathlib import Path

import duckdb
import ibis
import pandas as pd
from ibis.backends.duckdb import Backend

from features.decisions import with_decision
from features.failures import Failure

COMPARED = ("gravity", "fine", "statutory_max", "decided_on")
ENDED = ("repaired_on", "revoked_on")
"""Here an empty cell says something as well: not repaired."""
FILE = "disagreements.csv"
LIST_COLUMNS = (
    "decision", "firm_id", "column", "source_1", "penalty_id_1", "value_1",
    "source_2", "penalty_id_2", "value_2",
)  # fmt: skip
REMEDY = (
    "Settle it with the platforms; until then what is best for the firm counts. "
    f"{FILE} lists the records."
)


def disagreements(backend: Backend) -> pd.DataFrame:
    """Return the cells in which two current records of one decision differ, one row a pair and column."""
    con = backend.con
    if not _any_shared(con):
        return pd.DataFrame(columns=list(LIST_COLUMNS))
    penalties = backend.table("penalties")
    current = penalties.filter(penalties.superseded_on.isnull())
    current = current.mutate(as_of=ibis.date("2200-01-01"))  # compared with each other only
    con.execute(f"CREATE OR REPLACE TABLE compared AS {backend.compile(with_decision(current))}")
    found = con.execute(
        " UNION ALL ".join(_differing(column) for column in (*COMPARED, *ENDED))
        + ' ORDER BY 1, 2, "column", source_1, source_2, penalty_id_1, penalty_id_2'
    ).df()
    con.execute("DROP TABLE compared")
    return found


def _any_shared(con: duckdb.DuckDBPyConnection) -> bool:
    return bool(con.execute("SELECT count(*) FROM penalties WHERE shared").fetchall()[0][0])


def _differing(column: str) -> str:
    """Return the SQL of the pairs of records of one decision that differ in a column."""
    stated = "" if column in ENDED else f"AND a.{column} IS NOT NULL AND b.{column} IS NOT NULL"
    return (
        "SELECT coalesce(a.decision_number, b.decision_number, a.penalty_id) AS decision, "
        f"a.firm_id, '{column}' AS \"column\", a.platform AS source_1, "
        f"a.penalty_id AS penalty_id_1, a.{column}::VARCHAR AS value_1, b.platform AS source_2, "
        f"b.penalty_id AS penalty_id_2, b.{column}::VARCHAR AS value_2 "
        "FROM compared a JOIN compared b ON a.firm_key = b.firm_key AND a.decision = b.decision "
        "AND (a.platform, a.penalty_id) < (b.platform, b.penalty_id) "
        f"WHERE a.{column} IS DISTINCT FROM b.{column} {stated}"
    )


def as_notes(found: pd.DataFrame) -> list[Failure]:
    """Return one note a pair of sources and column, with the first records of the first source."""
    pairs = found.groupby(["source_1", "source_2", "column"], sort=True)
    return [
        Failure(
            "penalties",
            str(column),
            _rule(one or "no source", other or "no source"),
            len(part),
            tuple(part.penalty_id_1.head(3)),
            REMEDY,
            "noted",
        )
        for (one, other, column), part in pairs
    ]


def _rule(one: str, other: str) -> str:
    if one == other:
        return f"{one} records one decision twice, differently"
    return f"{one} and {other} disagree on one decision"


def write_disagreements(found: pd.DataFrame, folder: Path) -> None:
    """Write the list, if there is anything to list."""
    if len(found):
        folder.mkdir(parents=True, exist_ok=True)
        found.to_csv(folder / FILE, index=False, encoding="utf-8")
