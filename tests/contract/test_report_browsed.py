"""The report in a real browser: its table by keyboard alone, axe-core, and nothing asked of a network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from risk_index.report.firms import SHOWN
from tests.contract.browsing import READY, grave, opened
from tests.contract.made import Made, invoke

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
MOST_STOPS = 60
ON_FOCUS = """() => {
  const at = document.activeElement, shown = getComputedStyle(at);
  return {id: at.id, text: at.tagName === 'BUTTON' ? at.textContent : '', kind: at.tagName,
          seen: shown.outlineStyle !== 'none' && parseFloat(shown.outlineWidth) >= 1}
}"""


@pytest.fixture
def report(made: Made, browser: Browser) -> Iterator[Page]:
    """The report, opened and ready."""
    with opened(browser, made.out / "report.html") as (page, _):
        page.wait_for_function(READY)
        yield page


def tab_to(page: Page, name: str) -> dict[str, object]:
    """Press Tab until the element with this id, or the button with this text, has the focus."""
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        at = page.evaluate(ON_FOCUS)
        assert at["seen"], f"nothing shows that {at} has the focus"
        if name in (at["id"], at["text"]):
            return at
    raise AssertionError(f"{MOST_STOPS} times Tab do not lead to {name}")


def column(page: Page, name: str) -> list[str]:
    """The cells of a column, as they are shown."""
    return page.locator(f"#firms tbody td:nth-child({SHOWN.index(name) + 1})").all_inner_texts()


def head(page: Page, name: str) -> str | None:
    """What a screen reader is told of the order of a column."""
    return page.locator(f"#firms thead th:nth-child({SHOWN.index(name) + 1})").get_attribute(
        "aria-sort"
    )


def test_it_asks_nothing_of_any_network(made: Made, browser: Browser) -> None:
    with opened(browser, made.out / "report.html") as (page, asked):
        page.wait_for_function(READY)
        page.locator("#firms-text").fill("9")
        assert [address for address in asked if not address.startswith("data:")] == []
        soon = page.evaluate("performance.now()")
    print(f"report of {len(made.ranked)} firms: can be used after {soon / 1000:.1f} s at most")


def test_a_request_would_be_seen(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text('<img src="https://example.org/x.png"><link rel="stylesheet" href="other.css">')
    with opened(browser, file) as (_, asked):
        beside = (tmp_path / "other.css").as_uri()
        assert sorted(asked) == [beside, "https://example.org/x.png"]


def test_the_first_firms_are_shown(made: Made, report: Page) -> None:
    assert report.locator("#firms-count").inner_text() == f"1 to 50 of {len(made.ranked):,} firms"
    assert column(report, "firm_id") == made.ranked.firm_id[:50].tolist()
    assert head(report, "rank") == "ascending"


@pytest.mark.slow
def test_axe_finds_nothing_grave(report: Page) -> None:
    assert grave(report) == []


def test_axe_finds_nothing_grave_in_chinese_with_an_earlier_run(
    made: Made, browser: Browser, tmp_path: Path
) -> None:
    out = tmp_path / "report.html"
    words = ["--ranked", made.out / "ranked.csv", "--against", made.out, "--language", "zh"]
    assert invoke("report", made.out / "fit", *words, "--out", out).exit_code == 0
    with opened(browser, out) as (page, _):
        page.wait_for_function(READY)
        assert grave(page) == []


def test_what_is_grave_would_be_seen(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text('<html lang="en"><title>x</title><main><h1>x</h1><input></main></html>')
    with opened(browser, file) as (page, _):
        assert grave(page) == ["label (critical): <input>"]


def test_by_keyboard_alone_a_firm_is_found(made: Made, report: Page) -> None:
    wanted = made.ranked.iloc[700]
    tab_to(report, "firms-text")
    report.keyboard.type(wanted.firm_id.lower())
    assert column(report, "firm_id") == [wanted.firm_id]
    assert column(report, "name") == [wanted["name"]]
    assert report.locator("#firms-count").inner_text() == "1 to 1 of 1 firms"
    tab_to(report, "firms-tier")
    report.keyboard.press("A")
    tier = report.locator("#firms-tier").input_value()
    assert tier == "A"
    assert column(report, "firm_id") == ([wanted.firm_id] if wanted.tier == "A" else [])


def test_by_keyboard_alone_the_table_is_sorted_and_turned(made: Made, report: Page) -> None:
    ordered = made.ranked.sort_values(["likelihood", "rank"], kind="stable")
    shown = [f"{number:.3f}" for number in ordered.likelihood]
    tab_to(report, "likelihood")
    report.keyboard.press("Enter")
    assert head(report, "likelihood") == "ascending"
    assert head(report, "rank") is None
    assert column(report, "likelihood") == shown[:50]
    report.keyboard.press("Space")
    assert head(report, "likelihood") == "descending"
    assert column(report, "likelihood") == shown[:-51:-1]
    assert report.evaluate(ON_FOCUS)["text"] == "likelihood"
    report.keyboard.press("Shift+Tab")
    while report.evaluate(ON_FOCUS)["id"] != "firms-on":
        report.keyboard.press("Shift+Tab")
    for first in (51, 101):
        report.keyboard.press("Enter")
        assert report.locator("#firms-count").inner_text().startswith(f"{first} to {first + 49} ")
    assert column(report, "likelihood") == shown[-101:-151:-1]


def test_at_the_last_page_the_focus_stays(made: Made, report: Page) -> None:
    tab_to(report, "firms-text")
    report.keyboard.type(made.ranked.firm_id[0][:8])
    found = int(made.ranked.firm_id.str.startswith(made.ranked.firm_id[0][:8]).sum())
    tab_to(report, "firms-on")
    for _ in range(found // 50 + 2):
        report.keyboard.press("Enter")
    assert report.evaluate(ON_FOCUS)["id"] == "firms-on"
    assert report.locator("#firms-on").get_attribute("aria-disabled") == "true"
    assert report.locator("#firms-count").inner_text().endswith(f"to {found:,} of {found:,} firms")


def test_texts_are_sorted_with_empty_cells_last(made: Made, report: Page) -> None:
    sectors = made.ranked.sector
    report.get_by_role("button", name="sector", exact=True).click()
    assert column(report, "sector")[0] == min(sectors[sectors != ""])
    report.get_by_role("button", name="sector", exact=True).click()
    assert column(report, "sector")[0] == max(sectors)
    assert pd.Series(column(report, "sector")).is_monotonic_decreasing
