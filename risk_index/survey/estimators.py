"""Mean outcome of the firms of a domain, from those observed: three estimators and the naive mean.

Each returns the mean and one residual a firm, such that the variance of the weighted sum of residuals is
the variance of the mean (Sarndal, Swensson and Wretman, Model Assisted Survey Sampling, 1992).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from risk_index.survey.design import Bools, Floats, Sample, degrees_of_freedom, squares


@dataclass(frozen=True)
class Domain:
    """A part of the registry.

    Attributes
    ----------
    members : ndarray of bool, shape (n,)
        Which of the firms drawn belong to it.
    n_firms : float
        Firms of the frame that belong to it.
    """

    members: Bools
    n_firms: float


@dataclass(frozen=True)
class Mean:
    """A mean with its doubt.

    Attributes
    ----------
    value : float
        The estimate.
    variance : float
        Estimated over repeated draws; missing for the naive mean.
    df : float
        Degrees of freedom of that variance; missing for the naive mean.
    design_effect : float
        The variance over that of a simple random sample with as many outcomes.
    """

    value: float
    variance: float = float("nan")
    df: float = float("nan")
    design_effect: float = float("nan")


def horvitz_thompson(y: Floats, sample: Sample, domain: Domain) -> Mean:
    """Return ``sum w y / N``: unbiased, and the less sure the less outcomes follow the chances."""
    part = np.where(domain.members & sample.answered, y, 0.0) / domain.n_firms
    return _with_doubt(float((sample.weight * part).sum()), part, y, sample, domain)


def hajek(y: Floats, sample: Sample, domain: Domain) -> Mean:
    """Return ``sum w y / sum w``: steady where outcomes do not follow the chances; nearly unbiased."""
    weight = sample.weight * domain.members
    value = _weighted_mean(y, weight)
    residual = np.where(weight > 0, y - value, 0.0) / weight.sum()
    return _with_doubt(value, residual, y, sample, domain)


def difference(
    y: Floats, predicted: Floats, predicted_mean: float, sample: Sample, domain: Domain
) -> Mean:
    """Return the mean prediction plus the weighted mean error: unbiased whatever the model is worth.

    Parameters
    ----------
    predicted : ndarray, shape (n,)
        Predictions for the firms drawn, made before the draw.
    predicted_mean : float
        Their mean over all firms of the domain.
    """
    seen = domain.members & sample.answered
    error = np.where(seen, y - predicted, 0.0) / domain.n_firms
    value = predicted_mean + float((sample.weight * error).sum())
    return _with_doubt(value, error, y, sample, domain)


def naive(y: Floats, sample: Sample, domain: Domain) -> Mean:
    """Return the unweighted mean of what was found: it says what visits find, not what firms are like."""
    return Mean(float(y[domain.members & sample.answered & sample.real].mean()))


def bounds(low: Floats, high: Floats, sample: Sample, domain: Domain) -> tuple[float, float]:
    """Return the weighted means of the least and of the most that firms drawn may have shown."""
    weight = sample.design_weight * domain.members
    return _weighted_mean(low, weight), _weighted_mean(high, weight)


def _weighted_mean(y: Floats, weight: Floats) -> float:
    return float((weight * np.where(weight > 0, y, 0.0)).sum() / weight.sum())


def _with_doubt(value: float, residual: Floats, y: Floats, sample: Sample, domain: Domain) -> Mean:
    parts = squares(residual, sample)
    spread = float(parts.sum())
    simple = _simple_variance(y, sample.weight * domain.members, domain.n_firms)
    effect = spread / simple if simple > 0 else float("nan")
    return Mean(value, spread, degrees_of_freedom(parts[domain.members & sample.answered]), effect)


def _simple_variance(y: Floats, weight: Floats, n_firms: float) -> float:
    """Return the variance of the mean of a simple random sample of the same number of firms."""
    n = int((weight > 0).sum())
    if n < 2:
        return 0.0
    about = np.where(weight > 0, y - _weighted_mean(y, weight), 0.0)
    square = float((weight * about**2).sum() / weight.sum()) * n / (n - 1)
    return max(0.0, 1.0 - n / n_firms) * square / n
