"""Snapshot and catalogue -> X: one row a firm and as-of date, one float32 column a feature."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

import ibis
import pandas as pd
import pyarrow as pa

from features.asof import KEYS, Snapshot
from features.assembly import Facts, assembled, every_sum, in_order, ordered, with_controllers
from features.compiled import query
from features.controllers import members, parts_of, totals
from features.feature import Feature
from features.ratings import publish_maps
from features.reporting import SECTOR_COLUMNS, reported_shares, sector_penalty_rates
from features.sector import required_permits, sector_guide
from features.shrinkage import outcomes
from features.working import DUCKDB, drop, fetched, written

PIECE_ROWS = 250_000
"""About so many rows at a time, where nothing else is asked for: a piece costs half a second of its own."""


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
    wanted = tuple(features)
    if snapshot.records.con.name != DUCKDB:
        facts = publish_facts(snapshot, wanted)
        return framed(in_order(assembled(snapshot, wanted, facts)).to_pyarrow())
    pieces = []
    for piece in _pieces(snapshot, wanted, None):
        pieces.append(piece)
        progress(len(piece))
    return pd.concat(pieces).sort_values(["as_of", "firm_key"], ignore_index=True)


def batches(
    snapshot: Snapshot, features: Iterable[Feature], n_rows: int, start: int = 0
) -> Iterator[pd.DataFrame]:
    """Yield :meth:`matrix` of a registry for about `n_rows` firms at a time, in the order of their keys.

    The query runs over a table that holds one batch. Firms whose key is below `start` are left out. On
    DuckDB only.
    """
    yield from _pieces(snapshot, tuple(features), n_rows, start)


def _pieces(
    snapshot: Snapshot, features: tuple[Feature, ...], n_rows: int | None, start: int = 0
) -> Iterator[pd.DataFrame]:
    con = snapshot.records.con
    facts = publish_facts(snapshot, features, n_rows)
    rows = con.create_table(ibis.util.gen_name("spine"), snapshot.spine.select(*KEYS))
    batch = con.create_table(ibis.util.gen_name("batch"), schema=rows.schema())
    text = query(snapshot.restrict(batch), ordered, features, facts.levels, **facts.tables)
    for _ in _laid(rows, batch, n_rows, start):
        yield framed(fetched(con, text))
    drop(*facts.tables.values())


def _laid(
    rows: ibis.Table, batch: ibis.Table, n_rows: int | None, start: int = 0
) -> Iterator[None]:
    """Lay one range of firms after the other into the table `batch`; both tables are gone afterwards."""
    con, source, part = rows.get_backend(), rows.get_name(), batch.get_name()
    end = int(rows.firm_key.max().fill_null(0).execute()) + 1
    n_pieces = max(1, math.ceil(int(rows.count().execute()) / PIECE_ROWS))
    width = n_rows or math.ceil(end / n_pieces)
    for first in range(start, end, width):
        where = f"firm_key >= {first} AND firm_key < {first + width}"
        con.raw_sql(f"CREATE OR REPLACE TABLE {part} AS FROM {source} WHERE {where}")
        yield
    drop(rows, batch)


def framed(rows: pa.Table) -> pd.DataFrame:
    """Return a fetched matrix as a data frame."""
    return rows.to_pandas(date_as_object=False).astype({"firm_key": "int32"})


def publish_facts(
    snapshot: Snapshot, features: Iterable[Feature], n_rows: int | None = None
) -> Facts:
    """Compute once for all rows what is learnt from the whole population.

    Parameters
    ----------
    snapshot : Snapshot
    features : iterable of Feature
        What the facts are for.
    n_rows : int, optional
        Firms to look at together, about; on DuckDB only.
    """
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
    facts = Facts(
        {kind: _published(snapshot, frame, types) for kind, frame in groups.items()},
        {kind: _published(snapshot, of.paths, types) for kind, of in found.items()},
        {kind: of.levels for kind, of in found.items()},
        publish_maps(snapshot),
        required_permits(snapshot),
    )
    wanted = tuple(features)
    if not every_sum(wanted):
        return facts
    return replace(facts, controllers=_of_controllers(snapshot, wanted, facts, n_rows))


def _of_controllers(
    snapshot: Snapshot, features: tuple[Feature, ...], facts: Facts, n_rows: int | None
) -> ibis.Table:
    """Write what the open firms of each controller have together, some firms at a time."""
    con, of = snapshot.records.con, every_sum(features)
    firms = con.create_table(ibis.util.gen_name("members"), members(snapshot))
    if con.name != DUCKDB:
        found = with_controllers(snapshot, features, facts, firms).controllers
        return con.create_table(ibis.util.gen_name("controllers"), found)
    kinds = {"firm_key": "int32", "as_of": "date", **{f.name: "float64" for f in of}}
    found = totals(parts_of(ibis.table(kinds, name="found"), firms, of))
    parts = con.create_table(ibis.util.gen_name("parts"), schema=found.schema())
    if n_firms := int(firms.count().execute()):
        spine = con.create_table(ibis.util.gen_name("spine"), firms.select(*KEYS))
        batch = con.create_table(ibis.util.gen_name("batch"), schema=spine.schema())
        part = snapshot.restrict(batch)
        text = query(part, ordered, of, facts.levels, "float64", **facts.tables)
        thin = snapshot.records.n_firms // n_firms
        for _ in _laid(spine, batch, n_rows and n_rows * max(1, thin)):
            con.raw_sql(
                f"INSERT INTO {parts.get_name()} WITH found AS ({text}) FROM ({con.compile(found)})"
            )
    found = con.create_table(ibis.util.gen_name("controllers"), totals(parts))
    drop(firms, parts)
    return found


def _published(snapshot: Snapshot, frame: pd.DataFrame, types: Mapping[str, str]) -> ibis.Table:
    kinds = {column: types.get(column, "float64") for column in frame.columns}
    return written(snapshot.records.con, "facts", frame, kinds)
