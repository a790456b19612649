"""A starting mapping: it runs at once, and says what it does not know."""

from __future__ import annotations

import csv
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from features.failures import RecordsError
from features.mapping import load_mapping
from features.proposal import Proposal, propose
from features.quality import Quality
from features.records import open_records

Rows = list[list[object]]
VISITS: Rows = [["2021年巡查记录", "", "", "", ""], ["巡查编号", "经营户编码", "巡查日期", "巡查类型", "巡查结果"],
                ["X1", "D1", "2021年3月5日", "日常检查", "合格"], ["X2", "D2", "2021/3/6", "投诉举报", "不合格"],
                ["X3", "D2", "2021/3/7", "夜查", "不合格"]]  # fmt: skip
REGISTER: Rows = [["某区食品经营户名册"], ["编码", "经营户名称", "所属街道", "开办日期", "注册资本（万元）", "负责人姓名"],
                  ["D1", "甲店", "东街", "2015年1月2日", "3.5", "张三"],
                  ["D2", "乙店", "西街", "2016.3.4", "10", "李四"]]  # fmt: skip


def extract(folder: Path, visits: Rows = VISITS, register: Rows = REGISTER) -> Path:
    """Write a workbook and a GB18030 text file that the six tables do not fit."""
    folder.mkdir()
    if register:
        book = openpyxl.Workbook()
        for row in register:
            book.active.append(row)
        book.save(folder / "名册.xlsx")
    with (folder / "巡查记录.csv").open("w", encoding="gb18030", newline="") as out:
        csv.writer(out).writerows(visits)
    return folder


def proposed(source: Path, tmp_path: Path) -> tuple[Proposal, Path]:
    """Write the proposal as a mapping."""
    scratch, folder = tmp_path / "scratch", tmp_path / "mapping"
    scratch.mkdir()
    folder.mkdir()
    proposal = propose(source, scratch)
    for name, text in proposal.files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return proposal, folder


def run(source: Path, mapping: Path, table: str) -> tuple[pd.DataFrame, Quality]:
    with open_records(source, load_mapping(mapping)) as records:
        return records.table(table).execute(), records.quality


def test_it_runs_as_it_is(tmp_path: Path) -> None:
    source = extract(tmp_path / "source")
    proposal, mapping = proposed(source, tmp_path)
    firms, quality = run(source, mapping, "firms")
    assert firms.name.tolist() == ["甲店", "乙店"]
    assert firms.registered_on.astype(str).tolist() == ["2015-01-02", "2016-03-04"]
    assert firms.registered_capital.tolist() == [35_000, 100_000]
    visits, _ = run(source, mapping, "inspections")
    assert visits.violation.tolist() == [0, 1]
    assert [(f.column, f.count) for f in quality.failures] == [("selection", 1)]
    assert "TODO selection: say what these mean: 夜查" in proposal.files["inspections.sql"]


def test_it_says_what_it_does_not_know(tmp_path: Path) -> None:
    proposal, _ = proposed(extract(tmp_path / "source"), tmp_path)
    register = proposal.files["firms.sql"]
    assert "TODO closed_on: not found. Day of deregistration." in register
    assert "not used: 所属街道" in register
    assert "left out, names a person: 负责人姓名" in register
    assert "负责人姓名" not in register.split("SELECT")[1]
    assert "名册.xlsx#Sheet: 2" in proposal.files["mapping.yaml"]
    assert proposal.lines[-1].endswith("TODO are left to decide")


def test_firms_of_the_visits_where_there_is_no_register(tmp_path: Path) -> None:
    visits = [[*row, "" if n == 0 else "经营户名称" if n == 1 else f"店{row[1]}"]
              for n, row in enumerate(VISITS)]  # fmt: skip
    visits[1][1] = "企业代码"
    source = extract(tmp_path / "source", visits, [])
    proposal, mapping = proposed(source, tmp_path)
    assert "TODO no register of firms was found" in proposal.files["firms.sql"]
    assert run(source, mapping, "firms")[0].name.tolist() == ["店D1", "店D2"]


