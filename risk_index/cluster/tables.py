"""Tables that all executors see: accepted records and what is learnt once for all firms, as Parquet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import ibis

from features.asof import Snapshot
from features.assembly import Facts
from features.catalogue import in_use
from features.matrix import publish_facts
from features.reading import literal
from features.records import Records
from features.schema import TABLES

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ROWS_OF_A_GROUP = 122_880


def shared(snapshot: Snapshot, folder: Path, spark: SparkSession) -> tuple[Snapshot, Facts]:
    """Write what the firms' rows are made from into `folder`; return the same as Spark sees it.

    The facts are computed here, so that they have the digits of a ranking on one machine.
    """
    here, there = snapshot.records.con, ibis.pyspark.connect(spark)
    facts = publish_facts(snapshot, in_use())

    def put(table: ibis.Table, name: str) -> ibis.Table:
        """Write a table with DuckDB, and return it as Spark reads it."""
        file = folder.resolve() / f"{name}.parquet"
        rows = f"(FORMAT parquet, ROW_GROUP_SIZE {ROWS_OF_A_GROUP})"
        here.con.execute(f"COPY ({here.compile(table)}) TO {literal(file)} {rows}")
        spark.read.parquet(file.as_uri()).createOrReplaceTempView(name)
        return there.table(name)

    for table in TABLES:
        put(snapshot.records.table(table.name), table.name)
    found = replace(
        facts,
        groups={kind: put(of, f"groups_{kind}") for kind, of in facts.groups.items()},
        paths={kind: put(of, f"paths_{kind}") for kind, of in facts.paths.items()},
        curves=put(facts.curves, "curves"),
        required=put(facts.required, "required"),
        controllers=None if facts.controllers is None else put(facts.controllers, "controllers"),
    )
    seen = replace(
        snapshot,
        records=Records(there, snapshot.records.quality),
        spine=put(snapshot.spine, "spine"),
        repeated=None if snapshot.repeated is None else put(snapshot.repeated, "repeated"),
    )
    return seen, found
