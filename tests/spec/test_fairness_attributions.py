"""Interventional SHAP values against brute force and against the shap library."""

from __future__ import annotations

import itertools
from math import factorial

import lightgbm as lgb
import numpy as np
import pytest
import shap

from models.explain import AdditivityError
from risk_index.fairness.attributions import UnknownTreesError, co_occurrence, interventional

QUIET = {"verbosity": -1, "num_threads": 1, "deterministic": True, "seed": 1}


def table(n: int, p: int, missing: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)).astype(np.float32)
    X[rng.random(X.shape) < missing] = np.nan
    return X


def model(X: np.ndarray, rounds: int = 20, **params: object) -> lgb.Booster:
    y = np.nan_to_num(X[:, 0]) * np.nan_to_num(X[:, 1]) + np.isnan(X[:, 2]) + np.sin(X[:, 0])
    settings = {"objective": "regression", "num_leaves": 12, "max_depth": 5, **QUIET, **params}
    return lgb.train(settings, lgb.Dataset(X, np.nan_to_num(y)), rounds)


def brute_force(booster: lgb.Booster, x: np.ndarray, background: np.ndarray) -> list[float]:
    """Shapley's formula: the mean over the background of what each input adds to each set."""
    p = len(x)

    def value(known: tuple[int, ...]) -> float:
        mixed = background.copy()
        mixed[:, list(known)] = x[list(known)]
        return booster.predict(mixed, raw_score=True, num_threads=1).mean()

    result = []
    for j in range(p):
        others = [k for k in range(p) if k != j]
        total = 0.0
        for size in range(p):
            share = factorial(size) * factorial(p - size - 1) / factorial(p)
            for known in itertools.combinations(others, size):
                total += share * (value((*known, j)) - value(known))
        result.append(total)
    return result


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_equals_brute_force(missing):
    X = table(400, 4, missing)
    booster = model(X)
    phi = interventional(booster, X[:5], X[100:130])
    for row in range(5):
        assert phi[row, :-1] == pytest.approx(brute_force(booster, X[row], X[100:130]))


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_equals_shap(missing):
    X = table(600, 6, missing, seed=2)
    booster = model(X, max_depth=6, num_leaves=25)
    explainer = shap.TreeExplainer(booster, X[:80], feature_perturbation="interventional")
    theirs = explainer.shap_values(X[100:160], check_additivity=False)
    ours = interventional(booster, X[100:160], X[:80])
    assert ours[:, :-1] == pytest.approx(theirs, abs=1e-6)
    assert ours[:, -1] == pytest.approx(np.full(60, explainer.expected_value), abs=1e-6)


def test_missing_values_where_learning_saw_none():
    X = table(400, 4, 0.0)
    booster = model(X)
    Z = table(50, 4, 0.3, seed=3)
    phi = interventional(booster, Z, X[:50])
    assert phi.sum(axis=1) == pytest.approx(booster.predict(Z, raw_score=True))


def test_the_base_is_the_backgrounds_mean_margin():
    X = table(300, 4, 0.1)
    booster = model(X)
    phi = interventional(booster, X[:3], X[50:90])
    assert phi[:, -1] == pytest.approx(booster.predict(X[50:90], raw_score=True).mean())


def test_more_rows_than_one_batch():
    X = table(500, 4, 0.1)
    booster = model(X, rounds=3)
    many = np.tile(X[:250], (40, 1))
    phi = interventional(booster, many, X[:50])
    assert np.array_equal(phi[:250], phi[-250:])


def test_inputs_of_one_path_occur_together():
    rng = np.random.default_rng(4)
    X = rng.normal(size=(2000, 3)).astype(np.float32)
    y = np.sign(X[:, 0]) * np.sign(X[:, 1])
    booster = lgb.train(
        {"objective": "regression", "num_leaves": 4, **QUIET}, lgb.Dataset(X, y), 10
    )
    gain = co_occurrence(booster)
    assert np.array_equal(gain, gain.T)
    assert not gain.diagonal().any()
    assert gain.argmax() in (1, 3)  # inputs 0 and 1


def test_categorical_splits_are_refused():
    rng = np.random.default_rng(5)
    X = rng.integers(0, 4, size=(500, 2)).astype(np.float32)
    data = lgb.Dataset(X, X[:, 0] == 2, categorical_feature=[0])
    booster = lgb.train({"objective": "binary", "min_data_per_group": 5, **QUIET}, data, 3)
    with pytest.raises(UnknownTreesError, match="a split =="):
        interventional(booster, X, X[:10])


def test_deep_trees_are_refused():
    rng = np.random.default_rng(6)
    X = rng.normal(size=(3000, 9)).astype(np.float32)
    booster = lgb.train(
        {"objective": "regression", "num_leaves": 200, "min_data_in_leaf": 2, **QUIET},
        lgb.Dataset(X, X.prod(axis=1) + X.sum(axis=1)),
        5,
    )
    with pytest.raises(UnknownTreesError, match="at most 6"):
        interventional(booster, X[:5], X[:10])


def test_sums_are_checked(monkeypatch):
    X = table(200, 4, 0.0)
    booster = model(X, rounds=3)
    monkeypatch.setattr(booster, "predict", lambda *_, **__: np.zeros(200))
    with pytest.raises(AdditivityError, match="do not sum"):
        interventional(booster, X, X[:20])
