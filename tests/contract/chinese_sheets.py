"""A registry written as an agency keeps it: Chinese workbooks and text files, titles, notes, units, dates.

The records are those of a world, reduced to what the six tables of the publicity system hold.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import openpyxl
import pandas as pd

from features.headings import catalogue

Row = list[object]


def reduced(records: Path) -> dict[str, pd.DataFrame]:
    """Return the world's tables with the columns and rows that the Chinese tables can hold."""
    tables = {name: pd.read_parquet(records / f"{name}.parquet") for name in WRITERS}
    tables["firms"] = tables["firms"].sort_values("recorded_on").drop_duplicates("firm_id")
    tables["firms"] = tables["firms"].drop(columns="recorded_on")
    lists = tables["listings"]
    tables["listings"] = lists[lists.list == "serious_violations"]
    return tables


def standard(tables: dict[str, pd.DataFrame], folder: Path) -> Path:
    """Write the tables as Parquet under their own names."""
    folder.mkdir(parents=True)
    for name, table in tables.items():
        table.to_parquet(folder / f"{name}.parquet")
    return folder


def said(table: str, column: str) -> Callable[[object], object]:
    """Return how a value of a column is said in Chinese: by the longest word of the catalogue for it."""
    headings = catalogue().of(table).of(column)
    words = {value: word for word, value in sorted(headings.words.items(), key=lambda w: len(w[0]))}
    words |= {value: f"经查，{part}的" for part, value in reversed(headings.contains)}
    return lambda value: None if pd.isna(value) else words.get(str(value), value)


