"""Split-conformal bands: how far later outcomes fell from their predictions."""

from __future__ import annotations

import numpy as np

from models.arrays import Floats


def residual_band(residual: Floats, weight: Floats, level: float) -> tuple[float, float]:
    """Return the band that holds a new residual with chance `level` or more, half outside a side.

    Split-conformal prediction (Vovk, Gammerman and Shafer, 2005; Lei et al., 2018): the new row
    counts as one more residual, at infinity. Assumes that rows are exchangeable given `weight`; if
    later rows drift, coverage falls. With too few rows for the level, the band is the range seen.

    Parameters
    ----------
    residual, weight : float64, shape (n,), n >= 1
    level : float
        Between 0 and 1.
    """
    tail = (1 - level) / 2
    return -_upper(-residual, weight, 1 - tail), _upper(residual, weight, 1 - tail)


def _upper(residual: Floats, weight: Floats, level: float) -> float:
    order = np.argsort(residual, kind="stable")
    total = weight.sum() + weight.mean()
    reached = np.cumsum(weight[order]) >= level * total * (1 - 1e-12)
    return float(residual[order][np.argmax(reached)] if reached.any() else residual.max())
