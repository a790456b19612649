"""The rows of a ranking as people read them: columns, decimals, headings by language, safe texts."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from features.reading import literal
from risk_index.errors import UserError
from risk_index.texts import LANGUAGES, Texts, texts

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
    "tier_stability": 2,
    "inspection_probability": 9,
    "inspections_per_year": 9,
    "completeness": 2,
}
TEXT = ("firm_id", "name", "sector", "region", "reason_1", "reason_2", "reason_3", "notes")
AT_ONCE = 500_000
"""Rows of a CSV that are read together."""
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for the beginning of a formula, in half and in full width."""
_SUSPECT = rf"^'*[{re.escape(''.join(FORMULA))}]|[\r\n]"
"""Any text that :func:`defused` may change."""


def first_bytes() -> tuple[bytes, ...]:
    """Return how a ranking begins, in each language."""
    words = (texts(language).say(COLUMNS[0]) for language in LANGUAGES)
    return tuple(f'"{word}"'.encode("utf-8-sig") for word in words)


def headings(words: Texts) -> list[str]:
    """Return the header row in a language; in English the columns' own names."""
    return [words.say(name) for name in COLUMNS]


def columns_of(found: Sequence[str]) -> list[str]:
    """Return the columns' own names for headings in any language; others stay as they are.

    >>> columns_of(["排名", "tier", "本局备注"])
    ['rank', 'tier', '本局备注']
    """
    own = {
        heading: name
        for language in LANGUAGES
        for heading, name in zip(headings(texts(language)), COLUMNS, strict=True)
    }
    return [own.get(heading, heading) for heading in found]


def read_ranked(
    file: Path, wanted: Sequence[str] = COLUMNS, n_rows: int | None = None
) -> pd.DataFrame:
    """Return columns of a ranking as texts, what was defused as it was, under the columns' own names.

    Raises
    ------
    UserError
        Where the file is no ranking with these columns.
    """
    if file.is_dir():
        return _read_parts(file, wanted, n_rows)
    with closing(ranked_portions(file, wanted, n_rows)) as portions:
        return next(portions) if n_rows else pd.concat(portions)


def ranked_portions(
    file: Path, wanted: Sequence[str] = COLUMNS, n_rows: int | None = None
) -> Generator[pd.DataFrame]:
    """Yield what :func:`read_ranked` returns of a CSV, some rows after the others.

    Raises
    ------
    UserError
        Where the file is no ranking with these columns.
    """
    try:
        texts = {"dtype": str, "keep_default_na": False, "encoding": "utf-8-sig"}
        with pd.read_csv(file, chunksize=n_rows or AT_ONCE, **texts) as portions:
            for rows in portions:
                yield _named(rows, wanted, file)
    except (OSError, ValueError) as error:
        raise UserError(f"{file} cannot be read as a ranking: {error}") from error


def _named(rows: pd.DataFrame, wanted: Sequence[str], file: Path) -> pd.DataFrame:
    rows.columns = pd.Index(columns_of(list(rows.columns)))
    if not set(wanted) <= set(rows.columns):
        raise UserError(f"{file} is no ranking with {' and '.join(wanted)}")
    texts = {name: rows[name].map(armed) for name in wanted if name in TEXT}
    return rows.assign(**texts)[list(wanted)]


def _read_parts(folder: Path, wanted: Sequence[str], n_rows: int | None) -> pd.DataFrame:
    """Return columns of a whole ranking, which lies in a folder of Parquet, as texts."""
    parts = literal(folder / "part-*.parquet")
    cells = ", ".join(f"coalesce({name}::VARCHAR, '') AS {name}" for name in wanted)
    some = "" if n_rows is None else f"ORDER BY rank LIMIT {n_rows}"
    try:
        with duckdb.connect() as con:
            return con.execute(f"SELECT {cells} FROM read_parquet({parts}) {some}").df()
    except duckdb.Error as error:
        raise UserError(f"{folder} cannot be read as a ranking: {error}") from error


def as_numbers(rows: pd.DataFrame, names: Sequence[str], file: Path) -> pd.DataFrame:
    """Return a ranking that was read with columns of it as numbers.

    Raises
    ------
    UserError
        Where a cell is none, as where a spreadsheet saved it in a form of its own.
    """
    numbers = {name: pd.to_numeric(rows[name], errors="coerce") for name in names}
    for name, values in numbers.items():
        broken = np.flatnonzero(values.isna())
        if len(broken):
            raise UserError(
                f"{file}: column {name}, row {rows.index[broken[0]] + 2}: "
                f"{rows[name].iloc[broken[0]]!r} is no number"
                f" ({len(broken)} of {len(rows)} rows). Name the file as `risk-index rank` wrote it."
            )
    return rows.assign(**numbers)


def presented(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the columns in order, numbers rounded, every text safe to open in a spreadsheet."""
    return rounded(rows).assign(**{name: _safe(rows[name]) for name in TEXT})[list(COLUMNS)]


def rounded(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with the numbers that they have rounded as in a ranking."""
    places = {name: places for name, places in DECIMALS.items() if name in rows}
    return rows.assign(**{name: rows[name].round(to) for name, to in places.items()})


def _safe(texts: pd.Series) -> pd.Series:
    """Return a column of texts defused; only those that may need it are looked at one by one."""
    safe = texts.astype(object).to_numpy(copy=True)
    suspect = texts.str.contains(_SUSPECT, na=True).to_numpy(dtype=bool)
    safe[suspect] = [defused(text) for text in safe[suspect]]
    return pd.Series(safe, texts.index, dtype=object)


def defused(text: object) -> str:
    """Return a text that no spreadsheet runs as a formula; empty for a missing one.

    A text that looks defused already gets another quote, so that :func:`armed` returns what it was.

    >>> defused("=HYPERLINK(1)"), defused("Alpha"), defused(None)
    ("'=HYPERLINK(1)", 'Alpha', '')
    """
    if not isinstance(text, str):
        return ""
    clean = text.replace("\r", " ").replace("\n", " ")
    return f"'{clean}" if clean.lstrip("'").startswith(FORMULA) else clean


def armed(cell: str) -> str:
    """Return the text that :func:`defused` was given, its line breaks as spaces.

    >>> armed("'-17"), armed("'Alpha'")
    ('-17', "'Alpha'")
    """
    return cell[1:] if cell[:1] == "'" and defused(cell[1:]) == cell else cell
