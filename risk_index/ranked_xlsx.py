"""The ranking as a workbook: frozen header, filter, colours by tier, identifiers as text.

Written row by row, so that memory does not grow with the rows; the same rows give the same bytes.
"""

from __future__ import annotations

import datetime as dt
import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from risk_index.errors import UserError
from risk_index.ranked_rows import COLUMNS, DECIMALS, headings
from risk_index.texts import Texts

MOST_ROWS = 1_048_575
"""Rows of a worksheet below its header."""
TITLE = "Risk index: ranked firms"
"""Title in the file's properties, by which an earlier workbook is known."""
SHEET = "ranked"
COLOURS = {"A": "#E2F0D9", "B": "#FFF2CC", "C": "#F8CBAD", "D": "#E6A5A5"}
"""Fill of the tier's cell; the letter in it says the same without the colour."""
WIDTHS = {"firm_id": 22, "name": 28, "sector": 12, "region": 10, "tier": 7, "notes": 44}
WIDTHS |= {f"reason_{n}": 52 for n in (1, 2, 3)} | {"model_version": 15, "as_of": 11, "rank": 8}
SHARES = {
    "likelihood": 1,
    "likelihood_low": 1,
    "likelihood_high": 1,
    "tier_stability": 1,
    "inspection_probability": 2,
    "completeness": 1,
}
"""Shares and chances, 0 to 1, shown in percent with these decimals: 0.05 is read as 5.0%."""
WHOLE = ("rank", "max_inspections_per_year")
FROZEN_COLUMNS = 3
PAGES_WIDE = 3
"""Sheets of paper beside one another, each with rank, identifier and name."""
HEADER_HEIGHT = 32
MADE = dt.datetime(2000, 1, 1)
"""Stated as the day of making, so that the same rows give the same file."""


class Sheet:
    """A worksheet that takes rows from the top down."""

    def __init__(self, book: xlsxwriter.Workbook, texts: Texts) -> None:
        self._sheet: Worksheet = book.add_worksheet(texts.say(SHEET))
        self._formats = {name: _format(book, name) for name in COLUMNS}
        self._tiers = {
            tier: book.add_format({"bg_color": colour, "align": "center"})
            for tier, colour in COLOURS.items()
        }
        self._rows = 0
        self._sheet.set_row(0, HEADER_HEIGHT)
        for place, (name, heading) in enumerate(zip(COLUMNS, headings(texts), strict=True)):
            self._sheet.set_column(place, place, WIDTHS.get(name, 12))
            self._sheet.write_string(0, place, heading, _header(book, name))
        self._sheet.freeze_panes(1, FROZEN_COLUMNS)
        self._sheet.set_landscape()
        self._sheet.set_paper(9)
        self._sheet.fit_to_pages(PAGES_WIDE, 0)
        self._sheet.repeat_rows(0)
        self._sheet.repeat_columns(0, FROZEN_COLUMNS - 1)

    def add(self, rows: pd.DataFrame) -> None:
        """Write rows of a ranking below the last ones."""
        for row in rows[list(COLUMNS)].itertuples(index=False, name=None):
            self._rows += 1
            for place, (name, value) in enumerate(zip(COLUMNS, row, strict=True)):
                self._write(place, name, value)

    def _write(self, place: int, name: str, value: object) -> None:
        form = self._tiers.get(str(value)) if name == "tier" else self._formats[name]
        if isinstance(value, str):
            self._sheet.write_string(self._rows, place, value, form)
        elif value is not None and math.isfinite(float(value)):  # type: ignore[arg-type]
            self._sheet.write_number(self._rows, place, float(value), form)  # type: ignore[arg-type]

    def close(self) -> None:
        """Set the filter over all rows."""
        self._sheet.autofilter(0, 0, self._rows, len(COLUMNS) - 1)


def _format(book: xlsxwriter.Workbook, name: str) -> Format:
    if name in SHARES:
        return book.add_format({"num_format": f"0.{'0' * SHARES[name]}%"})
    if name in WHOLE:
        return book.add_format({"num_format": "0"})
    if name in DECIMALS:
        return book.add_format({"num_format": "0." + "0" * min(DECIMALS[name], 3)})
    return book.add_format({"num_format": "@", "indent": 1})


def _header(book: xlsxwriter.Workbook, name: str) -> Format:
    number = name in WHOLE or name in DECIMALS
    look = {"bold": True, "bg_color": "#D9D9D9", "text_wrap": True, "valign": "top"}
    return book.add_format(look | ({"align": "right"} if number else {"indent": 1}))


@contextmanager
def workbook(path: Path, texts: Texts, as_of: dt.date) -> Iterator[Sheet]:
    """Give the sheet of a new workbook, written when the context ends."""
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_formulas": False})
    book.set_properties({"title": TITLE, "created": MADE, "comments": as_of.isoformat()})
    sheet = Sheet(book, texts)
    yield sheet
    sheet.close()
    book.close()


def refuse_other_workbook(out: Path) -> None:
    """Refuse to write over anything but an earlier ranking.

    Raises
    ------
    UserError
        Naming what lies there.
    """
    if not out.exists():
        return
    try:
        with zipfile.ZipFile(out) as parts:
            ours = TITLE.encode() in parts.read("docProps/core.xml")
    except (OSError, KeyError, zipfile.BadZipFile):
        ours = False
    if not ours:
        raise UserError(f"{out} exists and is no ranking: name another --out")
