"""Which record table a sheet is, and which of its headings fill which columns.

The heading is the row with the most known headings; titles may stand above it. What cannot be told apart
is refused, what is not known is left out, and both are said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from features.cells import plain, text_of
from features.failures import Failure, RecordsError, refusal
from features.headings import STATUS, Catalogue, ColumnHeadings, TableHeadings, normal, parted
from features.identity import names_a_person
from features.sheets import Sheet

SEARCHED_ROWS = 30
"""Rows in which the heading is looked for."""
LEAST_KNOWN = 2
"""Headings of Chinese that must be known before a row counts as a heading."""


@dataclass(frozen=True)
class Filled:
    """A column of the record table, the place and the words of its heading, and the unit it states."""

    column: str
    position: int
    heading: str
    unit: str = ""


@dataclass(frozen=True)
class Recognised:
    """A sheet that is recognised as a record table.

    Attributes
    ----------
    sheet : Sheet
        The sheet.
    table : TableHeadings
        What it is.
    row : int
        Row of the heading, the first row is 1.
    filled : tuple of Filled
        The columns that it fills.
    persons, unknown : tuple of str
        Headings that are left out: they name persons, or no column is known for them.
    notes : list of str
        What was done to rows and cells; added while they are read.
    """

    sheet: Sheet
    table: TableHeadings
    row: int
    filled: tuple[Filled, ...]
    persons: tuple[str, ...]
    unknown: tuple[str, ...]
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        columns = ", ".join(f"{f.column} <- {f.heading}" for f in self.filled)
        left = [f"{heading} (names a person)" for heading in self.persons]
        left += [f"{heading} (no column)" for heading in self.unknown]
        parts = [
            f"{self.sheet.place}: recognised as {self.table.table.name} ({self.table.title}), "
            f"heading in row {self.row}: {columns}",
            *([f"left out: {', '.join(left)}"] if left else []),
            *self.notes,
        ]
        return "; ".join(parts)


def heading_row(sheet: Sheet, catalogue: Catalogue) -> int | None:
    """Return the number of the row that holds the most known headings, or None."""
    best, known = None, LEAST_KNOWN - 1
    for number, row in enumerate(sheet.rows[:SEARCHED_ROWS], 1):
        count = max(_known(row, table) for table in catalogue.tables)
        if count > known:
            best, known = number, count
    return best


def _known(row: Sequence[object], table: TableHeadings) -> int:
    headings = {form for cell in row for form in (normal(text_of(cell)), parted(text_of(cell))[0])}
    return sum(bool(headings & (c.headings | c.otherwise)) for c in table.columns)


def speaks_chinese(sheet: Sheet, row: int) -> bool:
    """Tell whether the heading in `row` holds Chinese, or stands below a title."""
    texts = [text_of(cell) for cell in sheet.rows[row - 1]]
    return row > 1 or sum(not text.isascii() for text in texts) >= LEAST_KNOWN


def recognise(sheet: Sheet, catalogue: Catalogue, named: str = "") -> Recognised | None:
    """Return what `sheet` is recognised as; None where nothing in it is known.

    `named` is the record table that the file or sheet is named after, if it is.

    Raises
    ------
    RecordsError
        Where it may be several tables, or its headings cannot be told apart, or one is missing.
    """
    row = heading_row(sheet, catalogue)
    if row is None:
        _refuse_nameless(sheet, catalogue)
    if row is None or not speaks_chinese(sheet, row):
        return None
    if row == 1 and named in _names(catalogue) and not_read(sheet, catalogue.of(named)) is not None:
        return None
    table = catalogue.of(named) if named in _names(catalogue) else _table(sheet, row, catalogue)
    return None if table is None else _columns(sheet, row, table, catalogue)


def not_read(sheet: Sheet, table: TableHeadings) -> tuple[str, ...] | None:
    """Return the Chinese headings of a sheet that has the schema's own; None where it has not.

    It has if it lacks none that is required, and no more columns are filled by Chinese headings only.
    """
    headings = [text_of(cell) for cell in sheet.rows[0]] if sheet.rows else []
    texts = {text.lower() for text in headings}
    own = texts & {*table.table.names}
    absent = [column for column in table.columns if column.column not in texts]
    others = [c for c in absent if any(_rank(text, c) for text in headings if text)]
    if not {*table.needed} <= own or len(own) <= len(others):
        return None
    return tuple(_one_line(text) for text in headings if not text.isascii())


def _names(catalogue: Catalogue) -> set[str]:
    return {table.table.name for table in catalogue.tables}


def _refuse_nameless(sheet: Sheet, catalogue: Catalogue) -> None:
    """Refuse a sheet that is named after a table and has rows, but no heading that is known."""
    named = [t for t in catalogue.tables if any(n in plain(sheet.name) for n in t.names)]
    if named and len(sheet.rows) > 1:
        rule = f"{sheet.place}: no row with known headings, though its name says {named[0].title}"
        raise RecordsError([refusal(named[0].table.name, "", rule, MISSING_REMEDY)])


MISSING_REMEDY = (
    "Rename headings as in configs/headings.yaml, or have a mapping proposed: "
    "risk-index mapping init."
)


def _table(sheet: Sheet, row: int, catalogue: Catalogue) -> TableHeadings | None:
    """Return the one table that the sheet's headings and names allow."""
    fitting = [t for t in catalogue.tables if _fits(sheet.rows[row - 1], t)]
    name, titles, stem = names_of(sheet, row)
    texts = [name + titles, stem]
    for text in texts:
        called = [t for t in catalogue.tables if any(name in text for name in t.names)]
        if len(called) == 1 and (called[0] in fitting or not fitting):
            return called[0]  # where it lacks headings, _columns says which
        if both := [t for t in fitting if t in called]:
            fitting = both
            break
    if not fitting:
        return None
    count = {t.table.name: _known(sheet.rows[row - 1], t) for t in fitting}
    most = [t for t in fitting if count[t.table.name] == max(count.values())]
    if len(most) > 1:
        titles = " or ".join(t.title for t in most)
        rule = f"{sheet.place}: may be the {titles}"
        remedy = (
            "Say which in the sheet's name or title: " + ", ".join(t.names[0] for t in most) + "."
        )
        raise RecordsError([refusal(most[0].table.name, "", rule, remedy)])
    return most[0]


