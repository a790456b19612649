"""The ranked CSV: every open firm in one row, written whole or not at all."""

from __future__ import annotations

import datetime as dt
import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from features.reading import literal
from features.records import WORKING
from risk_index.allocation import Allocation, asked_of
from risk_index.earlier_ranking import tiers_of
from risk_index.errors import UserError
from risk_index.frame_columns import BILLION
from risk_index.frequency import Round, plan_round
from risk_index.index import Floats
from risk_index.kept import Scored
from risk_index.memory import ranks_gb
from risk_index.ranked_rows import headings, presented
from risk_index.ranked_xlsx import MOST_ROWS, workbook
from risk_index.round_files import write_frame, write_round
from risk_index.texts import ENGLISH, Texts
from risk_index.tiers import SHARES
from risk_index.whole_ranking import all_firms, put, write_whole

ROWS_AT_ONCE = 100_000
_KEYS = "SELECT firm_key FROM scored ORDER BY firm_key"
_PLACED = """
CREATE TABLE placed AS
SELECT incoming.* REPLACE (
    tier::VARCHAR AS tier, stratum::VARCHAR AS stratum, plan_notes::VARCHAR AS plan_notes
), rank
FROM incoming JOIN (
    SELECT firm_key, row_number() OVER (ORDER BY expected_harm DESC, sha256(firm_id)) AS rank FROM scored
) USING (firm_key) ORDER BY firm_key
"""
"""Equal firms are ordered by chance, the same at every run: see :func:`tie_break`."""


@dataclass(frozen=True)
class Form:
    """How the list is written.

    Attributes
    ----------
    texts : Texts
        Its language.
    xlsx : bool
        Whether as a workbook too.
    top : int or None
        Firms in the CSV and the workbook, the highest first; then all firms are written as Parquet
        too. None for all of them.
    """

    texts: Texts = ENGLISH
    xlsx: bool = False
    top: int | None = None


@dataclass(frozen=True)
class Ranking:
    """What was written where.

    Attributes
    ----------
    path : Path
        The ranked CSV; beside it lie its topics, frame and round (see `beside`).
    n_firms : int
        Rows written.
    tier_counts : dict
        Firms by tier.
    round : Round
        The plan of the round.
    facts : dict
        The same in figures, as they stand in ``round.json``.
    workbook : Path or None
        The same rows as a workbook, where one was asked for.
    """

    path: Path
    n_firms: int
    tier_counts: dict[str, int]
    round: Round
    facts: dict[str, Any]
    workbook: Path | None = None

    def lines(self) -> list[str]:
        """Return what to tell the user: tiers, visits of both arms, campaigns, moves."""
        facts = self.facts
        tiers = ", ".join(f"{tier} {count}" for tier, count in self.tier_counts.items())
        rule = "fixed shares of firms" if facts["tier_rule"] == SHARES else "fixed cut-offs"
        said = [
            f"{self.n_firms} firms in tiers by {rule}: {tiers}",
            f"{facts['visits']:g} visits in the round ({facts['method']}): "
            f"{facts['visits_floor_arm']:.1f} by the floor that all firms share, "
            f"{facts['visits_index_arm']:.1f} by the index",
        ]
        said += [
            f"campaign {row['name']}: {row['firms']} firms, chance x{row['used']:.2f} of "
            f"x{row['multiplier']:g} asked for, {row['visits']:.1f} visits more"
            for row in facts["campaigns"]
        ]
        if facts["borderline"]:
            said.append(f"{facts['borderline']} firms are borderline and take the lower tier")
        if facts["known_last_round"] is not None:
            changed = "" if facts["moved"] is None else f", {facts['moved']:.1%} changed their tier"
            said.append(f"{facts['known_last_round']} firms are in the last ranking{changed}")
        return said


def beside(out: Path) -> dict[str, Path]:
    """Return the files that belong to a ranking.

    ``topics``: every firm's points by topic. ``frame``: the sampling frame of the draw. ``round``: how
    the capacity was spread.
    """
    names = {"topics": "topics.parquet", "frame": "frame.csv", "round": "round.json"}
    return {part: out.with_name(f"{out.stem}.{end}") for part, end in names.items()}


