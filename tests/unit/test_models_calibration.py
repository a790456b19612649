"""Calibration: monotone, inside its interval, the same after saving, equal to the definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from models.calibration import Calibrator, fit_calibrator
from models.conformal import residual_band


def drawn(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    margin = rng.normal(-1, 1.2, n)
    return margin, (rng.random(n) < 1 / (1 + np.exp(-margin))).astype(float)


GRID = np.linspace(-40, 40, 4001)


@given(
    st.lists(
        st.tuples(st.integers(-60, 60), st.booleans(), st.floats(0.1, 9)), min_size=2, max_size=50
    )
)
def test_whatever_the_rows_the_map_is_monotone_and_inside_its_interval(
    rows: list[tuple[int, bool, float]],
) -> None:
    margin = np.array([row[0] / 10 for row in rows])
    violation = np.array([float(row[1]) for row in rows])
    weight = np.array([row[2] for row in rows])
    calibrator = fit_calibrator(margin, violation, weight, seed=0)
    chance, (low, high) = calibrator.probability(GRID), calibrator.interval(GRID)
    for curve in (chance, low, high):
        assert (np.diff(curve) >= -1e-12).all()
        assert ((curve >= 0) & (curve <= 1)).all()
    assert ((low <= chance) & (chance <= high)).all()


def test_a_margin_that_tells_the_wrong_way_becomes_one_rate() -> None:
    margin, violation = drawn(3000, 0)
    calibrator = fit_calibrator(-margin, violation, np.ones(3000), seed=0)
    assert calibrator.a == calibrator.b == 0
    assert calibrator.probability(GRID) == pytest.approx(violation.mean(), abs=1e-4)


def test_few_rows_leave_the_margin_as_it_is_many_overrule_it() -> None:
    margin, violation = drawn(20_000, 1)
    few = fit_calibrator(3 * margin[:5], violation[:5], np.ones(5), seed=0)
    many = fit_calibrator(3 * margin, violation, np.ones(20_000), seed=0)
    assert abs(many.a - 1 / 3) < 0.05
    assert abs(many.b - 1 / 3) < 0.05
    assert few.a + few.b > 1.2


def test_one_outcome_only_gives_no_certainty() -> None:
    calibrator = fit_calibrator(np.linspace(-3, 3, 30), np.zeros(30), np.ones(30), seed=0)
    assert (calibrator.probability(np.array([-1.0, 0.0, 1.0])) < 0.05).all()
    assert (calibrator.interval(np.array([0.0]))[1] > 0).all()


def test_the_interval_is_that_of_two_isotonic_regressions() -> None:
    """Venn-Abers by its definition: label the new row 0, then 1, and fit both times."""
    rng = np.random.default_rng(4)
    margin = rng.permutation(np.arange(40.0))
    violation = (rng.random(40) < margin / 40).astype(float)
    calibrator = fit_calibrator(margin, violation, np.ones(40), seed=0)
    low, high = calibrator.interval(margin)
    chance = calibrator.probability(margin)
    for k, at in enumerate(margin):
        pair = [
            IsotonicRegression().fit(np.r_[margin, at], np.r_[violation, label]).predict([at])[0]
            for label in (0.0, 1.0)
        ]
        assert low[k] == pytest.approx(min(pair[0], chance[k]))
        assert high[k] == pytest.approx(max(pair[1], chance[k]))


def test_many_rows_are_grouped_without_losing_the_order() -> None:
    margin, violation = drawn(30_000, 2)
    calibrator = fit_calibrator(margin, violation, np.ones(30_000), seed=0)
    assert len(calibrator.knots) <= 2000
    low, high = calibrator.interval(np.sort(margin))
    assert (np.diff(low) >= 0).all()
    assert np.median(high - low) < 0.03
    assert calibrator.rows == 30_000


def test_unequal_weights_base_the_interval_on_a_seeded_subset() -> None:
    margin, violation = drawn(4000, 3)
    weight = np.where(np.arange(4000) % 2, 1.0, 4.0)
    one, two, three = (fit_calibrator(margin, violation, weight, seed=s) for s in (0, 0, 1))
    assert 2200 < one.rows < 2800
    assert one.saved() == two.saved()
    assert one.saved() != three.saved()
    assert (one.a, one.b, one.c) == (three.a, three.b, three.c)


def test_saved_and_restored_is_the_same_to_the_bit() -> None:
    margin, violation = drawn(500, 5)
    calibrator = fit_calibrator(margin, violation, np.ones(500), seed=0)
    again = Calibrator.restored(calibrator.saved())
    assert (again.probability(GRID) == calibrator.probability(GRID)).all()
    assert (again.interval(GRID)[0] == calibrator.interval(GRID)[0]).all()


def test_fitting_leaves_numpys_warnings_on() -> None:
    margin, violation = drawn(100, 6)
    fit_calibrator(margin, violation, np.ones(100), seed=0)
    assert np.geterr()["divide"] == "warn"
    assert np.geterr()["invalid"] == "warn"


def test_band_of_nineteen_residuals_by_hand() -> None:
    # n + 1 = 20 places: at level 0.9 one is left out on each side, the 19th is the highest
    residual = np.arange(19.0)
    assert residual_band(residual, np.ones(19), 0.9) == (0.0, 18.0)
    assert residual_band(residual, np.ones(19), 0.8) == (1.0, 17.0)


def test_band_of_too_few_residuals_is_their_range() -> None:
    assert residual_band(np.array([-1.0, 2.0, 0.5]), np.ones(3), 0.9) == (-1.0, 2.0)


def test_heavier_residuals_pull_the_band() -> None:
    residual, weight = np.arange(100.0), np.where(np.arange(100) < 50, 1.0, 9.0)
    low, high = residual_band(residual, weight, 0.5)
    assert low > residual_band(residual, np.ones(100), 0.5)[0]
    assert high > residual_band(residual, np.ones(100), 0.5)[1]
