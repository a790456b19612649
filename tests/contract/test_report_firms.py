"""The report's table of firms: every firm of the ranking, in one file, and in a real browser."""

from __future__ import annotations

import base64
import gzip
import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from risk_index.errors import UserError
from risk_index.pictures import DRAWN, every_word
from risk_index.report.drawn import SVG
from risk_index.report.firms import READ, SHOWN, ranked_firms
from tests.contract.browsing import READY, opened
from tests.contract.made import Made, invoke

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NUMBER = re.compile("[−-]?[0-9.]+")
CHINESE = re.compile("[\u4e00-\u9fff]")


def test_the_table_holds_the_ranking(made: Made) -> None:
    page = (made.out / "report.html").read_text(encoding="utf-8")
    packed = re.search(r'id="firms-packed">([^<]+)<', page)
    assert packed
    columns = json.loads(gzip.decompress(base64.b64decode(packed[1])))
    assert list(columns) == list(SHOWN)
    assert columns["firm_id"] == made.ranked.firm_id.tolist()
    assert columns["reason_1"] == made.ranked.reason_1.tolist()
    assert columns["index"] == made.ranked["index"].round(1).tolist()


def test_groups_hold_all_firms_and_visits(made: Made) -> None:
    table = made.ranked
    groups = ranked_firms(made.out / "ranked.csv").groups
    for group in groups:
        narrowest = [row for row in group.rows if not row.inner]
        assert sum(row.firms for row in narrowest) == len(table)
        visits = sum(row.visits for row in narrowest)
        assert abs(visits - table.inspections_per_year.sum()) < 1e-6
    tiers = {row.name: row.firms for row in groups[0].rows}
    assert tiers == table.tier.value_counts().to_dict()


def test_a_number_that_a_spreadsheet_rewrote_is_named(tmp_path: Path) -> None:
    file = tmp_path / "ranked.csv"
    row = dict.fromkeys(READ, "1")
    pd.DataFrame([row, row | {"index": "1,234"}]).to_csv(file, index=False)
    with pytest.raises(
        UserError, match=r"column index, row 3: '1,234' is no number \(1 of 2 rows\)"
    ):
        ranked_firms(file)


def test_a_large_ranking_is_cut_and_that_is_said(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("risk_index.report.firms.MOST_FIRMS", 100)
    out = tmp_path / "report.html"
    ranked = made.out / "ranked.csv"
    assert invoke("report", made.out / "fit", "--ranked", ranked, "--out", out).exit_code == 0
    assert f"The first 100 of {len(made.ranked):,} firms." in out.read_text(encoding="utf-8")


@pytest.mark.browser
def test_paper_has_the_first_rows_and_no_controls(
    made: Made, browser: Browser, tmp_path: Path
) -> None:
    reader = shutil.which("pdftotext")
    if reader is None:
        pytest.skip("no pdftotext is installed")
    pdf = tmp_path / "report.pdf"
    with opened(browser, made.out / "report.html") as (page, _):
        page.wait_for_function(READY)
        page.pdf(path=pdf, prefer_css_page_size=True)
    words = subprocess.run(
        [reader, "-layout", pdf, "-"], capture_output=True, text=True, check=True
    )
    pages = words.stdout.split("\f")[:-1]
    assert 5 < len(pages) < 40
    for row in (0, 49):
        assert made.ranked.firm_id[row] in words.stdout
    assert made.ranked.firm_id[60] not in words.stdout
    assert "On paper: the rows that were shown when it was printed." in words.stdout
    for control in ("identifier or name", "sector begins with", "previous", "all tiers"):
        assert control not in words.stdout


@pytest.fixture(scope="module")
def chinese(made: Made, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report in Chinese, against the same run."""
    out = tmp_path_factory.mktemp("chinese") / "report.html"
    words = ["--ranked", made.out / "ranked.csv", "--against", made.out, "--language", "zh"]
    assert invoke("report", made.out / "fit", *words, "--out", out).exit_code == 0
    return out.read_text(encoding="utf-8")


def test_a_report_in_chinese_against_the_same_run(made: Made, chinese: str) -> None:
    assert '<html lang="zh-CN">' in chinese
    n = len(made.ranked)
    assert f"{n:,}家企业同在两份排名中。" in chinese
    assert "等级上升：0家；等级下降：0家" in chinese
    assert "（Spearman）：1.000" in chinese
    assert "项输入中有0项发生偏移" in chinese
    english = (made.out / "report.html").read_text(encoding="utf-8")
    assert "No earlier run was given." in english
    ids = re.compile(r'id="([a-z-]+)"')
    assert set(ids.findall(chinese)) == set(ids.findall(english))


def words_drawn(page: str) -> list[str]:
    """The words in the pictures of a report, without the numbers at the axes."""
    files = re.findall(r'src="data:image/svg[+]xml;base64,([^"]+)"', page)
    assert len(files) == len(DRAWN)
    roots = [ET.fromstring(base64.b64decode(file)) for file in files]
    found = [str(text.text) for root in roots for text in root.iter(f"{{{SVG}}}text")]
    return [text for text in found if not NUMBER.fullmatch(text)]


def test_the_words_in_its_pictures_are_chinese(made: Made, chinese: str) -> None:
    english = words_drawn((made.out / "report.html").read_text(encoding="utf-8"))
    assert set(every_word()) < set(english)
    drawn = words_drawn(chinese)
    assert len(drawn) == len(english)
    assert [word for word in drawn if not CHINESE.search(word)] == []


def test_what_is_no_earlier_run_is_refused(made: Made, tmp_path: Path) -> None:
    result = invoke("report", made.out / "fit", "--against", tmp_path, "--out", tmp_path / "r.html")
    assert result.exit_code == 1
    assert "holds no earlier run: name a folder with fit/ and ranked.csv" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_fit_whose_pictures_are_of_another_kind_is_told(made: Made, tmp_path: Path) -> None:
    told, fit = "Without pictures", tmp_path / "fit"
    shutil.copytree(made.out / "fit", fit)
    for file in (fit / "pictures").iterdir():
        file.rename(file.with_suffix(".png"))
    assert invoke("report", fit, "--out", tmp_path / "r.html").exit_code == 0
    assert told in (tmp_path / "r.html").read_text(encoding="utf-8")
    assert told not in (made.out / "report.html").read_text(encoding="utf-8")
