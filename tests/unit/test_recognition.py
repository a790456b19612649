"""Sheets of agencies with slips: each is read as meant, or said with what to do; nothing vanishes."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import openpyxl
import pytest

from tests.unit.sheets_kept import (
    FINES,
    FIRMS,
    A,
    B,
    Rows,
    book,
    read,
    refused,
    write,
)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_encodings(encoding: str, tmp_path: Path) -> None:
    frame, quality = read(write(tmp_path, encoding), "firms")
    assert frame.sort_values("firm_id").name.tolist() == ["乙公司", "甲公司"]
    assert not quality.failures


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([["处罚文号", "信用代码", "处罚日期", "罚款金额"], ["1", A, "2021-1-1", "35"]],
         ("amounts without a unit under 罚款金额", "first: 35", "罚款金额（万元）")),
        ([["处罚文号", "信用代码", "处罚日期", "罚款金额（万美元）"], ["1", A, "2021-1-1", "35"]],
         ("unit 万美元", "is not known", "万元")),
        ([["处罚文号", "信用代码", "处罚日期", "处罚决定日期"], ["1", A, "2021-1-1", "2021-1-2"]],
         ("2 headings for one column: 处罚日期, 处罚决定日期", "rename the others")),
        ([["处罚文号", "信用代码", "罚款金额（元）"], ["1", A, "35"]],
         ("penalties.decided_on", "no heading for it in row 1", "Usual headings: 决定日期, 处罚日期")),
        ([["处罚文号", "信用代码", "处罚日期"], ["1", "9.13301E+17", "2021-1-1"]],
         ("penalties.firm_id", "rounded", "9.13301E+17", "as text")),
    ],
)  # fmt: skip
def test_what_cannot_be_told_is_refused(rows: Rows, says: tuple[str, ...], tmp_path: Path) -> None:
    message = refused(write(tmp_path, 行政处罚=rows))
    assert [words for words in says if words not in message] == [], message


def test_two_lists_that_look_alike_are_told_apart_by_name_only(tmp_path: Path) -> None:
    rows: Rows = [
        ["统一社会信用代码", "列入原因", "列入日期"],
        [A, "未依照规定期限公示年度报告", "2021-1-1"],
    ]
    message = refused(write(tmp_path / "a", 名录=rows))
    assert "may be the abnormal-operations list or red and black lists" in message
    assert "经营异常, 严重违法" in message
    frame, _ = read(write(tmp_path / "b", 名录经营异常=rows), "irregularities")
    assert frame.reason.tolist() == ["annual_report_not_filed"]
    frame, _ = read(write(tmp_path / "c", 严重违法失信=rows), "listings")
    assert frame[["list", "colour"]].iloc[0].tolist() == ["serious_violations", "black"]


def test_a_sheet_named_after_a_table_without_known_headings(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    made.active.title = "行政许可"
    made.active.append(["编码", "某列"])
    made.active.append(["1", "2"])
    made.save(write(tmp_path) / "许可.xlsx")
    message = refused(tmp_path)
    assert (
        "许可.xlsx, sheet 行政许可: no row with known headings, though its name says permits"
        in message
    )
    assert "risk-index mapping init" in message


def test_rounded_numbers_of_a_workbook(tmp_path: Path) -> None:
    book(write(tmp_path) / "行政处罚.xlsx", [*FINES, ["1号", 913301000000000000, 44260, 1, "一般"]])
    assert "penalties.firm_id: 1 x number of more than 15 digits" in refused(tmp_path)


def test_merged_cells_and_a_heading_of_two_rows(tmp_path: Path) -> None:
    rows: Rows = [["某市行政处罚台账", None, None, None], ["统一社会信用代码", "行政处罚", None, None],
                  [None, "决定书文号", "处罚决定日期", "罚款金额（元）"],
                  [A, "1号", 44260, "1,000"], [None, "2号", dt.datetime(2021, 3, 6), 2000],
                  ["注：以决定书为准", None, None, None]]  # fmt: skip
    book(write(tmp_path) / "台账.xlsx", rows, "A1:D1", "A2:A3", "B2:D2", "A4:A5")
    frame, quality = read(tmp_path)
    assert frame.firm_id.tolist() == [A, A]
    assert frame.decided_on.astype(str).tolist() == ["2021-03-05", "2021-03-06"]
    assert frame.fine.tolist() == [1000, 2000]
    assert not quality.failures
    assert any("heading in row 3" in s and "row 6 (注:)" in s for s in quality.recognised)


def test_files_named_after_tables_may_have_chinese_headings(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (folder / "登记信息.csv").unlink()
    book(folder / "firms.xlsx", [["企业名单"], *FIRMS])
    assert len(read(folder, "firms")[0]) == 2


def test_the_own_names_of_columns_are_yuan_and_may_stand_among_chinese_ones(tmp_path: Path) -> None:
    firms: Rows = [
        ["firm_id", "企业名称", "成立日期", "registered_capital"],
        [A, "甲 公司", "2010年1月1日", "1,000"],
    ]
    frame, quality = read(write(tmp_path, 登记信息=firms), "firms")
    assert frame.registered_capital.tolist() == [1000]
    assert frame.name.tolist() == ["甲 公司"]
    assert [f.rule for f in quality.failures] == ["firm is not in table firms"]


def test_own_headings_with_a_few_chinese_ones_are_read_by_their_own(tmp_path: Path) -> None:
    (tmp_path / "firms.csv").write_text(
        f"firm_id,name,registered_on,registered_capital,行业代码,备注\n{A},-,2010-01-01,5,C1,注：一\n",
        encoding="utf-8",
    )
    (tmp_path / "inspections.csv").write_text(
        f"inspection_id,firm_id,inspected_on,violation,检查结果,备注\nV1,{A},2020-01-02,0,不合格,\n",
        encoding="utf-8",
    )
    frame, quality = read(tmp_path, "firms")
    assert frame[["name", "registered_capital"]].iloc[0].tolist() == ["-", 5]
    assert frame.sector.isna().all()
    assert quality.recognised == (
        "firms.csv: read by the schema's headings; not read: 行业代码, 备注",
        "inspections.csv: read by the schema's headings; not read: 检查结果, 备注",
    )
    assert read(tmp_path, "inspections")[0].violation.tolist() == [0]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_sign_that_parts_lines_alike(delimiter: str, tmp_path: Path) -> None:
    facts = ["一;二;三;四;五", "无照经营,两次;一|二", "a\tb\tc\td\te"]
    fines: Rows = [["处罚文号", "信用代码", "处罚日期", "违法事实"]]
    fines += [[f"{n}号", A, "2020-1-1", text] for n, text in enumerate(facts)]
    folder = write(tmp_path)
    with (folder / "行政处罚.txt").open("w", encoding="utf-8", newline="") as out:
        out.write("某市行政处罚信息公示表\n")
        csv.writer(out, delimiter=delimiter).writerows(fines)
    frame, quality = read(folder)
    assert len(frame) == 3
    assert not quality.failures


def test_a_table_named_and_recognised_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (folder / "firms.csv").write_text(f"firm_id\n{A}\n", encoding="utf-8")
    assert "firms: 1 x two files: firms.csv and 登记信息.csv" in refused(folder)


def test_lines_that_are_no_rows_are_reported(tmp_path: Path) -> None:
    firms = [*FIRMS, [A, "丙公司"], [B, "丁公司", "2012-1-1", "多", "余"]]
    _, quality = read(write(tmp_path, 登记信息=firms), "firms")
    (failure,) = quality.failures
    assert (failure.count, failure.first_ids) == (2, ("line 4", "line 5"))


def test_notes_of_somebody_are_left_out(tmp_path: Path) -> None:
    (write(tmp_path) / "readme.txt").write_bytes("caf\xe9 a".encode("latin-1"))
    (tmp_path / "districts.csv").write_text("district,office\nN,1\n", encoding="utf-8")
    _, quality = read(tmp_path, "firms")
    assert "districts.csv: left out, no known headings" in quality.recognised
