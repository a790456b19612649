"""A firm's page: what its row says, its own records, nobody else's, and a PDF or a word why not."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from risk_index.errors import UserError
from risk_index.explain.writing import printed
from tests.contract.browsing import grave, opened
from tests.contract.made import Made, invoke

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def explain(made: Made, firm_id: str, out: Path, *more: object):
    """Write a firm's page."""
    return invoke(
        "explain", firm_id, made.records, "--as-of", made.as_of, "--model", made.out / "fit",
        "--out", out, *more,
    )  # fmt: skip


@pytest.fixture(scope="module")
def firm_id(made: Made) -> str:
    """A firm of a group, with penalties, entries and inspections."""
    firms = pd.read_parquet(made.records / "firms.parquet")
    open_ones = firms[firms.firm_id.isin(made.ranked.firm_id) & firms.group_id.notna()]
    counts = sum(
        pd.read_parquet(made.records / f"{table}.parquet").firm_id.value_counts().clip(upper=3)
        .reindex(open_ones.firm_id.unique(), fill_value=0)
        for table in ("penalties", "irregularities", "inspections")
    )  # fmt: skip
    return str(counts.sort_values(ascending=False, kind="stable").index[0])


@pytest.fixture(scope="module")
def page(made: Made, firm_id: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The firm's page in English, with its tier."""
    folder = tmp_path_factory.mktemp("page")
    settings = folder / "settings.yaml"
    settings.write_text(
        "authority: {name: Bureau <of> B, contact: 12 Example Road, object_within_days: 60}\n"
    )
    ranked = made.out / "ranked.csv"
    result = explain(
        made, firm_id, folder / "firm.html", "--ranked", ranked, "--settings", settings
    )
    assert result.exit_code == 0, result.stderr
    return (folder / "firm.html").read_text(encoding="utf-8")


def test_it_says_what_the_row_says(made: Made, firm_id: str, page: str) -> None:
    row = made.ranked.set_index("firm_id").loc[firm_id]
    assert f"<b>{row['index']:.1f}</b>{row.index_low:.1f} to {row.index_high:.1f}" in page
    assert f"tier {row.tier}" in page
    assert row["name"] in page
    for reason in (row.reason_1, row.reason_2, row.reason_3):
        topic, rest = reason.split(": ", 1)
        fact, points = rest.rsplit(": ", 1)
        if topic != "controller's other firms":
            assert fact.replace("'", "&#39;") in page
        assert f'<td class="n">{points}</td>' in page


def test_its_points_add_up_to_its_index(made: Made, firm_id: str, page: str) -> None:
    points = [float(cell) for cell in re.findall(r'<td class="n">([+-][0-9.]+)</td>', page)]
    index = made.ranked.set_index("firm_id")["index"][firm_id]
    assert 0 < index < 100
    assert abs(50 + sum(points) - index) < 0.05 * len(points) + 0.01


def test_its_records_are_there_and_those_that_were_repaired_are_not(
    made: Made, firm_id: str, page: str
) -> None:
    own = {
        table: rows[
            (rows.firm_id == firm_id) & (rows.recorded_on <= pd.Timestamp(made.as_of).date())
        ]
        for table in ("penalties", "permits", "inspections")
        if len(rows := pd.read_parquet(made.records / f"{table}.parquet"))
    }
    assert sum(map(len, own.values())) > 3
    for visit in own["inspections"].inspection_id:
        assert visit in page
    for permit in own["permits"].permit_id:
        assert permit in page
    penalties = own["penalties"]
    day = pd.Timestamp(made.as_of)
    ended = (pd.to_datetime(penalties.repaired_on) <= day) | (
        pd.to_datetime(penalties.revoked_on) <= day
    )
    assert ended.any()
    assert not [number for number in penalties.decision_number[ended] if number in page]


def test_nobody_elses_data_and_no_audited_attribute(made: Made, firm_id: str, page: str) -> None:
    firms = pd.read_parquet(made.records / "firms.parquet")
    others = firms[firms.firm_id != firm_id]
    own = firms[firms.firm_id == firm_id]
    assert not [name for name in others.firm_id.unique() if name in page]
    assert not [name for name in set(others["name"]) - set(own["name"]) if name in page]
    assert own.group_id.iloc[-1] not in page
    assert "controller&#39;s other firms</td><td>their records are not shown here" in page
    visits = pd.read_parquet(made.records / "inspections.parquet")
    staff = visits.inspector_id.dropna().str.split(";").explode().unique()
    assert not [who for who in staff if who in page]
    assert not re.search(r"\b(state|private|foreign)\b", page)


def test_the_authority_is_quoted_and_escaped(page: str) -> None:
    assert "Bureau &lt;of&gt; B" in page
    assert "12 Example Road" in page
    assert "Object within 60 days." in page


def test_it_needs_no_network_and_no_script(page: str) -> None:
    assert not re.search(r"https?://|<script|<link|url\(", page)


@pytest.fixture(scope="module")
def chinese(made: Made, firm_id: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The firm's page in Chinese."""
    out = tmp_path_factory.mktemp("page") / "firm.html"
    result = explain(made, firm_id, out, "--language", "zh")
    assert result.exit_code == 0, result.stderr
    return out.read_text(encoding="utf-8")


def test_in_chinese(chinese: str) -> None:
    assert '<html lang="zh-CN">' in chinese
    assert "如何提出异议" in chinese
    assert "主管机关未注明异议受理地址" in chinese


@pytest.mark.browser
def test_in_a_browser_axe_finds_nothing_grave_and_nothing_is_asked_of_a_network(
    page: str, chinese: str, browser: Browser, tmp_path: Path
) -> None:
    for html in (page, chinese):
        file = tmp_path / "firm.html"
        file.write_text(html, encoding="utf-8")
        with opened(browser, file) as (shown, asked):
            assert grave(shown) == []
            assert asked == []


def test_it_prints_to_one_page_without_its_annex(page: str, chinese: str) -> None:
    try:
        import weasyprint
    except (ImportError, OSError) as error:
        pytest.skip(f"WeasyPrint cannot be used here: {error}")
    for html in (page, chinese):
        first = html.split('<section class="annex">')[0]
        assert len(weasyprint.HTML(string=first).render().pages) == 1
    plain = "<p>plain letters</p>"
    assert printed(plain).startswith(b"%PDF")
    with pytest.raises(UserError, match="no font on this machine"):
        printed("<p>\U0001fbff \U000e0fff</p>")


def test_what_does_not_fit_is_refused(made: Made, firm_id: str, tmp_path: Path) -> None:
    nobody = explain(made, "NOBODY", tmp_path / "firm.html")
    assert "NOBODY is no firm that is known, registered and open" in nobody.stderr
    assert "must end with .html or .pdf" in explain(made, firm_id, tmp_path / "firm.txt").stderr
    other = tmp_path / "other.csv"
    other.write_text("firm_id,tier,model_version,as_of\nA,B,abc,2020-01-01\n", encoding="utf-8")
    said = explain(made, firm_id, tmp_path / "firm.html", "--ranked", other).stderr
    assert "was not ranked by model" in said
    theirs = tmp_path / "mine.html"
    theirs.write_text("<p>mine</p>")
    assert "is no firm's page" in explain(made, firm_id, theirs).stderr
    assert not (tmp_path / "firm.html").exists()


def test_without_the_library_a_pdf_says_what_to_install(
    made: Made, firm_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    result = explain(made, firm_id, tmp_path / "firm.pdf")
    assert result.exit_code == 1
    assert "pip install corporate-risk-index[pdf]" in result.stderr
    assert list(tmp_path.iterdir()) == []
