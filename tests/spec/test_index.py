"""50 is the average, 10 more a doubling; reasons sum to the distance; settings have dates."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from risk_index.errors import SettingsError
from risk_index.index import IndexScale
from risk_index.ranked_rows import armed, defused
from risk_index.ranking import percentile, tie_break
from risk_index.settings import load_sectors, load_settings

SCALE = IndexScale(average_harm=0.4)


def test_the_average_is_50_and_a_doubling_is_10() -> None:
    harm = np.array([0.4, 0.8, 0.2, 3.2])
    assert SCALE.index(harm) == pytest.approx([50, 60, 40, 80])


def test_the_index_is_clipped_and_keeps_no_harm_finite() -> None:
    assert SCALE.index(np.array([0.0, 1e12])).tolist() == [0.0, 100.0]
    assert np.isfinite(SCALE.unclipped(np.array([0.0]))).all()


def test_a_music_company_ranks_below_a_drug_maker() -> None:
    music, drug = 0.5 * 1.0, 0.05 * 100.0
    assert SCALE.index(np.array([music])) < SCALE.index(np.array([drug]))


@pytest.mark.parametrize("average", [0.0, -1.0, float("nan"), float("inf")])
def test_a_scale_without_an_average_is_refused(average: float) -> None:
    with pytest.raises(ValueError, match="average_harm"):
        IndexScale(average)


def test_percentile_counts_equal_firms() -> None:
    assert percentile(np.array([1.0, 2.0, 2.0, 4.0])).tolist() == [25.0, 75.0, 75.0, 100.0]


def test_ties_fall_by_the_id_alone() -> None:
    assert tie_break(["A", "B"]) == tie_break(["A", "B"])
    assert tie_break(["A"]) != tie_break(["B"])


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx"])
def test_cells_that_a_spreadsheet_would_run_are_defused(text: str) -> None:
    assert defused(text).startswith("'")
    for quotes in ("", "'", "''"):
        assert armed(defused(quotes + text)) == quotes + text
    assert armed("'plain'") == "'plain'"


def test_the_law_of_the_day_holds() -> None:
    before, after = load_settings(dt.date(2026, 3, 31)), load_settings(dt.date(2026, 4, 1))
    assert before.law.expiry_days["moderate"] == 1095
    assert after.law.expiry_days["moderate"] == 365
    assert after.law.expiry_days == {"minor": 90, "moderate": 365, "serious": 1095}


def test_one_setting_is_overridden_and_the_others_stay(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("capacity_share: 0.1\n")
    changed, default = (
        load_settings(dt.date(2026, 6, 1), file),
        load_settings(dt.date(2026, 6, 1)),
    )
    assert changed.allocation.capacity.share_a_year == 0.1
    assert changed.plan == default.plan


@pytest.mark.parametrize(
    ("text", "says"),
    [("capacity: 1", "unknown setting 'capacity'"), ("floor_per_year: 7", "lies outside 0 to 1")],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=says):
        load_settings(dt.date(2026, 6, 1), file)


def test_every_section_has_a_hazard_class() -> None:
    codes = {sector.code for sector in load_sectors()}
    assert set("ABCDEFGHIJKLMNOPQRST") <= codes
