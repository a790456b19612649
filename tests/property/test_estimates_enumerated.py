"""Every possible sample of a tiny registry: what holds on average over all of them, exactly."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_index.survey import estimators
from risk_index.survey.design import Sample, squares
from risk_index.survey.estimators import Domain

Y = np.array([0.0, 1.0, 1.0, 0.0, 1.0, 7.0, 2.0])
PREDICTED = np.array([0.1, 0.8, 0.3, 0.2, 0.9, 4.0, 3.0])


def observed(
    probability: np.ndarray, stratum: np.ndarray, share: np.ndarray | None = None
) -> Sample:
    n = len(probability)
    yes = np.ones(n, bool)
    return Sample(probability, np.ones(n) if share is None else share, stratum, yes, yes)


def variance(values: np.ndarray, drawn: Sample) -> float:
    return float(squares(values, drawn).sum())


def of_fixed_size(weight: np.ndarray, n: int) -> list[tuple[float, np.ndarray]]:
    """Return every sample of n with its chance: conditional Poisson sampling, chances by enumeration."""
    samples = [np.array(s) for s in itertools.combinations(range(len(weight)), n)]
    raw = np.array([weight[s].prod() for s in samples])
    return list(zip(raw / raw.sum(), samples, strict=True))


def inclusion(design: list[tuple[float, np.ndarray]], size: int) -> np.ndarray:
    return np.array([sum(p for p, s in design if i in s) for i in range(size)])


def stratified() -> Iterator[tuple[float, np.ndarray]]:
    """Simple random samples of 2 of the first 4 firms and 2 of the last 3."""
    for a in itertools.combinations(range(4), 2):
        for b in itertools.combinations(range(4, 7), 2):
            yield 1 / 18, np.array(a + b)


STRATUM = np.array([0, 0, 0, 0, 1, 1, 1])
EQUAL = np.array([0.5] * 4 + [2 / 3] * 3)


def test_stratified_simple_samples_are_unbiased_in_estimate_and_in_variance() -> None:
    domain = Domain(np.ones(4, bool), 7)
    means = [
        (p, estimators.horvitz_thompson(Y[s], observed(EQUAL[s], STRATUM[s]), domain))
        for p, s in stratified()
    ]
    average = sum(p * m.value for p, m in means)
    spread = sum(p * (m.value - Y.mean()) ** 2 for p, m in means)
    assert average == pytest.approx(Y.mean(), rel=1e-12)
    assert sum(p * m.variance for p, m in means) == pytest.approx(spread, rel=1e-12)


@pytest.mark.parametrize("weight", [[1, 2, 3, 4, 5, 6, 7], [1, 1, 9, 2, 2, 5, 1]])
def test_unequal_chances_are_unbiased_and_the_variance_nearly_so(weight: list[float]) -> None:
    design = of_fixed_size(np.array(weight, float), 4)
    pi = inclusion(design, 7)
    assert pi.sum() == pytest.approx(4)
    domain = Domain(np.ones(4, bool), 7)
    none = np.zeros(4, int)
    for estimate in ("plain", "difference"):
        means = [
            (
                p,
                estimators.horvitz_thompson(Y[s], observed(pi[s], none), domain)
                if estimate == "plain"
                else estimators.difference(
                    Y[s], PREDICTED[s], PREDICTED.mean(), observed(pi[s], none), domain
                ),
            )
            for p, s in design
        ]
        average = sum(p * m.value for p, m in means)
        spread = sum(p * (m.value - Y.mean()) ** 2 for p, m in means)
        assert average == pytest.approx(Y.mean(), rel=1e-12)
        # the estimator is approximate; on 7 firms with chances up to 0.9 within 40 %
        assert sum(p * m.variance for p, m in means) == pytest.approx(spread, rel=0.4)


def test_a_part_of_the_registry_is_estimated_without_bias() -> None:
    design = of_fixed_size(np.arange(1.0, 8.0), 3)
    pi = inclusion(design, 7)
    group = np.array([True, False, True, True, False, False, True])
    total = 0.0
    for p, s in design:
        domain = Domain(group[s], 4)
        drawn = observed(pi[s], np.zeros(3, int))
        total += p * estimators.horvitz_thompson(Y[s], drawn, domain).value
    assert total == pytest.approx(Y[group].mean(), rel=1e-12)


def test_an_arm_is_estimated_without_bias_and_with_nearly_its_variance() -> None:
    """Each sample of the draw, then each way in which its firms may fall to the arm."""
    share = np.array([0.9, 0.8, 0.9, 0.7, 0.8, 0.9, 0.8])
    average = spread = estimated = total = 0.0
    for p, s in stratified():
        for kept in itertools.product([True, False], repeat=4):
            mask = np.array(kept)
            chance = p * np.where(mask, share[s], 1 - share[s]).prod()
            a = s[mask]
            drawn = observed(EQUAL[a], STRATUM[a], share[a])
            value = float((drawn.weight * Y[a]).sum()) / 7
            total += chance
            average += chance * value
            spread += chance * (value - Y.mean()) ** 2
            estimated += chance * variance(Y[a] / 7, drawn)
    assert total == pytest.approx(1)
    assert average == pytest.approx(Y.mean(), rel=1e-12)
    assert estimated == pytest.approx(spread, rel=0.15)


def slow_variance(values: list[float], pi: list[float], stratum: list[int]) -> float:
    """The formula of the method, one stratum and one firm after the other."""
    total = 0.0
    for h in sorted(set(stratum)):
        rows = [i for i in range(len(pi)) if stratum[i] == h and pi[i] < 1]
        if not rows:
            continue
        expanded = {i: values[i] / pi[i] for i in rows}
        middle = sum((1 - pi[i]) * expanded[i] for i in rows) / sum(1 - pi[i] for i in rows)
        squares = sum((1 - pi[i]) * (expanded[i] - middle) ** 2 for i in rows)
        total += len(rows) / (len(rows) - 1) * squares
    return total


chances = st.one_of(st.floats(0.01, 0.95), st.just(1.0))
firms = st.lists(st.tuples(st.floats(-100, 100), chances), min_size=2, max_size=12)


@given(st.lists(firms, min_size=1, max_size=3))
def test_fast_equals_naive(strata: list[list[tuple[float, float]]]) -> None:
    strata = [[*rows, (1.0, 0.3), (2.0, 0.6)] for rows in strata]
    values = [value for rows in strata for value, _ in rows]
    pi = [chance for rows in strata for _, chance in rows]
    stratum = [h for h, rows in enumerate(strata) for _ in rows]
    fast = variance(np.array(values), observed(np.array(pi), np.array(stratum)))
    assert fast == pytest.approx(slow_variance(values, pi, stratum), rel=1e-9, abs=1e-9)


@given(firms, st.randoms(use_true_random=False))
def test_order_of_rows_and_units_of_harm_change_nothing(
    rows: list[tuple[float, float]], random: object
) -> None:
    y, pi = (np.array(column) for column in zip(*rows, strict=True))
    stratum = np.arange(len(y)) % 2
    order = np.random.default_rng(random.randint(0, 9)).permutation(len(y))  # type: ignore[attr-defined]
    domain = Domain(np.ones(len(y), bool), 1000)
    first = estimators.hajek(y, observed(pi, stratum), domain)
    turned = estimators.hajek(1000 * y[order], observed(pi[order], stratum[order]), domain)
    assert turned.value / 1000 == pytest.approx(first.value, rel=1e-9, abs=1e-9)
    assert turned.variance / 1e6 == pytest.approx(first.variance, rel=1e-6, abs=1e-9)


@given(firms)
def test_a_model_that_is_right_leaves_no_doubt(rows: list[tuple[float, float]]) -> None:
    y, pi = (np.array(column) for column in zip(*rows, strict=True))
    domain = Domain(np.ones(len(y), bool), 1000)
    mean = estimators.difference(y, y, 3.5, observed(pi, np.zeros(len(y), int)), domain)
    assert (mean.value, mean.variance) == (3.5, 0.0)


@given(firms, st.floats(0.1, 10))
def test_firms_all_alike_are_estimated_exactly(
    rows: list[tuple[float, float]], outcome: float
) -> None:
    pi = np.array([chance for _, chance in rows])
    y = np.full(len(pi), outcome)
    domain = Domain(np.ones(len(y), bool), 1000)
    mean = estimators.hajek(y, observed(pi, np.zeros(len(y), int)), domain)
    assert mean.value == pytest.approx(outcome)
    assert mean.variance == pytest.approx(0.0, abs=1e-20)


@given(firms)
def test_parts_add_up_to_the_whole(rows: list[tuple[float, float]]) -> None:
    y, pi = (np.array(column) for column in zip(*rows, strict=True))
    drawn = observed(pi, np.zeros(len(y), int))
    group = np.arange(len(y)) % 3
    parts = [estimators.horvitz_thompson(y, drawn, Domain(group == g, 10)).value for g in range(3)]
    whole = estimators.horvitz_thompson(y, drawn, Domain(np.ones(len(y), bool), 10)).value
    assert sum(parts) == pytest.approx(whole, rel=1e-9, abs=1e-9)
