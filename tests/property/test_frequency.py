"""The capacity is spent exactly, within the bounds, and never silently missed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_index.errors import CapacityError
from risk_index.tiers import Allocation, frequency, tiers, water_fill

harms = st.lists(st.floats(0, 1e6, allow_subnormal=False), min_size=1, max_size=200)


@given(harms, st.floats(0, 0.2), st.floats(0.2, 1.0), st.floats(0, 1))
def test_a_feasible_capacity_is_spent_exactly_within_the_bounds(
    harm: list[float], floor: float, ceiling: float, place: float
) -> None:
    weight = np.array(harm)
    n = len(weight)
    capacity = n * (floor + place * (ceiling - floor))
    value = water_fill(weight, floor, ceiling, capacity)
    assert value.sum() == pytest.approx(capacity, abs=1e-9 * max(1, n))
    assert (value >= floor - 1e-12).all()
    assert (value <= ceiling + 1e-12).all()


@given(harms, st.floats(0.01, 0.2), st.floats(0.3, 1.0), st.floats(0.02, 0.98))
def test_more_harm_is_never_visited_less(
    harm: list[float], floor: float, ceiling: float, place: float
) -> None:
    weight = np.sort(np.array(harm))
    capacity = len(weight) * (floor + place * (ceiling - floor))
    value = water_fill(weight, floor, ceiling, capacity)
    assert (np.diff(value) >= -1e-9).all()


@given(harms, st.floats(1e-3, 0.2), st.floats(0.2, 1.0))
def test_an_infeasible_capacity_is_refused_with_the_arithmetic(
    harm: list[float], floor: float, ceiling: float
) -> None:
    weight, n = np.array(harm), len(harm)
    for capacity, bound in ((n * floor * 0.99, "floor"), (n * ceiling * 1.01, "ceiling")):
        with pytest.raises(CapacityError, match=f"{n} firms at a {bound}"):
            water_fill(weight, floor, ceiling, capacity)


@given(harms)
def test_tiers_follow_the_harm_and_equal_firms_share_one(harm: list[float]) -> None:
    harms_ = np.array(harm)
    found = tiers(harms_, Allocation())
    order = np.argsort(harms_, kind="stable")
    assert (np.diff(np.searchsorted(list("ABCD"), found[order])) >= 0).all()
    for value in np.unique(harms_):
        assert len(set(found[harms_ == value])) == 1


def test_a_year_holds_the_stated_capacity_and_no_firm_passes_its_ceiling() -> None:
    harm = np.random.default_rng(1).lognormal(0, 2, 10_000)
    allocation = Allocation(capacity_share=0.05, rounds_per_year=4, max_per_year=2)
    spread = frequency(harm, allocation)
    assert spread.per_year.sum() == pytest.approx(500, abs=1e-6)
    assert spread.per_year.max() <= 2 + 1e-9
    assert spread.per_year.min() >= 0.01 - 1e-12
    assert spread.probability.max() <= 0.5 + 1e-12
