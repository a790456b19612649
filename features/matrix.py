"""Snapshot and catalogue -> X: one row a firm and as-of date, one float32 column a feature."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import ibis
import pandas as pd
import pyarrow as pa

from features.asof import KEYS, Snapshot, open_firms
from features.assembly import Facts, expression, in_order, with_group_members
from features.compiled import query
from features.feature import Feature
from features.ratings import publish_maps
from features.reporting import SECTOR_COLUMNS, reported_shares, sector_penalty_rates
from features.sector import required_permits, sector_guide
from features.shrinkage import outcomes

DUCKDB = "duckdb"
LEAST_PIECE, MOST_PIECES = 10_000, 10
"""A piece costs half a second of its own: few of them, and only where there are many firms."""


def matrix(
    snapshot: Snapshot,
    features: Iterable[Feature],
    progress: Callable[[int], object] = lambda rows: None,
) -> pd.DataFrame:
    """Compute the features of every row of the snapshot's spine.

    Parameters
    ----------
    snapshot : Snapshot
    features : iterable of Feature
    progress : callable, optional
        Told how many more rows are there; on DuckDB only.

    Returns
    -------
    DataFrame, shape (n, 2 + p)
        ``firm_key``, ``as_of`` and one float32 column per feature, sorted by date and firm. A row of
        the spine whose firm was not known on its date is left out.
    """
    if snapshot.records.con.name != DUCKDB:
        facts = publish_facts(snapshot)
        return framed(in_order(expression(snapshot, tuple(features), facts)).to_pyarrow())
    everybody = open_firms(snapshot.records, snapshot.dates)
    pieces = []
    for piece in _pieces(snapshot, tuple(features), everybody, None):
        pieces.append(piece)
        progress(len(piece))
    return pd.concat(pieces).sort_values(["as_of", "firm_key"], ignore_index=True)


def batches(
    snapshot: Snapshot, features: Iterable[Feature], n_rows: int, start: int = 0
) -> Iterator[pd.DataFrame]:
    """Yield :meth:`matrix` of a registry for about `n_rows` firms at a time, in the order of their keys.

    The query runs over tables that hold one batch and the batch's fellow firms. Firms whose key
    is below `start` are left out. On DuckDB only.
    """
    yield from _pieces(snapshot, tuple(features), None, n_rows, start)


def _pieces(
    snapshot: Snapshot,
    features: tuple[Feature, ...],
    there: ibis.Table | None,
    n_rows: int | None,
    start: int = 0,
) -> Iterator[pd.DataFrame]:
    """Yield the matrix in pieces; fellow firms are among those that are `there`, in the spine by default."""
    con, duck = snapshot.records.con, snapshot.records.con.con
    facts = publish_facts(snapshot)
    spine, part, wide = (ibis.util.gen_name(name) for name in ("spine", "batch", "wide"))
    rows = con.create_table(spine, snapshot.spine.select(*KEYS))
    batch, fellows = (con.create_table(name, schema=rows.schema()) for name in (part, wide))
    there = rows if there is None else there
    members = con.compile(with_group_members(snapshot.restrict(batch), there))
    text = query(snapshot.restrict(fellows), batch, features, facts)
    end = int(rows.firm_key.max().fill_null(0).execute()) + 1
    n_rows = n_rows or max(LEAST_PIECE, -(-end // MOST_PIECES))
    for first in range(start, end, n_rows):
        where = f"firm_key >= {first} AND firm_key < {first + n_rows}"
        duck.execute(f"CREATE OR REPLACE TABLE {part} AS FROM {spine} WHERE {where}")
        duck.execute(f"CREATE OR REPLACE TABLE {wide} AS {members}")
        yield framed(duck.sql(text).to_arrow_table())
    for name in (spine, part, wide):
        duck.execute(f"DROP TABLE {name}")


def framed(rows: pa.Table) -> pd.DataFrame:
    """Return a fetched matrix as a data frame."""
    return rows.to_pandas(date_as_object=False).astype({"firm_key": "int32"})


def publish_facts(snapshot: Snapshot) -> Facts:
    """Compute once for all rows what is learnt from the whole population."""
    shares = reported_shares(snapshot)
    found = {kind: outcomes(snapshot, kind) for kind in ("sector", "region")}
    sectors = found["sector"].counts.merge(sector_guide(snapshot)[0], on="sector", how="left")
    sectors = sectors.merge(
        sector_penalty_rates(snapshot, shares), on=["as_of", "sector"], how="left"
    )
    none = dict.fromkeys(
        ("n_required", *SECTOR_COLUMNS), 0.0
    )  # an engine may take NaN for a number
    groups = {
        "sector": sectors.fillna(none),
        "region": found["region"].counts.merge(shares, on=["as_of", "region"], how="left"),
    }
    types = {"as_of": "date", "sector": "string", "region": "string", "part": "string",
             "level": "int64"}  # fmt: skip
    return Facts(
        {kind: _published(snapshot, frame, types) for kind, frame in groups.items()},
        {kind: _published(snapshot, of.paths, types) for kind, of in found.items()},
        {kind: of.levels for kind, of in found.items()},
        publish_maps(snapshot),
        required_permits(snapshot),
    )


def _published(snapshot: Snapshot, frame: pd.DataFrame, types: Mapping[str, str]) -> ibis.Table:
    schema = {column: types.get(column, "float64") for column in frame.columns}
    name = ibis.util.gen_name("facts")  # so that another snapshot leaves it alone
    return snapshot.records.con.create_table(name, ibis.memtable(frame, schema=schema))