def names_of(sheet: Sheet, row: int) -> tuple[str, str, str]:
    """Return the sheet's name, the titles above the heading in `row`, and the file's name."""
    titles = plain("".join(text_of(cell) for line in sheet.rows[: row - 1] for cell in line))
    return plain(sheet.name), titles, plain(sheet.file.name.split(".")[0])


def _fits(row: Sequence[object], table: TableHeadings) -> bool:
    there = {
        column.column
        for column in table.columns
        if any(_rank(text_of(cell), column) for cell in row)
    }
    return set(table.needed) <= there and (not table.any_of or bool(table.any_of & there))


def _rank(heading: str, column: ColumnHeadings) -> int:
    """Return 2 for a usual heading of the column, 1 for one that counts otherwise, 0 for none."""
    forms = {normal(heading), parted(heading)[0]}
    return 2 if forms & column.headings else int(bool(forms & column.otherwise))


def _columns(sheet: Sheet, row: int, table: TableHeadings, catalogue: Catalogue) -> Recognised:
    headings = [text_of(cell) for cell in sheet.rows[row - 1]]
    filled, failures = [], []
    for column in table.columns:
        ranks = [_rank(heading, column) if heading else 0 for heading in headings]
        found = [place for place, rank in enumerate(ranks) if rank and rank == max(ranks)]
        if len(found) > 1:
            failures.append(_ambiguous(sheet, table, column.column, [headings[p] for p in found]))
        elif found:
            unit = parted(headings[found[0]])[1]
            filled.append(Filled(column.column, found[0], _one_line(headings[found[0]]), unit))
    missing = [name for name in table.needed if name not in {f.column for f in filled}]
    failures += [_missing(sheet, row, table, name) for name in missing if not failures]
    if failures:
        raise RecordsError(failures)
    used = {f.position for f in filled}
    left = [_one_line(h) for p, h in enumerate(headings) if h and p not in used]
    persons = tuple(heading for heading in left if names_a_person(normal(heading)))
    unknown = tuple(h for h in left if h not in persons and normal(h) not in catalogue.passed_over)
    return Recognised(sheet, table, row, tuple(filled), persons, unknown)


def _one_line(heading: str) -> str:
    return "".join(heading.split())


def _ambiguous(sheet: Sheet, table: TableHeadings, column: str, headings: list[str]) -> Failure:
    listed = ", ".join(_one_line(heading) for heading in headings)
    rule = f"{sheet.place}: {len(headings)} headings for one column: {listed}"
    remedy = "Keep the right one and rename the others."
    return refusal(table.table.name, column, rule, remedy, len(headings))


def _missing(sheet: Sheet, row: int, table: TableHeadings, column: str) -> Failure:
    usual = sorted(table.of(column).headings - {column}, key=lambda text: (len(text), text))
    rule = f"{sheet.place}: no heading for it in row {row}"
    remedy = f"Usual headings: {', '.join(usual[:4])}. {MISSING_REMEDY}"
    return refusal(table.table.name, column, rule, remedy)


def status_column(found: Recognised) -> Filled | None:
    """Return the column that says whether a firm is closed, if it is there."""
    own = found.table.schema(STATUS) is None
    return next((f for f in found.filled if f.column == STATUS and own), None)
