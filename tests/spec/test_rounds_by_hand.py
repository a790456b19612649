"""Burden at equal risk, and the luck of a season, worked by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from risk_index.simulate.measured import burden_ratio, judged
from risk_index.world.luck import Luck, Season

FIRMS = pd.DataFrame(
    # stratum 1: a to d, stratum 2: e to h
    [("a", 0.5, 1.0), ("b", 0.0, 1.1), ("c", 0.0, 1.2), ("d", 0.0, 1.3),
     ("e", 0.0, 9.0), ("f", 0.0, 9.1), ("g", 0.5, 9.2), ("h", 0.0, 9.3)],
    columns=["firm_id", "likelihood", "expected_harm"],
).set_index("firm_id")  # fmt: skip
OLDER = pd.Series([True, True, False, False, True, False, False, False], index=FIRMS.index)


def _ratio(*chances: float) -> float:
    return burden_ratio(FIRMS, OLDER, pd.Series(chances, index=FIRMS.index), strata=2)


def test_the_same_chance_within_strata_is_equal_burden() -> None:
    assert _ratio(0.1, 0.1, 0.1, 0.1, 0.9, 0.9, 0.9, 0.9) == pytest.approx(1.0)


def test_firms_count_by_their_chance_of_being_compliant() -> None:
    """Stratum 1: older (0.5 x 0.4 + 1 x 0.1) / 1.5 = 0.2, others 0.1; stratum 2: 0.3 and
    (0.2 + 0.5 x 0.4 + 0.2) / 2.5 = 0.24. Older firms: 1.5 in stratum 1, 1 in stratum 2.
    (1.5 x 0.2 + 0.3) / (1.5 x 0.1 + 0.24) = 0.6 / 0.39."""
    assert _ratio(0.4, 0.1, 0.1, 0.1, 0.3, 0.2, 0.4, 0.2) == pytest.approx(0.6 / 0.39)


def test_a_stratum_without_firms_of_one_side_says_nothing() -> None:
    older = OLDER.mask(FIRMS.index == "e", False).astype(bool)
    chance = pd.Series([0.2, 0.2, 0.1, 0.1, 0.9, 0.5, 0.1, 0.3], index=FIRMS.index)
    assert burden_ratio(FIRMS, older, chance, strata=2) == pytest.approx(2.0)


@pytest.mark.parametrize("alike", [True, False])
def test_where_nobody_or_everybody_is_in_the_group_there_is_no_ratio(alike: bool) -> None:
    group, chance = pd.Series(alike, index=FIRMS.index), pd.Series(0.1, index=FIRMS.index)
    assert np.isnan(burden_ratio(FIRMS, group, chance, strata=2))


def test_where_every_stratum_is_of_one_side_there_is_no_ratio() -> None:
    group = pd.Series(FIRMS.index < "e", index=FIRMS.index)
    assert np.isnan(burden_ratio(FIRMS, group, pd.Series(0.1, index=FIRMS.index), strata=2))


def test_naive_and_design_based_rates_of_three_visits() -> None:
    """Outcomes 1, 0, 0 with chances 0.5, 0.25, 0.25: naive 1/3; Hajek 2 / (2 + 4 + 4) = 0.2."""
    truth = FIRMS.reset_index()
    seen = pd.DataFrame({"violation": [1.0, 0.0, 0.0, np.nan],
                         "inclusion_probability": [0.5, 0.25, 0.25, 0.9]})  # fmt: skip
    many = pd.concat([truth.assign(firm_id=truth.firm_id + str(n)) for n in range(200)])
    older = pd.Series(np.arange(1600) // 8 % 2 == 0, index=many.firm_id)
    chances = pd.DataFrame({"firm_id": many.firm_id, "chance": 0.1, "drawn": True})
    found = judged(many, older, chances, seen)
    open_firms = many[many.likelihood > 0]
    assert found["naive"] == pytest.approx(1 / 3 - 0.5)
    assert found["hajek"] == pytest.approx(0.2 - 0.5)
    assert found["harm"] == pytest.approx(0.1 * open_firms.expected_harm.sum())
    assert found["burden"] == pytest.approx(1.0)


# ---- luck ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "draw",
    [
        lambda luck, n: luck.random(n),
        lambda luck, n: luck.random((n, 1)).ravel(),
        lambda luck, n: luck.integers(3, 900, n),
        lambda luck, n: luck.standard_normal(n),
        lambda luck, n: luck.lognormal(0.5, 2.0, n),
        lambda luck, n: luck.exponential(40, n),
    ],
)
def test_a_firm_draws_the_same_whoever_else_is_there(draw) -> None:
    season = Season(seed=1, chunk=0, n=50, number=10)
    everyone = draw(season.luck("visit"), 50)
    few = draw(season.luck("visit", np.array([41, 3])), 2)
    assert few.tolist() == everyone[[41, 3]].tolist()
    assert len(set(everyone)) > 10
    assert draw(season.luck("another"), 50).tolist() != everyone.tolist()


def test_the_second_number_is_another_and_hangs_on_the_firm_as_well() -> None:
    full, part = (Season(1, 0, 9, 10).luck("x", np.array(rows)) for rows in (range(9), [7]))
    first, second = full.random(9), full.random(9)
    assert part.random(1)[0] == first[7]
    assert part.random(1)[0] == second[7] != first[7]


def test_luck_has_the_distributions_of_its_names() -> None:
    luck = Season(2, 0, 40_000, 10).luck("many")
    assert isinstance(luck, Luck)
    assert luck.lognormal(0.3, 0.5, 40_000).mean() == pytest.approx(np.exp(0.3 + 0.125), rel=0.02)
    assert luck.exponential(40, 40_000).mean() == pytest.approx(40, rel=0.03)
    whole = luck.integers(0, np.full(40_000, 3))
    assert np.bincount(whole).tolist() == pytest.approx([40_000 / 3] * 3, rel=0.03)
