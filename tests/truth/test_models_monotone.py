"""More penalties never lower the likelihood or the severity: by brute force on whole models."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest

from models.examples import Examples
from models.folds import later_folds
from models.likelihood import fit_likelihood
from models.severity import fit_severity
from models.trees import TreeSettings, tree_params

SIGNS = {"a": 1, "b": 1, "c": -1, "d": -1, "e": 1, "f": 0, "g": 0, "h": 0}
SETTINGS = TreeSettings(max_rounds=80, rows_in_leaf=20, l2=1.0, learning_rate=0.1, num_threads=1)


def simulated(seed: int, n: int = 2500) -> Examples:
    """Outcomes that contradict the directions here and there, with missing values."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 8)).astype("float32")
    X[:, ::2] = np.round(X[:, ::2]).clip(0)
    X[rng.random((n, 8)) < 0.05] = np.nan
    v = np.nan_to_num(X)
    margin = (
        -0.5 + np.sin(2 * v[:, 0]) + v[:, 1] * v[:, 2] - 0.5 * v[:, 3] + 0.3 * v[:, 4] * v[:, 5]
    )
    violation = (rng.random(n) < 1 / (1 + np.exp(-margin))).astype("int8")
    harm = np.exp(0.7 * np.cos(2 * v[:, 1]) + 0.5 * v[:, 3] * v[:, 5]) * rng.gamma(1, 3, n)
    as_of = np.datetime64("2021-01-01") + rng.integers(0, 1000, n).astype("timedelta64[D]")
    return Examples(
        X=pd.DataFrame(X, columns=list(SIGNS)),
        violation=violation,
        harm=np.where(violation == 1, harm, np.nan),
        weight=np.ones(n),
        as_of=as_of,
        known_on=as_of,
        controller=np.arange(n),
    )


def largest_step_against(predict: object, X: pd.DataFrame, sign: dict[str, int]) -> float:
    """Return how far a prediction ever moves against a declared direction."""
    assert callable(predict)
    worst = 0.0
    for column, direction in sign.items():
        if direction:
            grid = np.linspace(-3, 3, 41, dtype="float32")
            curves = np.stack([predict(X.assign(**{column: value})) for value in grid])
            worst = max(worst, float((-direction * np.diff(curves, axis=0)).max()))
    return worst


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_declared_directions_hold_everywhere(seed: int) -> None:
    examples = simulated(seed)
    folds = later_folds(examples, np.datetime64("2023-01-01"), 30, 3, seed=0)
    probe = examples.X.iloc[:150]
    likelihood = fit_likelihood(examples, SIGNS, folds, SETTINGS, seed)
    severity = fit_severity(examples, SIGNS, folds, SETTINGS, seed)
    assert severity.trees is not None
    for predict in (likelihood.predict, severity.predict):
        assert largest_step_against(predict, probe, SIGNS) < 1e-9
    low_high = [lambda X, k=k: likelihood.interval(X)[k] for k in (0, 1)]
    assert max(largest_step_against(predict, probe, SIGNS) for predict in low_high) < 1e-9
    free = fit_likelihood(examples, dict.fromkeys(SIGNS, 0), folds, SETTINGS, seed)
    assert largest_step_against(free.predict, probe, SIGNS) > 0.01


def test_why_the_basic_method_is_used() -> None:
    """LightGBM's "advanced" method breaks directions that "basic" keeps, in the same data."""
    examples = simulated(0)
    X, y = examples.X.to_numpy(), examples.violation
    worst = {}
    for method in ("basic", "advanced"):
        params = tree_params(SETTINGS, len(X), SIGNS, 0) | {
            "objective": "binary",
            "monotone_constraints_method": method,
        }
        grown = lgb.train(params, lgb.Dataset(X, y), 80)

        def predict(X: pd.DataFrame, grown: lgb.Booster = grown) -> np.ndarray:
            return np.asarray(grown.predict(X.to_numpy("float32"), raw_score=True, num_threads=1))

        worst[method] = largest_step_against(predict, examples.X.iloc[:150], SIGNS)
    assert worst["basic"] < 1e-9
    assert worst["advanced"] > 0.01
