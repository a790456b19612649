"""The rows of a recognised sheet as a record table's columns: plain text that the rules then judge."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from features.cells import amount, day, has_unit, identifier, is_rounded, number, plain, text_of
from features.colours import (
    JUDGMENT_DEFAULT,
    JUDGMENT_DEFAULTERS,
    colour_of,
    colour_of_sheet,
    list_of,
)
from features.failures import Failure, RecordsError, refusal
from features.headings import Catalogue, ColumnHeadings
from features.identity import without_persons
from features.recognition import Filled, Recognised, names_of, status_column
from features.schema import PENALTIES, PERMITS

EXACT_DIGITS = 15
"""A spreadsheet rounds numbers of more digits."""
AMOUNTS = frozenset({"registered_capital", "fine", "statutory_max", "amount"})
"""Columns of money: they need a unit."""
IDENTIFIERS = frozenset({
    "firm_id", "penalty_id", "decision_number", "permit_id", "inspection_id", "group_id", "inspector_id",
    "region", "sector",
})  # fmt: skip
"""Columns of codes, read in half-width without blanks; names are kept as they are written."""
MULTIPLES = ("十", "百", "千", "万", "亿")
"""Units that begin so make a plain number wrong."""
NOT_TOLD = "not copied, its cells may name persons"
PLACE = "place"
"""Column of the raw table that says where a row stands: file, sheet and row."""


@dataclass(frozen=True)
class Translated:
    """A sheet's rows in the columns of its record table, and the lines that are no rows.

    Attributes
    ----------
    rows : DataFrame
        ``source_row`` (the sheet's row), the columns as text or None, and ``place``.
    malformed : tuple of (int, str)
        Row and place of lines with more or fewer cells than headings; their cells are not copied, since
        nobody can tell which of them name a person.
    failures : tuple of Failure
        What is worth a note.
    """

    rows: pd.DataFrame
    malformed: tuple[tuple[int, str], ...]
    failures: tuple[Failure, ...]


def translate(found: Recognised, catalogue: Catalogue) -> Translated:
    """Return the records of a recognised sheet; what was left out or emptied goes to its notes.

    Raises
    ------
    RecordsError
        Where identifiers are rounded or amounts have no unit.
    """
    numbers, rows, malformed = _body(found, catalogue)
    frame = pd.DataFrame({"source_row": numbers}, dtype="int64")
    failures: list[Failure] = []
    for filled in found.filled:
        cells = [row[filled.position] for row in rows]
        failures += _refusals(found, filled, cells, catalogue)
        if found.table.schema(filled.column) is not None:
            frame[filled.column] = _column(found, filled, cells, catalogue)
    if failures:
        raise RecordsError(failures)
    noted = (*_closed_without_day(found, frame, rows), *_undated_status(found, frame))
    _fill_in(found, frame)
    frame[PLACE] = [f"{found.sheet.place}, row {row}" for row in frame.source_row]
    return Translated(_one_row_a_visit(found, frame), malformed, noted)


def _body(
    found: Recognised, catalogue: Catalogue
) -> tuple[list[int], list[Sequence[object]], tuple[tuple[int, str], ...]]:
    """Return numbers and cells of the rows that are records, and the lines that are no rows."""
    width, heading = len(found.sheet.rows[found.row - 1]), found.sheet.rows[found.row - 1]
    place = next(f.position for f in found.filled if f.column == "firm_id")
    numbers: list[int] = []
    rows: list[Sequence[object]] = []
    malformed, footers = [], []
    for n, row in enumerate(found.sheet.rows[found.row :], found.row + 1):
        texts = [text_of(cell) for cell in row]
        if not any(texts):
            continue
        if word := _footer(texts, place, catalogue):
            footers.append((n, word))
        elif row == heading:
            footers.append((n, "the heading again"))
        elif len(row) != width and (len(row) < width or any(texts[width:])):
            malformed.append((n, f"{found.sheet.place}, row {n}: {NOT_TOLD}"))
        else:
            numbers.append(n)
            rows.append(row)
    if footers:
        listed = ", ".join(f"row {n} ({text})" for n, text in footers[:3])
        found.notes.append(f"{len(footers)} rows are no records: {listed}")
    return numbers, rows, tuple(malformed)


def _footer(texts: Sequence[str], place: int, catalogue: Catalogue) -> str:
    """Return the word by which a row is no record: a total, or a note without a firm's identifier.

    Of a note no more than its first word is repeated, since it may name a person.
    """
    first = plain(next(text for text in texts if text))
    firm = plain(texts[place]) if place < len(texts) else ""
    for word in catalogue.footers:
        if word in (first.rstrip(":"), firm.rstrip(":")):
            return word
        if first.startswith(word) and not (firm and place):
            return word
    return ""


def _refusals(
    found: Recognised, filled: Filled, cells: Sequence[object], catalogue: Catalogue
) -> Iterator[Failure]:
    table, column, texts = found.table.table.name, filled.column, [text_of(cell) for cell in cells]
    if column in IDENTIFIERS:
        rounded = [text for cell, text in zip(cells, texts, strict=True) if _lost(cell, text)]
        if rounded:
            rule = f"number of more than {EXACT_DIGITS} digits, which the spreadsheet has rounded"
            remedy = "Export the column anew as text, from where it was not rounded."
            yield refusal(
                table, column, rule, remedy, len(rounded), tuple(map(without_persons, rounded[:3]))
            )
    if column in AMOUNTS and filled.unit and filled.unit not in catalogue.units:
        rule = f"{found.sheet.place}: unit {filled.unit} of heading {filled.heading} is not known"
        remedy = f"Known units: {', '.join(catalogue.units)}. Convert the column."
        yield refusal(table, column, rule, remedy)
    elif column in AMOUNTS and not filled.unit and filled.heading.lower() != column:
        bare = [text for text in texts if text and not has_unit(text)]
        if bare:
            rule = f"{found.sheet.place}: amounts without a unit under {filled.heading}"
            remedy = f"Write the unit into the heading: {filled.heading}（元） or {filled.heading}（万元）."
            yield refusal(
                table, column, rule, remedy, len(bare), tuple(map(without_persons, bare[:3]))
            )
    elif column not in AMOUNTS and _is_number(found, column) and filled.unit.startswith(MULTIPLES):
        rule = f"{found.sheet.place}: {filled.heading} counts in {filled.unit}"
        yield refusal(table, column, rule, "Convert the column to single ones.")


def _is_number(found: Recognised, column: str) -> bool:
    schema = found.table.schema(column)
    return schema is not None and schema.kind == "number"


def _lost(cell: object, text: str) -> bool:
    is_number = isinstance(cell, int | float) and abs(cell) >= 10**EXACT_DIGITS
    return is_number or is_rounded(text)


def _column(
    found: Recognised, filled: Filled, cells: Sequence[object], catalogue: Catalogue
) -> pd.Series:
    """Return a column in plain form; every distinct text is read once."""
    texts = pd.Series([text_of(cell) for cell in cells], dtype=object)
    spec, column = found.table.of(filled.column), found.table.schema(filled.column)
    empty = Counter[str]()
    counts = texts.value_counts()
    read: dict[str, str | None] = {}
    for text in counts.index:
        value = _word(text, spec, catalogue)
        if value is None:
            value = _value(text, column.kind if column else "", filled, catalogue)
        if text and not value:
            empty[text] += int(counts[text])
        read[text] = value or None
    if empty:
        listed = ", ".join(f"{count} x {text}" for text, count in empty.most_common(3))
        found.notes.append(f"{filled.column} left empty: {listed}")
    return texts.map(read).astype(object)


def _word(text: str, spec: ColumnHeadings, catalogue: Catalogue) -> str | None:
    """Return the value that the catalogue gives for a cell, or None where it gives none."""
    word = plain(text)
    if not word or word in catalogue.empty:
        return ""
    if (exact := _exact(word, spec.words)) is not None:
        return exact
    parts = [_exact(part, spec.words) for part in word.replace(";", "|").split("|") if part]
    if spec.words and parts and None not in parts:
        return max(str(part) for part in parts) if len({*parts}) == 1 or _ordered(spec) else None
    return next((value for part, value in spec.contains if part in word), None)


def _exact(word: str, words: Mapping[str, str]) -> str | None:
    bare = word.lstrip("0123456789.、)(") if word not in words else word
    return words.get(word, words.get(bare.rstrip("。.;"), words.get(word.rstrip("。.;"))))


def _ordered(spec: ColumnHeadings) -> bool:
    """Tell whether the larger of two values holds for both: a violation in one item is one."""
    return {*spec.words.values()} <= {"", "0", "1"}


def _value(text: str, kind: str, filled: Filled, catalogue: Catalogue) -> str:
    if filled.column in IDENTIFIERS:
        return identifier(text)
    if filled.column in AMOUNTS:
        return amount(text, catalogue.units, filled.unit)
    if kind == "date":
        return day(text)
    if kind == "number":
        return number(f"{text}%" if filled.unit == "%" and "%" not in text else text)
    return text


def _fill_in(found: Recognised, frame: pd.DataFrame) -> None:
    for column, value in found.table.constants.items():
        if column not in frame:
            frame[column] = value
            found.notes.append(f"{column} is {value}")
    if found.table.colours:
        _fill_in_list(found, frame)
    made = found.table.made_id
    if made and made not in frame:
        is_penalty = found.table.table is PENALTIES
        frame[made] = _ids_of_penalties(found, frame) if is_penalty else _firm_and_day(found, frame)
        frame.loc[frame.firm_id.isna(), made] = None
        of = "decision, firm and platform" if is_penalty else "firm and day"
        found.notes.append(f"{made} made of {of}")


def _firm_and_day(found: Recognised, frame: pd.DataFrame) -> pd.Series:
    return frame.firm_id.fillna("") + "@" + frame[found.table.table.event].fillna("")


def _ids_of_penalties(found: Recognised, frame: pd.DataFrame) -> pd.Series:
    """Return ids of penalties: two platforms' records of one decision keep apart, copies of a row do not.

    A record with a number has it with firm and platform (the file's name where none is stated); one
    without has firm, day and a digest of what else it says.
    """
    columns = [
        c for c in ("authority", "category", "gravity", "fine", "statutory_max") if c in frame
    ]
    texts = (
        frame[columns].fillna("").agg("\x1f".join, axis=1)
        if columns
        else pd.Series("", frame.index)
    )
    digest = texts.map(lambda text: hashlib.sha256(text.encode()).hexdigest()[:8])
    bare = _firm_and_day(found, frame) + "@" + digest
    if "decision_number" not in frame:
        return bare
    platform = frame.source if "source" in frame else pd.Series(None, frame.index, dtype=object)
    whole = (
        frame.decision_number + "@" + frame.firm_id + "@" + platform.fillna(found.sheet.file.name)
    )
    numbered = frame.decision_number.str.contains("[1-9]", na=False)
    return whole.where(numbered & whole.notna(), bare)


def _fill_in_list(found: Recognised, frame: pd.DataFrame) -> None:
    """Fill list and colour from the names where no heading does; a colour that nothing tells is refused."""
    table, names = found.table, names_of(found.sheet, found.row)
    if "colour" not in frame:
        headings = "".join(text_of(cell) for cell in found.sheet.rows[found.row - 1])
        said = colour_of_sheet(names, headings, table)
        lists = frame.list if "list" in frame else pd.Series("", frame.index)
        colours = lists.map(lambda text: colour_of(text or "", table) or said)
        if len(frame) and not colours.any():
            rule = f"{found.sheet.place}: nothing says whether it is a red or a black list"
            remedy = "Say 红名单 or 黑名单 in the sheet's name or title, or add a column 名单类别."
            raise RecordsError([refusal(table.table.name, "colour", rule, remedy)])
        frame["colour"] = colours.astype(object).where(colours != "", None)
        found.notes.append(f"colour is {' and '.join(sorted({*colours} - {''}))}")
    if "list" not in frame:
        frame["list"] = frame.colour.map(lambda colour: colour and list_of(names, colour, table))
        found.notes.append(f"list is {' and '.join(sorted({*frame.list.dropna()}))}")
    if JUDGMENT_DEFAULTERS in set(frame.list):
        default = frame.list == JUDGMENT_DEFAULTERS
        grounds = frame.ground if "ground" in frame else pd.Series(None, frame.index, dtype=object)
        frame["ground"] = grounds.where(~default, JUDGMENT_DEFAULT)


def _one_row_a_visit(found: Recognised, frame: pd.DataFrame) -> pd.DataFrame:
    """Join the rows of one visit where they list its items: one violation among them is one.

    The whole is known on the latest day that a row was recorded.
    """
    made = found.table.made_id
    if not made or any(f.column == made for f in found.filled) or "violation" not in frame:
        return frame
    repeated = frame[made].duplicated(keep=False) & frame[made].notna()
    legible = repeated & frame.violation.isin(["0", "1"])
    worst = frame[legible].groupby(made).violation.max()
    frame.loc[legible, "violation"] = frame[legible][made].map(worst)
    if "recorded_on" in frame:
        latest = frame[legible].groupby(made).recorded_on.max()
        frame.loc[legible, "recorded_on"] = frame[legible][made].map(latest)
    kept = frame[
        ~(legible & frame[legible].duplicated(made).reindex(frame.index, fill_value=False))
    ]
    if len(kept) < len(frame):
        found.notes.append(f"{len(frame) - len(kept)} further rows of the same visits joined")
    return kept


def _closed_without_day(
    found: Recognised, frame: pd.DataFrame, rows: Sequence[Sequence[object]]
) -> tuple[Failure, ...]:
    """Note firms whose status says that they are closed, without the day: they count as open."""
    status = status_column(found)
    if status is None:
        return ()
    words = found.table.of(status.column).closed
    closed = pd.Series([plain(text_of(row[status.position])) in words for row in rows], dtype=bool)
    open_ended = closed & (frame["closed_on"].isna() if "closed_on" in frame else True)
    if not open_ended.any():
        return ()
    ids = tuple(str(i) for i in frame.firm_id[open_ended].head(3))
    rule = f"{status.heading} says closed, but no day is given: the firm counts as open"
    remedy = "Add 注销日期, or drop the rows."
    return (Failure("firms", "closed_on", rule, int(open_ended.sum()), ids, remedy, "noted"),)


def _undated_status(found: Recognised, frame: pd.DataFrame) -> tuple[Failure, ...]:
    """Empty a permit's status without a day: today's status would be told of the past."""
    if found.table.table is not PERMITS or "status" not in frame:
        return ()
    dated = frame.status_changed_on.notna() if "status_changed_on" in frame else False
    undated = frame.status.notna() & (frame.status != "valid") & ~pd.Series(dated, frame.index)
    if not undated.any():
        return ()
    frame.loc[undated, "status"] = None
    ids = tuple(str(i) for i in frame.permit_id[undated].head(3))
    rule = "a status that ended the permit, but no day of it: left empty"
    remedy = "Add 状态变更日期."
    return (Failure("permits", "status", rule, int(undated.sum()), ids, remedy, "noted"),)
