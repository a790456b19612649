"""The report's table of firms: every firm of the ranking, in one file, and it works in a browser."""

from __future__ import annotations

import base64
import gzip
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from risk_index.report.firms import SHOWN, ranked_firms
from tests.contract.made import Made, invoke

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


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
    for group in ranked_firms(made.out / "ranked.csv").groups:
        assert sum(row["firms"] for row in group.rows) == len(table)
        visits = sum(row["visits"] for row in group.rows)
        assert abs(visits - table.inspections_per_year.sum()) < 1e-6
    tiers = ranked_firms(made.out / "ranked.csv").groups[0]
    assert {row["group"]: row["firms"] for row in tiers.rows} == table.tier.value_counts().to_dict()


def test_a_large_ranking_is_cut_and_that_is_said(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("risk_index.report.firms.MOST_FIRMS", 100)
    out = tmp_path / "report.html"
    ranked = made.out / "ranked.csv"
    assert invoke("report", made.out / "fit", "--ranked", ranked, "--out", out).exit_code == 0
    assert f"The first 100 of {len(made.ranked)} firms." in out.read_text(encoding="utf-8")


def test_a_browser_without_network_shows_the_first_firms(made: Made, tmp_path: Path) -> None:
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        pytest.skip(f"none of {', '.join(BROWSERS)} is installed")
    shown = subprocess.run(
        [
            browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}",
            "--virtual-time-budget=10000", "--dump-dom", (made.out / "report.html").resolve().as_uri(),
        ],
        capture_output=True, text=True, timeout=120, check=True,
    ).stdout  # fmt: skip
    assert 'data-ready="yes"' in shown
    assert f"1 to 50 of {len(made.ranked)} firms" in shown
    assert f'<td class="short">{made.ranked.firm_id[49]}</td>' in shown
