"""A starting mapping for an extract that nobody has mapped yet: best matches, and TODO where there is none.

The proposal is a draft for somebody who knows the extract; where firms and inspections can be matched, it
runs as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from features.cells import plain
from features.colours import colour_of
from features.column_matching import SAMPLE, Match, Source, best_matches, sources_below
from features.failures import RecordsError, refusal
from features.headings import Catalogue, catalogue, normal, parted
from features.identity import names_a_person
from features.likeness import fit, meanings
from features.reading import literal, quoted
from features.translation import AMOUNTS, IDENTIFIERS


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
    sources, unread = sources_below(folder, scratch)
    if not sources:
        remedy = "Give a folder with .xlsx, .csv or .parquet files."
        rule = "; ".join(["no table in it", *unread])
        raise RecordsError([refusal(str(folder), "", rule, remedy)])
    matches = best_matches(sources, words)
    files = {f"{name}.sql": _sql(match, words) for name, match in matches.items()}
    if "firms" not in matches and "inspections" in matches:
        files["firms.sql"] = _firms_of(matches["inspections"], words)
    files["mapping.yaml"] = _card(folder, sources, files)
    return Proposal(files, (*unread, *_lines(sources, matches, files)))


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
    if name == "colour" and table.colours:
        said = colour_of(match.source.name, table)
        return f"{literal(said or 'TODO')} AS {name}", f"-- TODO {name}: red or black?"
    if name in table.constants:
        return f"{literal(table.constants[name])} AS {name}", f"-- TODO {name}: assumed."
    column = table.table.column(name)
    if name == "penalty_id" and "decision_number" in match.columns:
        firm, number = (quoted(match.columns[c]) for c in ("firm_id", "decision_number"))
        return (
            f"as_code({number}::VARCHAR) || '@' || as_code({firm}::VARCHAR) AS {name}",
            f"-- TODO {name}: made of decision and firm; add the platform if there are several.",
        )
    if name in table.table.key and column.required and name != "firm_id":
        firm, event = (quoted(match.columns[c]) for c in ("firm_id", table.table.event))
        return (
            f"as_code({firm}::VARCHAR) || '@' || as_day({event}::VARCHAR) AS {name}",
            f"-- TODO {name}: made of firm and day; two on one day would be one.",
        )
    return "", f"-- TODO {name}: not found. {column.meaning}"


def _read(match: Match, name: str, words: Catalogue) -> tuple[str, str]:
    heading = match.columns[name]
    allowed = match.table.table.column(name).allowed
    known = meanings(match.table.of(name), words)
    raw = f"{quoted(heading)}::VARCHAR"
    read, comment = _as_type(match, name, raw, words)
    values = dict.fromkeys(match.source.columns[heading])
    said = {v: known.get(plain(v), known.get(v.strip().lower())) for v in values}
    translated = {value: word for value, word in said.items() if word is not None}
    if translated:
        cases = " ".join(f"WHEN {literal(v)} THEN {_or_null(w)}" for v, w in translated.items())
        read = f"CASE {raw} {cases} ELSE {read} END"
    unknown = [v for v in values if not _clear(v, said, allowed)]
    if (known or allowed) and unknown:
        comment = f"-- TODO {name}: say what these mean: {', '.join(unknown[:8])}"
    return f"{read} AS {name}", comment


def _as_type(match: Match, name: str, raw: str, words: Catalogue) -> tuple[str, str]:
    """Return the SQL that reads a cell as what its column holds, and a comment where it guesses."""
    kind = match.table.table.column(name).kind
    if name in AMOUNTS:
        unit = parted(match.columns[name])[1]
        if unit in words.units:
            return f"as_yuan({raw}, {literal(unit)})", ""
        guess = f"-- TODO {name}: 元 is assumed where no unit stands."
        return f"as_yuan({raw}, {literal('元')})", guess
    if kind == "number":
        return f"as_number({raw})", ""
    if kind == "date":
        return f"as_day({raw})", ""
    by_name = name in IDENTIFIERS and name not in ("region", "sector")
    return (f"as_code({raw})" if by_name else f"trim({raw})"), ""


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
