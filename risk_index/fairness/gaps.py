"""F2: the gap in an input's contribution between groups at equal risk, against permutations.

The null permutes the attribute among firms of one stratum. Its mean and variance are known in
closed form (Strasser and Weber, 1999), so no permutation is drawn and no p-value is cut at 1/B.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import false_discovery_control, norm

from models.arrays import Bools, Floats, Rows
from risk_index.fairness.evidence import Contrast

LEAST_GAP, LARGE_GAP = 0.02, 0.05  # log-odds
Z_TWO_SIDED = 1.96
FALSE_DISCOVERIES = 0.05


@dataclass(frozen=True, eq=False)
class Gaps:
    """Gaps of m contributions for one contrast, each array of shape (m,).

    Parameters
    ----------
    gap : log-odds by which the contribution is higher in the group at equal risk; for a number,
        between firms two standard deviations apart
    null : standard deviation of the gap when the attribute is permuted within strata
    error : standard error of the gap itself, for its interval
    p : two-sided p-value, or one-sided where only one direction is adverse
    share : gap over the standard deviation of the margin
    """

    gap: Floats
    null: Floats
    error: Floats
    p: Floats
    share: Floats

    def interval(self) -> tuple[Floats, Floats]:
        """Return the 95 % interval of each gap."""
        return self.gap - Z_TWO_SIDED * self.error, self.gap + Z_TWO_SIDED * self.error


def gaps(phi: Floats, contrast: Contrast, stratum: Rows, margin: Floats) -> Gaps:
    """Return the gaps of contributions, shape (n, m), within strata, shape (n,).

    The gap is the slope of the contribution on the attribute, both less their stratum's mean:
    for a group the difference of means within strata, weighted by n_in n_out / n.
    """
    known = contrast.known
    q = stratum[known]
    a = within(contrast.a[known][:, None], q)[:, 0]
    f = within(phi[known], q)
    spread = a @ a
    gap = f.T @ a / spread
    null = np.sqrt(_permutation_variance(f, a, q)) / spread
    rest = f - np.outer(a, gap)
    error = np.sqrt((rest**2).T @ a**2) / spread
    z = np.divide(gap, null, out=np.zeros_like(gap), where=null > 0)
    p = 2 * norm.sf(np.abs(z)) if contrast.sign == 0 else norm.sf(contrast.sign * z)
    return Gaps(gap, null, error, np.asarray(p), gap / margin.std())


def discoveries(
    found: list[tuple[Contrast, Gaps]], level: float = FALSE_DISCOVERIES
) -> list[Bools]:
    """Return per contrast which gaps are met: adverse, large enough, and a discovery.

    False discoveries are held to `level` over all inputs and contrasts (Benjamini and Hochberg).
    """
    if not found:
        return []
    p = np.concatenate([g.p for _, g in found])
    adjusted = false_discovery_control(p, method="bh")
    cuts = np.cumsum([len(g.p) for _, g in found])[:-1]
    return [
        adverse(c, g) & (a <= level)
        for (c, g), a in zip(found, np.split(adjusted, cuts), strict=True)
    ]


def adverse(contrast: Contrast, found: Gaps) -> Bools:
    """Return which gaps burden those watched by at least 0.02 log-odds, shape (m,)."""
    signed = np.abs(found.gap) if contrast.sign == 0 else contrast.sign * found.gap
    return np.asarray(signed >= LEAST_GAP)


def within(values: Floats, stratum: Rows) -> Floats:
    """Return values, shape (n, m), less their stratum's mean."""
    order = np.argsort(stratum, kind="stable")
    _, start, size = np.unique(stratum[order], return_index=True, return_counts=True)
    means = np.add.reduceat(values[order], start, axis=0) / size[:, None]
    result = np.empty_like(values, dtype=np.float64)
    result[order] = values[order] - np.repeat(means, size, axis=0)
    return result


def _permutation_variance(f: Floats, a: Floats, stratum: Rows) -> Floats:
    order = np.argsort(stratum, kind="stable")
    _, start, size = np.unique(stratum[order], return_index=True, return_counts=True)
    spread_f = np.add.reduceat(f[order] ** 2, start, axis=0)
    spread_a = np.add.reduceat(a[order] ** 2, start)
    return np.asarray((spread_f * (spread_a / np.maximum(size - 1, 1))[:, None]).sum(axis=0))
