"""Inputs that tell an attribute only together: pairs that the model joins on a path."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.arrays import Floats, Rows, Singles
from risk_index.fairness.evidence import Contrast
from risk_index.fairness.strength import Strength, pair_codes, strength

PAIRS = 60
GAIN = 0.02  # AUC that an input must add to what its partner tells alone


@dataclass(frozen=True)
class Joint:
    """An input's strength when a partner is known, and what it adds to the partner's own."""

    partner: int
    strength: Strength
    added: float


def candidates(co_occurrence: Floats, most: int = PAIRS) -> list[tuple[int, int]]:
    """Return the pairs, i < j, that the model joins with most gain, best first.

    Pairs that never stand on one path cannot act jointly in the model and are left out.
    """
    first, second = np.triu_indices_from(co_occurrence, k=1)
    gain = co_occurrence[first, second]
    best = np.argsort(-gain, kind="stable")[:most]
    return [(int(first[k]), int(second[k])) for k in best if gain[k] > 0]


def joint_strengths(
    X: Singles,
    pairs: list[tuple[int, int]],
    alone: list[Strength],
    contrast: Contrast,
    stratum: Rows,
    fold: Rows,
) -> dict[int, Joint]:
    """Return, by input, its best joint strength among pairs in which it adds to its partner.

    Parameters
    ----------
    X : float32, shape (n, p)
    pairs : from `candidates`
    alone : strengths of the p inputs by themselves
    """
    best: dict[int, Joint] = {}
    for i, j in pairs:
        both = strength(pair_codes(X[:, i], X[:, j]), contrast, stratum, fold)
        for one, other in ((i, j), (j, i)):
            added = both.auc - max(alone[other].auc, 0.5)
            better = one not in best or both.auc > best[one].strength.auc
            if both.met and added >= GAIN and better:
                best[one] = Joint(other, both, added)
    return best
