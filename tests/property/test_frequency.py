"""The capacity is spent exactly, within the bounds, and never silently missed."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from risk_index.allocation import Allocation, Capacity
from risk_index.errors import CapacityError
from risk_index.frequency import plan_round
from risk_index.steepness import METHODS, Group, Steepness, spread
from risk_index.strata import Strata
from risk_index.tiers import TIERS
from risk_index.water_filling import BILLION, billionths, water_fill

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
    assert (value >= floor).all()
    assert (value <= ceiling).all()


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
    for capacity, bound in ((n * floor * 0.99, "floors"), (n * ceiling * 1.01, "ceilings")):
        with pytest.raises(CapacityError, match=rf"{bound} of {n} firms in north .*{capacity:g}"):
            water_fill(weight, floor, ceiling, capacity, where="north")


@given(harms, st.floats(0, 0.2), st.floats(0.2, 1.0), st.integers(0, 2**32 - 1))
def test_the_factor_that_water_filling_finds_is_one_for_all(
    harm: list[float], floor: float, ceiling: float, seed: int
) -> None:
    """Against a slow search: firms off their bounds share one ratio of chance to weight."""
    rng = np.random.default_rng(seed)
    weight = np.array(harm) + 1e-3
    cost = rng.uniform(0.5, 4.0, len(weight))
    capacity = float((cost * rng.uniform(floor, ceiling, len(weight))).sum())
    value = water_fill(weight, floor, ceiling, capacity, cost)
    assert (cost * value).sum() == pytest.approx(capacity, rel=1e-9, abs=1e-9)
    off = (value > floor + 1e-9) & (value < ceiling - 1e-9)
    assume(off.sum() >= 2)
    assert np.ptp(value[off] / weight[off]) <= 1e-6 * (value[off] / weight[off]).max()


def group(seed: int, n: int) -> Group:
    rng = np.random.default_rng(seed)
    p, severity = rng.beta(1, 6, n), rng.lognormal(0, 1.5, n)
    return Group(
        harm=p * severity,
        variance=p * (1 - p) * severity**2,
        tier=rng.choice(TIERS, n),
        floor=rng.uniform(0, 0.01, n),
        ceiling=rng.uniform(0.3, 0.8, n),
        cost=rng.uniform(0.5, 3.0, n),
    )


@pytest.mark.parametrize("method", METHODS)
@given(st.integers(0, 2**32 - 1), st.integers(1, 120), st.floats(0.02, 1.0))
def test_every_method_spends_the_capacity_within_every_firms_bounds(
    method: str, seed: int, n: int, place: float
) -> None:
    firms = group(seed, n)
    least, most = (firms.cost * firms.floor).sum(), (firms.cost * firms.ceiling).sum()
    capacity = least + place * (most - least)
    how = Steepness(method, random_share=0.0)
    found = spread(firms, capacity, how)
    assert (firms.cost * found.total).sum() == pytest.approx(capacity, rel=1e-9)
    assert (found.total >= firms.floor - 1e-12).all()
    assert (found.total <= firms.ceiling + 1e-12).all()
    assert (found.floor <= found.total + 1e-12).all()
    with pytest.raises(CapacityError, match="ceilings of"):
        spread(firms, most * 1.01, how)


@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(1, 1000))
def test_billionths_add_up_and_stay_within_one_billionth(seed: int, n: int, scale: int) -> None:
    values = np.random.default_rng(seed).uniform(0, 1, n) / scale
    total = float(values.sum())
    found = billionths(values, 1.0, total)
    assert found.sum() == round(total * BILLION)
    assert (np.abs(found - values * BILLION) <= 1 + 1e-6).all()
    assert ((found >= 0) & (found <= BILLION)).all()


def plain_billionths(values: np.ndarray, ceiling: np.ndarray, total: float) -> list[int]:
    """Firm by firm: rounded down, what is left goes to the largest remainders, the first of equal ones."""
    exact = [value * BILLION for value in values.tolist()]
    most = [math.floor(one * BILLION + 1e-9) for one in ceiling.tolist()]
    found = [min(math.floor(e + 1e-9), m) for e, m in zip(exact, most, strict=True)]
    left = round(total * BILLION) - sum(found)
    step = 1 if left > 0 else -1
    free = [i for i, f in enumerate(found) if (f < most[i] if left > 0 else f > 0)]
    for i in sorted(free, key=lambda i: step * (found[i] - exact[i]))[: abs(left)]:
        found[i] += step
    return found


@given(
    st.lists(st.sampled_from([0, 1, 3, 4, 7, 10, 12, 25]), min_size=1, max_size=40),
    st.sampled_from([3, 4, 8, 10]),
    st.integers(-4, 4),
)
def test_billionths_are_those_of_rounding_firm_by_firm(
    tenths: list[int], parts: int, more: int
) -> None:
    """Many firms have equal remainders, and some stand at their ceiling."""
    values = np.array(tenths) / parts / BILLION
    ceiling = np.where(np.arange(len(values)) % 3 == 0, values, 1.0)
    total = max(float(values.sum()) + more / BILLION, 0.0)
    expected = plain_billionths(values, ceiling, total)
    assume(sum(expected) == round(total * BILLION))  # more than can be rounded away is refused
    assert billionths(values, ceiling, total).tolist() == expected


def firms(seed: int, n: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    p, severity = rng.beta(1, 9, n), rng.lognormal(0, 1.0, n)
    return pd.DataFrame(
        {
            "sector": rng.choice(["C13", "F51", None], n),
            "region": rng.choice(["N", "S", "E"], n, p=[0.6, 0.3, 0.1]),
            "supervised_by": rng.choice(["market", "fire"], n),
            "likelihood": p,
            "severity": severity,
            "expected_harm": p * severity,
            "unclipped": 50 + 10 * np.log2(p * severity),
            "drawn_this_year": rng.choice([0, 0, 0, 1, 2], n),
        }
    )


@given(
    st.integers(0, 2**32 - 1),
    st.integers(300, 900),
    st.sampled_from(["none", "region", "supervisor", "region_supervisor"]),
    st.sampled_from(sorted(METHODS)),
    st.floats(0.2, 0.9),
)
def test_a_plan_holds_in_every_stratum(
    seed: int, n: int, by: str, method: str, share: float
) -> None:
    table = firms(seed, n)
    allocation = replace(
        Allocation(),
        steepness=Steepness(method),
        strata=Strata(by),
        capacity=Capacity(share_a_year=share),
    )
    plan = plan_round(table, allocation)
    ppb = plan.firms.probability_ppb
    assert ppb.sum() == plan.capacity * BILLION
    assert plan.capacity == np.floor(share * n / 4 + 0.5)
    sums = ppb.groupby(plan.firms.stratum).sum()
    assert (sums % BILLION == 0).all()
    assert (ppb[table.drawn_this_year >= 2] == 0).all()
    free = ppb[table.drawn_this_year < 2]
    assert free.between(2_500_000, 500_000_000).all()
    assert (plan.firms.floor_ppb <= ppb).all()
    assert plan.strata.visits.sum() == pytest.approx(plan.capacity)


def test_a_year_holds_the_stated_capacity_and_no_firm_passes_its_ceiling() -> None:
    table = firms(1, 10_000).assign(drawn_this_year=0)
    plan = plan_round(table, Allocation())
    per_year = 4 * plan.firms.probability_ppb / BILLION
    assert per_year.sum() == pytest.approx(500, abs=1e-6)
    assert per_year.max() <= 2 + 1e-9
    assert per_year.min() >= 0.01 - 1e-12
