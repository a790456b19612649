"""Exact reasons: each column's share of a score, in batches, checked to sum to the score."""

from __future__ import annotations

import numpy as np

from models.arrays import Floats, Singles
from models.trees import Trees

BATCH_ROWS = 50_000
TOLERANCE = 1e-6


class AdditivityError(ArithmeticError):
    """Contributions do not sum to the score that they explain."""


def contributions(trees: Trees, matrix: Singles, num_threads: int = 1) -> Floats:
    """Return exact Shapley values of the raw score, shape (n, p + 1), the base value last.

    They equal those of LightGBM's `pred_contrib` but for rounding, and are looked up in the trees'
    `path_tables`. A row's values hang on that row alone: not on batches, order or threads.

    Source: Lundberg et al., "From local explanations to global understanding with explainable AI
    for trees" (2020), path-dependent form.

    Raises
    ------
    AdditivityError
        If a row's contributions do not sum to its score.
    """
    phi = np.empty((len(matrix), matrix.shape[1] + 1))
    for start in range(0, len(matrix), BATCH_ROWS):
        batch = matrix[start : start + BATCH_ROWS]
        phi[start : start + BATCH_ROWS] = trees.contributions(batch, num_threads)
        check_additive(phi[start : start + BATCH_ROWS], trees.walked(batch, num_threads))
    return phi


def check_additive(phi: Floats, score: Floats, tolerance: float = TOLERANCE) -> None:
    """Check that the rows of `phi`, shape (n, p + 1), sum to `score`, shape (n,).

    Raises
    ------
    AdditivityError
        With the count of rows that are off, the first of them, and the largest gap.
    """
    gap = np.abs(phi.sum(axis=1) - score)
    off = np.flatnonzero(~(gap <= tolerance * np.maximum(1.0, np.abs(score))))
    if len(off):
        raise AdditivityError(
            f"contributions of {len(off)} of {len(score)} rows do not sum to their score: first "
            f"rows {off[:3].tolist()}, largest gap {np.nanmax(gap[off]):.3g}, allowed {tolerance}. "
            f"The model and its explanation are not of the same version: fit again."
        )
