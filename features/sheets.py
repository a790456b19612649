"""Sheets as they lie: the cells of a workbook's sheets or of a text file, row by row, nothing judged yet."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import python_calamine

from features.cells import text_of
from features.encodings import as_utf8, encoding_of, opened, start_of
from features.failures import RecordsError, refusal

WORKBOOK = (".xlsx", ".xls")
TEXT = (".csv", ".tsv", ".txt", ".csv.gz")
DELIMITERS = ",;\t|"
_LINES_SEEN = 40
_CONTAINER = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True)
class Sheet:
    """One sheet: a file, the sheet's name ("" for a text file) and its rows of cells.

    The first row is row 1, as a spreadsheet counts. Cells that are merged downwards each have the value.
    """

    file: Path
    name: str
    rows: Sequence[Sequence[object]]

    @property
    def place(self) -> str:
        """File and sheet, for messages."""
        return f"{self.file.name}, sheet {self.name}" if self.name else self.file.name


def table_below(sheet: Sheet, row: int) -> tuple[list[str], list[list[str | None]]]:
    """Return the headings in `row`, made unique, and the rows below as text; empty rows are left out."""
    names: list[str] = []
    for place, cell in enumerate(sheet.rows[row - 1] if row <= len(sheet.rows) else (), 1):
        name = "".join(text_of(cell).split()) or f"column{place}"
        again = name.lower() in {other.lower() for other in names}
        names.append(f"{name}_{place}" if again else name)
    cells = [[text_of(cell) or None for cell in line] for line in sheet.rows[row:]]
    full = [(line + [None] * len(names))[: len(names)] for line in cells if any(line)]
    return names, full


def is_sheet_file(file: Path) -> bool:
    """Tell whether a file holds sheets; the lock files of open workbooks do not."""
    name = file.name.lower()
    return name.endswith((*WORKBOOK, *TEXT)) and not name.startswith(("~$", "."))


def sheets_of(file: Path, scratch: Path) -> Iterator[Sheet]:
    """Yield the sheets of a workbook or text file.

    Raises
    ------
    RecordsError
        Where the file cannot be read.
    """
    if file.name.lower().endswith(WORKBOOK):
        yield from _workbook(file)
    else:
        yield _text(file, scratch)


def start_of_sheet(file: Path) -> Sheet:
    """Return the first rows of a text file, as far as they can be read."""
    lines = start_of(file).splitlines(keepends=True)[:_LINES_SEEN]
    rows = csv.reader(lines, delimiter=_delimiter(lines))
    return Sheet(file, "", [list(row) for row in rows])


class UnreadableWorkbookError(RecordsError):
    """A workbook cannot be opened: it is none, is cut short or is protected by a password."""


def _workbook(file: Path) -> Iterator[Sheet]:
    try:
        book = python_calamine.CalamineWorkbook.from_path(file)
        yield from [_sheet(file, book, name) for name in book.sheet_names]
    except (python_calamine.CalamineError, OSError) as error:
        rule, remedy = f"{file.name} is no Excel workbook: {error}", "Save it anew as .xlsx."
        if _has_password(file, error):
            rule = f"{file.name} is protected by a password"
            remedy = (
                "Open it, take the password away (File, Info, Protect Workbook) and save it anew."
            )
        raise UnreadableWorkbookError([refusal(file.name, "", rule, remedy)]) from error


def _has_password(file: Path, error: Exception) -> bool:
    """Tell whether a workbook is encrypted: an .xlsx then lies in a container of the older kind."""
    if "password" in str(error).lower():
        return True
    start = file.read_bytes() if file.is_file() else b""
    return start.startswith(_CONTAINER) and "EncryptedPackage".encode("utf-16-le") in start


def _sheet(file: Path, book: python_calamine.CalamineWorkbook, name: str) -> Sheet:
    sheet = book.get_sheet_by_name(name)
    rows: list[list[object]] = [list(r) for r in sheet.to_python(skip_empty_area=False)]
    width = len(rows[0]) if rows else 0
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        if left == right < width:
            for number in range(top + 1, min(bottom + 1, len(rows))):
                rows[number][left] = rows[top][left]
    return Sheet(file, name, rows)


def _text(file: Path, scratch: Path) -> Sheet:
    text = as_utf8(file.name, file, encoding_of(file), scratch)
    with io.TextIOWrapper(opened(text), encoding="utf-8-sig", newline="") as lines:
        delimiter = _delimiter(list(islice(lines, _LINES_SEEN)))
        lines.seek(0)
        try:
            rows = [list(row) for row in csv.reader(lines, delimiter=delimiter, strict=True)]
        except csv.Error as error:
            rule = f"{file.name}: a quote that is not closed or not doubled ({error})"
            remedy = "Close the quote, and double quotes within text."
            raise RecordsError([refusal(file.name, "", rule, remedy)]) from error
    return Sheet(file, "", rows)


def _delimiter(lines: Sequence[str]) -> str:
    """Return the sign that parts the most lines into the same number of cells, the more the better."""
    return max(DELIMITERS, key=lambda sign: _regularity(sign, lines))


def _regularity(sign: str, lines: Sequence[str]) -> tuple[int, int]:
    """Return how many lines have the commonest number of cells above one, and that number."""
    try:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=sign) if len(row) > 1)
    except csv.Error:
        return 0, 0
    return max(((count, width) for width, count in widths.items()), default=(0, 0))
