"""Random numbers that hang on the firm and not on who else is visited.

A season is played under one policy and again under another. With ordinary random numbers one visit more
would shift the luck of every firm after it. Here a number is drawn for every firm and those of the rows at
hand are taken, so that a firm meets the same luck whatever the policy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from risk_index.world.firms import Array, stream


@dataclass(frozen=True)
class Luck:
    """The random numbers of one topic and season for some rows, each row another firm.

    It answers to the names of those methods of :class:`numpy.random.Generator` that visits and penalties
    are drawn with; sizes must be the number of rows.

    Attributes
    ----------
    rng : Generator
        Draws one number for each of the `n` firms of the chunk at every call.
    n : int
        Firms of the chunk.
    rows : ndarray of int
        Places of the firms at hand.
    """

    rng: np.random.Generator
    n: int
    rows: Array

    def random(self, size: int | tuple[int, ...] | None = None) -> Array:
        """Return uniform numbers."""
        drawn = self.rng.random(self.n)[self.rows]
        return drawn if size is None else drawn.reshape(size)

    def integers(self, low: int | Array, high: int | Array, size: int | None = None) -> Array:
        """Return whole numbers from `low` to below `high`."""
        return (low + np.floor(self.random(size) * (np.asarray(high) - low))).astype(np.int64)

    def standard_normal(self, size: int | None = None) -> Array:
        """Return normal numbers."""
        drawn = self.rng.standard_normal(self.n)[self.rows]
        return drawn if size is None else drawn.reshape(size)

    def lognormal(self, mean: float, sigma: float, size: int | None = None) -> Array:
        """Return log-normal numbers."""
        return np.exp(mean + sigma * self.standard_normal(size))

    def exponential(self, scale: float, size: int | None = None) -> Array:
        """Return exponential numbers."""
        return -scale * np.log1p(-self.random(size))


Draws = np.random.Generator | Luck
"""What visits and penalties are drawn from: a stream in the history, luck in a season."""


@dataclass(frozen=True)
class Season:
    """Where the luck of a season comes from: the seed, the chunk, its firms and the season's number."""

    seed: int
    chunk: int
    n: int
    number: int

    def luck(self, topic: str, rows: Array | None = None) -> Luck:
        """Return the luck of a topic for the firms `rows`, for all of them where none are named."""
        everyone = np.arange(self.n)
        rng = stream(self.seed, self.chunk, f"season {topic}", self.number)
        return Luck(rng, self.n, everyone if rows is None else rows)
