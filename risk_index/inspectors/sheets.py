"""Lists as people keep them, in CSV: read as text, every doubt collected, nothing guessed."""

from __future__ import annotations

import csv
import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from features.failures import Failure, refusal

Value = TypeVar("Value")
Row = Mapping[str, str]


@dataclass(frozen=True)
class Sheet:
    """A list and what is wrong with it.

    Attributes
    ----------
    name : str
        Name of the file or list, for messages.
    rows : tuple of dict
        Cells as stripped text; a cell that is missing is empty.
    failures : list of Failure
        Grows while the rows are being read.
    """

    name: str
    rows: tuple[dict[str, str], ...]
    failures: list[Failure] = field(default_factory=list)

    def refuse(self, column: str, rule: str, remedy: str, ids: Iterable[str]) -> None:
        """Note a broken rule with the identifiers of its rows, if there are any."""
        found = list(ids)
        if found:
            self.failures.append(
                refusal(self.name, column, rule, remedy, len(found), tuple(found[:3]))
            )

    def where(self, number: int, key: str) -> str:
        """Return how messages name a row: its key, or its number in the list."""
        return self.rows[number].get(key) or f"row {number + 1}"

    def cells(
        self, column: str, key: str, read: Callable[[str], Value], rule: str, remedy: str
    ) -> list[Value | None]:
        """Read a column; empty cells and unreadable ones give None, the latter a failure."""
        values: list[Value | None] = []
        unreadable = []
        for number, row in enumerate(self.rows):
            text, value = row.get(column, ""), None
            try:
                value = read(text) if text else None
            except ValueError:
                unreadable.append(f"{self.where(number, key)}: {text}")
            values.append(value)
        self.refuse(column, rule, remedy, unreadable)
        return values

    def dates(self, column: str, key: str) -> list[dt.date | None]:
        """Read a column of dates."""
        remedy = "Write dates as YYYY-MM-DD."
        return self.cells(column, key, dt.date.fromisoformat, "not a date", remedy)

    def refuse_empty(self, columns: Sequence[str], key: str) -> None:
        """Note empty cells where a value is needed."""
        for column in columns:
            empty = [self.where(i, key) for i, row in enumerate(self.rows) if not row.get(column)]
            self.refuse(column, "empty", "Fill the cell in.", empty)

    def refuse_repeated(self, column: str) -> None:
        """Note values that occur twice."""
        counts = Counter(row.get(column, "") for row in self.rows)
        twice = [value for value, count in counts.items() if count > 1 and value]
        self.refuse(column, "more than one row", "Keep one row of each.", twice)


def sheet_of(name: str, rows: Iterable[Row]) -> Sheet:
    """Return a list from rows in memory."""
    return Sheet(name, tuple({k: str(v).strip() for k, v in row.items()} for row in rows))


def read_sheet(path: Path, required: Sequence[str], optional: Sequence[str] | None) -> Sheet:
    """Read a CSV file with a heading.

    Parameters
    ----------
    path : Path
        UTF-8, with or without byte order mark.
    required : sequence of str
        Columns that must be there.
    optional : sequence of str or None
        Columns that may be there; any other is a failure, since a misspelt one would go unread.
        None: all others are left alone.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            lines = [line for line in csv.reader(stream, strict=True) if any(line)]
    except (UnicodeDecodeError, csv.Error) as error:
        remedy = "Save the list as CSV in UTF-8, with commas."
        return Sheet(path.name, (), [refusal(path.name, "", f"cannot be read: {error}", remedy)])
    header = [name.strip() for name in lines[0]] if lines else []
    rows = tuple(
        {name: cell.strip() for name, cell in zip(header, line, strict=False)} for line in lines[1:]
    )
    sheet = Sheet(path.name, rows)
    _check_header(sheet, header, required, optional)
    ragged = [f"row {n}" for n, line in enumerate(lines[1:], 1) if len(line) != len(header)]
    sheet.refuse(
        "", "more or fewer cells than the heading", "Quote cells that hold commas.", ragged
    )
    return sheet


def _check_header(
    sheet: Sheet, header: list[str], required: Sequence[str], optional: Sequence[str] | None
) -> None:
    for name in required:
        if name not in header:
            sheet.refuse(name, "missing column", f"Needed are {', '.join(required)}.", [name])
    if optional is not None:
        known = (*required, *optional)
        unknown = [name or "(empty)" for name in header if name not in known]
        sheet.refuse("", "unknown column", f"Drop or rename; known: {', '.join(known)}.", unknown)
    twice = [name for name, count in Counter(header).items() if count > 1]
    sheet.refuse("", "column named twice", "Keep one of them.", twice)
