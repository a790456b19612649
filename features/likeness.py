"""How well a column of an unknown extract fits a column of the record tables, by its heading and content."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from functools import cache

from features.cells import amount, day, number, plain
from features.headings import Catalogue, ColumnHeadings, TableHeadings, normal, parted
from features.identity import looks_like_credit_code
from features.schema import Column

LEAST_LIKENESS = 0.6
"""Headings less alike than this are no match."""
LEAST_SHARE = 0.8
"""Least share of filled cells that must be of the column's kind."""
WORDS_SHARE = 0.5
"""The same where cells hold words: some of theirs may not be in the catalogue."""
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def fit(
    heading: str,
    cells: Sequence[str],
    table: TableHeadings,
    column: ColumnHeadings,
    words: Catalogue,
) -> float:
    """Return how well a column fits, 0 (not at all) to 1 (a usual heading of the catalogue).

    Parameters
    ----------
    heading : str
        Heading as found.
    cells : sequence of str
        Some of its cells, empty ones left out.
    table, column : TableHeadings, ColumnHeadings
        What it may be.
    words : Catalogue
        The catalogue of headings.
    """
    schema = table.schema(column.column)
    if schema is None or (cells and not _holds(schema, cells, meanings(column, words), words)):
        return 0.0
    by_name = _likeness(heading, column, words.english.get(column.column, ()))
    if column.column == "firm_id" and cells:
        codes = looks_like_credit_code(plain(cell).upper() for cell in cells).mean()
        by_name = max(by_name, 0.95 * float(codes >= LEAST_SHARE))
    return by_name if by_name >= LEAST_LIKENESS else 0.0


def _likeness(heading: str, column: ColumnHeadings, english: Sequence[str]) -> float:
    form, bare = normal(heading), parted(heading)[0]
    if {form, bare} & column.headings:
        return 1.0
    if {form, bare} & column.otherwise:
        return 0.95
    own = _spelling(bare)
    names = [*column.headings, *column.otherwise, *english]
    return 0.9 * max(_alike(own, _spelling(name)) for name in names)


@cache
def _spelling(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.lower())


@cache
def _alike(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other, autojunk=False).ratio()


def meanings(column: ColumnHeadings, words: Catalogue) -> Mapping[str, str]:
    """Return what the words of a column's cells mean, in lower case, Chinese and English."""
    return {**column.words, **words.english_words.get(column.column, {})}


def _holds(
    column: Column, cells: Sequence[str], known: Mapping[str, str], words: Catalogue
) -> bool:
    """Tell whether most cells are of the column's kind or known words."""
    least = WORDS_SHARE if known or column.allowed else LEAST_SHARE
    return sum(_is(column, cell, known, words) for cell in cells) >= least * len(cells)


def _is(column: Column, cell: str, known: Mapping[str, str], words: Catalogue) -> bool:
    text = plain(cell)
    if text in words.empty or text in known or cell.strip().lower() in known:
        return True
    if column.kind == "date":
        return _DAY.fullmatch(day(cell)) is not None
    if column.kind == "number":
        return _is_number(number(cell)) or _is_number(amount(cell, words.units))
    return not column.allowed or cell.strip().lower() in column.allowed


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", text) is not None


def is_day(cells: Sequence[str]) -> bool:
    """Tell whether a column holds days.

    >>> is_day(["2021年3月5日", "2021/3/6"]), is_day(["甲", "2021/3/6"])
    (True, False)
    """
    found = sum(_DAY.fullmatch(day(cell)) is not None for cell in cells)
    return bool(cells) and found >= LEAST_SHARE * len(cells)
