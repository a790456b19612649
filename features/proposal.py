"""A starting mapping for an extract that nobody has mapped yet: best matches, and TODO where there is none.

Headings are compared with the catalogue and by likeness, contents by kind. The proposal is a draft for
somebody who knows the extract; where firms and inspections can be matched, it runs as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import yaml

from features.cells import plain, text_of
from features.failures import RecordsError, refusal
from features.headings import Catalogue, ColumnHeadings, TableHeadings, catalogue, normal, parted
from features.identity import names_a_person
from features.likeness import fit, is_day, meanings
from features.reading import literal, quoted
from features.recognition import SEARCHED_ROWS, heading_row
from features.sheets import Sheet, is_sheet_file, sheets_of, table_below
from features.translation import AMOUNTS, IDENTIFIERS

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


@dataclass(frozen=True)
class Proposal:
    """The files of a proposed mapping, and what is to be said about it."""

    files: dict[str, str]
    lines: tuple[str, ...]


def propose(folder: Path, scratch: Path) -> Proposal:
    """Propose a mapping for the files of `folder`.

    Raises
    ------
    RecordsError
        Where no file of the folder can be read as a table.
    """
    words = catalogue()
    if not folder.is_dir():
        raise RecordsError([refusal(str(folder), "", "no such folder", "Check the path.")])
    sources, unread = _all_sources(folder, scratch)
    if not sources:
        remedy = "Give a folder with .xlsx, .csv or .parquet files."
        rule = "; ".join(["no table in it", *unread])
        raise RecordsError([refusal(str(folder), "", rule, remedy)])
    sources = _linked(sources)
    matches = _best(sources, words)
    files = {f"{name}.sql": _sql(match, words) for name, match in matches.items()}
    if "firms" not in matches and "inspections" in matches:
        files["firms.sql"] = _firms_of(matches["inspections"], words)
    files["mapping.yaml"] = _card(folder, sources, files)
    return Proposal(files, (*unread, *_lines(sources, matches, files)))


def _all_sources(folder: Path, scratch: Path) -> tuple[list[Source], list[str]]:
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


def _best(sources: Sequence[Source], words: Catalogue) -> dict[str, Match]:
    """Return the best source of every table; a source serves one table."""
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


def _sql(match: Match, words: Catalogue) -> str:
    table, source = match.table, match.source
    cells = [_cell(match, column.name, words) for column in table.table.columns]
    lines = [line for line, _ in cells if line]
    todo = [comment for _, comment in cells if comment]
    used = {*match.columns.values()}
    persons = [h for h in source.columns if h not in used and names_a_person(normal(h))]
    rest = [h for h in source.columns if h not in used and h not in persons]
    head = [f"-- {table.table.meaning} From {source.name}. A draft: check every line."]
    todo += [f"-- left out, names a person: {', '.join(persons)}"] if persons else []
    todo += [f"-- not used: {', '.join(rest)}"] if rest else []
    body = ",\n".join(f"  {line}" for line in lines)
    todo += [f"-- rows without {match.columns['firm_id']} (totals, notes) are not read"] * bool(
        source.row
    )
    known = f"\nWHERE {quoted(match.columns['firm_id'])} IS NOT NULL" if source.row else ""
    text = f"SELECT\n{body}\nFROM {literal(source.name)}{known}"
    return "\n".join([*head, *(_comment(line) for line in todo), text, ""])


def _comment(line: str) -> str:
    return " ".join(line.split())


def _cell(match: Match, name: str, words: Catalogue) -> tuple[str, str]:
    """Return the SQL of a column and a comment, each "" where there is none."""
    table = match.table
    if name in match.columns:
        return _read(match, name, words)
    if name in table.constants:
        return f"{literal(table.constants[name])} AS {name}", f"-- TODO {name}: assumed."
    column = table.table.column(name)
    if name in table.table.key and column.required and name != "firm_id":
        firm, event = (quoted(match.columns[c]) for c in ("firm_id", table.table.event))
        return (
            f"as_code({firm}::VARCHAR) || '@' || as_day({event}::VARCHAR) AS {name}",
            f"-- TODO {name}: made of firm and day; two on one day would be one.",
        )
    return "", f"-- TODO {name}: not found. {column.meaning}"


def _read(match: Match, name: str, words: Catalogue) -> tuple[str, str]:
    heading = match.columns[name]
    column, raw = match.table.table.column(name), f"{quoted(heading)}::VARCHAR"
    known = meanings(match.table.of(name), words)
    unit, comment = parted(heading)[1], ""
    if name in AMOUNTS:
        read = f"as_yuan({raw}, {literal(unit if unit in words.units else '元')})"
        comment = (
            "" if unit in words.units else f"-- TODO {name}: 元 is assumed where no unit stands."
        )
    elif column.kind == "number":
        read = f"as_number({raw})"
    else:
        by_name = name in IDENTIFIERS and name not in ("region", "sector")
        read = (
            f"as_day({raw})"
            if column.kind == "date"
            else f"as_code({raw})"
            if by_name
            else f"trim({raw})"
        )
    values = dict.fromkeys(match.source.columns[heading])
    said = {v: known.get(plain(v), known.get(v.strip().lower())) for v in values}
    translated = {value: word for value, word in said.items() if word is not None}
    if translated:
        cases = " ".join(f"WHEN {literal(v)} THEN {_or_null(w)}" for v, w in translated.items())
        read = f"CASE {raw} {cases} ELSE {read} END"
    if (known or column.allowed) and (
        unknown := [v for v in values if not _clear(v, said, column.allowed)]
    ):
        comment = f"-- TODO {name}: say what these mean: {', '.join(unknown[:8])}"
    return f"{read} AS {name}", comment


def _or_null(word: str) -> str:
    return literal(word) if word else "NULL"


def _clear(value: str, said: dict[str, str | None], allowed: tuple[str, ...]) -> bool:
    return said[value] is not None or value.strip().lower() in allowed or value in ("0", "1")


def _firms_of(visits: Match, words: Catalogue) -> str:
    """Return firms taken from the inspections, where there is no register."""
    table = words.of("firms")
    found = {}
    for column in table.columns:
        fits = [
            (fit(heading, cells[:SAMPLE], table, column, words), heading)
            for heading, cells in visits.source.columns.items()
            if heading not in visits.columns.values() and not names_a_person(normal(heading))
        ]
        if column.column in ("name", "sector", "region") and max(fits, default=(0.0, ""))[0] > 0:
            found[column.column] = max(fits)[1]
    firm = quoted(visits.columns["firm_id"])
    cells = [f"as_code({firm}::VARCHAR) AS firm_id"]
    cells += [f"max(trim({quoted(h)}::VARCHAR)) AS {name}" for name, h in found.items()]
    body = ",\n  ".join(cells)
    return (
        f"-- TODO no register of firms was found: these are the firms of {visits.source.name}.\n"
        f"SELECT\n  {body}\nFROM {literal(visits.source.name)}\nWHERE {firm} IS NOT NULL\nGROUP BY 1\n"
    )


def _card(folder: Path, sources: Sequence[Source], files: dict[str, str]) -> str:
    used = {
        s.name: s.row
        for s in sources
        if s.row and any(literal(s.name) in t for t in files.values())
    }
    facts = {
        "title": f"TODO what {folder.name} is, and whose",
        "source": "TODO where it comes from, and its day",
        "licence": "TODO",
        "currency": "CNY",
        "sheets": used,
        "harm_rubric": "TODO what a unit of harm is; without a column harm, severity is not learnt",
        "notes": "Proposed by risk-index mapping init; a draft until somebody has checked every line.",
    }
    return yaml.safe_dump(facts, allow_unicode=True, sort_keys=False, width=110)


def _lines(
    sources: Sequence[Source], matches: dict[str, Match], files: dict[str, str]
) -> Iterator[str]:
    for name, match in matches.items():
        columns = ", ".join(f"{column} <- {h}" for column, h in match.columns.items())
        yield f"{name}.sql from {match.source.name}: {columns}"
    if "firms" not in matches and "firms.sql" in files:
        yield "firms.sql: no register was found; it takes the firms of the inspections"
    for name in ("firms", "inspections"):
        if f"{name}.sql" not in files:
            yield f"{name}: no sheet looks like it; write {name}.sql by hand (docs/tables.md)"
    used = {match.source.name for match in matches.values()}
    for source in sources:
        if source.name not in used:
            yield f"{source.name}: not used"
    yield f"{sum(text.count('TODO') for text in files.values())} TODO are left to decide"
