"""How steady a firm's tier is when the models are fitted again, and the tier that enough refits confirm.

A firm enters a tier only if a stated share of the refits puts it there or higher, and leaves it only if
that share puts it lower. Who stands in between takes the lower tier, or keeps that of the last round.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from risk_index.index import Floats
from risk_index.tiers import TIERS, TierRule, place, tiers

Texts = npt.NDArray[np.str_]


@dataclass(frozen=True, eq=False)
class Votes:
    """Share of the refits that put a firm into a tier or a higher one.

    Attributes
    ----------
    reached : float32, shape (n, 4)
        By tier, A to D; the first column is 1.
    """

    reached: npt.NDArray[np.float32]

    def stability(self, tier: Texts) -> Floats:
        """Return the share of the refits that put each firm into the tier given, shape (n,)."""
        rows, at = np.arange(len(tier)), place(tier)
        higher = np.pad(self.reached, ((0, 0), (0, 1)))[rows, at + 1]
        return np.round(self.reached[rows, at].astype(float) - higher, 6)

    def confirmed(self, tier: Texts, share: float, last: Texts | None = None) -> Texts:
        """Return the tiers that enough refits confirm, none above the one given.

        Parameters
        ----------
        tier : ndarray of str, shape (n,)
            By the release's own index.
        share : float
            Of the refits that must put a firm into a tier or a higher one.
        last : ndarray of str, shape (n,), optional
            Tiers of the last round; up to that tier it is enough that not as many deny it.
        """
        needed = np.full(self.reached.shape, share)
        if last is not None:
            held = np.arange(len(TIERS)) <= place(last)[:, None]
            needed[held] = min(share, np.nextafter(np.float32(1 - share), np.float32(2)))
        needed[:, 0] = 0.0
        met = np.logical_and.accumulate(self.reached >= needed.astype(np.float32), axis=1)
        return TIERS[np.minimum(place(tier), met.sum(axis=1) - 1)]


def votes(refits: Iterable[Floats], rule: TierRule, n_firms: int) -> Votes | None:
    """Count the tiers that the refits give; None where there is no refit.

    Parameters
    ----------
    refits : iterable of ndarray, shape (n,)
        Index before clipping by each refit; every refit cuts its own shares.
    """
    counts, done = np.zeros((n_firms, len(TIERS)), np.int32), 0
    for index in refits:
        counts += np.arange(len(TIERS)) <= place(tiers(index, rule))[:, None]
        done += 1
    return Votes((counts / done).astype(np.float32)) if done else None
