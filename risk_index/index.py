"""The risk index: expected harm on a scale where 50 is the average and 10 more is a doubling."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
LOWEST, HIGHEST = 0.0, 100.0


@dataclass(frozen=True)
class IndexScale:
    """The scale fixed at the time of the fit.

    Parameters
    ----------
    average_harm : float
        Mean expected harm of the registry's open firms at fit time, in harm units; above 0.
    average_points : float
        Index of that average.
    points_per_doubling : float
        Points for twice the expected harm.
    """

    average_harm: float
    average_points: float = 50.0
    points_per_doubling: float = 10.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.average_harm) and self.average_harm > 0):
            raise ValueError(f"average_harm must be above 0, not {self.average_harm}")

    @property
    def points_per_log(self) -> float:
        """Points for a factor e of expected harm."""
        return self.points_per_doubling / math.log(2)

    def unclipped(self, expected_harm: Floats) -> Floats:
        """Return the index before clipping, shape (n,).

        >>> IndexScale(2.0).unclipped(np.array([1.0, 2.0, 8.0])).tolist()
        [40.0, 50.0, 70.0]
        """
        ratio = np.log(np.maximum(expected_harm, np.finfo(float).tiny) / self.average_harm)
        return self.average_points + self.points_per_log * ratio

    def index(self, expected_harm: Floats) -> Floats:
        """Return the index, clipped to 0-100, shape (n,)."""
        return np.clip(self.unclipped(expected_harm), LOWEST, HIGHEST)
