"""Direct use: by the column an input reads, and by being a function of an attribute."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from risk_index.fairness.config import load_fairness
from risk_index.fairness.lineage import direct_use, is_function, readers_of
from risk_index.training import LIKELIHOOD, SEVERITY

N = 2000
RNG = np.random.default_rng(0)
REGION = RNG.integers(0, 12, N)
CODES = REGION.astype(np.int64)


@pytest.fixture(scope="module")
def readers() -> dict[str, tuple[str, ...]]:
    return readers_of(["firms.ownership", "firms.size_class", "firms.region"])


def test_no_input_reads_the_ownership(readers: dict[str, tuple[str, ...]]) -> None:
    assert readers["firms.ownership"] == ()


def test_the_size_class_is_read_by_its_own_input_alone(
    readers: dict[str, tuple[str, ...]],
) -> None:
    assert readers["firms.size_class"] == ("size_class",)


def test_the_region_is_read_by_its_rate_and_by_moves(readers: dict[str, tuple[str, ...]]) -> None:
    assert "region_rate" in readers["firms.region"]
    assert "moved_3y" in readers["firms.region"]
    assert "employees" not in readers["firms.region"]


@pytest.mark.parametrize("attribute", ["region", "size", "ownership"])
def test_every_input_that_reads_an_audited_column_is_declared_with_its_basis(
    readers: dict[str, tuple[str, ...]], attribute: str
) -> None:
    """A new feature that reads one has to say on what ground, or the demo's own audit would stop it."""
    config = load_fairness()
    column = config.attributes[attribute].records
    used = set(LIKELIHOOD) | set(SEVERITY)
    undeclared = [
        name for name in readers[column] if name in used and not config.exemption(name, attribute)
    ]
    assert undeclared == []


def test_direct_use_is_named_with_its_basis_or_without(
    readers: dict[str, tuple[str, ...]],
) -> None:
    config = load_fairness()
    X = pd.DataFrame({
        "size_class": RNG.integers(1, 5, N), "region_rate": 0.1 + 0.01 * REGION,
        "sentiment_rank": 2.0 * REGION, "employees": RNG.random(N),
    }).astype("float32")  # fmt: skip
    raw = pd.DataFrame({"region": REGION.astype(str), "sentiment": REGION / 12})
    found = {(u.name, u.attribute): u for u in direct_use(config, tuple(X), X, raw, readers)}
    assert found["size_class", "size"].how == "reads firms.size_class"
    assert found["size_class", "size"].exempt
    assert found["region_rate", "region"].exempt
    assert not found["sentiment_rank", "sentiment"].exempt
    assert found["sentiment_rank", "sentiment"].how == "function of the attribute"
    assert not any(name == "employees" for name, _ in found)


@pytest.mark.parametrize(
    ("name", "x", "expected"),
    [
        ("the attribute itself", REGION, True),
        ("one value a group, several groups alike", REGION // 3, True),
        ("a flag of one group", REGION == 4, True),
        ("independent", RNG.normal(size=N), False),
        ("a constant", np.ones(N), False),
        ("almost a constant", np.arange(N) < 5, False),
        ("the attribute with noise", REGION + RNG.normal(scale=0.1, size=N), False),
        ("a function for half of the firms", np.where(RNG.random(N) < 0.5, REGION, -1), False),
    ],
)
def test_functions_of_an_attribute_are_told_from_what_merely_goes_with_it(
    name: str, x: np.ndarray, expected: bool
) -> None:
    assert is_function(pd.Series(x, dtype="float32"), CODES) is expected, name


def test_an_input_that_is_fixed_in_every_small_cell_by_chance_is_no_function() -> None:
    """Of 1,000 cells of two firms, a rare flag is constant in most: that says nothing."""
    codes = np.repeat(np.arange(N // 2), 2)
    rare = pd.Series((RNG.random(N) < 0.02).astype("float32"))
    assert not is_function(rare, codes)


def test_a_number_that_hardly_comes_twice_is_compared_by_rank() -> None:
    values = pd.Series(RNG.normal(size=N))
    codes = np.arange(N)
    assert is_function(pd.Series(np.exp(values)), codes, values)
    assert is_function(pd.Series(-values), codes, values)
    assert not is_function(pd.Series(values + RNG.normal(scale=0.3, size=N)), codes, values)


def test_a_copy_of_a_number_with_some_ties_is_a_function_of_it() -> None:
    """Of the years of birth some come five times and most once: cells of five say nothing."""
    values = pd.Series(np.r_[np.repeat(np.arange(20.0), 5), 100 + RNG.normal(size=N - 100)])
    codes = pd.factorize(values)[0]
    for name, x in {"copy": values, "scaled": 3 * values + 1, "reversed": -values}.items():
        assert is_function(x.astype("float32"), codes, values), name
    assert not is_function(pd.Series(RNG.normal(size=N)), codes, values)


def test_a_rare_flag_says_too_little_whatever_it_copies() -> None:
    values = pd.Series((np.arange(N) < 20).astype(float))
    assert not is_function(values, values.astype(int).to_numpy(), values)
    common = pd.Series((np.arange(N) < 200).astype(float))
    assert is_function(common, common.astype(int).to_numpy(), common)


def test_unknown_values_are_left_out() -> None:
    codes = np.where(np.arange(N) % 3 == 0, -1, CODES)
    x = np.where(codes < 0, RNG.normal(size=N), CODES)
    assert is_function(pd.Series(x), codes)
    assert not is_function(pd.Series(x), np.full(N, -1))
