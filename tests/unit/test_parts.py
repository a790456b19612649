"""Which part of the inspections leads, when none is given, and calibration by group."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from models.metrics import Outcomes
from risk_index.calibration_groups import INSUFFICIENT, calibration_by_group, groups_of
from risk_index.parts import NO_DRAWS, PLANNED, RANDOM, of_part, parts
from risk_index.tracking import named


def judged(n_draws: int, n_others: int, rate: float = 0.3) -> tuple[pd.DataFrame, Outcomes]:
    n = n_draws + n_others
    labels = pd.DataFrame(
        {
            "selection": ["random"] * n_draws + ["routine"] * n_others,
            "inclusion_probability": [0.1] * n_draws + [np.nan] * n_others,
        }
    )
    hits = (np.arange(n) % 10 < rate * 10).astype(float)
    return labels, Outcomes(hits, hits, np.ones(n), np.arange(n))


def test_random_draws_lead_where_they_are_enough() -> None:
    found, notes = parts(*judged(100, 200))
    assert list(found) == [RANDOM, PLANNED]
    assert [rows.sum() for rows in found.values()] == [100, 300]
    assert notes == ()


def test_all_planned_visits_lead_where_draws_are_few_and_it_is_said() -> None:
    found, (note,) = parts(*judged(30, 200))
    assert list(found) == [PLANNED]
    assert "random draws are too few to lead: 30 (effective number 30) with 9 violations" in note


def test_an_effective_number_below_50_is_too_few_whatever_the_rows() -> None:
    labels, outcomes = judged(100, 200)
    outcomes.weight[0] = 500.0
    assert parts(labels, outcomes)[0] == {}


def test_without_draws_it_is_said_whom_the_metrics_hold_for() -> None:
    found, notes = parts(*judged(0, 200))
    assert list(found) == [PLANNED]
    assert notes == (NO_DRAWS,)


def test_draws_alone_are_not_told_twice() -> None:
    assert list(parts(*judged(100, 0))[0]) == [RANDOM]


@pytest.mark.parametrize("size", [(10, 30), (0, 49)])
def test_too_few_of_everything_is_no_part(size: tuple[int, int]) -> None:
    assert parts(*judged(*size)) == ({}, ())


def test_rows_of_a_part_and_names_of_its_metrics() -> None:
    rows = [{"part": part, "method": "index", "metric": "auc"} for part in (RANDOM, PLANNED)]
    facts = {"part": RANDOM, "metrics": rows}
    assert of_part(facts) == rows[:1]
    assert of_part(facts, PLANNED) == rows[1:]
    assert [named(row, RANDOM) for row in rows] == ["index_auc", "all_planned_visits_index_auc"]


def calibrated(n: int, seed: int) -> tuple[Outcomes, np.ndarray]:
    rng = np.random.default_rng(seed)
    chance = rng.beta(2, 6, n)
    hits = (rng.random(n) < chance).astype(float)
    return Outcomes(hits, hits, np.ones(n), np.arange(n)), chance


def test_no_number_where_the_data_are_insufficient() -> None:
    outcomes, chance = calibrated(1300, 0)
    where = pd.Series(["big"] * 1150 + ["small"] * 150)
    table = calibration_by_group(outcomes, chance, {"region": where}, seed=0).set_index("group")
    assert table.note.to_dict() == {"big": "", "small": INSUFFICIENT}
    assert table.loc["small", ["slope", "intercept", "observed_to_expected"]].isna().all()
    assert (table.n_eff == [1150, 150]).all()
    big = table.loc["big"]
    assert big.slope_low < 1 < big.slope_high
    assert big.intercept_low < 0 < big.intercept_high


def test_weights_lower_the_effective_number_and_may_hide_a_group() -> None:
    outcomes, chance = calibrated(400, 1)
    outcomes.weight[:4] = 200.0
    where = pd.Series(["all"] * 400)
    table = calibration_by_group(outcomes, chance, {"region": where}, seed=0)
    assert table.note.tolist() == [INSUFFICIENT]
    assert table.n_eff.item() < 10


def test_groups_of_sector_region_and_completeness() -> None:
    groups = groups_of(
        pd.Series(["N", None, "N", "S"]),
        pd.Series(["C2710", "Risk 1/Restaurant", None, "C1353"]),
        np.array([0.2, 0.4, 0.6, 1.0]),
    )
    assert groups["region"].tolist() == ["N", "not stated", "N", "S"]
    assert groups["sector"].tolist() == ["C", "Risk 1", "not stated", "C"]
    assert groups["completeness"].tolist() == [
        "0.20 to 0.20", "0.40 to 0.40", "0.60 to 0.60", "1.00 to 1.00",
    ]  # fmt: skip


def test_equal_completeness_is_one_group() -> None:
    places = pd.Series([None] * 8)
    assert set(groups_of(places, places, np.full(8, 0.5))["completeness"]) == {"0.50 to 0.50"}
