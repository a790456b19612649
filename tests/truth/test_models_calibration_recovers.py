"""Calibration finds the chance that made the data, and its bands hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from models.calibration import fit_calibrator
from models.conformal import residual_band


@pytest.mark.parametrize(
    ("name", "truth"),
    [
        ("too extreme", lambda m: 1 / (1 + np.exp(-0.5 * m))),
        ("too timid", lambda m: 1 / (1 + np.exp(-1.8 * m))),
        ("base rate off", lambda m: 1 / (1 + np.exp(1.5 - m))),
        ("bent", lambda m: (1 / (1 + np.exp(-m))) ** 2),
        ("rare", lambda m: 1 / (1 + np.exp(4 - 0.7 * m))),
    ],
)
def test_the_true_chance_is_recovered(name: str, truth: object) -> None:
    assert callable(truth)
    for seed in range(3):
        rng = np.random.default_rng(seed)
        margin = rng.normal(-0.5, 1.3, 20_000)
        violation = (rng.random(20_000) < truth(margin)).astype(float)
        calibrator = fit_calibrator(margin, violation, np.ones(20_000), seed=0)
        at = np.linspace(-3, 2, 50)
        assert np.abs(calibrator.probability(at) - truth(at)).max() < 0.035, (name, seed)


def test_weights_give_the_populations_chance_not_the_samples() -> None:
    """Firms drawn in proportion to risk, weighted back by the inverse of their chance of it."""
    rng = np.random.default_rng(0)
    margin = rng.normal(-1, 1, 60_000)
    stubborn = rng.random(60_000) < 0.5  # seen by whoever selects, not by the margin
    chance = 1 / (1 + np.exp(-margin - np.where(stubborn, 1.0, -1.0)))
    drawn = rng.random(60_000) < np.where(stubborn, 0.5, 0.1)
    violation = (rng.random(60_000) < chance).astype(float)
    weight = np.where(stubborn, 2.0, 10.0)[drawn]
    weighted = fit_calibrator(margin[drawn], violation[drawn], weight, seed=0)
    naive = fit_calibrator(margin[drawn], violation[drawn], np.ones(drawn.sum()), seed=0)
    at = np.linspace(-3, 1, 20)
    true = (1 / (1 + np.exp(-at - 1)) + 1 / (1 + np.exp(-at + 1))) / 2
    assert np.abs(weighted.probability(at) - true).max() < 0.05
    assert np.abs(naive.probability(at) - true).max() > 0.1
    low, high = weighted.interval(at)
    assert ((low - 0.05 < true) & (true < high + 0.05)).all()


def test_bands_hold_the_share_that_they_promise() -> None:
    rng, held = np.random.default_rng(0), []
    for _ in range(400):
        low, high = residual_band(rng.standard_t(3, 60), np.ones(60), 0.9)
        new = rng.standard_t(3, 200)
        held.append(((low <= new) & (new <= high)).mean())
    # 60 residuals and one to come: 3 of 61 places outside on either side at most
    assert 0.89 < np.mean(held) < 0.93
