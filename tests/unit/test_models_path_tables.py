"""Values worked by hand, and trees of other kinds, which are left to LightGBM with a word."""

from __future__ import annotations

from typing import Any

import lightgbm as lgb
import numpy as np
import pytest

from models.explain import AdditivityError, contributions
from models.grids import FEW_EDGES, Grid
from models.path_tables import FEWEST_ROWS_TO_COMPILE, PathTables, shapley
from models.splits import UnlikeTreesError, read_trees
from models.trees import SlowReasonsWarning, Trees

HAND = """tree
num_tree_per_iteration=1
max_feature_idx=1

Tree=0
num_leaves=3
num_cat=0
split_feature=0 1
threshold=1.5 0
decision_type=2 2
left_child=-1 -2
right_child=1 -3
leaf_value=0 10 40
leaf_count=50 30 20
internal_count=100 50
is_linear=0

end of trees

feature_importances:
threshold=1
"""


def grown(n_columns: int = 3, rounds: int = 3, **params: Any) -> tuple[Trees, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, n_columns)).astype("float32")
    quiet = {"objective": "regression", "verbosity": -1, "num_threads": 1, "min_data_in_leaf": 3}
    booster = lgb.train({**quiet, **params}, lgb.Dataset(X, X.sum(axis=1)), rounds)
    return Trees.of(booster), X


def test_two_inputs_by_hand() -> None:
    """Base 0.5 * 0 + 0.3 * 10 + 0.2 * 40 = 11; the first input known: 0 or 22; the second: 5 or 20."""
    rows = np.array([[1, 5], [2, 5], [2, -5]], np.float32)
    phi = PathTables.of(HAND).contributions(rows)
    first_known, second_known, score = [0, 22, 22], [20, 20, 5], [0, 40, 10]
    for row, first, second, all_known in zip(phi, first_known, second_known, score, strict=True):
        by_first = ((first - 11) + (all_known - second)) / 2
        by_second = ((second - 11) + (all_known - first)) / 2
        assert row == pytest.approx([by_first, by_second, 11])


def test_more_inputs_than_a_table_holds_say_so_and_are_left_to_lightgbm() -> None:
    X = (np.random.default_rng(0).random((4000, 12)) < 0.75).astype(np.float32)
    ones_before_a_zero = X.cumprod(axis=1).sum(axis=1)
    params = {"objective": "regression", "num_leaves": 13, "min_data_in_leaf": 1, "verbosity": -1}
    data = lgb.Dataset(X, 2.0**ones_before_a_zero)
    trees = Trees.of(lgb.train({**params, "num_threads": 1}, data, 1))
    X = X[:300]
    with pytest.warns(SlowReasonsWarning, match=r"pred_contrib.*: a leaf has 11 inputs"):
        phi = contributions(trees, X)
    assert (phi == trees.booster.predict(X, pred_contrib=True)).all()


def test_a_mean_of_trees_says_so_and_is_left_to_lightgbm() -> None:
    trees, X = grown(boosting="rf", bagging_fraction=0.5, bagging_freq=1)
    with pytest.warns(SlowReasonsWarning, match="a mean of trees"):
        phi = trees.contributions(X)
    assert (phi == trees.booster.predict(X, pred_contrib=True)).all()


def test_linear_leaves_say_so_and_the_check_refuses_what_lightgbm_says_of_them() -> None:
    trees, X = grown(linear_tree=True)
    with pytest.warns(SlowReasonsWarning, match="linear models"), pytest.raises(AdditivityError):
        contributions(trees, X)


@pytest.mark.parametrize(
    ("said", "instead", "reason"),
    [
        ("num_tree_per_iteration=1", "num_tree_per_iteration=3", "several scores"),
        ("internal_count=100 50", "internal_count=100 0", "a split saw no rows"),
    ],
)
def test_other_kinds_are_refused_with_the_reason(said: str, instead: str, reason: str) -> None:
    with pytest.raises(UnlikeTreesError, match=reason):
        PathTables.of(HAND.replace(said, instead))


def test_another_number_of_columns_is_refused() -> None:
    trees, X = grown()
    with pytest.raises(ValueError, match="2 columns given, the trees were grown on 3"):
        trees.contributions(X[:, :2])
    many = np.zeros((FEWEST_ROWS_TO_COMPILE, 2), np.float32)
    with pytest.raises(ValueError, match="2 columns given, the trees were grown on 3"):
        trees.raw(many)


def test_tables_are_made_once() -> None:
    trees, X = grown()
    before = trees.path_tables
    trees.contributions(X)
    assert trees.path_tables is before


def test_sums_of_values_over_all_inputs_are_the_leaf_less_its_mean() -> None:
    rng = np.random.default_rng(1)
    value, share = rng.normal(size=20), rng.random((20, 6))
    total = shapley(value, share).sum(axis=1)
    mean = value * share.prod(axis=1)
    np.testing.assert_allclose(total[:, -1], value - mean, atol=1e-14)
    np.testing.assert_allclose(total[:, :-1], np.broadcast_to(-mean[:, None], (20, 63)), atol=1e-14)


def test_few_and_many_edges_code_alike() -> None:
    rng = np.random.default_rng(2)
    edges = rng.normal(size=3 * FEW_EDGES)
    values = np.array([np.nan, np.inf, -np.inf, *edges, *rng.normal(size=99)])
    for given in (values, values.astype(np.float32)):
        expected = (given[:, None] <= edges).sum(axis=1) + ~np.isnan(given)
        assert (Grid.of(edges).codes(given) == expected).all()
        few = Grid.of(edges[:5]).codes(given)
        assert (few == (given[:, None] <= edges[:5]).sum(axis=1) + ~np.isnan(given)).all()


def test_numbers_are_read_in_full() -> None:
    trees, _ = grown()
    dumped = trees.booster.dump_model()["tree_info"]
    for tree, info in zip(read_trees(trees.text), dumped, strict=True):
        assert tree.threshold[0] == info["tree_structure"]["threshold"]
        assert len(tree.leaf) == info["num_leaves"]
        node = info["tree_structure"]
        while "left_child" in node:
            node = node["left_child"]
        assert node["leaf_value"] in tree.leaf
