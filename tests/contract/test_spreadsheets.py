"""The same registry as Parquet and as Chinese spreadsheets: the same records and the same ranking."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from click.testing import CliRunner

from risk_index import pipeline
from risk_index.cli import main
from risk_index.world import load_world_settings, write_world
from tests.contract.chinese_sheets import chinese, reduced, standard

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "run"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dt.date]:
    """One registry as Parquet and as Chinese spreadsheets, and its day."""
    base = tmp_path_factory.mktemp("registry")
    settings = load_world_settings()
    write_world(base / "world", 250, 5, settings)
    tables = reduced(base / "world" / "records")
    as_of = settings.as_of
    return standard(tables, base / "standard"), chinese(tables, base / "chinese"), as_of


def test_the_ranking_is_the_same_byte_for_byte(
    folders: tuple[Path, Path, dt.date], tmp_path: Path
) -> None:
    plain, sheets, as_of = folders
    prints = [
        pipeline.check(pipeline.Source(f), tmp_path / f.name).fingerprint for f in (plain, sheets)
    ]
    assert prints[0] == prints[1]
    for name, folder in (("plain", plain), ("sheets", sheets)):
        pipeline.rank(pipeline.Source(folder), as_of, GOLDEN, tmp_path / f"{name}.csv", print)
    ranked = (tmp_path / "plain.csv").read_bytes()
    assert ranked.count(b"\n") > 150
    assert (tmp_path / "sheets.csv").read_bytes() == ranked


def test_check_says_what_it_recognised(folders: tuple[Path, Path, dt.date], tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["check", str(folders[1]), "--out", str(tmp_path / "check")])
    assert done.exit_code == 0, done.stderr
    for words in (
        "企业登记信息.xlsx, sheet 城区: recognised as firms (registration), heading in row 3",
        "registered_capital <- 注册资本（万元）",
        "left out: 法定代表人 (names a person), 联系电话 (names a person)",
        "行政处罚台账.csv: recognised as penalties",
        "经营异常名录.txt: recognised as irregularities (abnormal-operations list)",
        "严重违法失信名单.csv: recognised as listings (red and black lists), heading in row 2",
        "colour is black",
        "2 rows are no records",
        "企业登记信息.xlsx, sheet 填表说明: left out, no known headings",
    ):
        assert words in done.stderr
    report = (tmp_path / "check" / "quality.json").read_text(encoding="utf-8")
    assert "张三" not in report
    assert '"recognised"' in report


def test_mapping_init_writes_a_mapping_that_check_takes(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "户册.csv").write_bytes("编码,经营户名称\nD1,甲店\nD2,乙店\n".encode("gb18030"))
    visits = "经营户编码,巡查日期,巡查结果\nD1,2021年3月5日,合格\nD2,2021/3/6,不合格\n"
    (source / "巡查.csv").write_bytes(visits.encode("utf-8-sig"))
    mapping, report = str(tmp_path / "mapping"), str(tmp_path / "check")
    done = CliRunner().invoke(main, ["mapping", "init", str(source), "--out", mapping])
    assert done.exit_code == 0, done.stderr
    assert "inspections.sql from 巡查.csv: firm_id <- 经营户编码" in done.stderr
    done = CliRunner().invoke(main, ["check", str(source), "--mapping", mapping, "--out", report])
    assert done.exit_code == 0, done.stderr
    assert "inspections: 2 of 2 rows accepted (inspections.sql)" in done.stderr
    again = CliRunner().invoke(main, ["mapping", "init", str(source), "--out", mapping])
    assert again.exit_code == 1
    assert "never written over" in again.stderr
