"""Exact Shapley values and scores of boosted trees, looked up in tables of all that a path can meet.

What a leaf lends to a row's score hangs only on which inputs of its path agree with it: d inputs, 2^d
cases, each worked out once. Leaves of a tree whose inputs have few cases together share a table, so that
a row costs a look-up an input and table, and sums in the order of the trees.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from models.arrays import Bools, Floats, Rows, Singles
from models.grids import Grid
from models.splits import Tree, UnlikeTreesError, read_trees
from models.table_loops import BLOCK, Table, TableLoops

CASES = 1024
"""Most cases of a table, hence at most 10 inputs on a path."""
LEAVES = 62
"""Most leaves of a table: an input's agreement with them is one number of so many bits."""
FEWEST_ROWS_TO_COMPILE = 30_000
"""From about so many, scores by twenty refits earn back the second that compiling takes."""

Agreements = Mapping[int, tuple[Rows, Rows]]
"""By column: its cases, the bits of which tell the leaves agreed with, and the case of each code."""


@dataclass(frozen=True, eq=False)
class Path:
    """The way from the root to a split or a leaf.

    Parameters
    ----------
    agrees : mapping of column to bool array, shape (codes,)
        Whether a value of each code takes every turn that asks the column.
    share : mapping of column to float
        Share of the rows of the fit that took those turns, where they came to them.
    """

    agrees: Mapping[int, Bools]
    share: Mapping[int, float]


@dataclass(frozen=True, eq=False)
class PathTables:
    """All tables of an ensemble, with the grids that its columns are coded by."""

    grids: Mapping[int, Grid]
    tables: tuple[Table, ...]
    base: float

    @classmethod
    def of(cls, text: str) -> PathTables:
        """Build the tables of a model text.

        Raises
        ------
        UnlikeTreesError
            If it is no plain sum of trees, or a path has more inputs than a table can hold.
        """
        trees = read_trees(text)
        edges: dict[int, list[float]] = defaultdict(list)
        for tree in trees:
            for split, column in enumerate(tree.column.tolist()):
                edges[column] += tree.edges(split)
        grids = {column: Grid.of(found) for column, found in sorted(edges.items())}
        tables = tuple(table for tree in trees for table in _tables(tree, grids))
        return cls(grids, tables, math.fsum(tree.mean() for tree in trees))

    @cached_property
    def loops(self) -> TableLoops:
        """The compiled way through these tables."""
        return TableLoops(tuple(self.grids.items()), self.tables, self.base)

    def raw(self, matrix: Singles) -> Floats:
        """Return the sum of the leaf values met, shape (n,): LightGBM's own to the last bit.

        The leaves are added in the order of the trees, as LightGBM does.
        """
        return self.loops.raw(matrix)

    def contributions(self, matrix: Singles) -> Floats:
        """Return exact Shapley values of the raw score, shape (n, p + 1), the base value last.

        Those of a row depend on nothing but the row, to the last bit. Those of many rows are looked
        up in compiled loops, which gives the same bits.
        """
        if len(matrix) >= FEWEST_ROWS_TO_COMPILE:
            return self.loops.contributions(matrix)
        return self.plain_contributions(matrix)

    def plain_contributions(self, matrix: Singles) -> Floats:
        """Return :meth:`contributions` by NumPy alone."""
        phi = np.empty((len(matrix), matrix.shape[1] + 1))
        for start in range(0, len(matrix), BLOCK):
            phi[start : start + BLOCK] = self._block(matrix[start : start + BLOCK]).T
        return phi

    def _block(self, matrix: Singles) -> Floats:
        """Return the values of few rows, shape (p + 1, n)."""
        n, p = matrix.shape
        phi, value = np.zeros((p + 1, n)), np.empty(n)
        phi[p] = self.base
        for table, case in self._cases(matrix):
            for column, values in zip(table.columns, table.values, strict=True):
                phi[column] += np.take(values, case, out=value, mode="clip")
        return phi

    def _cases(self, matrix: Singles) -> Iterator[tuple[Table, Rows]]:
        """Yield every table with the case of each of few rows, which the next one overwrites."""
        codes = {column: grid.codes(matrix[:, column]) for column, grid in self.grids.items()}
        case, step = np.empty(len(matrix), np.int64), np.empty(len(matrix), np.int64)
        for table in self.tables:
            case[:] = 0
            for column, steps in zip(table.columns, table.steps, strict=True):
                case += np.take(steps, codes[column], out=step, mode="clip")
            yield table, case


def _tables(tree: Tree, grids: Mapping[int, Grid]) -> Iterator[Table]:
    """Yield the tables of a tree: one where its cases are few, else those of either side."""
    if len(tree.leaf) == 1:
        yield Table((), (), (), tree.leaf)
        return
    paths = _paths(tree, grids)
    values = _leaf_values(tree, paths)
    under = _leaves_under(tree)
    pending = [0]
    while pending:
        node = pending.pop()
        leaves = under.get(node, [node])
        found = _agreements([paths[leaf] for leaf in leaves])
        if found is not None:
            yield _table(tree, leaves, paths, values, found)
        elif node < 0:
            n_inputs = len(paths[node].share)
            raise UnlikeTreesError(f"a leaf has {n_inputs} inputs on its path, too many for tables")
        else:
            pending += [int(tree.right[node]), int(tree.left[node])]


