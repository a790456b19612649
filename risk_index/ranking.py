"""The ranked CSV: every open firm in one row, written whole or not at all."""

from __future__ import annotations

import datetime as dt
import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from features.reading import literal
from risk_index.errors import UserError
from risk_index.index import Floats
from risk_index.scoring import Batch
from risk_index.tiers import Allocation, frequency, tiers

COLUMNS = (
    "rank",
    "firm_id",
    "name",
    "sector",
    "region",
    "likelihood",
    "likelihood_low",
    "likelihood_high",
    "severity",
    "severity_low",
    "severity_high",
    "expected_harm",
    "index",
    "index_low",
    "index_high",
    "percentile",
    "tier",
    "tier_stability",
    "inspection_probability",
    "inspections_per_year",
    "max_inspections_per_year",
    "completeness",
    "reason_1",
    "reason_2",
    "reason_3",
    "notes",
    "model_version",
    "as_of",
)
DECIMALS = {
    "likelihood": 6,
    "likelihood_low": 6,
    "likelihood_high": 6,
    "severity": 4,
    "severity_low": 4,
    "severity_high": 4,
    "expected_harm": 6,
    "index": 2,
    "index_low": 2,
    "index_high": 2,
    "percentile": 2,
    "inspection_probability": 8,
    "inspections_per_year": 6,
    "completeness": 2,
}
TEXT = ("firm_id", "name", "sector", "region", "reason_1", "reason_2", "reason_3", "notes")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for the beginning of a formula, in half and in full width."""
FIRST_BYTES = '"rank"'.encode("utf-8-sig")
ROWS_AT_ONCE = 100_000


@dataclass(frozen=True)
class Ranking:
    """What was written where.

    Attributes
    ----------
    path, topics : Path
        The ranked CSV and, beside it, every firm's points by topic.
    n_firms : int
        Rows written.
    tier_counts : dict
        Firms by tier.
    capacity_per_year : float
        Planned inspections a year, the sum of ``inspections_per_year``.
    """

    path: Path
    topics: Path
    n_firms: int
    tier_counts: dict[str, int]
    capacity_per_year: float


def write_ranking(
    batches: Iterable[Batch], out: Path, allocation: Allocation, model_version: str, as_of: dt.date
) -> Ranking:
    """Rank the scored firms and write ``out`` and ``OUT_STEM.topics.parquet`` beside it.

    The scored rows lie in a database on disk meanwhile, so that memory holds one batch of rows and a
    few numbers a firm.
    """
    out = out.resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".ranking-", dir=out.parent) as name:
        scratch = Path(name)
        con = duckdb.connect(scratch / "scored.duckdb")
        try:
            _store(con, batches)
            order = _order(con, allocation)
            _write_csv(con, scratch / "ranked.csv", model_version, as_of)
            con.execute(
                f"COPY (SELECT t.* FROM topics t ORDER BY firm_id) TO "
                f"{literal(scratch / 'topics.parquet')} (FORMAT parquet)"
            )
        finally:
            con.close()
        topics = out.with_name(f"{out.stem}.topics.parquet")
        (scratch / "topics.parquet").replace(topics)
        (scratch / "ranked.csv").replace(out)
    counts = order.tier.value_counts().reindex(list("ABCD"), fill_value=0)
    total = float(order.inspections_per_year.sum())
    return Ranking(out, topics, len(order), {str(k): int(v) for k, v in counts.items()}, total)


def refuse_other_file(out: Path) -> None:
    """Refuse to write over a folder or a file that is no ranking.

    Raises
    ------
    UserError
        Naming what lies there.
    """
    if not out.exists():
        return
    if out.is_dir():
        raise UserError(f"{out} is a folder: name a file such as {out / 'ranked.csv'}")
    with out.open("rb") as stream:
        if not stream.read(len(FIRST_BYTES)) == FIRST_BYTES:
            raise UserError(f"{out} exists and is no ranking: name a new file")


def _store(con: duckdb.DuckDBPyConnection, batches: Iterable[Batch]) -> None:
    empty = True
    for batch in batches:
        for table, frame in (("scored", batch.rows), ("topics", batch.topics)):
            con.register("incoming", frame)
            verb = f"CREATE TABLE {table} AS" if empty else f"INSERT INTO {table}"
            con.execute(f"{verb} SELECT * FROM incoming")
            con.unregister("incoming")
        empty = False
    if empty:
        raise UserError(
            "firms: no firm is known, registered and open on the as-of date; "
            "take a later date or check recorded_on, registered_on and closed_on."
        )


def tie_break(firm_ids: Iterable[str]) -> list[bytes]:
    """Return keys that order equal firms by chance, the same at every run: SHA-256 of the id."""
    return [hashlib.sha256(firm_id.encode()).digest() for firm_id in firm_ids]


def _order(con: duckdb.DuckDBPyConnection, allocation: Allocation) -> pd.DataFrame:
    """Compute rank, percentile, tier and frequency, and add them to the database."""
    order = con.execute(
        "SELECT firm_key, firm_id, expected_harm FROM scored ORDER BY firm_key"
    ).df()
    harm = order.expected_harm.to_numpy()
    order["tie"] = tie_break(order.pop("firm_id"))
    spread = frequency(harm, allocation)
    order["percentile"] = percentile(harm)
    order["tier"] = tiers(harm, allocation)
    order["inspection_probability"] = spread.probability
    order["inspections_per_year"] = spread.per_year
    order["max_inspections_per_year"] = allocation.max_per_year
    order = order.sort_values(["expected_harm", "tie"], ascending=[False, True], ignore_index=True)
    order.insert(0, "rank", np.arange(1, len(order) + 1))
    order = order.drop(columns=["tie", "expected_harm"])
    con.register("incoming", order)
    con.execute("CREATE TABLE placed AS SELECT * FROM incoming")
    con.unregister("incoming")
    return order


def percentile(expected_harm: Floats) -> Floats:
    """Return the share of firms, in percent, whose expected harm is no larger; shape (n,)."""
    ordered = np.sort(expected_harm)
    return 100.0 * np.searchsorted(ordered, expected_harm, side="right") / len(ordered)


def _write_csv(
    con: duckdb.DuckDBPyConnection, path: Path, model_version: str, as_of: dt.date
) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        for number, rows in enumerate(_ranked(con)):
            rows = rows.assign(
                tier_stability="", model_version=model_version, as_of=as_of.isoformat()
            )
            rows = _presented(rows)[list(COLUMNS)]
            rows.to_csv(stream, index=False, header=number == 0, quoting=2, lineterminator="\r\n")


def _ranked(con: duckdb.DuckDBPyConnection) -> Iterator[pd.DataFrame]:
    found = con.execute("SELECT * FROM scored JOIN placed USING (firm_key) ORDER BY rank")
    while len(rows := found.fetch_df_chunk(ROWS_AT_ONCE // 2048)):
        yield rows


def _presented(rows: pd.DataFrame) -> pd.DataFrame:
    """Round numbers and make every text safe to open in a spreadsheet."""
    rows = rows.assign(**{name: rows[name].round(places) for name, places in DECIMALS.items()})
    return rows.assign(**{name: [defused(text) for text in rows[name]] for name in TEXT})


def defused(text: object) -> str:
    """Return a text that no spreadsheet runs as a formula; empty for a missing one.

    >>> defused("=HYPERLINK(1)"), defused("Alpha"), defused(None)
    ("'=HYPERLINK(1)", 'Alpha', '')
    """
    if not isinstance(text, str):
        return ""
    clean = text.replace("\r", " ").replace("\n", " ")
    return f"'{clean}" if clean.startswith(FORMULA) else clean
