"""Score the firms on Spark's executors, and give them back in the order of their keys."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import ibis
import pandas as pd
import pyarrow as pa

from features.asof import Snapshot
from features.assembly import assembled
from features.catalogue import in_use
from features.evidence import evidence_tables, speaking
from features.reading import literal
from models.fitted import FittedModel
from risk_index.cluster.session import session
from risk_index.cluster.tables import OnSpark, shared
from risk_index.errors import UserError
from risk_index.index import IndexScale
from risk_index.scoring import DETAILS, Batch, Progress, Telling, draws_this_year, scored
from risk_index.texts import ENGLISH, Texts, texts

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

ROWS_AT_ONCE = 100_000
TOPIC, REFIT = "topic: ", "refit_"


@dataclass(frozen=True)
class Cluster:
    """Where to score, and a folder that this machine and all executors see by the same name."""

    master: str
    folder: Path


@dataclass(frozen=True)
class Job:
    """What an executor needs to score rows of the matrix."""

    model: FittedModel
    scale: IndexScale
    as_of: dt.date
    language: str

    def score(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the scored firms in one frame: rows, topics and refits side by side."""
        stated = [*DETAILS, "drawn_this_year"]
        X = rows.drop(columns=stated)
        told = Telling(self.as_of, X, texts(self.language))
        batch = scored(rows[["firm_key", *stated]], X, self.model, self.scale, told)
        topics = batch.topics.drop(columns="firm_id").add_prefix(TOPIC)
        return pd.concat([batch.rows, topics, batch.refits.drop(columns="firm_key")], axis=1)

    def schema(self, rows: pa.Schema) -> pa.Schema:
        """Return the columns of :meth:`score` for rows of a schema."""
        nobody = rows.empty_table().to_pandas()
        found = self.score(nobody)
        return pa.schema([(name, _kind(name, found[name])) for name in found])


def _kind(name: str, column: pd.Series) -> pa.DataType:
    if name.startswith(REFIT):
        return pa.float32()
    if name in ("firm_key", "drawn_this_year"):
        return pa.int64()
    return pa.float64() if pd.api.types.is_numeric_dtype(column) else pa.string()


def score_on(
    cluster: Cluster,
    snapshot: Snapshot,
    model: FittedModel,
    scale: IndexScale,
    progress: Progress | None = None,
    words: Texts = ENGLISH,
) -> Iterator[Batch]:
    """Yield scored batches as :func:`risk_index.scoring.score` does, computed on Spark.

    The scored firms of all executors lie in ``scored`` of the cluster's folder, as partitioned Parquet.

    Raises
    ------
    UserError
        Where Spark cannot be had, or the folder is in use.
    """
    if cluster.folder.exists() and any(cluster.folder.iterdir()):
        raise UserError(f"{cluster.folder} is not empty: name a new folder for Spark's tables")
    cluster.folder.mkdir(parents=True, exist_ok=True)
    job = Job(model, scale, snapshot.dates[0], words.language)
    with session(cluster.master, cluster.folder) as spark:
        seen = shared(snapshot, cluster.folder, spark)
        written = cluster.folder / "scored"
        _scored(spark.sql(seen.sql(everything(seen))), job).write.parquet(str(written))
    for rows in _in_order(written):
        yield _batch(rows)
        if progress:
            progress(len(rows))


def everything(seen: OnSpark) -> ibis.Table:
    """Return what :meth:`Job.score` reads of every open firm: one row a firm, its fellow firms among them."""
    snapshot = seen.snapshot
    rows = assembled(snapshot, snapshot.spine, in_use(), seen.facts).drop("as_of")
    details = snapshot.known("firms").select("firm_key", *DETAILS)
    beside = [details, *evidence_tables(snapshot, speaking()), draws_this_year(snapshot)]
    found = reduce(_beside, beside, rows)
    return found.mutate(drawn_this_year=found.drawn_this_year.fill_null(0).cast("int64"))


def _beside(rows: ibis.Table, more: ibis.Table) -> ibis.Table:
    joined = rows.left_join(more, "firm_key")
    return joined.drop(*(name for name in joined.columns if name.endswith("_right")))


def _scored(rows: DataFrame, job: Job) -> DataFrame:
    """Score the rows of a Spark frame where they are."""
    from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema

    schema = job.schema(to_arrow_schema(rows.schema))

    def of_partition(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if batch.num_rows:
                found = job.score(batch.to_pandas())
                table = pa.Table.from_pandas(found, schema, preserve_index=False)
                yield from table.combine_chunks().to_batches()

    return rows.mapInArrow(of_partition, from_arrow_schema(schema))


def _in_order(folder: Path) -> Iterator[pd.DataFrame]:
    with duckdb.connect() as con:
        files = literal(folder / "*.parquet")
        found = con.execute(f"SELECT * FROM read_parquet({files}) ORDER BY firm_key")
        while len(rows := found.fetch_df_chunk(ROWS_AT_ONCE // 2048)):
            yield rows


def _batch(rows: pd.DataFrame) -> Batch:
    topics = [name for name in rows if name.startswith(TOPIC)]
    refits = [name for name in rows if name.startswith(REFIT)]
    return Batch(
        rows.drop(columns=topics + refits),
        rows[["firm_id", *topics]].rename(columns=lambda name: name.removeprefix(TOPIC)),
        rows[["firm_key", *refits]],
    )
