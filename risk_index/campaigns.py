"""Priorities for some time, with visits of their own, on top of what the capacity gives."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from risk_index.index import Floats
from risk_index.texts import ENGLISH, Texts

NOTE = "campaign {name} ({start} to {end}, {reference}): chance up to x{used}"


@dataclass(frozen=True)
class Campaign:
    """A priority for some time, with visits of its own.

    Attributes
    ----------
    name, reference : str
        What it is called, and the order that it rests on.
    start, end : date
        First and last day.
    sectors, regions : tuple of str
        First characters of the codes that it covers; empty means all.
    multiplier : float
        By how much it raises a chance, at most.
    visits : float
        Visits a round that it may add, at most.
    """

    name: str
    reference: str
    start: dt.date
    end: dt.date
    sectors: tuple[str, ...]
    regions: tuple[str, ...]
    multiplier: float
    visits: float

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the firms that tell whether it is about them."""
        return tuple(self._prefixes)

    @property
    def _prefixes(self) -> dict[str, tuple[str, ...]]:
        given = {"sector": self.sectors, "region": self.regions}
        return {column: prefixes for column, prefixes in given.items() if prefixes}

    def covers(self, firms: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """Tell which firms it is about; shape (n,)."""
        within = np.ones(len(firms), bool)
        for column, prefixes in self._prefixes.items():
            codes = firms[column].fillna("").astype(str)
            within &= codes.str.startswith(prefixes).to_numpy(bool)
        return within

    def added(self, firms: pd.DataFrame, chance: Floats, ceiling: Floats) -> tuple[Floats, float]:
        """Return what it adds to the chances, and the multiplier that its visits allow."""
        wanted = np.where(
            self.covers(firms), np.minimum((self.multiplier - 1) * chance, ceiling - chance), 0.0
        )
        needed = float(wanted.sum())
        part = min(1.0, self.visits / needed) if needed > 0 else 1.0
        return wanted * part, 1 + (self.multiplier - 1) * part

    def note(self, used: float, texts: Texts = ENGLISH) -> str:
        """Return what a row of the ranking says of it."""
        return texts.say(
            NOTE,
            name=self.name,
            start=self.start,
            end=self.end,
            reference=self.reference,
            used=f"{used:.2f}",
        )


COLUMNS = ("name", "reference", "firms", "multiplier", "used", "visits")


@dataclass(frozen=True, eq=False)
class Raised:
    """Chances with the campaigns' visits.

    Attributes
    ----------
    chance : ndarray, shape (n,)
        Chance of inspection in the round.
    table : DataFrame, one row a campaign
        ``name``, ``reference``, ``firms``, ``multiplier`` (asked for), ``used`` (what its visits
        allowed), ``visits``.
    notes : dict of str to ndarray of bool, shape (n,)
        What to say, and of which firms.
    """

    chance: Floats
    table: pd.DataFrame
    notes: dict[str, npt.NDArray[np.bool_]]


def raised(
    firms: pd.DataFrame,
    chance: Floats,
    ceiling: Floats,
    campaigns: tuple[Campaign, ...],
    texts: Texts = ENGLISH,
) -> Raised:
    """Add the visits of campaigns to the chances, each within the ceilings."""
    total, rows, notes = chance, [], {}
    for campaign in campaigns:
        added, used = campaign.added(firms, chance, ceiling - (total - chance))
        total = total + added
        notes[campaign.note(used, texts)] = added > 0
        rows.append(
            (
                campaign.name,
                campaign.reference,
                int((added > 0).sum()),
                campaign.multiplier,
                used,
                float(added.sum()),
            )
        )
    return Raised(total, pd.DataFrame(rows, columns=list(COLUMNS)), notes)
