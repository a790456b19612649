"""The bootstrap's intervals hold the true value about as often as they say."""

from __future__ import annotations

import numpy as np

from models.metrics import Outcomes, Score, intervals, measure


def drawn(rng: np.random.Generator, controllers: int) -> tuple[Outcomes, np.ndarray]:
    """Firms of one controller share a part of their risk, so rows are no independent draws."""
    controller = np.repeat(np.arange(controllers), 4)
    shared = np.repeat(rng.normal(0, 1.5, controllers), 4)
    seen = rng.normal(0, 1, len(controller))
    y = (rng.random(len(controller)) < 1 / (1 + np.exp(1 - seen - shared))).astype(float)
    return Outcomes(y, y, np.ones(len(y)), controller), 1 / (1 + np.exp(1 - seen))


def test_cluster_intervals_cover_the_truth() -> None:
    large, p = drawn(np.random.default_rng(99), 100_000)
    truth = measure(large, Score(p, p))
    names = ["auc", "brier", "calibration_slope", "violations_at_20"]
    rng, held = np.random.default_rng(0), np.zeros(len(names))
    for k in range(150):
        outcomes, p = drawn(rng, 120)
        table = intervals(outcomes, Score(p, p), replicates=150, seed=k, level=0.9).loc[names]
        true = np.array([truth[name] for name in names])
        held += (table["low"] <= true) & (true <= table["high"])
    # 150 samples at 0.9: a standard error of 0.024
    assert ((held / 150 > 0.82) & (held / 150 < 0.98)).all(), held / 150
