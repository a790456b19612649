"""Where the true chances and harms are known, both models come close to them, seed after seed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from models.examples import Examples
from models.folds import later_folds
from models.likelihood import fit_likelihood
from models.metrics import Outcomes, Score, measure
from models.severity import fit_severity
from models.trees import TreeSettings

SETTINGS = TreeSettings(learning_rate=0.1, num_threads=1)
DIRECTIONS = {"load": 1, "years": -1, "sector": 0, "size": 0, "noise": 0}
SPLIT = np.datetime64("2023-04-01")


def world(n: int, seed: int, tail: str = "gamma") -> tuple[Examples, np.ndarray, np.ndarray]:
    """Return examples with the true chance of a violation and the true mean harm of one."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "load": rng.gamma(0.5, 2, n),
            "years": rng.integers(0, 30, n),
            "sector": rng.integers(0, 8, n),
            "size": rng.normal(size=n),
            "noise": rng.normal(size=n),
        },
        dtype="float32",
    )
    v = X.to_numpy(float).T
    p = 1 / (1 + np.exp(1.6 - 0.6 * v[0] + 0.03 * v[1] - 0.5 * np.sin(v[2])))
    mean = np.exp(0.5 + 0.3 * v[2] + 0.5 * np.abs(v[3]))
    spread = {
        "gamma": rng.gamma(0.8, 1 / 0.8, n),
        "lognormal": np.exp(rng.normal(-0.72, 1.2, n)),
        "pareto": (rng.pareto(2.2, n) + 1) * 1.2 / 2.2,
    }[tail]
    violation = (rng.random(n) < p).astype("int8")
    as_of = np.datetime64("2021-01-01") + rng.integers(0, 1000, n).astype("timedelta64[D]")
    examples = Examples(
        X=X,
        violation=violation,
        harm=np.where(violation == 1, mean * spread, np.nan),
        weight=np.ones(n),
        as_of=as_of,
        known_on=as_of + np.timedelta64(30, "D"),
        controller=rng.integers(0, n // 3, n),
    )
    return examples, p, mean


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_likelihood_is_near_the_truth_and_calibrated(seed: int) -> None:
    examples, _, _ = world(12_000, seed)
    folds = later_folds(examples, SPLIT, 90, 4, seed=0)
    model = fit_likelihood(examples, DIRECTIONS, folds, SETTINGS, seed)
    fresh, p, _ = world(20_000, seed + 100)
    said = model.predict(fresh.X)
    found = measure(Outcomes.of(fresh), Score(said, said))
    assert found["auc"] > roc_auc_score(fresh.violation, p) - 0.02
    assert 0.9 < found["calibration_slope"] < 1.15
    assert found["calibration_error"] < 0.025
    assert np.abs(said - p).mean() < 0.04
    low, high = model.interval(fresh.X)
    assert ((low - 0.05 < p) & (p < high + 0.05)).mean() > 0.7


@pytest.mark.parametrize("tail", ["gamma", "lognormal", "pareto"])
def test_severity_is_near_the_true_mean_whatever_the_tail(tail: str) -> None:
    examples, _, _ = world(24_000, 0, tail)
    folds = later_folds(examples, SPLIT, 90, 4, seed=0)
    model = fit_severity(examples, DIRECTIONS, folds, SETTINGS, 0)
    fresh, _, mean = world(20_000, 100, tail)
    said = model.predict(fresh.X)
    assert np.corrcoef(np.log(said), np.log(mean))[0, 1] > 0.9
    assert said.mean() == pytest.approx(mean.mean(), rel=0.12)
    by_sector = pd.DataFrame({"said": said, "true": mean}).groupby(fresh.X["sector"]).mean()
    assert (by_sector["said"] / by_sector["true"]).between(0.7, 1.4).all()
    measured = np.isfinite(fresh.harm)
    low, high = model.interval(fresh.X)
    held = ((low <= fresh.harm) & (fresh.harm <= high))[measured].mean()
    assert 0.87 < held < 0.93


def test_likely_and_harmless_ranks_below_unlikely_and_grave() -> None:
    """A chance of 0.5 of little harm is less than a chance of 0.05 of much."""
    rng = np.random.default_rng(0)
    drug = rng.random(6000) < 0.5
    violation = (rng.random(6000) < np.where(drug, 0.05, 0.5)).astype("int8")
    as_of = np.datetime64("2021-01-01") + rng.integers(0, 1000, 6000).astype("timedelta64[D]")
    examples = Examples(
        X=pd.DataFrame({"drug": drug.astype("float32"), "noise": rng.normal(size=6000)}).astype(
            "float32"
        ),
        violation=violation,
        harm=np.where(violation == 1, np.where(drug, 100.0, 1.0) * rng.gamma(2, 0.5, 6000), np.nan),
        weight=np.ones(6000),
        as_of=as_of,
        known_on=as_of,
        controller=np.arange(6000),
    )
    folds = later_folds(examples, SPLIT, 90, 4, seed=0)
    signs = {"drug": 0, "noise": 0}
    likelihood = fit_likelihood(examples, signs, folds, SETTINGS, 0)
    severity = fit_severity(examples, signs, folds, SETTINGS, 0)
    two = pd.DataFrame({"drug": [0, 1], "noise": [0, 0]}, dtype="float32")
    assert likelihood.predict(two) == pytest.approx([0.5, 0.05], rel=0.4)
    music, drugs = likelihood.predict(two) * severity.predict(two)
    assert drugs > 5 * music
