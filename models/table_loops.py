"""Look-ups in path tables for many rows: loops that numba compiles, the bits of the plain way.

Compiling takes a second a process, so few rows are not worth it. Nothing is reassociated: a row's sums go
in the order of the tables, and rows do not meet.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from models.arrays import Floats, Rows, Singles
from models.grids import Grid
from models.splits import NIL

BLOCK = 4096
"""Rows at once: what they need stays in the processor's cache."""


@dataclass(frozen=True, eq=False)
class Table:
    """Shapley values of some leaves of a tree, in every case of their d inputs.

    Parameters
    ----------
    columns : tuple of int, shape (d,)
    steps : tuple of int64 arrays, each of shape (codes,)
        What the code of an input adds to the number of the case.
    values : tuple of float64 arrays, each of shape (cases,)
        Shapley values of an input.
    score : float64 array, shape (cases,)
        Value of the leaf that is met, 0 where it is none of these.
    """

    columns: tuple[int, ...]
    steps: tuple[Rows, ...]
    values: tuple[Floats, ...]
    score: Floats


class Pieces(NamedTuple):
    """Arrays end to end: piece k lies from ``start[k]`` to ``start[k + 1]``."""

    all: np.ndarray
    start: Rows

    @classmethod
    def of(cls, arrays: Iterable[Sequence[int] | Rows | Floats | Singles], kind: Any) -> Pieces:
        """Lay arrays end to end, as numbers of one kind."""
        parts: list[Any] = [np.asarray(array, dtype=kind) for array in arrays]
        start = np.cumsum([0, *map(len, parts)])
        return cls(np.concatenate([np.empty(0, kind), *parts]), start)


class Flat(NamedTuple):
    """What a row's cases are found from.

    Parameters
    ----------
    column : int64, shape (k,)
        Columns of the matrix that the tables ask.
    edges : Pieces, one an asked column
    inputs : Pieces, one a table
        Its inputs, as places in `column`.
    steps : Pieces, one an input of a table
        What each code adds to the number of the case, which is below 2^16.
    nil : float of the matrix's precision
        Values up to here, of either sign, are 0.
    """

    column: Rows
    edges: Pieces
    inputs: Pieces
    steps: Pieces
    nil: np.floating


@dataclass(frozen=True, eq=False)
class TableLoops:
    """The loops over one ensemble's tables.

    Parameters
    ----------
    grids : tuple of (column, Grid)
    tables : tuple of Table
    base : float
        Shapley values' base, for every row.
    """

    grids: tuple[tuple[int, Grid], ...]
    tables: tuple[Table, ...]
    base: float

    def raw(self, matrix: Singles) -> Floats:
        """Return the sum of the leaf values met, shape (n,)."""
        found = np.zeros(len(matrix))
        _add_scores(matrix, self._flat(matrix.dtype), self._score, found)
        return found

    def contributions(self, matrix: Singles) -> Floats:
        """Return Shapley values, shape (n, p + 1), the base value last."""
        phi = np.empty((len(matrix), matrix.shape[1] + 1))
        _fill_values(matrix, self._flat(matrix.dtype), self._values, self.base, phi)
        return phi

    def _flat(self, kind: np.dtype) -> Flat:
        """Lay out the tables for a matrix of single or double precision."""
        place = {column: k for k, (column, _) in enumerate(self.grids)}
        single = kind == np.float32
        return Flat(
            np.array(list(place), dtype=np.int64),
            Pieces.of((g.single_edges if single else g.edges for _, g in self.grids), kind.type),
            Pieces.of(([place[c] for c in table.columns] for table in self.tables), np.int64),
            self._steps,
            kind.type(NIL),
        )

    @cached_property
    def _steps(self) -> Pieces:
        return Pieces.of((steps for table in self.tables for steps in table.steps), np.uint16)

    @cached_property
    def _score(self) -> Pieces:
        return Pieces.of((table.score for table in self.tables), np.float64)

    @cached_property
    def _values(self) -> Pieces:
        return Pieces.of((values for table in self.tables for values in table.values), np.float64)


@njit(nogil=True)
def _code(matrix: Singles, start: int, flat: Flat, value: Singles, code: np.ndarray) -> None:
    """Write the codes of one block of rows, shape (k, rows), as `Grid.codes` gives them."""
    n = min(BLOCK, len(matrix) - start)
    for k in range(len(flat.column)):
        for i in range(n):
            given = matrix[start + i, flat.column[k]]
            value[i] = flat.nil * 0 if abs(given) <= flat.nil else given
            code[k, i] = 0 if np.isnan(given) else 1
        for edge in flat.edges.all[flat.edges.start[k] : flat.edges.start[k + 1]]:
            for i in range(n):
                code[k, i] += 1 if value[i] <= edge else 0


@njit(nogil=True)
def _find_cases(table: int, n: int, flat: Flat, code: np.ndarray, case: np.ndarray) -> None:
    """Write the number of the case that each of n rows is in a table, shape (rows,)."""
    case[:n] = 0
    for q in range(flat.inputs.start[table], flat.inputs.start[table + 1]):
        steps = flat.steps.all[flat.steps.start[q] : flat.steps.start[q + 1]]
        own = code[flat.inputs.all[q]]
        for i in range(n):
            case[i] += steps[own[i]]


@njit(nogil=True)
def _add_scores(matrix: Singles, flat: Flat, score: Pieces, found: Floats) -> None:
    """Add every row's leaf values to what was found, tree by tree."""
    value, case = np.empty(BLOCK, matrix.dtype), np.empty(BLOCK, np.uint16)
    code = np.empty((len(flat.column), BLOCK), np.uint16)
    for start in range(0, len(matrix), BLOCK):
        own = found[start : start + BLOCK]
        _code(matrix, start, flat, value, code)
        for table in range(len(score.start) - 1):
            _find_cases(table, len(own), flat, code, case)
            leaf = score.all[score.start[table] : score.start[table + 1]]
            for i in range(len(own)):
                own[i] += leaf[case[i]]


@njit(nogil=True)
def _fill_values(matrix: Singles, flat: Flat, values: Pieces, base: float, phi: Floats) -> None:
    """Write every row's Shapley values, and the base after them."""
    p = matrix.shape[1]
    value, case = np.empty(BLOCK, matrix.dtype), np.empty(BLOCK, np.uint16)
    code, sums = np.empty((len(flat.column), BLOCK), np.uint16), np.empty((p, BLOCK))
    for start in range(0, len(matrix), BLOCK):
        n = min(BLOCK, len(matrix) - start)
        _code(matrix, start, flat, value, code)
        sums[:] = 0.0
        for table in range(len(flat.inputs.start) - 1):
            _find_cases(table, n, flat, code, case)
            for q in range(flat.inputs.start[table], flat.inputs.start[table + 1]):
                lent = values.all[values.start[q] : values.start[q + 1]]
                own = sums[flat.column[flat.inputs.all[q]]]
                for i in range(n):
                    own[i] += lent[case[i]]
        for i in range(n):
            for j in range(p):
                phi[start + i, j] = sums[j, i]
            phi[start + i, p] = base
