"""Write the broken extracts that no text editor makes: ``python tests/broken/build.py``.

Everything else in this folder is plain text (or text in another encoding) and kept as it is.
"""

from __future__ import annotations

import datetime as dt
import gzip
from pathlib import Path

import duckdb
import openpyxl
import pandas as pd

HERE = Path(__file__).resolve().parent
FIRMS = [
    ("F1", "Alpha Foods"),
    ("F2", "Beta Metals"),
    ("F3", "Gamma Care"),
    ("F4", "Delta Freight"),
]
INSPECTIONS = [("I1", "F1", dt.date(2021, 5, 4)), ("I2", "F2", dt.date(2021, 6, 11))]


def workbook(name: str, sheets: dict[str, list[tuple[object, ...]]]) -> None:
    """Write an Excel workbook with the given rows by sheet."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(HERE / name / "extract.xlsx")


def first_half(file: Path) -> None:
    """Cut a file in the middle."""
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def main() -> None:
    """Write the binary files."""
    firms = [("firm_id", "name"), *FIRMS]
    visits = [("inspection_id", "firm_id", "inspected_on"), *INSPECTIONS]
    workbook("workbook_without_the_sheet", {"Firms": firms, "visits": visits})
    workbook("workbook_with_an_empty_sheet", {"firms": firms, "inspections": []})
    rounded = [("firm_id", "name"), (123456789012345678, "Alpha"), ("F2", "Beta"), (7, "Gamma")]
    workbook("workbook_with_rounded_ids", {"firms": rounded, "inspections": visits})

    lines = "".join(f"{firm_id},{name}\n" for firm_id, name in firms)
    packed = HERE / "gzip_cut_short" / "firms.csv.gz"
    packed.write_bytes(gzip.compress(lines.encode(), mtime=0))
    first_half(packed)

    cut = HERE / "parquet_cut_short" / "inspections.parquet"
    pd.DataFrame(INSPECTIONS, columns=list(visits[0])).to_parquet(cut)
    first_half(cut)

    wrong = pd.DataFrame(FIRMS, columns=["firm_id", "name"])
    wrong["employees"] = dt.date(2020, 1, 1)
    wrong["sector"] = [["C3110", "C3120"]] * len(wrong)
    wrong.to_parquet(HERE / "parquet_wrong_types" / "firms.parquet")

    base = HERE / "database_with_a_view" / "extract.duckdb"
    base.unlink(missing_ok=True)
    with duckdb.connect() as con:
        con.execute(f"ATTACH '{base}' AS extract (BLOCK_SIZE 16384); USE extract")
        con.execute(
            "CREATE VIEW firms AS SELECT content AS firm_id FROM read_text('/etc/hostname')"
        )
        con.execute(
            "CREATE TABLE inspections (inspection_id TEXT, firm_id TEXT, inspected_on DATE)"
        )


if __name__ == "__main__":
    main()
