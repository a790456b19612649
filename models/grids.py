"""Codes for the values of a column: values with one code go the same way at every split."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from models.arrays import Floats, Rows, Singles
from models.splits import NIL

FEW_EDGES = 128
"""Up to so many, comparing with each is faster than a binary search."""


@dataclass(frozen=True, eq=False)
class Grid:
    """The edges between which no split on a column changes its decision.

    The code of NaN is 0, that of a number 1 and the number of edges it does not exceed.

    Parameters
    ----------
    edges : float64, shape (m,), lowest first
    single_edges : float32, shape (m,)
        The greatest singles up to the edges: a single exceeds both or neither.

    >>> Grid.of([0.5, 2.0]).codes(np.array([np.nan, -1.0, 0.5, 2.0, 3.0]))
    array([0, 3, 3, 2, 1])
    """

    edges: Floats
    single_edges: Singles

    @classmethod
    def of(cls, edges: Iterable[float]) -> Grid:
        """Make the grid of edges in any order."""
        exact = np.array(sorted(set(edges)))
        with np.errstate(over="ignore"):
            near = exact.astype(np.float32)
        below = np.nextafter(near, np.float32(-np.inf))
        return cls(exact, np.where(near > exact, below, near))

    @property
    def samples(self) -> Floats:
        """One value of each code, shape (m + 2,)."""
        return np.concatenate([[np.nan, np.inf], self.edges[::-1]])

    def codes(self, values: Floats | Singles) -> Rows:
        """Return the codes of values, shape (n,)."""
        edges = self.single_edges if values.dtype == np.float32 else self.edges
        values = np.where(np.abs(values) <= NIL, values.dtype.type(0), values)
        number = ~np.isnan(values)
        if len(edges) > FEW_EDGES:
            found = len(edges) + 1 - np.searchsorted(edges, values)
            return np.where(number, found, 0)
        code = number.astype(np.uint8)
        for edge in edges:
            code += values <= edge
        return code.astype(np.int64)