def write_ranking(
    scored: Scored,
    out: Path,
    allocation: Allocation,
    model_version: str,
    as_of: dt.date,
    last: Path | None = None,
    form: Form | None = None,
    memory_gb: float | None = None,
) -> Ranking:
    """Rank the scored firms; write the CSV and, beside it, topics, frame, round and a workbook if asked.

    The scored rows are read from disk, so that memory holds some of them and a few numbers a firm. What is
    written lies beside them until all of it is.
    `last` names the ranking of the round before, whose tiers hold within the band.
    """
    out, form = out.resolve(), form or Form()
    with tempfile.TemporaryDirectory(prefix=WORKING, dir=scored.folder.parent) as name:
        scratch = Path(name)
        con = duckdb.connect(scratch / "placed.duckdb")
        try:
            scored.show(con)
            _limit(con, memory_gb)
            plan = _place(con, allocation, last, form.texts)
            _refuse_too_many(len(plan.firms), form)
            _write_rows(con, scratch, allocation, model_version, as_of, form)
            if form.top is not None:
                stated = _stated_of_all(allocation, model_version, as_of, form.texts)
                write_whole(con, scored, scratch / "whole", stated)
            write_frame(con, scratch / "frame")
            con.execute(
                f"COPY (FROM topics ORDER BY firm_id) TO {literal(scratch / 'topics')} (FORMAT parquet)"
            )
        finally:
            con.close()
        facts = write_round(plan, allocation, scratch, model_version, as_of)
        book = _in_their_places(scratch, out, form)
    counts = plan.firms.tier.value_counts().reindex(list("ABCD"), fill_value=0)
    by_tier = {str(k): int(v) for k, v in counts.items()}
    return Ranking(out, len(plan.firms), by_tier, plan, facts, book)


def _limit(con: duckdb.DuckDBPyConnection, memory_gb: float | None) -> None:
    """Leave room beside the database for the plan, which knows every firm."""
    con.execute("SET enable_external_file_cache = false")
    n_firms = con.execute("SELECT count(*) FROM scored").fetchall()[0][0]
    if limit := ranks_gb(memory_gb, n_firms):
        con.execute(f"SET memory_limit = '{limit:g}GB'")


def _in_their_places(scratch: Path, out: Path, form: Form) -> Path | None:
    """Move what was written to where it was asked for, the ranking last; return the workbook's place."""
    for part, path in beside(out).items():
        (scratch / part).replace(path)
    put(scratch / "whole" if form.top is not None else None, out)
    book = out.with_suffix(".xlsx") if form.xlsx else None
    if book:
        (scratch / "workbook").replace(book)
    (scratch / "ranked.csv").replace(out)
    return book


def refuse_other_file(
    out: Path, first_bytes: bytes | tuple[bytes, ...], what: str, example: str
) -> None:
    """Refuse to write over a folder or another file than an earlier one of the same kind.

    Parameters
    ----------
    out : Path
        Where to write; nothing need lie there.
    first_bytes : bytes or tuple of bytes
        How every file of the kind begins, in each of its forms.
    what, example : str
        The kind, such as "ranking", and a name for one, such as "ranked.csv".

    Raises
    ------
    UserError
        Naming what lies there.
    """
    if not out.exists():
        return
    if out.is_dir():
        raise UserError(f"{out} is a folder: name a file such as {out / example}")
    with out.open("rb") as stream:
        if not stream.read(200).startswith(first_bytes):
            raise UserError(f"{out} exists and is no {what}: name a new file")


def tie_break(firm_ids: Iterable[str]) -> list[bytes]:
    """Return keys that order equal firms by chance, the same at every run: SHA-256 of the id."""
    return [hashlib.sha256(firm_id.encode()).digest() for firm_id in firm_ids]


def _refuse_too_many(n_firms: int, form: Form) -> None:
    n_rows = n_firms if form.top is None else min(n_firms, form.top)
    if form.xlsx and n_rows > MOST_ROWS:
        raise UserError(
            f"a worksheet holds {MOST_ROWS:,} firms, the ranking has {n_rows:,}: rank without --xlsx, "
            "or write the --top of the list"
        )


