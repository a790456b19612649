"""Estimates from samples so small that a person can check them; and one that another program computed."""

from __future__ import annotations

import math

import numpy as np
import pytest

from risk_index.survey import estimators
from risk_index.survey.design import Sample, degrees_of_freedom, effective_size, squares
from risk_index.survey.estimators import Domain
from risk_index.survey.intervals import amount_interval, rate_interval


def sample(
    probability: list[float],
    stratum: list[int] | None = None,
    *,
    share: list[float] | None = None,
    answered: list[bool] | None = None,
    real: list[bool] | None = None,
) -> Sample:
    n = len(probability)
    return Sample(
        np.array(probability),
        np.array(share or [1.0] * n),
        np.array(stratum or [0] * n),
        np.array([True] * n if answered is None else answered),
        np.array([True] * n if real is None else real),
    )


def variance(values: np.ndarray, drawn: Sample) -> float:
    return float(squares(values, drawn).sum())


def whole(n: int, n_firms: float) -> Domain:
    return Domain(np.ones(n, bool), n_firms)


def test_each_firm_stands_for_one_over_its_chance() -> None:
    drawn = sample([0.5, 0.25, 0.25])
    y = np.array([1.0, 0.0, 1.0])
    assert estimators.horvitz_thompson(y, drawn, whole(3, 8)).value == (2 + 4) / 8
    assert estimators.hajek(y, drawn, whole(3, 8)).value == (2 + 4) / 10
    assert estimators.naive(y, drawn, whole(3, 8)).value == pytest.approx(2 / 3)
    assert effective_size(drawn.weight) == 100 / 36


def test_the_difference_estimator_adds_the_weighted_errors_to_the_mean_prediction() -> None:
    drawn = sample([0.5, 0.25])
    mean = estimators.difference(
        np.array([1.0, 0.0]), np.array([0.6, 0.1]), 0.3, drawn, whole(2, 6)
    )
    assert mean.value == pytest.approx(0.3 + (2 * 0.4 - 4 * 0.1) / 6)


def test_simple_random_sample_has_the_textbook_variance() -> None:
    """(1 - n/N) s^2 / n, and a design effect of 1."""
    y = np.array([3.0, 5.0, 10.0])
    expected = (1 - 3 / 12) * y.var(ddof=1) / 3
    for estimate in (estimators.horvitz_thompson, estimators.hajek):
        mean = estimate(y, sample([0.25] * 3), whole(3, 12))
        assert mean.value == 6.0
        assert mean.variance == pytest.approx(expected)
        assert mean.design_effect == pytest.approx(1.0)


def test_unequal_chances_have_the_fixed_size_variance() -> None:
    """n/(n-1) sum (1-pi)(y/pi - B)^2, B = sum (1-pi) y/pi / sum (1-pi), written out."""
    expanded = [1 / 0.5, 3 / 0.25]
    middle = (0.5 * expanded[0] + 0.75 * expanded[1]) / 1.25
    by_hand = 2 / 1 * (0.5 * (expanded[0] - middle) ** 2 + 0.75 * (expanded[1] - middle) ** 2)
    assert variance(np.array([1.0, 3.0]), sample([0.5, 0.25])) == pytest.approx(by_hand)


def test_firms_drawn_for_certain_add_no_doubt() -> None:
    y = np.array([1.0, 3.0, 100.0])
    with_certain = variance(y, sample([0.5, 0.25, 1.0]))
    assert with_certain == variance(y[:2], sample([0.5, 0.25]))
    assert variance(y, sample([1.0, 1.0, 1.0])) == 0.0


def test_the_unit_no_visit_counts_as_a_draw_that_found_nothing() -> None:
    found = np.array([1.0, 3.0, np.nan])
    drawn = sample([0.5, 0.25, 0.4], answered=[True, True, False], real=[True, True, False])
    as_zero = variance(np.array([1.0, 3.0, 0.0]), sample([0.5, 0.25, 0.4]))
    assert variance(found, drawn) == pytest.approx(as_zero)
    assert drawn.weight.tolist() == [2.0, 4.0, 0.0]


def test_strata_with_one_firm_are_put_together() -> None:
    y = np.array([1.0, 3.0, 7.0, 8.0])
    lonely = variance(y, sample([0.5, 0.25, 0.2, 0.2], [0, 1, 2, 2]))
    together = variance(y, sample([0.5, 0.25, 0.2, 0.2], [0, 0, 2, 2]))
    assert lonely == together
    last = variance(y, sample([0.5, 0.25, 0.2, 0.2], [0, 2, 2, 2]))
    assert last == variance(y, sample([0.5, 0.25, 0.2, 0.2], [2, 2, 2, 2]))


def test_stratified_sample_equals_another_program() -> None:
    """Totals and means as samplics 0.6.1 gives them (TaylorEstimator, strata, fpc = 1 - n/N, domain)."""
    y = np.array([
        2.5, 4.1, 10.8, 3.2, 6.1, 2.1, 5.8, 4.7, 2.9, 2.7,
        4.8, 6.8, 1.0, 2.1, 1.5, 4.9, 1.9, 1.9, 5.9, 11.0,
    ])  # fmt: skip
    group = np.array([1, 0, 0, 0, 0, 1, 1, 1, 0, 1, 1, 0, 1, 0, 0, 1, 1, 0, 1, 1])
    size = {0: (5, 40), 1: (6, 60), 2: (9, 100)}
    stratum = [h for h, (n, _) in size.items() for _ in range(n)]
    drawn = sample([size[h][0] / size[h][1] for h in stratum], stratum)
    told = {
        "all": (854.711111111111, 124.51531860739559, 4.273555555555555, 0.622576593036978),
        0: (359.26666666666665, 101.18586308812554, 4.156041131105399, 0.853793990388933),
        1: (495.4444444444444, 132.63054272752385, 4.3630136986301356, 0.8460790720774554),
    }
    for which, (total, total_error, mean, mean_error) in told.items():
        domain = Domain(np.ones(20, bool) if which == "all" else group == which, 200)
        sums = estimators.horvitz_thompson(y, drawn, domain)
        assert sums.value * 200 == pytest.approx(total, rel=1e-12)
        assert math.sqrt(sums.variance) * 200 == pytest.approx(total_error, rel=1e-12)
        ratio = estimators.hajek(y, drawn, domain)
        assert ratio.value == pytest.approx(mean, rel=1e-12)
        assert math.sqrt(ratio.variance) == pytest.approx(mean_error, rel=1e-12)


