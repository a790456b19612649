"""The catalogue of Chinese headings: which column of the record tables each fills, with units and words.

All of it stands in ``configs/headings.yaml``. An authority may add its own headings and words there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from features.cells import plain
from features.schema import BY_NAME, Column, RecordTable

CATALOGUE = Path(__file__).resolve().parents[1] / "configs" / "headings.yaml"
STATUS = "status"
"""In firms: says that a firm is closed; no column of the records, only a note."""
_BRACKETS = re.compile(r"\(([^()]*)\)$")
_MARKS = "*:·•#"


def normal(heading: str) -> str:
    r"""Return a heading for comparison: half-width, without blanks, marks and letter case.

    >>> normal(" ＊罚款金额\n（万元）：")
    '罚款金额(万元)'
    """
    return plain(heading).strip(_MARKS).lower()


def parted(heading: str) -> tuple[str, str]:
    """Part a heading into its words and the remark in brackets behind them.

    >>> parted("罚款金额（万元）"), parted("企业名称")
    (('罚款金额', '万元'), ('企业名称', ''))
    """
    whole = normal(heading)
    match = _BRACKETS.search(whole)
    return (whole[: match.start()], match[1]) if match and match.start() else (whole, "")


@dataclass(frozen=True)
class ColumnHeadings:
    """The headings that fill one column, and the words of its cells.

    Attributes
    ----------
    column : str
        Column of the record table.
    headings, otherwise : frozenset of str
        Usual headings, and those that count where none of the usual ones is there.
    words : mapping
        Whole cell -> value.
    contains : tuple of (fragment, value)
        The first fragment that a cell holds decides.
    closed : frozenset of str
        For :data:`STATUS`: words for a firm that is no more.
    """

    column: str
    headings: frozenset[str]
    otherwise: frozenset[str]
    words: Mapping[str, str]
    contains: tuple[tuple[str, str], ...]
    closed: frozenset[str]


@dataclass(frozen=True)
class TableHeadings:
    """How one record table looks in a Chinese extract.

    Attributes
    ----------
    table : RecordTable
        The record table.
    title : str
        Its name in the publicity system, in English.
    names : tuple of str
        Words in the name or title of a sheet that tell it.
    any_of : frozenset of str
        Columns of which at least one must be there.
    constants : mapping
        Column -> value where no heading fills it.
    made_id : str
        Column that is made of firm and day where no heading fills it.
    colours : mapping
        Colour of a list -> the words that tell it, in lower case.
    lists : tuple of (word, list)
        Which list a sheet's name tells.
    columns : tuple of ColumnHeadings
        Every column that can be filled.
    """

    table: RecordTable
    title: str
    names: tuple[str, ...]
    any_of: frozenset[str]
    constants: Mapping[str, str]
    made_id: str
    colours: Mapping[str, tuple[str, ...]]
    lists: tuple[tuple[str, str], ...]
    columns: tuple[ColumnHeadings, ...]

    @property
    def needed(self) -> tuple[str, ...]:
        """Columns that must have a heading."""
        given = {*self.constants, self.made_id, *(("colour",) if self.colours else ())}
        return tuple(c.name for c in self.table.columns if c.required and c.name not in given)

    def of(self, column: str) -> ColumnHeadings:
        """Return the headings of the column called `column`."""
        return next(found for found in self.columns if found.column == column)

    def schema(self, column: str) -> Column | None:
        """Return the column of the record table; None for what is only noted."""
        return next((c for c in self.table.columns if c.name == column), None)


@dataclass(frozen=True)
class Catalogue:
    """Every table with its headings, what all tables share, and English words for proposals only."""

    tables: tuple[TableHeadings, ...]
    units: Mapping[str, float]
    empty: frozenset[str]
    footers: tuple[str, ...]
    passed_over: frozenset[str]
    english: Mapping[str, tuple[str, ...]]
    english_words: Mapping[str, Mapping[str, str]]
    english_names: Mapping[str, tuple[str, ...]]

    def of(self, table: str) -> TableHeadings:
        """Return the headings of the record table called `table`."""
        return next(found for found in self.tables if found.table.name == table)


@cache
def catalogue() -> Catalogue:
    """Return the catalogue of ``configs/headings.yaml``."""
    raw = yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))
    return Catalogue(
        tuple(_table(name, spec) for name, spec in raw["tables"].items()),
        {plain(unit): float(value) for unit, value in raw["units"].items()},
        frozenset(plain(word) for word in raw["empty"]),
        tuple(plain(word) for word in raw["footers"]),
        frozenset(normal(word) for word in raw["passed_over"]),
        {column: tuple(words) for column, words in raw["english"].items()},
        raw["english_words"],
        {table: tuple(words) for table, words in raw["english_names"].items()},
    )


def _table(name: str, spec: dict[str, Any]) -> TableHeadings:
    table, listed = BY_NAME[name], spec["columns"]
    columns = [_column(column, listed[column]) for column in listed]
    columns += [_column(c, []) for c in table.names if c not in listed]
    return TableHeadings(
        table,
        spec["title"],
        tuple(plain(word) for word in spec["names"]),
        frozenset(spec.get("any_of", ())),
        spec.get("constants", {}),
        spec.get("made_id", ""),
        {c: tuple(plain(w).lower() for w in words) for c, words in spec.get("colours", {}).items()},
        tuple((plain(word), value) for word, value in spec.get("lists", ())),
        tuple(columns),
    )


def _column(name: str, spec: dict[str, Any] | list[str]) -> ColumnHeadings:
    found: dict[str, Any] = {"headings": spec} if isinstance(spec, list) else spec
    return ColumnHeadings(
        name,
        frozenset({name, *map(normal, found["headings"])}),
        frozenset(map(normal, found.get("otherwise", ()))),
        {plain(word): str(value) for word, value in found.get("words", {}).items()},
        tuple((plain(part), value) for part, value in found.get("contains", ())),
        frozenset(map(plain, found.get("closed", ()))),
    )