def _place(
    con: duckdb.DuckDBPyConnection, allocation: Allocation, last: Path | None, texts: Texts
) -> Round:
    """Compute rank, percentile, tier and chance of every firm, and add them to the database."""
    before = None if last is None else tiers_of(con, "scored", all_firms(last))
    asked = ", ".join(asked_of(allocation))
    firms = con.execute(f"SELECT {asked} FROM scored ORDER BY firm_key").df()
    plan = plan_round(firms, allocation, before, _refits(con), texts)
    placed = plan.firms.assign(percentile=percentile(firms.expected_harm.to_numpy(float)))
    placed.insert(0, "firm_key", con.execute(_KEYS).fetchnumpy()["firm_key"])
    con.register("incoming", placed)
    con.execute(_PLACED)
    con.unregister("incoming")
    return plan


def _refits(con: duckdb.DuckDBPyConnection) -> Iterator[Floats]:
    """Yield the index by each refit, one at a time; shape (n,)."""
    columns = [row[0] for row in con.execute("DESCRIBE refits").fetchall()]
    for name in columns[1:]:
        found = con.execute(f"SELECT {name} FROM refits ORDER BY firm_key").fetchnumpy()
        yield np.asarray(found[name], dtype=np.float64)


def percentile(expected_harm: Floats) -> Floats:
    """Return the share of firms, in percent, whose expected harm is no larger; shape (n,)."""
    ordered = np.sort(expected_harm)
    return 100.0 * np.searchsorted(ordered, expected_harm, side="right") / len(ordered)


def _write_rows(
    con: duckdb.DuckDBPyConnection,
    scratch: Path,
    allocation: Allocation,
    model_version: str,
    as_of: dt.date,
    form: Form,
) -> None:
    """Write the CSV and, where asked for, the workbook, in one pass."""
    with ExitStack() as stack:
        csv = (scratch / "ranked.csv").open("w", encoding="utf-8-sig", newline="")
        stream, sheet = stack.enter_context(csv), None
        if form.xlsx:
            sheet = stack.enter_context(workbook(scratch / "workbook", form.texts, as_of))
        for number, rows in enumerate(_ranked(con, form.top)):
            shown = presented(_stated(rows, allocation, model_version, as_of, form.texts))
            named = shown.set_axis(headings(form.texts), axis=1)
            named.to_csv(stream, index=False, header=number == 0, quoting=2, lineterminator="\r\n")
            if sheet is not None:
                sheet.add(shown)


def _stated(
    rows: pd.DataFrame, allocation: Allocation, model_version: str, as_of: dt.date, texts: Texts
) -> pd.DataFrame:
    """Add the columns that the plan of the round and the run state."""
    chance = rows.probability_ppb / BILLION
    both = (rows.notes != "") & (rows.plan_notes != "")
    said = rows.notes + np.where(both, texts.separator, "") + rows.plan_notes
    return rows.assign(
        inspection_probability=chance,
        inspections_per_year=chance * allocation.rounds_per_year,
        max_inspections_per_year=allocation.max_per_year,
        notes=said,
        model_version=model_version,
        as_of=as_of.isoformat(),
    )


def _stated_of_all(
    allocation: Allocation, model_version: str, as_of: dt.date, texts: Texts
) -> dict[str, object]:
    return {
        "rounds_per_year": allocation.rounds_per_year,
        "max_per_year": allocation.max_per_year,
        "model_version": model_version,
        "as_of": as_of.isoformat(),
        "separator": texts.separator,
    }


def _ranked(con: duckdb.DuckDBPyConnection, top: int | None) -> Iterator[pd.DataFrame]:
    first = "" if top is None else f"WHERE rank <= {top}"
    found = con.execute(f"SELECT * FROM scored JOIN placed USING (firm_key) {first} ORDER BY rank")
    while len(rows := found.fetch_df_chunk(ROWS_AT_ONCE // 2048)):
        yield rows
