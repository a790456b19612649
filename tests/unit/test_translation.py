"""Cells and rows of recognised sheets: read as meant, or emptied, rejected or refused with a reason."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from features.cells import amount, day
from features.headings import catalogue
from tests.unit.sheets_kept import (
    FINES,
    A,
    B,
    Rows,
    read,
    refused,
    write,
)


def test_days_and_amounts_of_every_form(tmp_path: Path) -> None:
    days = [
        "2021年3月5日",
        "2021/3/5",
        "2021.3.5",
        "20210305",
        "44260",
        "２０２１－３－５",
        "2021-03-05 09:30:00",
    ]
    amounts = {"3.5万元": 35_000, "35,000.50元": 35_000.5, "１２００元": 1_200, "￥1,000元": 1_000, "0": 0,
               "0.0001亿元": 10_000, "5万元人民币": 50_000}  # fmt: skip
    heading = ["处罚决定书文号", "信用代码", "处罚日期", "罚款金额"]
    rows = [[f"{n}号", A, *cells] for n, cells in enumerate(zip(days, amounts, strict=True), 1)]
    frame, quality = read(write(tmp_path, 行政处罚=[heading, *rows]))
    assert set(frame.decided_on.astype(str)) == {"2021-03-05"}
    assert frame.sort_values("penalty_id").fine.tolist() == list(amounts.values())
    assert not quality.failures


UNITS = catalogue().units


@pytest.mark.parametrize(
    ("text", "of_heading", "yuan"),
    [
        ("3.5", "万元", "35000"), ("35,000.50", "元", "35000.5"), ("500元", "万元", "500"), ("0.07", "万元", "700"),
        ("叁万元", "", "叁万元"), ("3万美元", "", "3万美元"), ("1,23", "元", "1,23"), ("3~5万元", "", "3~5万元"),
        ("-2", "万元", "-20000"), (".5", "万元", "5000"), ("5.", "万元", "50000"), ("1.5E+03", "万元", "15000000"),
        ("1e-05", "亿元", "1000"), ("+.5万元", "", "5000"), ("1E+9999", "元", "1E+9999 (not read)"),
        ("1_000", "万元", "1_000 (not read)"), ("1_000", "", "1_000 (not read)"),
    ],
)  # fmt: skip
def test_an_amount_is_read_exactly_or_left_as_it_came(
    text: str, of_heading: str, yuan: str
) -> None:
    assert amount(text, UNITS, of_heading) == yuan


def test_no_amount_passes_unscaled(tmp_path: Path) -> None:
    texts = [".5", "5.", "1.5E+03", "1_000", "0.5", "+2", "1e1_0", " 3 ", 0.00005]
    fines: Rows = [[f"{n}号", A, "2021-3-5", text, "一般"] for n, text in enumerate(texts)]
    frame, quality = read(write(tmp_path, 行政处罚=[*FINES, *fines]))
    assert sorted(frame.fine) == [0.5, 5000, 5000, 20_000, 30_000, 50_000, 15_000_000]
    (failure,) = quality.failures
    assert (failure.column, failure.count, failure.action) == ("fine", 2, "row rejected")
    rejected = pd.read_csv(tmp_path / "rejected" / "penalties.csv", dtype=str)
    assert rejected.fine.tolist() == ["1_000 (not read)", "1e1_0 (not read)"]


def test_a_number_in_another_unit_is_refused(tmp_path: Path) -> None:
    firms: Rows = [["信用代码", "成立日期", "从业人数（万人）"], [A, "2010-1-1", "3"]]
    message = refused(write(tmp_path, 登记信息=firms))
    assert "firms.employees" in message
    assert "从业人数（万人） counts in 万人" in message


@pytest.mark.parametrize(
    "text", ["2021 年 3 月 5 日", "2021年3月5日 ", "2021.03.05.", "2021年3月5日 9:30"]
)
def test_blanks_and_a_stop_in_a_day(text: str) -> None:
    assert day(text) == "2021-03-05"


@pytest.mark.parametrize(
    "text",
    [
        "2021年13月5日",
        "2021-2-30",
        "05/03/2021",
        "21.3.5",
        "2021年3月",
        "123",
        "99999",
        "昨天",
        "2021-3-5-7",
    ],
)
def test_a_day_that_could_be_two_is_left_as_it_came(text: str) -> None:
    assert day(text) == text


def test_one_decision_on_two_platforms_is_two_records_with_one_number(tmp_path: Path) -> None:
    one: Rows = [["案件编号", *FINES[0]], ["K7", "市监处罚〔2020〕1号", A, "2020-1-1", "3", "一般"]]
    two: Rows = [*FINES, ["市监处罚[2020] 1 号", A, "2020-1-1", "3", "一般"],
                 ["市监处罚[2020] 1 号", A, "2020-1-1", "3", "一般"],
                 ["无", A, "2020-1-2", "3", "一般"], ["无", A, "2020-1-2", "4", "一般"],
                 ["无", A, "2020-1-2", "4", "一般"], ["0", B, "2020-1-2", "4", "一般"],
                 ["0", B, "2020-1-3", "4", "一般"]]  # fmt: skip
    frame, quality = read(write(tmp_path, 行政处罚一=one, 行政处罚二=two))
    numbers = frame.decision_number.value_counts()
    assert numbers.to_dict() == {"市监处罚[2020]1号": 2}
    assert len(frame) == 6
    assert {"K7", f"市监处罚[2020]1号@{A}@行政处罚二.csv"} <= {*frame.penalty_id}
    (failure,) = quality.failures
    assert (failure.rule, failure.count) == ("key occurs twice on one recorded_on", 2)


def test_what_cannot_be_read_is_rejected_with_row_value_and_remedy(tmp_path: Path) -> None:
    fines = [["某市行政处罚公示表"], [], *FINES, ["1号", A, "2021年13月5日", "3", "一般"],
             ["2号", A, "5.3.2021", "3", "一般"], ["3号", A, "2021-3-5", "3", "较重"],
             *([[f"{n}号", A, "2021-3-5", "3", "严重"] for n in range(4, 9)])]  # fmt: skip
    frame, quality = read(write(tmp_path, 行政处罚=fines))
    assert len(frame) == 5
    said = {(f.column, f.count, f.first_ids): f for f in quality.failures}
    ids = [f"{n}号@{A}@行政处罚.csv" for n in (1, 2, 3)]
    assert ("decided_on", 2, tuple(ids[:2])) in said
    assert "Write one of 轻微, " in said["gravity", 1, tuple(ids[2:])].remedy
    rejected = pd.read_csv(tmp_path / "rejected" / "penalties.csv", dtype=str)
    assert rejected.row.tolist() == ["4", "5", "6"]
    assert rejected.place.tolist()[0] == "行政处罚.csv, row 4"
    assert rejected.decided_on.tolist()[0] == "2021年13月5日"


ENTRIES: Rows = [["统一社会信用代码", "列入原因", "列入日期"], [A, "某原因", "2021-1-1"]]


@pytest.mark.parametrize(
    ("name", "title", "says"),
    [
        ("诚信红名单", "", ("red_list", "red", "某原因")),
        ("守信企业名单", "", ("red_list", "red", "某原因")),
        ("纳税信用A级纳税人", "", ("tax_credit_red_list", "red", "某原因")),
        ("名单黑榜", "", ("black_list", "black", "某原因")),
        ("红黑名单", "严重失信企业", ("serious_violations", "black", "某原因")),
        ("失信被执行人", "", ("judgment_defaulters", "black", "judgment_default")),
    ],
)
def test_the_colour_of_a_list_is_told_by_its_names(
    name: str, title: str, says: tuple[str, ...], tmp_path: Path
) -> None:
    rows: Rows = [[title, "", ""], *ENTRIES] if title else ENTRIES
    frame, quality = read(write(tmp_path, **{name: rows}), "listings")
    assert tuple(frame[["list", "colour", "ground"]].iloc[0]) == says
    assert any(f"colour is {says[1]}" in line for line in quality.recognised)


@pytest.mark.parametrize("name", ["红黑名单", "诚信典型及失信名单"])
def test_a_list_of_unclear_colour_is_refused(name: str, tmp_path: Path) -> None:
    message = refused(write(tmp_path, **{name: ENTRIES}))
    assert "nothing says whether it is a red or a black list" in message
    assert "名单类别" in message


def test_a_red_name_above_black_headings_is_refused(tmp_path: Path) -> None:
    rows: Rows = [
        ["统一社会信用代码", "列入严重违法失信名单原因", "列入日期"],
        [A, "某原因", "2021-1-1"],
    ]
    assert "red or a black" in refused(write(tmp_path, 诚信红名单=rows))


def test_rows_of_both_colours_are_told_by_their_list(tmp_path: Path) -> None:
    rows: Rows = [["信用代码", "名单名称", "列入日期"], [A, "纳税信用A级名单", "2021-1-1"],
                  [B, "重大税收违法失信主体", "2021-1-1"], [B, "某名单", "2021-1-1"]]  # fmt: skip
    frame, quality = read(write(tmp_path, 红黑名单=rows), "listings")
    assert dict(zip(frame.firm_id, frame.colour, strict=True)) == {A: "red", B: "black"}
    (failure,) = quality.failures
    assert (failure.column, failure.rule, failure.count) == ("colour", "empty", 1)


def test_items_of_one_visit_are_one_visit(tmp_path: Path) -> None:
    visits: Rows = [["信用代码", "抽查完成日期", "检查事项", "抽查结果"],
                    [A, "2021-3-5", "年报", "1.未发现问题"],
                    [A, "2021-3-5", "价格", "未按规定公示应当公示的信息；发现问题待后续处理；"],
                    [B, "2021-3-5", "年报", "未发现开展本次抽查涉及的经营活动"]]  # fmt: skip
    frame, quality = read(write(tmp_path, 抽查检查结果=visits), "inspections")
    found = frame.set_index("firm_id").violation
    assert found[A] == 1
    assert pd.isna(found[B])
    assert len(frame) == 2
    assert not quality.failures
    assert any("1 further rows of the same visits joined" in line for line in quality.recognised)


def test_rows_of_one_visit_are_known_on_the_latest_day_of_one(tmp_path: Path) -> None:
    visits: Rows = [["信用代码", "检查日期", "检查结果", "公示日期"], [A, "2020-1-2", "合格", "2020-1-10"],
                    [A, "2020-1-2", "不合格", "2020-6-1"], [A, "2020-1-2", "合格", "/"],
                    [B, "2020-1-2", "合格", "/"], [B, "2020-1-2", "合格", "/"]]  # fmt: skip
    frame, _ = read(write(tmp_path, 抽查检查结果=visits), "inspections")
    found = frame.set_index("firm_id")
    assert found.violation.to_dict() == {A: 1, B: 0}
    assert found.recorded_on.astype(str).to_dict() == {A: "2020-06-01", B: "2020-01-02"}


@pytest.mark.parametrize(
    "row",
    [
        ["合 计", "2", ""],
        ["", "总计：", "2"],
        ["本页", "", "小计"],
        ["填表：张", "", "13800000000"],
    ],
)
def test_a_total_is_no_record(row: list[object], tmp_path: Path) -> None:
    firms: Rows = [
        ["序号", "信用代码", "成立日期"],
        ["1", A, "2010-1-1"],
        ["2", B, "2010-1-1"],
        row,
    ]
    frame, quality = read(write(tmp_path, 登记信息=firms), "firms")
    assert sorted(frame.firm_id) == sorted([A, B])
    assert not quality.failures
    assert any("1 rows are no records: row 4 (" in line for line in quality.recognised)


def test_nothing_of_a_person_reaches_the_report(tmp_path: Path) -> None:
    firms: Rows = [["信用代码", "企业名称", "成立日期", "法定代表人", "联系电话"],
                   [A, "甲", "2001-1-1", "张三丰", "13800000000"], [B, "乙", "某日", "李四光", "13900000000"],
                   [B, "丙", "2001-1-1", "李四光", "13900000000", "多"],
                   ["填表人：王五一 13700000000", "", "", "", ""],
                   ["11010519491231002X", "13600000000", "2001-1-1", "", ""]]  # fmt: skip
    _, quality = read(write(tmp_path, 登记信息=firms), "firms")
    told = quality.as_json()
    files = sorted((tmp_path / "rejected").iterdir())
    assert [file.name for file in files] == ["firms.csv", "firms.malformed.csv"]
    told += "".join(file.read_text(encoding="utf-8") for file in files)
    persons = (
        "张三",
        "李四",
        "王五",
        "11010519491231002X",
        *(f"1{n}00000000" for n in (36, 37, 38, 39)),
    )
    assert [word for word in persons if word in told] == []
    rejected = pd.read_csv(files[0], dtype=str)
    assert rejected.set_index("row").firm_id["6"] == "(a person's, not copied)"
    assert rejected.set_index("row").registered_on["3"] == "某日"
    lines = files[1].read_text(encoding="utf-8")
    assert "登记信息.csv, row 4: not copied, its cells may name persons" in lines


def test_empty_marks_are_counted_and_persons_left_out(tmp_path: Path) -> None:
    permits: Rows = [["许可证编号", "信用代码", "有效期自", "有效期至", "许可状态", "负责人姓名", "审批科室"],
                     ["1", A, "2021-3-5", "长期", "有效", "张三", "一科"],
                     ["2", A, "2021-3-5", "/", "注销", "张三", "一科"]]  # fmt: skip
    frame, quality = read(write(tmp_path, 行政许可=permits), "permits")
    assert frame.valid_to.isna().all()
    assert frame.status.fillna("").tolist() == ["valid", ""]
    (line,) = [line for line in quality.recognised if "permits" in line]
    assert "valid_to left empty: 1 x 长期, 1 x /" in line
    assert "负责人姓名 (names a person), 审批科室 (no column)" in line


def test_an_undated_status_is_left_empty(tmp_path: Path) -> None:
    heading = ["许可证编号", "信用代码", "有效期自", "当前状态", "状态变更日期", "公示日期"]
    permits: Rows = [heading, ["1", A, "2015-1-1", "吊销", "", "2015-1-3"], ["2", A, "2015-1-1", "有效", "", ""],
                     ["3", A, "2015-1-1", "吊销", "2020-1-1", "2015-1-3"],
                     ["4", A, "2015-1-1", "暂停", "某日", "2015-1-3"]]  # fmt: skip
    frame, quality = read(write(tmp_path, 行政许可=permits), "permits")
    status = dict(zip(frame.permit_id, frame.status, strict=True))
    assert pd.isna(status.pop("1"))
    assert status == {"2": "valid", "3": "revoked"}
    noted = {f.column: f for f in quality.failures}
    assert noted["status"].count == 1
    assert noted["status"].first_ids == ("1",)
    assert "no day" in noted["status"].rule
    assert noted["status_changed_on"].action == "row rejected"


def test_closed_firms_without_a_day_are_noted(tmp_path: Path) -> None:
    firms: Rows = [["信用代码", "成立日期", "登记状态", "注销日期"], [A, "2010-1-1", "存续", ""],
                   [B, "2010-1-1", "注销", ""]]  # fmt: skip
    _, quality = read(write(tmp_path, 登记信息=firms), "firms")
    (failure,) = quality.failures
    assert (failure.action, failure.first_ids) == ("noted", (B,))
    assert "登记状态 says closed, but no day is given" in failure.rule
