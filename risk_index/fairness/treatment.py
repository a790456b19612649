"""Pointers to look, for all inputs together: F2' (load on the proxy direction), F3 (equal treatment)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from models.arrays import Bools, Floats, Rows
from risk_index.fairness.evidence import Contrast
from risk_index.fairness.gaps import within

PERMUTATIONS = 199
ROWS = 6_000
LEAST_LOAD, LEAST_AUC, LEAST_P = 0.02, 0.55, 0.01


@dataclass(frozen=True)
class EqualTreatment:
    """Whether contributions tell the attribute at equal risk; says "look", not "guilty".

    Parameters
    ----------
    auc : out-of-fold, of a linear classifier on contributions, within strata
    p : share of permutations within strata that do as well, the observed one counted
    """

    auc: float
    p: float

    @property
    def met(self) -> bool:
        """Whether to look: AUC of 0.55 or more, p below 0.01."""
        return self.auc >= LEAST_AUC and self.p < LEAST_P


def loads(phi: Floats, told: Floats, stratum: Rows, margin: Floats) -> Floats:
    """Return the share of the margin's variance by which each contribution moves with the attribute.

    Parameters
    ----------
    phi : float64, shape (n, m)
    told : float64, shape (n,)
        Out-of-fold expectation of the attribute from all inputs (`strength.told`).
    stratum : int64, shape (n,)
        What risk alone tells of the attribute is taken out.
    margin : float64, shape (n,)
    """
    direction = within(told[:, None], stratum)[:, 0]
    moved = (phi - phi.mean(axis=0)).T @ direction / len(direction)
    return np.asarray(moved / margin.var())


def equal_treatment(
    phi: Floats, contrast: Contrast, stratum: Rows, seed: int = 0
) -> EqualTreatment:
    """Test whether contributions tell a group from the others of their stratum (F3).

    A classifier two-sample test (Mougan et al., "Beyond Demographic Parity: Redefining Equal
    Treatment", 2023) with a conditional null: the attribute is permuted within strata. The
    classifier is least squares, so that all permutations are learnt in one product. A number is
    cut at its median. At most 6,000 firms are used.
    """
    rng = np.random.default_rng(seed)
    some = rng.permutation(np.flatnonzero(contrast.known))[:ROWS]
    q, a = stratum[some], contrast.a[some]
    group = (a > (0.5 if contrast.kind == "binary" else np.median(a))).astype(np.float64)
    columns = np.column_stack([group, *(_permuted(group, q, rng) for _ in range(PERMUTATIONS))])
    f = within(phi[some], q)
    f = f[:, f.std(axis=0) > 0]
    half = np.arange(len(some)) % 2 == 0
    auc = (_aucs(f, columns, q, half) + _aucs(f, columns, q, ~half)) / 2
    return EqualTreatment(float(auc[0]), float((auc >= auc[0]).mean()))


def _permuted(group: Floats, stratum: Rows, rng: np.random.Generator) -> Floats:
    shuffled = np.lexsort((rng.random(len(group)), stratum))
    result = np.empty_like(group)
    result[np.argsort(stratum, kind="stable")] = group[shuffled]
    return result


def _aucs(f: Floats, groups: Floats, stratum: Rows, learn: Bools) -> Floats:
    """AUC of each column of groups on the rows not learnt from, scores less their stratum's mean."""
    centred = within(groups, stratum)
    beta = np.linalg.lstsq(f[learn], centred[learn], rcond=None)[0]
    score, group = f[~learn] @ beta, groups[~learn]
    ranks = rankdata(score, axis=0)
    n_in = group.sum(axis=0)
    n_out = len(group) - n_in
    return np.asarray(((ranks * group).sum(axis=0) - n_in * (n_in + 1) / 2) / (n_in * n_out))
