"""Splits in time: learn from before a day, judge after it, one controller on one side only."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from models.arrays import Bools, Floats, Rows
from models.examples import Examples, NotEnoughLabels


class Fold(NamedTuple):
    """Positions of the rows to learn from, and of the later rows to judge on; both ascending."""

    train: Rows
    later: Rows


class Least(NamedTuple):
    """How many rows of each kind a fold needs on either side, and all folds' later rows need."""

    train: int = 5
    later: int = 1
    pooled: int = 10


def controller_fold(controller: Rows, n_folds: int, seed: int) -> Rows:
    """Return each row's fold, 0 to n_folds - 1, as SHA-256("seed:controller") mod n_folds.

    A controller keeps its fold whatever other rows there are and in whatever order.
    """
    unique, inverse = np.unique(controller, return_inverse=True)
    digests = (hashlib.sha256(f"{seed}:{number}".encode()).digest() for number in unique.tolist())
    fold = np.fromiter(
        (int.from_bytes(digest[:8], "big") % n_folds for digest in digests),
        dtype=np.int64,
        count=len(unique),
    )
    return fold[inverse]


def later_folds(
    examples: Examples, split_on: np.datetime64, horizon_days: int, n_folds: int, seed: int
) -> list[Fold]:
    """Split in time with the label's horizon as a gap, and by controller.

    Fold k learns from the controllers outside k whose label window had closed, and whose label was
    known, by `split_on`; it is judged on the controllers in k as of `split_on` or later.

    Parameters
    ----------
    split_on : datetime64[D]
        The day that parts learning from judging.
    horizon_days : int
        Length of the label's window: as_of + horizon_days <= split_on for rows to learn from.
    n_folds : int, at least 2
    seed : int
        Chooses which controllers go together.

    Returns
    -------
    list of Fold, length n_folds
        A part may be empty: see `usable_folds`.
    """
    if n_folds < 2 or horizon_days < 0:
        raise ValueError(f"n_folds {n_folds} must be 2 or more, horizon_days {horizon_days} 0+")
    part = controller_fold(examples.controller, n_folds, seed)
    closed = examples.as_of + np.timedelta64(horizon_days, "D") <= split_on
    before = closed & (examples.known_on <= split_on)
    after = examples.as_of >= split_on
    return _folds(part, n_folds, before, after)


def controller_folds(examples: Examples, n_folds: int, seed: int) -> list[Fold]:
    """Split by controller alone, all dates on both sides: the way out where no later rows exist."""
    everyone = np.ones(len(examples), dtype=np.bool_)
    part = controller_fold(examples.controller, n_folds, seed)
    return _folds(part, n_folds, everyone, everyone)


def _folds(part: Rows, n_folds: int, before: Bools, after: Bools) -> list[Fold]:
    return [
        Fold(np.flatnonzero(before & (part != k)), np.flatnonzero(after & (part == k)))
        for k in range(n_folds)
    ]


def split_day(examples: Examples, share: float = 0.15) -> np.datetime64:
    """Return the latest as-of day on or after which at least `share` of the rows lie.

    A short later part, near the end, is closest to how the model will be used: learnt to the
    present day, asked of the next months.
    """
    days = np.sort(examples.as_of)
    last = max(0, min(len(days) - 1, int(np.floor(len(days) * (1 - share)))))
    return np.datetime64(days[last], "D")


def usable_folds(
    examples: Examples,
    folds: Sequence[Fold | tuple[Rows, Rows]],
    kinds: Sequence[Bools],
    seed: int,
    least: Least | None = None,
) -> tuple[list[Fold], tuple[str, ...]]:
    """Keep the folds in which every kind of row is on both sides; if too few, split by controller.

    Parameters
    ----------
    kinds : sequence of bool, each of shape (n,)
        For a classifier one mask an outcome; for an amount the measured rows.

    Returns
    -------
    folds, notes
        The notes say what was dropped, or that drift over time was not seen.

    Raises
    ------
    NotEnoughLabels
        If no split leaves enough of each kind on both sides.
    """
    least = least or Least()
    given = [Fold(*fold) for fold in folds]
    kept = _learnable(given, kinds, least)
    if kept:
        dropped = len(given) - len(kept)
        note = f"{dropped} of {len(given)} folds dropped: too few of an outcome on one side"
        return kept, (note,) if dropped else ()
    n_folds = max(2, len(given))
    kept = _learnable(controller_folds(examples, n_folds, seed), kinds, least)
    if not kept:
        raise NotEnoughLabels(
            f"no split of the {len(np.unique(examples.controller))} controllers leaves at least "
            f"{least.train} rows of each outcome to learn from and {least.pooled} to judge on: "
            f"take in more inspections, or inspections of more controllers. Firms with one group_id are "
            f"one controller: leave the column out where it says something else."
        )
    return kept, (
        f"too few later rows to judge on: rounds and calibration come from a random split of "
        f"controllers ({len(kept)} folds, seed {seed}), so drift over time was not seen",
    )


def _learnable(folds: Sequence[Fold], kinds: Sequence[Bools], least: Least) -> list[Fold]:
    kept = [
        fold
        for fold in folds
        if all(k[fold.train].sum() >= least.train for k in kinds)
        and all(k[fold.later].sum() >= least.later for k in kinds)
    ]
    pooled = [sum(int(k[fold.later].sum()) for fold in kept) for k in kinds]
    return kept if min(pooled) >= least.pooled else []


def restrict(folds: Sequence[Fold], rows: Bools) -> list[Fold]:
    """Return the folds in terms of the positions among the rows of the mask, others left out."""
    position = np.cumsum(rows) - 1
    return [
        Fold(position[fold.train[rows[fold.train]]], position[fold.later[rows[fold.later]]])
        for fold in folds
    ]


@dataclass(frozen=True, eq=False)
class Later:
    """What folds that never saw a row said of it: for metrics at fit time; not saved.

    Parameters
    ----------
    rows : int64, shape (m,)
        Positions in the examples given to the fit, ascending.
    raw : float64, shape (m,)
        Margin (log-odds), or log of the amount, before calibration.
    """

    rows: Rows
    raw: Floats

    @classmethod
    def pooled(cls, folds: Sequence[Fold], raws: Sequence[Floats]) -> Later:
        """Put the folds' later rows together, in order of position."""
        rows = np.concatenate([fold.later for fold in folds])
        order = np.argsort(rows, kind="stable")
        return cls(rows[order], np.concatenate(raws)[order])
