"""Metrics of a probability: what is said to happen with chance p should do so p of the time.

Everything takes weights of shape (B, n), a row a bootstrap replicate, and returns shape (B,).
"""

from __future__ import annotations

import numpy as np

from models.arrays import Floats
from models.capture import Ordered

BINS = 10
MOST_STEPS = 30


def probability_metrics(
    probability: Floats, violation: Floats, weight: Floats
) -> dict[str, Floats]:
    """Return Brier score, log loss, calibration slope, intercept and error, observed / expected.

    Slope and intercept are those of a logistic regression of the outcome on logit P: 1 and 0 if
    calibrated, a slope below 1 if the probabilities are too extreme.

    Parameters
    ----------
    probability, violation : shape (n,)
    weight : shape (B, n)

    Returns
    -------
    dict of float64, each of shape (B,)
    """
    if not ((probability >= 0) & (probability <= 1)).all():
        raise ValueError("probabilities must lie between 0 and 1")
    p = np.clip(probability, 1e-15, 1 - 1e-15)
    loss = -np.where(violation > 0, np.log(p), np.log1p(-p))
    total = weight.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        intercept, slope = recalibration(np.log(p) - np.log1p(-p), violation, weight)
        return {
            "brier": (weight * (p - violation) ** 2).sum(axis=1) / total,
            "log_loss": (weight * loss).sum(axis=1) / total,
            "calibration_slope": slope,
            "calibration_intercept": intercept,
            "calibration_error": _binned_error(probability, violation, weight),
            "observed_to_expected": (weight * violation).sum(axis=1) / (weight * p).sum(axis=1),
        }


def recalibration(logit: Floats, violation: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Fit outcome ~ intercept + slope * logit for every replicate at once, by Newton's method.

    Parameters
    ----------
    logit, violation : shape (n,)
    weight : shape (B, n)

    Returns
    -------
    intercept, slope : shape (B,)
        NaN where it does not converge: one outcome only, outcomes split by the logit, or no spread.
    """
    nan = np.full(len(weight), np.nan)
    if np.ptp(logit) == 0:
        return nan, nan.copy()
    centre, spread = logit.mean(), logit.std()
    z = (logit - centre) / spread
    start = np.zeros((1, 2)) if len(weight) == 1 else _newton(z, violation, weight.mean(0)[None])
    if np.isnan(start).any():
        start = np.zeros((1, 2))
    found = _newton(z, violation, weight, np.repeat(start, len(weight), axis=0))
    slope = found[:, 1] / spread
    return found[:, 0] - slope * centre, slope


def _newton(z: Floats, y: Floats, weight: Floats, start: Floats | None = None) -> Floats:
    ab = np.zeros((len(weight), 2)) if start is None else start.copy()
    step = np.full_like(ab, np.inf)
    for _ in range(MOST_STEPS):
        p = 1 / (1 + np.exp(-np.clip(ab[:, :1] + ab[:, 1:] * z, -35, 35)))
        off = weight * (y - p)
        bend = weight * p * (1 - p)
        g0, g1 = off.sum(axis=1), (off * z).sum(axis=1)
        bend_z = bend * z
        h00, h01, h11 = bend.sum(axis=1), bend_z.sum(axis=1), (bend_z * z).sum(axis=1)
        step = np.stack([h11 * g0 - h01 * g1, h00 * g1 - h01 * g0], axis=1)
        step = np.clip(step / (h00 * h11 - h01**2)[:, None], -3, 3)
        ab += step
        if not (np.abs(step) > 1e-9).any():
            break
    done = np.abs(step).max(axis=1) <= 1e-6
    ab[~done | (np.abs(ab) > 30).any(axis=1)] = np.nan
    return ab


def _binned_error(probability: Floats, violation: Floats, weight: Floats) -> Floats:
    """Return the mean |said - happened| over ten bins of equal weight, ties kept together."""
    ordered = Ordered.by(probability)
    mass = ordered.grouped(weight)
    gap = ordered.grouped(weight * (probability - violation))
    total = mass.sum(axis=1, keepdims=True)
    middle = (np.cumsum(mass, axis=1) - mass / 2) / total
    bins = np.minimum((middle * BINS).astype(np.int64), BINS - 1)
    slot = bins + BINS * np.arange(len(weight))[:, None]
    sums = np.bincount(slot.ravel(), weights=gap.ravel(), minlength=BINS * len(weight))
    return np.asarray(np.abs(sums.reshape(-1, BINS)).sum(axis=1) / total[:, 0])