def wide(text: object) -> object:
    """Write digits and letters in full width."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in str(text))


def written(day: object, form: int) -> object:
    """Write a day in one of the forms that agencies use."""
    if pd.isna(day):
        return ("", "/", None)[form % 3]
    d = pd.Timestamp(day).date()
    forms = [
        f"{d.year}年{d.month}月{d.day}日", f"{d.year}.{d.month}.{d.day}", f"{d.year}/{d.month:02}/{d.day:02}",
        f"{d:%Y%m%d}", f"{d:%Y-%m-%d} 00:00:00", wide(f"{d.year}年{d.month}月{d.day}日"),
    ]  # fmt: skip
    return forms[form % len(forms)]


def serial(day: object) -> object:
    """Return the serial number of a day, as a spreadsheet shows it without a format."""
    return None if pd.isna(day) else (pd.Timestamp(day).date() - dt.date(1899, 12, 30)).days


def ten_thousands(value: object) -> str:
    """Write an amount of yuan in 万元, exactly."""
    return "" if pd.isna(value) else format((Decimal(repr(float(value))) / 10_000).normalize(), "f")


def yuan(value: object) -> str:
    """Write an amount of yuan with thousands separators."""
    return "" if pd.isna(value) else f"{Decimal(repr(float(value))):,f}".removesuffix(".0")


def empty(value: object) -> object:
    """Write nothing for what is missing."""
    return None if pd.isna(value) else value


def workbook(file: Path, sheets: dict[str, list[Row]], title: str) -> None:
    """Write sheets with two merged title rows above the heading and two rows of notes below."""
    book = openpyxl.Workbook()
    book.active.title = "填表说明"
    book.active.append(["本表由各科室按月填报，不得改动表头。"])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        width = len(rows[0])
        for text in (title, "填报单位：某市市场监督管理局　　　　填报日期：2026年7月1日"):
            sheet.append([text])
            sheet.merge_cells(
                start_row=sheet.max_row, end_row=sheet.max_row, start_column=1, end_column=width
            )
        for row in rows:
            sheet.append(row)
        sheet.append(["合 计", None, f"{len(rows) - 1}"])
        sheet.append(["注：本表数据以登记系统为准。"])
    book.save(file)


def text(file: Path, rows: list[Row], encoding: str, delimiter: str, title: str = "") -> None:
    """Write a text file, with a title line above if there is one."""
    with file.open("w", encoding=encoding, newline="") as out:
        lines = csv.writer(out, delimiter=delimiter)
        if title:
            lines.writerow([title] + [""] * (len(rows[0]) - 1))
        lines.writerows(rows)


def _firms(t: pd.DataFrame) -> Iterator[Row]:
    yield ["序号", "统一社会信用代码", "企业名称", "法定代表人", "行业代码", "行政区划代码", "成立日期",
           "注销日期", "注册资本\n（万元）", "从业人数", "控股类型", "企业规模", "实际控制人代码", "监管机关",
           "联系电话"]  # fmt: skip
    owner, size = said("firms", "ownership"), said("firms", "size_class")
    for n, r in enumerate(t.itertuples(), 1):
        code = wide(r.firm_id) if n % 7 == 0 else f" {r.firm_id}" if n % 5 == 0 else r.firm_id
        yield [n, code, r.name, "张三", r.sector, wide(r.region), written(r.registered_on, n),
               written(r.closed_on, n), ten_thousands(r.registered_capital), empty(r.employees),
               owner(r.ownership), size(r.size_class), empty(r.group_id), empty(r.supervised_by),
               "13800000000"]  # fmt: skip


def _permits(t: pd.DataFrame) -> Iterator[Row]:
    yield ["许可证编号", "统一社会信用代码", "许可证名称", "有效期自", "有效期至", "许可状态", "状态变更日期",
           "公示日期"]  # fmt: skip
    kind, status = said("permits", "kind"), said("permits", "status")
    for n, r in enumerate(t.itertuples(), 1):
        until = "长期" if pd.isna(r.valid_to) else written(r.valid_to, n)
        yield [r.permit_id, r.firm_id, kind(r.kind), serial(r.issued_on), until, status(r.status),
               written(r.status_changed_on, n), written(r.recorded_on, n)]  # fmt: skip


def _penalties(t: pd.DataFrame) -> Iterator[Row]:
    yield ["案件编号", "行政处罚决定文书号", "行政相对人代码_1（统一社会信用代码）", "处罚决定日期", "处罚机关",
           "数据来源单位", "违法行为类型", "违法程度", "罚款金额（万元）", "法定最高罚款（元）",
           "信用修复日期", "撤销日期", "公示日期", "法定代表人", "法定代表人证件号码"]  # fmt: skip
    gravity = said("penalties", "gravity")
    for n, r in enumerate(t.itertuples(), 1):
        fine = f"{ten_thousands(r.fine)}万元" if n % 2 and empty(r.fine) else ten_thousands(r.fine)
        yield [r.penalty_id, empty(r.decision_number), r.firm_id, written(r.decided_on, n), r.authority, r.source, r.category,
               gravity(r.gravity), fine, yuan(r.statutory_max), written(r.repaired_on, n),
               written(r.revoked_on, n), written(r.recorded_on, n), "李四", "11010519491231002X"]  # fmt: skip


def _irregularities(t: pd.DataFrame) -> Iterator[Row]:
    yield [
        "统一社会信用代码",
        "列入经营异常名录原因",
        "列入日期",
        "移出日期",
        "作出决定机关（列入）",
        "公示日期",
    ]
    reason = said("irregularities", "reason")
    for n, r in enumerate(t.itertuples(), 1):
        yield [r.firm_id, reason(r.reason), written(r.listed_on, n), written(r.removed_on, n), "某市局",
               written(r.recorded_on, n)]  # fmt: skip


def _listings(t: pd.DataFrame) -> Iterator[Row]:
    yield ["统一社会信用代码", "列入原因", "涉案金额（元）", "列入日期", "移出日期", "公示日期"]
    for n, r in enumerate(t.itertuples(), 1):
        yield [r.firm_id, r.ground, yuan(r.amount), written(r.listed_on, n), written(r.removed_on, n),
               written(r.recorded_on, n)]  # fmt: skip


def _inspections(t: pd.DataFrame) -> Iterator[Row]:
    yield ["检查编号", "统一社会信用代码", "检查日期", "检查类型", "抽取概率（%）", "执法证号", "检查结果",
           "危害值", "公示日期", "检查人员"]  # fmt: skip
    how = said("inspections", "selection")
    for n, r in enumerate(t.itertuples(), 1):
        result = (
            "/" if pd.isna(r.violation) else ("未发现问题", "发现问题已责令改正")[int(r.violation)]
        )
        chance = "" if pd.isna(r.inclusion_probability) else str(
            Decimal(repr(r.inclusion_probability)) * 100)  # fmt: skip
        yield [r.inspection_id, r.firm_id, written(r.inspected_on, n), how(r.selection), chance,
               empty(r.inspector_id), result, empty(r.harm), written(r.recorded_on, n), "王五"]  # fmt: skip


WRITERS = {
    "firms": _firms, "permits": _permits, "penalties": _penalties, "irregularities": _irregularities,
    "listings": _listings, "inspections": _inspections,
}  # fmt: skip


def chinese(tables: dict[str, pd.DataFrame], folder: Path) -> Path:
    """Write the tables as six departments would: two workbooks, four text files."""
    folder.mkdir(parents=True)
    rows = {name: list(WRITERS[name](table)) for name, table in tables.items()}
    half = len(rows["firms"]) // 2
    firms = {"城区": rows["firms"][:half], "郊区": [rows["firms"][0], *rows["firms"][half:]]}
    workbook(folder / "企业登记信息.xlsx", firms, "某市企业登记信息一览表")
    visits = {"抽查检查结果": rows["inspections"]}
    workbook(folder / "检查台账.xlsx", visits, "双随机抽查检查结果")
    text(folder / "行政许可.csv", rows["permits"], "utf-8-sig", ",")
    text(folder / "行政处罚台账.csv", rows["penalties"], "gb18030", ",", "某市行政处罚信息公示表")
    text(folder / "经营异常名录.txt", rows["irregularities"], "utf-16", "\t")
    text(folder / "严重违法失信名单.csv", rows["listings"], "utf-8", ";", "严重违法失信名单")
    return folder
