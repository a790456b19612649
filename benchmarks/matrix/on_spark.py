"""The same Ibis features on two cores of a local Spark, as `rank --engine 'local[2]'` computes them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from benchmarks.matrix.compared import Features
from benchmarks.matrix.ours import registry_on
from features.assembly import assembled
from features.records import Records
from risk_index.cluster.session import session
from risk_index.cluster.tables import shared


def computed(records: Records, as_of: pd.Timestamp, features: Features) -> Iterator[pd.DataFrame]:
    """Yield the matrix of all open firms; starting Spark and handing it the tables are in its time."""
    snapshot = registry_on(records, as_of.date())
    with tempfile.TemporaryDirectory() as folder, session("local[2]", Path(folder)) as spark:
        seen, facts = shared(snapshot, Path(folder), spark)
        rows = assembled(seen, features, facts).drop("as_of")
        found = spark.sql(seen.records.con.compile(rows)).toPandas()
    yield found.sort_values("firm_key", ignore_index=True)