def _paths(tree: Tree, grids: Mapping[int, Grid]) -> dict[int, Path]:
    """Return the way to every split and leaf."""
    paths = {0: Path({}, {})}
    for split in tree.downwards():
        path, column = paths[split], int(tree.column[split])
        left = tree.goes_left(split, grids[column].samples)
        for child, taken in ((int(tree.left[split]), left), (int(tree.right[split]), ~left)):
            agrees = taken & path.agrees[column] if column in path.agrees else taken
            share = tree.share(child, split) * path.share.get(column, 1.0)
            paths[child] = Path({**path.agrees, column: agrees}, {**path.share, column: share})
    return paths


def _leaves_under(tree: Tree) -> dict[int, list[int]]:
    """Return the leaves below every split, from left to right."""
    under: dict[int, list[int]] = {}
    for split in reversed(tree.downwards()):
        sides = (int(tree.left[split]), int(tree.right[split]))
        under[split] = [leaf for side in sides for leaf in under.get(side, [side])]
    return under


def _leaf_values(tree: Tree, paths: Mapping[int, Path]) -> dict[int, Floats]:
    """Return by leaf the Shapley values of its d inputs in all cases, shape (d, 2^d)."""
    alike: dict[int, list[int]] = defaultdict(list)
    for node, path in paths.items():
        if node < 0 and 2 ** len(path.share) <= CASES:
            alike[len(path.share)].append(node)
    values: dict[int, Floats] = {}
    for leaves in alike.values():
        share = np.array([list(paths[leaf].share.values()) for leaf in leaves])
        values |= zip(leaves, shapley(tree.leaf[[~leaf for leaf in leaves]], share), strict=True)
    return values


def shapley(value: Floats, share: Floats) -> Floats:
    """Return the Shapley values of n leaves' d inputs in all cases of agreement, (n, d, 2^d).

    Bit i of a case tells whether input i agrees. The leaf counts `value` where all known inputs agree,
    times `share` of each input not known. The mean over all orders in which inputs become known is an
    integral over the chance t of being known; Gauss's formula has it exactly, as the integrand is a
    polynomial of degree d - 1.

    Parameters
    ----------
    value : float64, shape (n,)
    share : float64, shape (n, d)

    >>> shapley(np.array([8.0]), np.array([[0.25]]))
    array([[[-2.,  6.]]])
    """
    d = share.shape[1]
    agrees = (np.arange(2**d)[:, None] >> np.arange(d)) & 1
    integral = np.zeros((d, len(share), 2**d))
    for t, weight in _gauss((d + 1) // 2):
        factors = [agrees[:, i] * t + share[:, i, None] * (1 - t) for i in range(d)]
        product = np.full((len(share), 2**d), weight)
        for i in range(d):
            integral[i] += product * math.prod(factors[i + 1 :])
            product = product * factors[i]
    told = value[:, None, None] * (agrees.T - share[:, :, None])
    return np.asarray(told * integral.transpose(1, 0, 2))


@cache
def _gauss(n_points: int) -> list[tuple[float, float]]:
    """Return points between 0 and 1 with their weights."""
    points, weights = np.polynomial.legendre.leggauss(n_points)
    return list(zip(((points + 1) / 2).tolist(), (weights / 2).tolist(), strict=True))


def _agreements(paths: Sequence[Path]) -> Agreements | None:
    """Return how each input can agree with leaves, or None if a table would be too large."""
    columns = list(dict.fromkeys(column for path in paths for column in path.agrees))
    if len(paths) > LEAVES or 2 ** len(columns) > CASES:
        return None
    found = {column: _agreement(column, paths) for column in columns}
    return found if math.prod(len(cases) for cases, _ in found.values()) <= CASES else None


def _agreement(column: int, paths: Sequence[Path]) -> tuple[Rows, Rows]:
    asking = [(i, path.agrees[column]) for i, path in enumerate(paths) if column in path.agrees]
    bits = np.array([1 << i for i, _ in asking])
    return np.unique(bits @ np.array([agrees for _, agrees in asking]), return_inverse=True)


def _table(
    tree: Tree,
    leaves: Sequence[int],
    paths: Mapping[int, Path],
    values: Mapping[int, Floats],
    found: Agreements,
) -> Table:
    """Add up the leaves' values over all cases of their inputs together."""
    sizes = [len(cases) for cases, _ in found.values()]
    strides = np.cumprod([1, *sizes])
    number = np.arange(strides[-1])
    met, steps = {}, []
    for (column, (cases, of_code)), stride, size in zip(
        found.items(), strides[:-1], sizes, strict=True
    ):
        met[column] = cases[number // stride % size]
        steps.append(of_code * stride)
    sums, score = {column: np.zeros(len(number)) for column in found}, np.zeros(len(number))
    for i, leaf in enumerate(leaves):
        case = sum(((met[c] >> i) & 1) << k for k, c in enumerate(paths[leaf].share))
        score[case == 2 ** len(paths[leaf].share) - 1] = tree.leaf[~leaf]
        for column, amounts in zip(paths[leaf].share, values[leaf], strict=True):
            sums[column] += amounts[case]
    return Table(tuple(found), tuple(steps), tuple(sums.values()), score)