def test_who_answered_stands_for_the_rest_of_the_stratum() -> None:
    drawn = sample([0.5, 0.5, 0.25, 0.25], [0, 0, 1, 1], answered=[True, False, True, True])
    assert drawn.response.tolist() == [0.5, 0.5, 1.0, 1.0]
    assert drawn.weight.tolist() == [4.0, 0.0, 4.0, 4.0]
    mean = estimators.hajek(np.array([1.0, np.nan, 0.0, 1.0]), drawn, whole(4, 12))
    assert mean.value == pytest.approx(8 / 12)


def test_a_stratum_without_any_outcome_is_spoken_for_by_the_largest() -> None:
    drawn = sample([0.5, 0.5, 0.5], [0, 1, 1], answered=[False, True, True])
    assert drawn.weight.tolist() == [0.0, 3.0, 3.0]


def test_missing_outcomes_widen_the_doubt() -> None:
    y = np.array([1.0, 0.0, 1.0, 0.0, 1.0, 0.0])
    full = estimators.hajek(y, sample([0.1] * 6), whole(6, 60))
    holes = sample([0.1] * 6, answered=[True, True, True, True, False, False])
    assert estimators.hajek(y, holes, whole(6, 60)).variance > full.variance


def test_missing_outcomes_in_a_simple_sample_leave_a_smaller_simple_sample() -> None:
    """Answers as if by chance: the variance is that of the smaller sample, up to 1/n."""
    rng = np.random.default_rng(3)
    y = rng.normal(0, 1, 4000)
    holes = sample([0.1] * 4000, answered=(np.arange(4000) < 3000).tolist())
    found = estimators.hajek(y, holes, whole(4000, 40_000)).variance
    assert found == pytest.approx((1 - 3000 / 40_000) * y[:3000].var(ddof=1) / 3000, rel=0.002)


def test_an_arm_widens_the_doubt_by_its_own_chance() -> None:
    """The floor arm keeps a firm with chance t: (1 - t)(y / (pi t))^2 is added."""
    y, pi, share = np.array([1.0, 3.0]), [0.5, 0.25], [0.5, 0.8]
    arm = sample(pi, share=share)
    assert arm.weight.tolist() == pytest.approx([4.0, 5.0])
    expanded, loose = y / np.array(pi), np.array([0.5 / 0.5, 0.75 / 0.8])
    middle = (loose * expanded).sum() / loose.sum()
    draw = 2 * (loose * (expanded - middle) ** 2).sum()
    thinning = 0.5 * (1 / 0.25) ** 2 + 0.2 * (3 / 0.2) ** 2
    assert variance(y, arm) == pytest.approx(draw + thinning)


def test_bounds_count_every_missing_firm_as_compliant_and_as_violating() -> None:
    drawn = sample([0.5, 0.25, 0.25], answered=[True, True, False])
    low, high = estimators.bounds(
        np.array([1.0, 0.0, 0.0]), np.array([1.0, 0.0, 1.0]), drawn, whole(3, 10)
    )
    assert (low, high) == (2 / 10, 6 / 10)


def test_a_domain_holds_its_own_firms_only() -> None:
    drawn = sample([0.5, 0.25, 0.25])
    inside = Domain(np.array([True, True, False]), 6)
    y = np.array([1.0, 0.0, 1.0])
    assert estimators.horvitz_thompson(y, drawn, inside).value == pytest.approx(2 / 6)
    assert estimators.hajek(y, drawn, inside).value == pytest.approx(2 / 6)
    assert estimators.naive(y, drawn, inside).value == 0.5


def test_wilson_interval_of_a_simple_sample() -> None:
    """10 of 100, normal quantile: (p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n)."""
    low, high = rate_interval(0.1, 0.1 * 0.9 / 100, n_eff=100, df=1e9)
    assert (round(low, 4), round(high, 4)) == (0.0552, 0.1744)


def test_a_rate_of_nothing_found_has_an_upper_end_by_the_effective_number() -> None:
    low, high = rate_interval(0.0, 0.0, n_eff=30, df=29)
    assert low == 0.0
    assert 0.10 < high < 0.14
    assert rate_interval(1.0, 0.0, n_eff=30, df=29)[1] == 1.0


def test_the_interval_of_harm_stays_above_zero_and_leans_upwards() -> None:
    low, high = amount_interval(1.0, 0.25, df=50)
    assert 0 < low < 1 < high
    assert high - 1 > 1 - low
    assert low * high == pytest.approx(1.0)


def test_few_firms_that_carry_the_variance_leave_few_degrees_of_freedom() -> None:
    even = degrees_of_freedom(np.full(50, 2.0))
    normal = degrees_of_freedom(np.random.default_rng(1).normal(0, 1, 5000) ** 2)
    heavy = degrees_of_freedom(np.array([50.0, 20.0] + [0.01] * 48))
    assert even == 49
    assert 4000 < normal <= 4999
    assert 1 <= heavy < 4
    assert degrees_of_freedom(np.zeros(30)) == 29
