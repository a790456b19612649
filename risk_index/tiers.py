"""Index -> tier A (lowest) to D, by shares of firms or by fixed cut-offs, steady from round to round."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from risk_index.errors import CapacityError
from risk_index.index import Floats

TIERS = np.array(["A", "B", "C", "D"])
SHARES, CUT_OFFS = "shares", "cut_offs"
AT_ONCE = 1_000_000
"""Firms looked at together: what is in between takes many times the memory of the result."""
Texts = npt.NDArray[np.str_]


@dataclass(frozen=True)
class TierRule:
    """How firms come to their tier.

    Attributes
    ----------
    rule : {"shares", "cut_offs"}
        By fixed shares of firms, or by fixed cut-offs on the index.
    shares : tuple of float
        Shares of firms in tiers A, B and C; the rest is D.
    cut_offs : tuple of float
        Index, before clipping, from which a firm is in tier B, C and D.
    band_points : float
        A firm that passed a cut-off by no more than this keeps its tier of the last round.
    stable_share : float
        Share of the refits that must confirm a tier; 0 asks for none.
    """

    rule: str = SHARES
    shares: tuple[float, float, float] = (0.654, 0.253, 0.077)
    cut_offs: tuple[float, float, float] = (50.0, 60.0, 70.0)
    band_points: float = 1.0
    stable_share: float = 0.8


def highest(index: Floats, rule: TierRule) -> Floats:
    """Return the highest index, before clipping, of tiers A, B and C; shape (3,).

    Raises
    ------
    CapacityError
        Where the shares exceed the whole or the cut-offs do not rise.
    """
    if rule.rule == CUT_OFFS:
        if not (np.diff(rule.cut_offs) >= 0).all():
            raise CapacityError(f"tier cut-offs must rise from B to D, not {rule.cut_offs}")
        return np.nextafter(np.array(rule.cut_offs), -np.inf)
    shares = np.cumsum(rule.shares)
    if shares[-1] > 1 + 1e-12:
        raise CapacityError(f"tier shares add up to {shares[-1]:.3f}; they may not exceed 1")
    if not len(index):
        return np.zeros(3)
    last = np.clip(np.round(shares * len(index)).astype(int) - 1, -1, len(index) - 1)
    ordered = np.partition(index, np.unique(np.maximum(last, 0)))
    return np.where(last >= 0, ordered[last], -np.inf)


def tiers(index: Floats, rule: TierRule, last: Texts | None = None) -> Texts:
    """Return the tiers; equal firms share the lower one.

    Parameters
    ----------
    index : ndarray, shape (n,)
        Before clipping.
    rule : TierRule
        Shares or cut-offs.
    last : ndarray of str, shape (n,), optional
        Tiers of the last round, "" for a firm that had none.

    Returns
    -------
    ndarray of str, shape (n,)
        "A" to "D".
    """
    look = partial(_tiers, highest(index, rule), rule.band_points)
    return some_at_a_time(look, index, *([] if last is None else [last]))


def _tiers(bounds: Floats, band: float, index: Floats, last: Texts | None = None) -> Texts:
    now = np.searchsorted(bounds, index, side="left")
    if last is not None:
        now = np.where(_kept(index, bounds, now, last, band), place(last), now)
    return TIERS[now]


def some_at_a_time(look: Callable[..., Any], *columns: npt.NDArray[Any]) -> Any:
    """Return what `look` says of all firms, called with a part of every column after the other."""
    firsts = range(0, max(len(columns[0]), 1), AT_ONCE)
    parts = [slice(first, first + AT_ONCE) for first in firsts]
    return np.concatenate([look(*(column[part] for column in columns)) for part in parts])


def place(tier: Texts) -> npt.NDArray[np.int8]:
    """Return 0 for tier A to 3 for D, and -1 for a text that is no tier; shape (n,)."""
    found = np.full(len(tier), -1, np.int8)
    for number, name in enumerate(TIERS):
        found[tier == name] = number
    return found


def _kept(
    index: Floats,
    bounds: Floats,
    now: npt.NDArray[np.int64],
    last: Texts,
    band: float,
) -> npt.NDArray[np.bool_]:
    """Tell which firms stay where they were, being within the band of their tier's edge."""
    was = place(last)
    above = np.append(bounds, np.inf)[was]
    below = np.insert(bounds, 0, -np.inf)[was]
    rose = (now > was) & (index <= above + band)
    fell = (now < was) & (index > below - band)
    return (was >= 0) & (rose | fell)


def churn(last: Texts, now: Texts) -> pd.DataFrame:
    """Return firms by tier of the last round (rows) and of this one (columns); new firms apart."""
    before, after = pd.Index([*TIERS, "new"], name="last"), pd.Index(TIERS, name="now")
    was, is_now = place(last) % len(before), place(now)
    cell = (was * len(after) + is_now)[is_now >= 0]
    counts = np.bincount(cell, minlength=len(before) * len(after))
    return pd.DataFrame(counts.reshape(len(before), len(after)), before, after)
