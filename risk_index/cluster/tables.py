"""Tables that all executors see: accepted records and what is learnt once for all firms, as Parquet."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import ibis

from features.asof import Snapshot
from features.assembly import Facts
from features.matrix import publish_facts
from features.reading import literal, quoted
from features.records import Records
from features.schema import TABLES

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

REPEATED = "repeated"
ROWS_OF_A_GROUP = 122_880


@dataclass(frozen=True)
class OnSpark:
    """A snapshot and its facts as Spark sees them.

    Attributes
    ----------
    session : SparkSession
    snapshot : Snapshot
        Of the same firms and date; its spine is that of the open firms.
    facts : Facts
        Computed on one machine, whose digits they have.
    """

    session: SparkSession
    snapshot: Snapshot
    facts: Facts

    def sql(self, table: ibis.Table) -> str:
        """Return an expression over the snapshot in Spark's words."""
        return str(self.snapshot.records.con.compile(table))


def shared(snapshot: Snapshot, folder: Path, spark: SparkSession) -> OnSpark:
    """Write what the firms' rows are made from into `folder`, and open it on Spark."""
    facts = publish_facts(snapshot)
    place = _Place(snapshot, folder, spark)
    for table in TABLES:
        place.put(snapshot.records.table(table.name), table.name)
    spine = place.put(snapshot.spine, "spine")
    repeated = None if snapshot.repeated is None else place.put(snapshot.repeated, REPEATED)
    found = Facts(
        groups={kind: place.put(of, f"groups_{kind}") for kind, of in facts.groups.items()},
        paths={kind: place.put(of, f"paths_{kind}") for kind, of in facts.paths.items()},
        levels=facts.levels,
        curves=place.put(facts.curves, "curves"),
        required=place.put(facts.required, "required"),
    )
    records = Records(place.there, snapshot.records.quality)
    there = replace(snapshot, records=records, spine=spine, repeated=repeated)
    return OnSpark(spark, there, found)


class _Place:
    """Where the tables lie, written by DuckDB and read by Spark."""

    def __init__(self, snapshot: Snapshot, folder: Path, spark: SparkSession) -> None:
        self.here, self.folder, self.spark = snapshot.records.con, folder, spark
        self.there = ibis.pyspark.connect(spark)

    def put(self, table: ibis.Table, name: str) -> ibis.Table:
        """Write a table and return it as Spark reads it."""
        file = self.folder / f"{name}.parquet"
        self.here.con.execute(
            f"COPY ({self.here.compile(table)}) TO {literal(file)} "
            f"(FORMAT parquet, ROW_GROUP_SIZE {ROWS_OF_A_GROUP})"
        )
        self.spark.read.parquet(str(file)).createOrReplaceTempView(name)
        return self.there.table(name)
