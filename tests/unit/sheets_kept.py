"""Sheets as agencies keep them, written for a test, and what becomes of them."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from features.failures import RecordsError
from features.quality import Quality
from features.records import open_records

A, B = "91310115ML8Q940720", "91110105MR11612C8W"
FIRMS = [
    ["统一社会信用代码", "企业名称", "成立日期"],
    [A, "甲公司", "2010-1-1"],
    [B, "乙公司", "2011年2月3日"],
]
VISITS = [
    ["统一社会信用代码", "检查日期", "检查结果"],
    [A, "2020.5.1", "未发现问题"],
    [B, 44000, "发现问题"],
]
FINES = [["行政处罚决定文书号", "统一社会信用代码", "处罚决定日期", "罚款金额（万元）", "违法程度"]]
TODAY = dt.date(2026, 8, 1)
Rows = list[list[object]]


def write(folder: Path, encoding: str = "utf-8", **more: Rows) -> Path:
    """Write sheets as CSV, with firms and visits where they are not given."""
    folder.mkdir(exist_ok=True)
    for name, rows in ({"登记信息": FIRMS, "抽查检查结果": VISITS} | more).items():
        with (folder / f"{name}.csv").open("w", encoding=encoding, newline="") as out:
            csv.writer(out).writerows(rows)
    return folder


def book(file: Path, rows: Rows, *merged: str) -> None:
    """Write a workbook of one sheet with merged cells."""
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    for cells in merged:
        made.active.merge_cells(cells)
    made.save(file)


def read(folder: Path, table: str = "penalties") -> tuple[pd.DataFrame, Quality]:
    """Return an accepted table and the report."""
    with open_records(folder, today=TODAY, rejected=folder / "rejected") as records:
        frame = records.table(table).execute()
        return frame, records.quality


def refused(folder: Path) -> str:
    """Return the message of the refusal."""
    with pytest.raises(RecordsError) as caught, open_records(folder, today=TODAY):
        pass
    return str(caught.value)
