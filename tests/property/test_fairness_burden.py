"""Frequencies keep the budget and its bounds; the burden ratio is that of a plain loop."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.metrics import ends
from risk_index.fairness.burden import (
    LEAST_IN_CELL,
    Budget,
    changed,
    equal_mass,
    harm_captured,
    loss_interval,
    overlap,
    ratio,
)

harms = arrays(float, st.integers(5, 60), elements=st.floats(1e-4, 1e3))


@given(harms, st.floats(0.011, 1.9))
def test_frequencies_keep_bounds_capacity_and_order(harm: np.ndarray, capacity: float) -> None:
    found = Budget(capacity=capacity).frequency(harm)
    assert found.min() >= 0.01 - 1e-12
    assert found.max() <= 2.0 + 1e-12
    assert found.mean() == pytest.approx(capacity, rel=1e-6)
    order = np.argsort(harm)
    assert (np.diff(found[order]) >= -1e-12).all()


@given(harms, st.integers(2, 4))
def test_a_weight_counts_as_that_many_firms(harm: np.ndarray, times: int) -> None:
    weight = np.ones(len(harm))
    weight[0] = times
    budget = Budget(capacity=0.2)
    weighed = budget.frequency(harm, weight)
    repeated = budget.frequency(np.r_[np.repeat(harm[0], times), harm[1:]])
    np.testing.assert_allclose(weighed[0], repeated[0], rtol=1e-6)
    np.testing.assert_allclose(weighed[1:], repeated[times:], rtol=1e-6)


@given(harms)
def test_tiers_hold_their_shares_and_equals_share_the_lower(harm: np.ndarray) -> None:
    tier = Budget().tiers(harm)
    order = np.argsort(harm, kind="stable")
    assert (np.diff(tier[order]) >= 0).all()
    for value in np.unique(harm):
        assert len(set(tier[harm == value].tolist())) == 1


@given(arrays(float, st.integers(20, 200), elements=st.floats(0, 1)), st.integers(2, 10))
def test_strata_rise_with_risk_and_keep_equals_together(risk: np.ndarray, n: int) -> None:
    stratum = equal_mass(risk, n=n)
    assert stratum.min() >= 0
    assert stratum.max() < n
    order = np.argsort(risk, kind="stable")
    assert (np.diff(stratum[order]) >= 0).all()
    for value in np.unique(risk):
        assert len(set(stratum[risk == value].tolist())) == 1


def test_strata_of_different_firms_are_about_equal() -> None:
    risk = np.random.default_rng(0).random(1000)
    assert np.bincount(equal_mass(risk)).tolist() == [100] * 10
    heavy = np.where(risk > 0.5, 3.0, 1.0)
    mass = np.bincount(equal_mass(risk, heavy), heavy)
    np.testing.assert_allclose(mass / mass.sum(), 0.1, atol=0.01)


@given(st.integers(0, 10_000), st.integers(60, 200))
def test_the_ratio_is_that_of_a_plain_loop(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    inside, known = rng.random(n) < 0.4, rng.random(n) < 0.9
    stratum, frequency = rng.integers(0, 4, n), rng.random(n) + 0.1
    weight = rng.random(n)
    group = others = mass = 0.0
    for q in range(4):
        ours = [i for i in range(n) if known[i] and inside[i] and stratum[i] == q]
        theirs = [i for i in range(n) if known[i] and not inside[i] and stratum[i] == q]
        if min(len(ours), len(theirs)) < LEAST_IN_CELL:
            continue
        w = weight[ours].sum()
        group += w * np.average(frequency[ours], weights=weight[ours])
        others += w * np.average(frequency[theirs], weights=weight[theirs])
        mass += w
    assume(mass > 0)
    found = ratio(frequency, inside, known, stratum, weight, np.arange(n), 0, replicates=20)
    assert found.value == pytest.approx(group / others)
    assert (found.group, found.others) == pytest.approx((group / mass, others / mass))
    assert found.low <= found.high


def test_equal_frequencies_are_an_equal_burden_and_twice_is_two() -> None:
    rng = np.random.default_rng(1)
    inside, stratum = rng.random(400) < 0.5, rng.integers(0, 5, 400)
    everyone, weight, firms = np.ones(400, bool), np.ones(400), np.arange(400)
    base = 0.01 * (1 + stratum)
    same = ratio(base, inside, everyone, stratum, weight, firms, 0)
    assert (same.value, same.low, same.high) == pytest.approx((1, 1, 1))
    twice = ratio(base * (1 + inside), inside, everyone, stratum, weight, firms, 0)
    assert twice.value == pytest.approx(2)


def test_a_difference_of_risk_is_no_burden_at_equal_risk() -> None:
    """The group is riskier and so visited more often: within strata of risk nobody is."""
    rng = np.random.default_rng(2)
    stratum = rng.integers(0, 5, 2000)
    inside = rng.random(2000) < stratum / 5
    frequency = 0.02 * (1 + stratum)
    assert frequency[inside].mean() > 1.3 * frequency[~inside].mean()
    found = ratio(
        frequency, inside, np.ones(2000, bool), stratum, np.ones(2000), np.arange(2000), 0
    )
    assert found.value == pytest.approx(1)


def test_nobody_to_compare_with_is_not_measured() -> None:
    n = 50
    all_in, zeros = np.ones(n, bool), np.zeros(n, np.int64)
    found = ratio(np.ones(n), all_in, all_in, zeros, np.ones(n), np.arange(n), 0)
    assert np.isnan(found.value)
    assert np.isnan(found.low)


def test_harm_captured_is_a_multiple_of_uniform_visits() -> None:
    harm, weight = np.array([10.0, 0.0, 0.0, 0.0]), np.ones(4)
    assert harm_captured(np.full(4, 0.3), harm, weight) == pytest.approx(1)
    assert harm_captured(np.array([0.4, 0.0, 0.0, 0.0]), harm, weight) == pytest.approx(4)
    assert np.isnan(harm_captured(np.ones(4), np.zeros(4), weight))


def test_the_interval_of_a_loss_holds_zero_for_equal_frequencies_and_not_for_less() -> None:
    rng = np.random.default_rng(3)
    harm = np.where(rng.random(800) < 0.2, rng.gamma(2.0, 1.0, 800), 0.0)
    frequency = np.where(harm > 0, 0.2, 0.1)
    same = loss_interval(frequency, frequency, harm, np.ones(800), np.arange(800), 0)
    assert same == pytest.approx((0, 0))
    worse = loss_interval(frequency, np.full(800, 0.1), harm, np.ones(800), np.arange(800), 0)
    assert 0.2 < worse[0] < worse[1] < 0.6


@given(arrays(float, st.integers(1, 60), elements=st.floats(-10, 10)), st.integers(0, 60))
def test_ends_leave_out_what_could_not_be_computed_while_half_is_left(
    values: np.ndarray, lost: int
) -> None:
    gaps = values.copy()
    gaps[:lost] = np.nan
    low, high = ends(gaps)
    kept = values[min(lost, len(values)) :]
    if 2 * len(kept) < len(values):
        assert np.isnan(low)
        assert np.isnan(high)
    else:
        assert (low, high) == pytest.approx(tuple(np.quantile(kept, (0.025, 0.975))))
    assert np.isnan(ends(np.empty(0))).all()


def test_a_loss_seen_in_few_replicates_has_no_interval() -> None:
    """One controller of twelve found harm: where it is not drawn there is no loss to speak of."""
    harm = np.array([1.0] + [0.0] * 11)
    frequency = np.linspace(0.1, 0.2, 12)
    found = loss_interval(frequency, frequency[::-1], harm, np.ones(12), np.arange(12), 0)
    assert np.isfinite(found).all()
    few = loss_interval(frequency, frequency, np.zeros(12), np.ones(12), np.arange(12), 0)
    assert np.isnan(few).all()


def test_overlap_and_changes_are_shares() -> None:
    one, two = np.arange(100.0), np.arange(100.0)
    two[99], two[0] = -1, 100
    assert overlap(one, one, 0.1) == 1
    assert overlap(one, two, 0.1) == 0.9
    assert changed([0, 1, 2, 3], [0, 1, 1, 3]) == 0.25
