"""How steady a firm's tier is when the models are fitted again, and the tier that enough refits confirm.

A firm enters a tier only if a stated share of the refits puts it there or higher, and leaves it only if
that share puts it lower. Who stands in between takes the lower tier, or keeps that of the last round.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from risk_index.index import Floats
from risk_index.tiers import TIERS, Texts, TierRule, highest, place, some_at_a_time

Counts = npt.NDArray[np.uint16]


@dataclass(frozen=True, eq=False)
class Votes:
    """Refits that put a firm into a tier or a higher one.

    Attributes
    ----------
    counts : uint16, shape (n, 4)
        By tier, A to D; the first column is `done`.
    done : int
        Number of refits.
    """

    counts: Counts
    done: int

    def stability(self, tier: Texts) -> Floats:
        """Return the share of the refits that put each firm into the tier given, shape (n,)."""
        return some_at_a_time(self._stability, self.counts, tier)

    def _stability(self, counts: Counts, tier: Texts) -> Floats:
        reached, at = self._reached(counts), place(tier)
        rows = np.arange(len(tier))
        higher = np.pad(reached, ((0, 0), (0, 1)))[rows, at + 1]
        return np.round(reached[rows, at].astype(float) - higher, 6)

    def _reached(self, counts: Counts) -> npt.NDArray[np.float32]:
        return (counts / self.done).astype(np.float32)

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
        given = [tier] if last is None else [tier, last]
        return some_at_a_time(partial(self._confirmed, share), self.counts, *given)

    def _confirmed(
        self, share: float, counts: Counts, tier: Texts, last: Texts | None = None
    ) -> Texts:
        reached = self._reached(counts)
        needed = np.full(reached.shape, share)
        if last is not None:
            held = np.arange(len(TIERS)) <= place(last)[:, None]
            needed[held] = min(share, np.nextafter(np.float32(1 - share), np.float32(2)))
        needed[:, 0] = 0.0
        met = np.logical_and.accumulate(reached >= needed.astype(np.float32), axis=1)
        return TIERS[np.minimum(place(tier), met.sum(axis=1) - 1)]


def votes(refits: Iterable[Floats], rule: TierRule, n_firms: int) -> Votes | None:
    """Count the tiers that the refits give; None where there is no refit.

    Parameters
    ----------
    refits : iterable of ndarray, shape (n,)
        Index before clipping by each refit; every refit cuts its own shares.
    """
    counts, done = np.zeros((n_firms, len(TIERS)), np.uint16), 0
    for index in refits:
        for at, lower in enumerate(highest(index, rule), 1):
            counts[:, at] += index > lower
        done += 1
    counts[:, 0] = done
    return Votes(counts, done) if done else None
