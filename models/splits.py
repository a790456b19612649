"""Trees as arrays, read from LightGBM's text, and what each split decides as LightGBM decides it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from models.arrays import Bools, Floats, Rows

NIL = float(np.float32(1e-35))
"""LightGBM takes values up to here, of either sign, for 0."""
CATEGORICAL, DEFAULT_LEFT = 1, 2
ZERO_IS_MISSING, NAN_IS_MISSING = 1, 2


class UnlikeTreesError(ValueError):
    """An ensemble of another kind than a plain sum of trees with constant leaves."""


@dataclass(frozen=True, eq=False)
class Tree:
    """A tree of m splits and m + 1 leaves. A child below 0 is the leaf of number ``~child``.

    Parameters
    ----------
    column, left, right : int64, shape (m,)
        The column that a split asks, and its children.
    threshold : float64, shape (m,)
        Values up to it go left; in a categorical split, the number of its set of categories.
    kind : int64, shape (m,)
        LightGBM's bits: 1 for categorical, 2 if what is missing goes left, 4 if that is 0, 8 if NaN.
    split_rows, leaf_rows : int64, shapes (m,) and (m + 1,)
        Rows of the fit that came by.
    leaf : float64, shape (m + 1,)
        What the tree adds to the score.
    categories : tuple of int64 arrays
        Sets of categories that go left.
    """

    column: Rows
    left: Rows
    right: Rows
    threshold: Floats
    kind: Rows
    split_rows: Rows
    leaf_rows: Rows
    leaf: Floats
    categories: tuple[Rows, ...]

    def mean(self) -> float:
        """Return the mean leaf over the rows of the fit, as LightGBM's base value has it."""
        if len(self.leaf) == 1:
            return float(self.leaf[0])
        return float((self.leaf * self.leaf_rows).sum() / self.split_rows[0])

    def share(self, child: int, split: int) -> float:
        """Return the share of a split's rows that went on to its child.

        Raises
        ------
        UnlikeTreesError
            If the split saw no rows.
        """
        came, went = self.split_rows[split], (self.split_rows, self.leaf_rows)[child < 0]
        if came == 0:
            raise UnlikeTreesError("a split saw no rows in the fit")
        return float(went[child if child >= 0 else ~child] / came)

    def downwards(self) -> list[int]:
        """Return the splits, each after the one above it."""
        order, pending = [], [0] if len(self.column) else []
        while pending:
            split = pending.pop()
            order.append(split)
            pending += [
                side for side in (int(self.right[split]), int(self.left[split])) if side >= 0
            ]
        return order

    def goes_left(self, split: int, values: Floats) -> Bools:
        """Return where values go, shape (n,). Magnitudes up to `NIL` must be 0 already."""
        kind, threshold = int(self.kind[split]), self.threshold[split]
        if kind & CATEGORICAL:
            return np.isin(np.trunc(values), self.categories[int(threshold)])
        missing, nan = kind >> 2, np.isnan(values)
        if missing != NAN_IS_MISSING:
            values = np.where(nan, 0.0, values)
        absent = nan if missing == NAN_IS_MISSING else values == 0.0
        left = values <= threshold
        return np.where(absent, bool(kind & DEFAULT_LEFT), left) if missing else left

    def edges(self, split: int) -> list[float]:
        """Return values between which, and at NaN, the decision of a split does not change.

        Each edge belongs to the values below it.
        """
        kind, threshold = int(self.kind[split]), float(self.threshold[split])
        if kind & CATEGORICAL:
            sets = self.categories[int(threshold)]
            low = np.where(sets == 0, -1.0, np.nextafter(sets, -np.inf))
            return [*low.tolist(), *np.nextafter(sets + 1, -np.inf).tolist()]
        return [threshold, -NIL, 0.0] if kind >> 2 == ZERO_IS_MISSING else [threshold]


def read_trees(text: str) -> tuple[Tree, ...]:
    """Read the trees of a model text, every number in full precision.

    Raises
    ------
    UnlikeTreesError
        If a score is not a plain sum of trees with constant leaves.
    """
    head, *blocks = text.split("\nend of trees")[0].split("\nTree=")
    said = _fields(head)
    if said.get("num_tree_per_iteration", "1") != "1":
        raise UnlikeTreesError("it gives a row several scores")
    if "average_output" in said:
        raise UnlikeTreesError("its score is a mean of trees, not a sum")
    return tuple(_tree(_fields(block)) for block in blocks)


def _fields(block: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in block.splitlines())
    return {name: value for name, _, value in pairs}


def _tree(said: dict[str, str]) -> Tree:
    if said.get("is_linear", "0") != "0":
        raise UnlikeTreesError("its leaves hold linear models")
    leaf = _floats(said["leaf_value"])
    if len(leaf) == 1:
        none = np.empty(0, dtype=np.int64)
        return Tree(none, none, none, np.empty(0), none, none, np.ones(1, np.int64), leaf, ())
    return Tree(
        column=_whole(said["split_feature"]),
        left=_whole(said["left_child"]),
        right=_whole(said["right_child"]),
        threshold=_floats(said["threshold"]),
        kind=_whole(said["decision_type"]),
        split_rows=_whole(said["internal_count"]),
        leaf_rows=_whole(said["leaf_count"]),
        leaf=leaf,
        categories=_categories(said) if said["num_cat"] != "0" else (),
    )


def _categories(said: dict[str, str]) -> tuple[Rows, ...]:
    """Read sets of categories: bits of 32-bit words, one run of words a set."""
    words = np.array([int(word) for word in said["cat_threshold"].split()], dtype="<u4")
    starts = _whole(said["cat_boundaries"])
    runs = [words[start:stop] for start, stop in pairwise(starts)]
    return tuple(
        np.flatnonzero(np.unpackbits(run.view(np.uint8), bitorder="little")) for run in runs
    )


def _floats(numbers: str) -> Floats:
    return np.array([float(number) for number in numbers.split()])


def _whole(numbers: str) -> Rows:
    return np.array([int(number) for number in numbers.split()], dtype=np.int64)
