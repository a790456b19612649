"""Reasons from tables equal those of LightGBM's `pred_contrib`, whatever the trees and the values.

Scores from tables are LightGBM's to the last bit.
"""

from __future__ import annotations

import re
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.explain import contributions
from models.splits import NIL, read_trees
from models.trees import Trees

N, P = 160, 4
TINY = 1.0000000180025095e-35  # as LightGBM writes the threshold beside 0
ODD = [np.nan, np.inf, -np.inf, 0.0, -0.0, NIL, -NIL, 1e-36, -1e-36, 1e-41, 2e-35, -2e-35, 3e38]
QUIET = {"verbosity": -1, "num_threads": 1, "min_data_in_leaf": 3, "min_data_in_bin": 1}


def grown_on(seed: int, holes: float) -> tuple[np.ndarray, np.ndarray]:
    """Rows to grow on: column 0 of few whole numbers, holes and zeros everywhere."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N, P))
    X[:, 0] = rng.integers(0, 40, N)
    X[rng.random((N, P)) < 0.1] = 0.0
    y = np.sin(X[:, 0]) + X[:, 1] * X[:, 2] + (X[:, 3] > 0)
    X[rng.random((N, P)) < holes] = np.nan
    return X.astype(np.float32), y


def asked(trees: Trees, seed: int) -> np.ndarray:
    """Rows on thresholds, one step beside them, and at values that computers treat apart."""
    rng = np.random.default_rng(seed)
    on = [t for tree in read_trees(trees.text) for t in tree.threshold.tolist()]
    with np.errstate(over="ignore"):
        single = np.array([*on, 39, 0.5, -0.5, -1], np.float32)
    beside = [np.nextafter(single, np.float32(way)) for way in (-np.inf, np.inf)]
    some = np.concatenate([single, *beside, np.array(ODD, np.float32)])
    return rng.choice(some, size=(60, trees.booster.num_feature()))


def check_equal(trees: Trees, X: np.ndarray) -> None:
    expected = trees.booster.predict(X, pred_contrib=True, num_threads=1)
    np.testing.assert_allclose(contributions(trees, X), expected, rtol=1e-10, atol=1e-9)
    tables = trees.path_tables
    assert tables is not None
    assert (tables.raw(X) == trees.walked(X)).all()
    assert (tables.loops.contributions(X) == tables.plain_contributions(X)).all()


@st.composite
def ensembles(draw: st.DrawFn) -> Trees:
    params: dict[str, Any] = {
        "objective": draw(st.sampled_from(["regression", "binary", "gamma"])),
        "num_leaves": draw(st.sampled_from([2, 3, 8, 31, 60])),
        "max_depth": draw(st.sampled_from([1, 3, 6, -1])),
        "zero_as_missing": draw(st.booleans()),
        "use_missing": draw(st.booleans()),
        "bagging_fraction": draw(st.sampled_from([0.5, 1.0])),
        "bagging_freq": 1,
        "max_cat_to_onehot": draw(st.sampled_from([1, 50])),
        "min_data_per_group": 1,
        "cat_smooth": 1.0,
    }
    categories = draw(st.booleans())
    if draw(st.booleans()):
        params |= {"monotone_constraints": [0, 1, -1, 1], "monotone_constraints_method": "basic"}
    X, y = grown_on(draw(st.integers(0, 10**6)), draw(st.sampled_from([0.0, 0.3])))
    label = {"regression": y, "binary": y > 0, "gamma": np.exp(y)}[params["objective"]]
    data = lgb.Dataset(X, np.asarray(label, float), categorical_feature=[0] if categories else [])
    return Trees.of(lgb.train({**QUIET, **params}, data, draw(st.integers(1, 6))))


@given(trees=ensembles(), seed=st.integers(0, 99))
@settings(max_examples=60)
def test_equal_on_grown_trees(trees: Trees, seed: int) -> None:
    check_equal(trees, asked(trees, seed))
    check_equal(trees, asked(trees, seed).astype(np.float64) * (1 + 1e-12))


@given(
    seed=st.integers(0, 99),
    kinds=st.lists(st.sampled_from([0, 2, 4, 6, 8, 10]), min_size=7, max_size=7),
    thresholds=st.lists(
        st.sampled_from([0.0, TINY, -TINY, 1e-36, -1e-36, 1e-41, 0.1, 1 / 3, 1e300, -1e300]),
        min_size=7,
        max_size=7,
    ),
)
@settings(max_examples=60)
def test_equal_on_any_rule_for_what_is_missing(
    seed: int, kinds: list[int], thresholds: list[float]
) -> None:
    """Splits that no fit would make, written into a model's text, decide as LightGBM decides."""
    X, y = grown_on(1, 0.1)
    data = lgb.Dataset(X, y)
    text = Trees.of(lgb.train({**QUIET, "objective": "regression", "num_leaves": 8}, data, 1)).text
    text = re.sub("tree_sizes=.*\n", "", text)
    for name, values in (("decision_type", kinds), ("threshold", thresholds)):
        written = " ".join(map(repr, values))
        text = re.sub(rf"\n{name}=.*\n", f"\n{name}={written}\n", text)
    trees = Trees(text)
    assert sorted(read_trees(text)[0].threshold) == sorted(thresholds)
    check_equal(trees, asked(trees, seed))


@given(order=st.permutations(range(60)), cut=st.integers(1, 59), threads=st.sampled_from([1, 2]))
@settings(max_examples=20)
def test_same_bytes_in_any_order_batch_and_number_of_threads(
    order: list[int], cut: int, threads: int
) -> None:
    X, y = grown_on(2, 0.2)
    trees = Trees.of(lgb.train({**QUIET, "objective": "regression"}, lgb.Dataset(X, y), 5))
    rows = asked(trees, 3)
    whole = contributions(trees, rows)
    parts = [contributions(trees, part, threads) for part in np.split(rows[order], [cut])]
    assert (np.concatenate(parts) == whole[order]).all()
    assert (contributions(trees, np.asfortranarray(rows)) == whole).all()


@pytest.mark.parametrize("leaves", [100, 300])
def test_many_edges_and_one_column_asked_again_and_again(leaves: int) -> None:
    rng = np.random.default_rng(4)
    X = rng.normal(size=(2000, 1)).astype(np.float32)
    params = {**QUIET, "objective": "regression", "num_leaves": leaves}
    trees = Trees.of(lgb.train(params, lgb.Dataset(X, np.sin(9 * X[:, 0])), 4))
    check_equal(trees, np.concatenate([X[:200], asked(trees, 5)]))


def test_trees_of_one_leaf_and_ensembles_without_a_split() -> None:
    X, y = grown_on(6, 0.0)
    trees = Trees.of(lgb.train({**QUIET, "objective": "regression"}, lgb.Dataset(X, y * 0 + 2), 2))
    phi = contributions(trees, X)
    assert (phi[:, :-1] == 0).all()
    assert (phi[:, -1] == 2).all()
    check_equal(trees, X)
