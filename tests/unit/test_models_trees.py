"""Trees: weights and losses by hand, limits that grow with the rows, stopping on later rows."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import log_loss as oracle_log_loss
from sklearn.metrics import mean_gamma_deviance, mean_squared_error

from models.folds import Fold
from models.trees import (
    TreeSettings,
    check_directions,
    cross_fit,
    fitting_weight,
    gamma_deviance,
    log_loss,
    squared_error,
    tree_params,
)

QUICK = TreeSettings(max_rounds=30, early_stopping_rounds=5, num_threads=1)


def test_weights_are_cut_at_the_top_and_have_mean_one() -> None:
    weight = np.r_[np.ones(990), np.full(9, 2.0), 500.0]
    fitted = fitting_weight(weight)
    assert fitted.mean() == pytest.approx(1)
    assert fitted.max() / fitted.min() <= 2
    assert (fitting_weight(np.full(5, 7.0)) == 1).all()


def test_losses_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    said, seen, weight = rng.gamma(2, 1, 50), rng.gamma(2, 1, 50), rng.gamma(2, 1, 50)
    chance, label = rng.random(50), rng.integers(0, 2, 50).astype(float)
    assert gamma_deviance(said, seen, weight) == pytest.approx(
        mean_gamma_deviance(seen, said, sample_weight=weight)
    )
    assert squared_error(said, seen, weight) == pytest.approx(
        mean_squared_error(seen, said, sample_weight=weight)
    )
    assert log_loss(chance, label, weight) == pytest.approx(
        oracle_log_loss(label, chance, sample_weight=weight)
    )


@pytest.mark.parametrize(("rows", "leaf"), [(9, 5), (100, 10), (10_000, 100), (4_000_000, 2000)])
def test_the_smallest_leaf_grows_with_the_rows(rows: int, leaf: int) -> None:
    assert tree_params(QUICK, rows, {"a": 0}, seed=0)["min_data_in_leaf"] == leaf
    fixed = TreeSettings(rows_in_leaf=7)
    assert tree_params(fixed, rows, {"a": 0}, seed=0)["min_data_in_leaf"] == 7


def test_directions_are_handed_over_in_order_if_there_are_any() -> None:
    params = tree_params(QUICK, 100, check_directions({"a": 1, "b": 0, "c": -1}), seed=0)
    assert params["monotone_constraints"] == [1, 0, -1]
    assert params["monotone_constraints_method"] == "basic"
    assert "monotone_constraints" not in tree_params(QUICK, 100, {"a": 0}, seed=0)


@pytest.mark.parametrize("weight", [np.ones(400), np.linspace(0.5, 1.5, 400)])
def test_growing_stops_in_step_on_the_later_rows(weight: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 2)).astype("float32")
    label = X[:, 0].astype(float) ** 2
    folds = [
        Fold(np.arange(0, 150), np.arange(300, 350)),
        Fold(np.arange(150, 300), np.arange(350, 400)),
    ]
    params = {"objective": "regression", **tree_params(QUICK, 400, {"a": 0, "b": 0}, seed=0)}
    fit = cross_fit(X, label, weight, folds, params, QUICK, squared_error)
    assert 5 < fit.rounds <= 30
    assert fit.rows == 150
    for k, fold in enumerate(folds):
        error = squared_error(fit.raw(k, X[fold.later]), label[fold.later], np.ones(50))
        assert error < 0.8 * label[fold.later].var()


def test_a_loss_that_is_no_number_is_refused_not_stopped_on() -> None:
    X = np.zeros((60, 1), "float32")
    folds = [Fold(np.arange(30), np.arange(30, 60))]
    params = {"objective": "regression", **tree_params(QUICK, 60, {"a": 0}, seed=0)}
    with pytest.raises(FloatingPointError, match="the later rows' loss is nan"):
        cross_fit(X, np.ones(60), np.ones(60), folds, params, QUICK, lambda *_: float("nan"))
