"""The ranking in Chinese and as a workbook: other words and another form, the same firms and numbers."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from risk_index.ranked_rows import COLUMNS, DECIMALS, TEXT, headings, read_ranked
from risk_index.ranked_xlsx import MOST_ROWS
from risk_index.texts import texts
from tests.contract.made import Made, invoke

NUMBERS = [
    name for name in COLUMNS if name in DECIMALS or name in ("rank", "max_inspections_per_year")
]


def rank(made: Made, out: Path, *more: object):
    """Rank the records that were made."""
    model = made.out / "fit"
    return invoke(
        "rank", made.records, "--as-of", made.as_of, "--model", model, "--out", out, *more
    )


@pytest.fixture(scope="module")
def chinese(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ranking in Chinese, as CSV and workbook."""
    out = tmp_path_factory.mktemp("chinese") / "ranked.csv"
    result = rank(made, out, "--language", "zh", "--xlsx")
    assert result.exit_code == 0, result.stderr
    return out


def test_the_same_firms_and_numbers_under_chinese_headings(made: Made, chinese: Path) -> None:
    text = chinese.read_text(encoding="utf-8-sig")
    assert text.startswith('"排名","企业标识","企业名称"')
    found, english = read_ranked(chinese), read_ranked(made.out / "ranked.csv")
    told = ["reason_1", "reason_2", "reason_3", "notes"]
    pd.testing.assert_frame_equal(found.drop(columns=told), english.drop(columns=told))
    assert found.reason_1.str.contains("（[+-][0-9.]+分）$").all()
    assert not found[told].apply(lambda cells: cells.str.contains("[a-z]{3}")).any(axis=None)


def test_a_chinese_ranking_can_be_the_last_one_reported_and_drawn_from(
    made: Made, chinese: Path, tmp_path: Path
) -> None:
    again = rank(made, tmp_path / "ranked.csv", "--last", chinese)
    known = len(read_ranked(chinese))
    assert f"{known} firms are in the last ranking, 0.0% changed their tier" in again.stderr
    page = tmp_path / "report.html"
    assert invoke("report", made.out / "fit", "--ranked", chinese, "--out", page).exit_code == 0
    assert read_ranked(chinese).firm_id[0] in page.read_text(encoding="utf-8")
    commit = invoke(
        "draw", "commit", chinese.with_name("ranked.frame.csv"), "--ledger", tmp_path / "draws",
        "--round", "2026Q3", "--drand-at", "2036-07-06T08:00:00Z",
    )  # fmt: skip
    assert commit.exit_code == 0, commit.stderr


def test_the_workbook_holds_the_rows_of_the_csv(chinese: Path) -> None:
    book = openpyxl.load_workbook(chinese.with_suffix(".xlsx"))
    sheet, rows = book.active, read_ranked(chinese)
    values = list(sheet.values)
    assert list(values[0]) == headings(texts("zh"))
    found = pd.DataFrame(values[1:], columns=list(COLUMNS))
    for name in NUMBERS:
        assert (found[name] - rows[name].astype(float)).abs().max() < 1e-12, name
    for name in TEXT:
        assert found[name].fillna("").tolist() == rows[name].tolist(), name
    assert sheet.freeze_panes == "D2"
    assert sheet.auto_filter.ref == f"A1:AB{len(rows) + 1}"
    assert {cell.data_type for cell in sheet["B"]} == {"s"}
    assert {cell.number_format for cell in sheet["B"][1:]} == {"@"}
    shares = ("F", "G", "H", "R", "V")
    assert {sheet[f"{column}2"].number_format for column in shares} == {"0.0%"}
    assert sheet["S2"].number_format == "0.00%"
    fills = {cell.value: cell.fill.fgColor.rgb for cell in sheet["Q"][1:]}
    assert len(set(fills.values())) == len(fills) >= 3


def test_the_same_workbook_again_and_by_its_ending(
    made: Made, chinese: Path, tmp_path: Path
) -> None:
    result = rank(made, tmp_path / "again.xlsx", "--language", "zh", "--quiet", "--json")
    assert result.exit_code == 0
    assert result.stderr == ""
    said = json.loads(result.stdout)
    assert Path(said["workbook"]).read_bytes() == chinese.with_suffix(".xlsx").read_bytes()
    assert Path(said["ranked"]).read_bytes() == chinese.read_bytes()
    assert said["firms"] == len(read_ranked(chinese)) == sum(said["tiers"].values())


def test_another_workbook_is_not_written_over(made: Made, tmp_path: Path) -> None:
    theirs = tmp_path / "ranked.xlsx"
    openpyxl.Workbook().save(theirs)
    before = theirs.read_bytes()
    result = rank(made, tmp_path / "ranked.csv", "--xlsx")
    assert result.exit_code == 1
    assert "ranked.xlsx exists and is no ranking" in result.stderr
    assert theirs.read_bytes() == before


def test_more_firms_than_a_sheet_holds_are_refused(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("risk_index.ranking.MOST_ROWS", 100)
    result = rank(made, tmp_path / "ranked.csv", "--xlsx")
    assert result.exit_code == 1
    assert "a worksheet holds 100 firms" in result.stderr
    assert list(tmp_path.iterdir()) == []
    assert MOST_ROWS == 2**20 - 1


def test_check_and_fit_tell_a_machine_what_they_wrote(made: Made, tmp_path: Path) -> None:
    result = invoke("check", made.records, "--out", tmp_path / "check", "--json", "--quiet")
    said = json.loads(result.stdout)
    assert Path(said["report"]).is_file()
    assert {table["table"] for table in said["tables"]} >= {"firms", "inspections"}
    assert result.stderr == ""
