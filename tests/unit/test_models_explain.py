"""Reasons that do not add up are refused, never shown."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pytest

from models.explain import AdditivityError, check_additive, contributions
from models.trees import Trees


@pytest.fixture(scope="module")
def grown() -> tuple[Trees, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3)).astype("float32")
    y = (X[:, 0] * X[:, 1] > 0).astype(float)
    params = {"objective": "binary", "max_depth": 3, "verbosity": -1, "num_threads": 1}
    return Trees.of(lgb.train(params, lgb.Dataset(X, y), 15)), X


def test_batches_do_not_show(
    grown: tuple[Trees, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    trees, X = grown
    whole = contributions(trees, X)
    monkeypatch.setattr("models.explain.BATCH_ROWS", 150)
    assert (contributions(trees, X) == whole).all()
    np.testing.assert_allclose(whole.sum(axis=1), trees.raw(X), atol=1e-12)


def test_shares_are_shapley_values(grown: tuple[Trees, np.ndarray]) -> None:
    """On a stump the value of a column is its leaf less the mean over the rows grown on."""
    _, X = grown
    y = (X[:, 0] > 0).astype(float)
    params = {"objective": "regression", "num_leaves": 2, "verbosity": -1, "num_threads": 1}
    trees = Trees.of(lgb.train(params, lgb.Dataset(X, y), 1))
    phi = contributions(trees, X)
    np.testing.assert_allclose(phi[:, 0], trees.raw(X) - trees.raw(X).mean(), atol=1e-9)
    assert (phi[:, 1:3] == 0).all()


def test_a_gap_is_refused_with_count_rows_and_size() -> None:
    phi = np.array([[1.0, 2.0], [1.0, 2.5], [0.0, np.nan]])
    says = r"contributions of 2 of 3 rows .* first rows \[1, 2\], largest gap 0.5"
    with pytest.raises(AdditivityError, match=says):
        check_additive(phi, np.array([3.0, 3.0, 0.0]))


def test_rounding_is_no_gap() -> None:
    check_additive(np.array([[0.1, 0.2]]), np.array([0.3]))
    check_additive(np.array([[1e9, 0.2]]), np.array([1e9]))


def test_text_round_trip_scores_the_same(grown: tuple[Trees, np.ndarray]) -> None:
    trees, X = grown
    again = Trees(trees.text)
    assert again == trees
    assert (again.raw(X) == trees.raw(X)).all()
    assert "num_threads" not in trees.text
