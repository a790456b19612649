"""Which sheets and columns of an unknown extract come nearest to the record tables.

Headings are compared with the catalogue and by likeness, contents by kind; an identifier that links two
sheets is taken as the firm's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from features.cells import plain, text_of
from features.failures import RecordsError
from features.headings import Catalogue, ColumnHeadings, TableHeadings, catalogue, normal
from features.identity import names_a_person
from features.likeness import fit, is_day
from features.reading import literal
from features.recognition import SEARCHED_ROWS, heading_row
from features.sheets import Sheet, is_sheet_file, sheets_of, table_below

SAMPLE = 50
"""Filled cells looked at to tell what a column holds."""
LINKED_ROWS = 100_000
"""Rows looked at to find the identifier that links two sheets."""
LINKED_SHARE = 0.8
"""Least share of a column's values that the other sheet must have."""
LINKED = 0.9
"""How well a column that links two sheets fits as the firm's identifier."""


@dataclass(frozen=True)
class Source:
    """A sheet or Parquet file: how SQL names it, its heading's row (0 where it needs none), its columns.

    ``columns`` maps the name of a column in SQL to its filled cells; ``link`` is the column that identifies
    what other sheets refer to.
    """

    name: str
    row: int
    columns: dict[str, list[str]]
    link: str = ""

    def like(self, table: TableHeadings, words: Catalogue) -> bool:
        """Tell whether the source is named like a table."""
        names = (*table.names, table.table.name, *words.english_names[table.table.name])
        return any(word in plain(self.name).lower() for word in names)


@dataclass(frozen=True)
class Match:
    """A source as a record table: column of the table -> column of the source."""

    source: Source
    table: TableHeadings
    columns: dict[str, str]
    score: float


def sources_below(folder: Path, scratch: Path) -> tuple[list[Source], list[str]]:
    """Return every source below `folder`, and what is said of files that cannot be read."""
    sources, unread = [], []
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder).as_posix()
        try:
            sources += list(_sources(file, name, scratch))
        except (RecordsError, duckdb.Error) as error:
            reason = error.failures[0].rule if isinstance(error, RecordsError) else str(error)
            unread.append(f"{name}: not read, {reason.splitlines()[0]}")
    return sources, unread


def _sources(file: Path, name: str, scratch: Path) -> Iterator[Source]:
    """Yield the sources of one file, which SQL calls `name`."""
    if file.suffix.lower() == ".parquet":
        yield _parquet(file, name)
    elif file.is_file() and is_sheet_file(file):
        for sheet in sheets_of(file, scratch):
            row = heading_row(sheet, catalogue()) or _row_of_headings(sheet)
            if row:
                called = f"{name}#{sheet.name}" if sheet.name else name
                names, rows = table_below(sheet, row)
                yield Source(called, row, _sampled(names, rows[:LINKED_ROWS]))


def _parquet(file: Path, name: str) -> Source:
    with duckdb.connect() as con:
        found = con.execute(f"SELECT * FROM read_parquet({literal(file)}) LIMIT {LINKED_ROWS}")
        names = [column[0] for column in found.description or ()]
        rows = [[text_of(cell) or None for cell in row] for row in found.fetchall()]
    return Source(name, 0, _sampled(names, rows))


def _sampled(names: Sequence[str], rows: Sequence[Sequence[str | None]]) -> dict[str, list[str]]:
    return {name: [cell for row in rows if (cell := row[n])] for n, name in enumerate(names)}


def _row_of_headings(sheet: Sheet) -> int:
    """Return the first of the widest rows whose cells are all words; 0 where there is none."""
    best, width = 0, 1
    for number, row in enumerate(sheet.rows[:SEARCHED_ROWS], 1):
        texts = [text for cell in row if (text := text_of(cell))]
        if len({*texts}) == len(texts) > width and not any(t[0].isdigit() for t in texts):
            best, width = number, len(texts)
    return best if best < len(sheet.rows) else 0


def _linked(sources: Sequence[Source]) -> list[Source]:
    """Find for every source the column that another sheet's identifiers refer to, or that refers to it."""
    links: dict[str, str] = {}
    keys = [(s, h, {*c}) for s in sources for h, c in s.columns.items() if _may_be_key(c)]
    for source, heading, values in keys:
        for other in sources:
            for column, cells in other.columns.items() if other is not source else ():
                if len(cells) > 1 and _share_in(cells, values) >= LINKED_SHARE:
                    links.setdefault(source.name, heading)
                    links.setdefault(other.name, column)
    return [replace(source, link=links.get(source.name, "")) for source in sources]


def _score(match: Match) -> float:
    return match.score


def _may_be_key(cells: Sequence[str]) -> bool:
    """Tell whether a column may identify its rows: all different, no days, no sentences, no counter."""
    distinct = len({*cells}) == len(cells) > 1 and max(map(len, cells)) <= 40
    counter = cells[:3] == ["1", "2", "3"]
    return distinct and not counter and not is_day(cells[:SAMPLE])


def _share_in(cells: Sequence[str], values: set[str]) -> float:
    return sum(cell in values for cell in cells) / len(cells)


def best_matches(sources: Sequence[Source], words: Catalogue) -> dict[str, Match]:
    """Return the best source of every record table; a source serves one table."""
    sources = _linked(sources)
    tried = [match for s in sources for t in words.tables if (match := _match(s, t, words))]
    chosen: dict[str, Match] = {}
    taken: set[str] = set()
    for match in sorted(tried, key=lambda m: (-m.score, m.source.name, m.table.table.name)):
        name = match.table.table.name
        if name not in chosen and match.source.name not in taken:
            chosen[name] = match
            taken.add(match.source.name)
    visits = max(
        (m for m in tried if m.table.table.name == "inspections"), key=_score, default=None
    )
    firms = chosen.get("firms")
    if visits and firms and "inspections" not in chosen and firms.source is visits.source:
        chosen["inspections"] = visits  # one flat file of visits; its firms are taken from it
        del chosen["firms"]
    return {t.table.name: chosen[t.table.name] for t in words.tables if t.table.name in chosen}


def _fit(
    source: Source, heading: str, table: TableHeadings, column: ColumnHeadings, words: Catalogue
) -> float:
    likeness = fit(heading, source.columns[heading][:SAMPLE], table, column, words)
    linked = column.column == "firm_id" and heading == source.link
    return max(likeness, LINKED) if linked else likeness


def _match(source: Source, table: TableHeadings, words: Catalogue) -> Match | None:
    """Match columns, the best first; None where the firm or the event's day is not found."""
    fits = sorted(
        (-score, heading, column.column)
        for column in table.columns
        for heading in source.columns
        if not names_a_person(normal(heading))
        and (score := _fit(source, heading, table, column, words))
    )
    columns: dict[str, str] = {}
    total = 0.0
    for score, heading, column in fits:
        if column not in columns and heading not in columns.values():
            columns[column] = heading
            total -= score
    event, required = table.table.event, table.table.name != "firms"
    days = [h for h, cells in source.columns.items() if is_day(cells[:SAMPLE])]
    left = [heading for heading in days if heading not in columns.values()]
    named = source.like(table, words)
    if required and event not in columns and named and len(left) == 1:
        columns[event] = left[0]
    enough = "firm_id" in columns and (event in columns if required else len(columns) > 1)
    return Match(source, table, columns, total + 3 * named) if enough else None
