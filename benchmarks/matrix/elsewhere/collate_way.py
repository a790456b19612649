"""Counts, sums and days of own events by triage's collate on a PostgreSQL; needs `triage` and pyarrow.

Which rows were known and stood on the date, and what a visit found, are conditions of the tables that collate
reads: it has windows, aggregates and what stands for none. The matrix ends as a table of the database.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterable
from typing import Any

import pandas as pd
import pyarrow.csv
import pyarrow.parquet
from sqlalchemy import Engine, create_engine, text
from timed import run
from triage.component.collate import Aggregate, SpacetimeAggregation

TABLES = ("firms", "irregularities", "listings", "inspections")
SQL_TYPES = {"double": "double precision", "date32[day]": "date", "int64": "bigint"}
KEYS = """
CREATE TABLE entities AS
SELECT firm_id, (row_number() OVER (ORDER BY firm_id COLLATE "C") - 1)::int AS entity_id
FROM firms GROUP BY firm_id;
ANALYZE;
"""
COHORT = """
DROP TABLE IF EXISTS cohort;
CREATE TABLE cohort AS
SELECT entity_id, DATE '{day}' AS as_of_date
FROM (
    SELECT DISTINCT ON (firm_id) * FROM firms WHERE recorded_on <= '{as_of}'
    ORDER BY firm_id, recorded_on DESC
) f JOIN entities USING (firm_id)
WHERE (closed_on IS NULL OR closed_on > '{as_of}') AND (registered_on IS NULL OR registered_on <= '{as_of}');
"""
SOURCES = {
    "irregularities": """(
        SELECT entity_id, reason, listed_on AS happened_on, DATE '{as_of}' - listed_on AS age
        FROM irregularities JOIN entities USING (firm_id)
        WHERE recorded_on <= '{as_of}' AND (removed_on IS NULL OR removed_on > '{as_of}')
    ) AS entries""",
    "listings": """(
        SELECT
            entity_id, colour = 'red' AS red, ground, amount, listed_on AS happened_on,
            DATE '{as_of}' - listed_on AS age,
            colour = 'black' AND ground IS DISTINCT FROM 'judgment_default' AS black,
            colour = 'black' AND ground = 'judgment_default' AS defaulted
        FROM listings JOIN entities USING (firm_id)
        WHERE recorded_on <= '{as_of}' AND (removed_on IS NULL OR removed_on > '{as_of}')
    ) AS entries""",
    "inspections": """(
        SELECT *, judged AND violation = 1 AS hit, judged AND violation = 0 AS clean,
            CASE WHEN judged THEN coalesce(harm, 0) ELSE 0 END AS seen,
            CASE WHEN judged AND violation = 1 THEN coalesce(harm, 0) ELSE 0 END AS found
        FROM (
            SELECT
                entity_id, violation, harm, selection, inspected_on AS happened_on,
                DATE '{as_of}' - inspected_on AS age,
                violation IS NOT NULL
                    AND coalesce(selection NOT IN ('complaint', 'follow_up'), true) AS judged
            FROM inspections JOIN entities USING (firm_id) WHERE recorded_on <= '{as_of}'
        ) AS v
    ) AS visits""",
}


def number(condition: str) -> tuple[str, str]:
    return f"({condition})::int", "sum"


def days(how: str, condition: str = "true") -> tuple[str, str]:
    return f"CASE WHEN {condition} THEN age END", how


WANTED: dict[tuple[str, str], dict[str, tuple[str, str]]] = {
    ("irregularities", "all"): {
        "irregularities": ("*", "count"),
        "irregularity_days": ("age", "max"),
        "irregularity_reasons": ("distinct reason", "count"),
        **{
            f"irregular_{reason}": number(f"reason = '{reason}'")
            for reason in ("annual_report_not_filed", "address_unreachable", "disclosure_missing",
                           "disclosure_false")
        },
    },
    ("listings", "all"): {
        "red_lists": number("red"),
        "red_list_days": days("max", "red"),
        "black_lists": number("black"),
        "black_list_days": days("min", "black"),
        "black_list_grounds": ("distinct CASE WHEN black THEN ground END", "count"),
        "black_list_amount": ("CASE WHEN black THEN amount END", "max"),
        "judgment_defaults": number("defaulted"),
    },
    ("inspections", "all"): {
        "inspections": number("judged"),
        "violations_found": number("hit"),
        "harm_found": ("found", "sum"),
        "harm_seen": ("seen", "sum"),
        "harm_largest": ("found", "max"),
        "days_since_inspection": days("min", "judged"),
        "days_since_visit": days("min"),
        "days_since_violation": days("min", "hit"),
        "days_since_clean": days("min", "clean"),
        "days_since_clean_random": days("min", "clean AND selection = 'random'"),
        "complaint_visits": number("selection = 'complaint'"),
        "follow_ups": number("selection = 'follow_up'"),
    },
    ("inspections", "365 days"): {
        "inspections_1y": number("judged"),
        "violations_1y": number("hit"),
        "harm_1y": ("seen", "sum"),
        "complaint_visits_1y": number("selection = 'complaint'"),
        "follow_ups_1y": number("selection = 'follow_up'"),
    },
    ("inspections", "1095 days"): {
        "inspections_3y": number("judged"),
        "violations_3y": number("hit"),
        "random_inspections_3y": number("selection = 'random'"),
    },
}  # fmt: skip
"""Table and window -> feature -> what is aggregated, and how."""


def opened(task: dict[str, Any]) -> Engine:
    """Copy the Parquet files into a new schema of the database at ``address``, and number the firms."""
    engine = create_engine(task["address"], connect_args={"options": "-c search_path=bench"})
    with engine.begin() as con:
        con.execute(text("DROP SCHEMA IF EXISTS bench CASCADE; CREATE SCHEMA bench"))
        for name in TABLES:
            _copied(con.connection.cursor(), name, f"{task['records']}/{name}.parquet")
        con.execute(text(KEYS))
    return engine


def _copied(cursor: Any, name: str, file: str) -> None:
    rows = pyarrow.parquet.read_table(file)
    columns = ", ".join(f'"{f.name}" {SQL_TYPES.get(str(f.type), "text")}' for f in rows.schema)
    lines = io.BytesIO()
    pyarrow.csv.write_csv(rows, lines)
    lines.seek(0)
    cursor.execute(f"CREATE TABLE {name} ({columns})")
    cursor.copy_expert(f"COPY {name} FROM STDIN (FORMAT csv, HEADER)", lines)


def computed(engine: Engine, task: dict[str, Any]) -> Engine:
    """Make the table ``matrix`` of all open firms.

    A window of collate ends before its date, ours on it: so collate is asked on the day after.
    """
    day = dt.date.fromisoformat(task["as_of"]) + dt.timedelta(days=1)
    with engine.begin() as con:
        con.execute(text(COHORT.format(as_of=task["as_of"], day=day)))
    made = []
    for n, ((table, interval), wanted) in enumerate(WANTED.items()):
        aggregation = SpacetimeAggregation(
            aggregates=_aggregates(wanted, task["none"]),
            groups=["entity_id"],
            intervals=[interval],
            from_obj=SOURCES[table].format(as_of=task["as_of"]),
            dates=[str(day)],
            state_table="cohort",
            state_group="entity_id",
            prefix=f"part{n}",
            suffix="aggregation",
            date_column="happened_on",
            output_date_column="as_of_date",
        )
        aggregation.execute(engine)
        names = {f"part{n}_entity_id_{interval}_{f}_{how}": f for f, (_, how) in wanted.items()}
        made.append((aggregation.get_table_name(imputed=True), names))
    columns = ", ".join(f'{t}."{c}"::real AS {f}' for t, names in made for c, f in names.items())
    joins = " ".join(f"JOIN {table} USING (entity_id, as_of_date)" for table, _ in made)
    with engine.begin() as con:
        con.execute(text(f"CREATE TABLE matrix AS SELECT entity_id, {columns} FROM cohort {joins}"))
    return engine


def _aggregates(wanted: dict[str, tuple[str, str]], none: dict[str, float]) -> Iterable[Aggregate]:
    return [
        Aggregate(
            {feature: what}, [how],
            {"all": {"type": "constant", "value": none[feature]}, "coltype": "aggregate"},
        )
        for feature, (what, how) in wanted.items()
    ]  # fmt: skip


def sampled(engine: Engine, task: dict[str, Any], every: int, file: str) -> int:
    """Write every nth row to `file`, if there is one; return the number of all rows."""
    columns = ", ".join(task["features"])
    query = f"SELECT entity_id AS firm_key, {columns} FROM matrix WHERE entity_id % {every} = 0"
    with engine.connect() as con:
        if file:
            found = con.execute(text(query))
            pd.DataFrame(found.fetchall(), columns=list(found.keys())).to_parquet(file, index=False)
        return con.execute(text("SELECT count(*) FROM matrix")).scalar_one()


if __name__ == "__main__":
    run(opened, computed, sampled, "triage", "SQLAlchemy")
