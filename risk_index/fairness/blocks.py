"""Blocks of inputs that move together, whose contributions are only told apart by chance."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from models.arrays import Floats

ALIKE = 0.7  # mean absolute rank correlation within a block


def blocks(X: pd.DataFrame, alike: float = ALIKE) -> list[tuple[str, ...]]:
    """Return blocks of two or more inputs with mean absolute rank correlation of `alike` or more.

    Average-linkage clustering. A missing value takes the middle rank, so that inputs missing
    together are alike in nothing else.
    """
    if X.shape[1] < 2:
        return []
    distance = 1 - np.abs(rank_correlation(X))
    tree = linkage(squareform(distance, checks=False), "average")
    label = pd.Series(fcluster(tree, 1 - alike, "distance"), index=X.columns)
    groups = [tuple(str(name) for name in label.index[label == k]) for k in label.unique()]
    return [group for group in groups if len(group) > 1]


def rank_correlation(X: pd.DataFrame) -> Floats:
    """Return Spearman's correlations, shape (p, p), exactly symmetric; 0 for a constant input."""
    ranked = X.rank()
    ranks = (ranked - ranked.mean()).fillna(0.0).to_numpy(dtype=np.float64)
    size = np.sqrt((ranks**2).sum(axis=0))
    ranks = np.divide(ranks, size, out=np.zeros_like(ranks), where=size > 0)
    correlation = ranks.T @ ranks
    correlation = (correlation + correlation.T) / 2
    np.fill_diagonal(correlation, 1.0)
    return np.asarray(np.clip(correlation, -1, 1))
