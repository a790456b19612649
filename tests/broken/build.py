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
    (HERE / name).mkdir(exist_ok=True)
    book.save(HERE / name / "extract.xlsx")


def first_half(file: Path) -> None:
    """Cut a file in the middle."""
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def build_chinese() -> None:
    """Write workbooks as agencies keep them: some load, some cannot be told."""
    codes = "91310115ML8Q940720", "91110105MR11612C8W"
    firms = [("某市企业登记信息一览表",), ("统一社会信用代码", "企业名称", "成立日期", "注册资本（万元）"),
             (codes[0], "甲公司", "2010年1月1日", "１，２００"), (codes[1], "乙公司", 40577, 3.5),
             ("合 计", None, None, 1203.5), ("注：以登记系统为准",)]  # fmt: skip
    visits = [("双随机抽查检查结果",), ("统一社会信用代码", "检查日期", "检查结果"),
              (codes[0], "2020.5.1", "未发现问题"), (codes[1], "20200601", "发现问题已责令改正")]  # fmt: skip
    sheets = {"登记信息": firms, "抽查检查结果": visits}
    workbook("sheets_of_an_agency", sheets)
    bare = [firms[0], (*firms[1][:3], "注册资本"), *firms[2:]]
    workbook("sheets_with_amounts_without_a_unit", sheets | {"登记信息": bare})
    twice = [firms[0], (*firms[1][:3], "成立时间"), (codes[0], "甲公司", "2010-1-1", "2011-1-1")]
    workbook("sheets_with_two_headings_for_one", sheets | {"登记信息": twice})
    alike = [("统一社会信用代码", "列入原因", "列入日期"), (codes[0], "未公示年度报告", "2020-1-1")]
    workbook("sheets_of_lists_that_look_alike", sheets | {"名录": alike})


def main() -> None:
    """Write the binary files."""
    firms = [("firm_id", "name"), *FIRMS]
    visits = [("inspection_id", "firm_id", "inspected_on"), *INSPECTIONS]
    workbook("workbook_without_the_sheet", {"Firms": firms, "visits": visits})
    workbook("workbook_with_an_empty_sheet", {"firms": firms, "inspections": []})
    rounded = [("firm_id", "name"), (123456789012345678, "Alpha"), ("F2", "Beta"), (7, "Gamma")]
    workbook("workbook_with_rounded_ids", {"firms": rounded, "inspections": visits})

    build_chinese()
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
