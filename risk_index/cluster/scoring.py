"""Score the firms on Spark's executors, and give them back in the order of their keys."""

from __future__ import annotations

import datetime as dt
import shutil
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
from features.assembly import Facts, assembled
from features.catalogue import in_use
from features.evidence import evidence_tables, speaking
from features.reading import literal
from models.fitted import FittedModel
from risk_index.cluster.session import refuse_without_spark, session
from risk_index.cluster.tables import shared
from risk_index.errors import UserError
from risk_index.index import IndexScale
from risk_index.particulars import DETAILS, drawn_this_year
from risk_index.ranked_rows import TEXT
from risk_index.scoring import Batch, Telling, scored
from risk_index.texts import ENGLISH, Texts, texts

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

ROWS_AT_ONCE = 100_000
TOPIC, REFIT = "topic: ", "refit_"
WHOLE = ("firm_key", "drawn_this_year")


@dataclass(frozen=True)
class Cluster:
    """Where to score.

    Attributes
    ----------
    master : str
        Address of Spark's master, such as ``local[4]``, ``yarn`` or ``spark://host:7077``.
    folder : Path
        New or empty; this machine and all executors see it by the same name.
    """

    master: str
    folder: Path

    def refuse_what_cannot_be(self) -> None:
        """Refuse a machine without Spark, and a folder that holds something.

        Raises
        ------
        UserError
            Saying what to install, or naming the folder.
        """
        refuse_without_spark(self.master)
        if self.folder.is_file() or (self.folder.is_dir() and any(self.folder.iterdir())):
            raise UserError(f"{self.folder} is not empty: name a new folder for Spark's tables")


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
        found = self.score(rows.empty_table().to_pandas())
        return pa.schema([(name, _kind(name)) for name in found])


def _kind(name: str) -> pa.DataType:
    if name in TEXT or name in DETAILS:
        return pa.string()
    if name in WHOLE:
        return pa.int64()
    return pa.float32() if name.startswith(REFIT) else pa.float64()


def score_on(
    cluster: Cluster,
    snapshot: Snapshot,
    model: FittedModel,
    scale: IndexScale,
    words: Texts = ENGLISH,
) -> Iterator[Batch]:
    """Yield scored batches as :func:`risk_index.scoring.score` does, computed on Spark.

    What the executors scored stays in ``scored`` of the cluster's folder, as partitioned Parquet; the tables
    that they read go.

    Raises
    ------
    UserError
        Where Spark cannot be had, or the folder is in use.
    """
    cluster.refuse_what_cannot_be()
    job = Job(model, scale, snapshot.dates[0], words.language)
    written, tables = cluster.folder / "scored", cluster.folder / "tables"
    tables.mkdir(parents=True)
    try:
        with session(cluster.master, tables) as spark:
            seen, facts = shared(snapshot, tables, spark)
            rows = spark.sql(seen.records.con.compile(everything(seen, facts)))
            _scored(rows, job).write.parquet(written.resolve().as_uri())
    finally:
        shutil.rmtree(tables)
    yield from batches_of(written)


def everything(snapshot: Snapshot, facts: Facts) -> ibis.Table:
    """Return what :meth:`Job.score` reads of every open firm, one row a firm."""
    rows = assembled(snapshot, in_use(), facts).drop("as_of")
    details = snapshot.known("firms").select("firm_key", *DETAILS)
    beside = [details, *evidence_tables(snapshot, speaking(), facts.required), _drawn(snapshot)]
    found = reduce(_beside, beside, rows)
    return found.mutate(drawn_this_year=found.drawn_this_year.fill_null(0).cast("int64"))


def _drawn(snapshot: Snapshot) -> ibis.Table:
    return drawn_this_year(snapshot).rename(drawn_this_year="n")


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


def batches_of(folder: Path, size: int = ROWS_AT_ONCE) -> Iterator[Batch]:
    """Yield what the executors wrote into a folder in the order of the firms' keys, `size` at a time."""
    with duckdb.connect() as con:
        files = literal(folder / "*.parquet")
        found = con.sql(f"SELECT * FROM read_parquet({files}) ORDER BY firm_key")
        for rows in found.to_arrow_reader(size):  # texts stay texts, where a batch has none too
            yield _batch(rows.to_pandas())


def _batch(rows: pd.DataFrame) -> Batch:
    topics = [name for name in rows if name.startswith(TOPIC)]
    refits = [name for name in rows if name.startswith(REFIT)]
    return Batch(
        rows.drop(columns=topics + refits),
        rows[["firm_id", *topics]].rename(columns=lambda name: name.removeprefix(TOPIC)),
        rows[["firm_key", *refits]],
    )
