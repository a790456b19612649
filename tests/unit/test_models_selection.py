"""Weights by hand, a propensity that knows when it cannot be fitted, and words for the overlap."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.examples import NotEnoughLabels
from models.selection import (
    Candidates,
    estimating_weights,
    fit_propensity,
    fitting_weights,
    no_overlap_seen,
    overlap,
)

NAN = float("nan")
DAY = np.datetime64("2024-01-01", "D")


def days(n: int) -> np.ndarray:
    return np.full(n, DAY)


def test_either_part_has_mean_one() -> None:
    design = np.array([0.1, 0.2, NAN, NAN])
    propensity = np.array([NAN, NAN, 0.05, 0.15])
    weight = estimating_weights(design, propensity, days(4))
    assert weight == pytest.approx([4 / 3, 2 / 3, 1.5, 0.5])


def test_a_visit_of_no_known_chance_weighs_one() -> None:
    nothing = np.full(3, NAN)
    assert estimating_weights(nothing, nothing, days(3)).tolist() == [1.0, 1.0, 1.0]
    weight = estimating_weights(np.array([0.5, 0.25, NAN]), nothing, days(3))
    assert weight == pytest.approx([2 / 3, 4 / 3, 1.0])


def test_dates_are_not_compared_with_one_another() -> None:
    dates = np.array(["2024-01-01", "2024-01-01", "2025-01-01"], dtype="datetime64[D]")
    weight = estimating_weights(np.full(3, NAN), np.array([0.2, 0.2, 0.001]), dates)
    assert weight == pytest.approx([1.0, 1.0, 1.0])


def test_weights_are_trimmed_for_fitting_and_never_for_estimating() -> None:
    chance = np.r_[np.full(199, 0.5), 0.001]
    none = np.full(200, NAN)
    for design, propensity in ((chance, none), (none, chance)):
        estimating = estimating_weights(design, propensity, days(200))
        fitting = fitting_weights(design, propensity, days(200))
        assert estimating.max() / estimating.min() == pytest.approx(500)
        assert fitting.max() / fitting.min() < 10
        assert estimating.mean() == pytest.approx(1)
        assert fitting.mean() == pytest.approx(1)


@given(
    st.lists(st.floats(0.001, 1), min_size=2, max_size=30),
    st.floats(0.01, 1),
    st.randoms(use_true_random=False),
)
def test_scale_of_chances_and_order_of_rows_change_nothing(chances, factor, random) -> None:
    chance, none = np.array(chances), np.full(len(chances), NAN)
    weight = estimating_weights(none, chance, days(len(chance)))
    assert estimating_weights(none, factor * chance, days(len(chance))) == pytest.approx(weight)
    order = np.array(random.sample(range(len(chance)), len(chance)))
    assert estimating_weights(none, chance[order], days(len(chance))) == pytest.approx(
        weight[order]
    )


def candidates(n: int, n_visited: int, controllers: int = 1000) -> Candidates:
    rng = np.random.default_rng(0)
    return Candidates(
        X=pd.DataFrame({"x": rng.normal(size=n)}, dtype="float32"),
        visited=np.arange(n) < n_visited,
        stands_for=np.ones(n),
        controller=np.arange(n) % controllers,
        unseen=np.zeros(n, dtype=bool),
    )


def test_too_few_visits_or_controllers_are_refused() -> None:
    with pytest.raises(
        NotEnoughLabels, match="49 rows visited at an unknown chance and 951 others"
    ):
        fit_propensity(candidates(1000, 49), 3, 0)
    with pytest.raises(NotEnoughLabels, match="all 3 parts of the controllers"):
        fit_propensity(candidates(1000, 500, controllers=1), 3, 0)


def test_a_random_choice_has_overlap_and_even_weights() -> None:
    drawn = candidates(6000, 2000)
    chance = fit_propensity(drawn, 3, 0).chance(drawn.X, drawn.controller)
    assert chance.mean() == pytest.approx(1 / 3, abs=0.02)
    design = np.full(2000, NAN)
    weight = estimating_weights(design, chance[:2000], days(2000))
    found = overlap(design, weight, drawn, chance)
    assert found.auc == pytest.approx(0.5, abs=0.03)
    assert found.n_eff > 0.95 * 2000
    assert found.verdict.startswith("overlap: all but")


@pytest.mark.parametrize(
    ("below", "verdict"),
    [
        (0.0, "overlap: all but 0.0% of firms resemble some that were inspected"),
        (0.3, "no overlap: 30% of firms resemble none that was inspected"),
    ],
)
def test_the_verdict_is_told_in_words(below: float, verdict: str) -> None:
    firms = candidates(1000, 200)
    chance = np.full(1000, 0.5)
    chance[1000 - round(below * 1000) :] = 0.01
    found = overlap(np.full(200, NAN), np.ones(200), firms, chance)
    assert found.verdict == verdict
    assert found.share_unlike == pytest.approx(below)
    assert (found.rows, found.rows_unknown, found.n_eff, found.sampled) == (200, 200, 200, 800)


def test_weights_are_told_where_no_propensity_was_fitted() -> None:
    found = no_overlap_seen(np.array([0.5, NAN]), np.array([1.0, 3.0]), "not estimable: why")
    assert (found.rows, found.rows_unknown, found.largest_weight) == (2, 1, 3.0)
    assert found.n_eff == pytest.approx(16 / 10)
    assert found.verdict == "not estimable: why"
    assert np.isnan(found.auc)