def test_english_headings_are_matched_by_likeness(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    pd.DataFrame({
        "Establishment ID": ["E1", "E2"], "Establishment Name": ["A", "B"], "Facility Type": ["x", "y"],
    }).to_csv(source / "companies.csv", index=False)  # fmt: skip
    pd.DataFrame({
        "Inspection No": ["1a", "2a"], "Establishment ID": ["E1", "E2"],
        "Date of Inspection": ["2021-03-05", "2021-04-06"], "Results": ["Pass", "Fail"],
    }).to_parquet(source / "visits.parquet")  # fmt: skip
    _, mapping = proposed(source, tmp_path)
    visits, quality = run(source, mapping, "inspections")
    assert visits.sort_values("inspection_id").violation.tolist() == [0, 1]
    assert visits.inspected_on.astype(str).tolist() == ["2021-03-05", "2021-04-06"]
    assert run(source, mapping, "firms")[0].sector.tolist() == ["x", "y"]
    assert not quality.failures


@pytest.mark.parametrize(("make", "says"), [(False, "no such folder"), (True, "no table in it")])
def test_nothing_to_propose_for(make: bool, says: str, tmp_path: Path) -> None:
    if make:
        (tmp_path / "empty").mkdir()
    with pytest.raises(RecordsError, match=says):
        propose(tmp_path / "empty", tmp_path)


@pytest.mark.parametrize(
    ("sheets", "says"),
    [
        ("{名册.xlsx#Sheet1: 2}", "名册.xlsx has no sheet Sheet1"),
        ("{册.xlsx: 2}", "no file 册.xlsx"),
        ("{../x.csv: 1}", "lies outside the source folder"),
        ("{名册.xlsx#Sheet: heading}", "no lines `FILE#SHEET: row`"),
    ],
)
def test_sheets_that_are_not_there(sheets: str, says: str, tmp_path: Path) -> None:
    source = extract(tmp_path / "source")
    mapping = tmp_path / "mapping"
    mapping.mkdir()
    (mapping / "mapping.yaml").write_text(f"sheets: {sheets}", encoding="utf-8")
    with pytest.raises(RecordsError, match=says):
        run(source, mapping, "firms")


@pytest.mark.parametrize(
    ("name", "heading", "row", "file", "says"),
    [
        ("名单", "名单名称,列入原因,列入日期,移出日期", "某名单,某原因,2021-1-1,", "listings", "'TODO' AS colour"),
        ("红名单", "名单名称,列入原因,列入日期,移出日期", "某名单,某原因,2021-1-1,", "listings", "'red' AS colour"),
        ("决定", "处罚决定日期,处罚文号,罚款金额（元）", "2021-1-1,1号,5", "penalties",
         "-- TODO penalty_id: made of decision and firm"),
    ],
)  # fmt: skip
def test_colours_and_ids_are_left_to_decide(
    name: str, heading: str, row: str, file: str, says: str, tmp_path: Path
) -> None:
    source = extract(tmp_path / "source")
    text = f"信用代码,{heading}\n91310115ML8Q940720,{row}\n"
    (source / f"{name}.csv").write_text(text, encoding="utf-8")
    assert says in proposed(source, tmp_path)[0].files[f"{file}.sql"]


def test_a_sheet_in_a_stated_encoding(tmp_path: Path) -> None:
    source, mapping = tmp_path / "source", tmp_path / "mapping"
    source.mkdir()
    mapping.mkdir()
    text = "Реестр\nкод;название\nA;Москва\nB;Ростовторг\n"
    (source / "реестр.csv").write_bytes(text.encode("cp1251"))
    (mapping / "mapping.yaml").write_text(
        "encodings: {реестр.csv: cp1251}\nsheets: {реестр.csv: 2}\n", encoding="utf-8"
    )
    firms = """SELECT "код" AS firm_id, "название" AS name FROM 'реестр.csv'"""
    (mapping / "firms.sql").write_text(firms, encoding="utf-8")
    visits = "SELECT 'V' AS inspection_id, 'A' AS firm_id, '2020-01-02' AS inspected_on"
    (mapping / "inspections.sql").write_text(visits, encoding="utf-8")
    assert sorted(run(source, mapping, "firms")[0].name) == ["Москва", "Ростовторг"]
