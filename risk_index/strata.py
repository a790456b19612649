"""Parts of the registry with a capacity of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from risk_index.errors import CapacityError
from risk_index.steepness import Group
from risk_index.water_filling import ROUNDING, check_capacity, water_fill

ALL, POOLED = "all", "(pooled)"
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "none": (),
    "region": ("region",),
    "supervisor": ("supervised_by",),
    "region_supervisor": ("region", "supervised_by"),
}
"""What firms of one stratum share, by the name that the settings use."""


@dataclass(frozen=True)
class Strata:
    """How the capacity is divided before it is spread over firms.

    Attributes
    ----------
    by : str
        One of `COLUMNS`.
    exponent : float
        0 divides by the number of firms, 1 by their expected harm; in between mixes both.
    minimum_visits : tuple of (str, float)
        Least visits a round of a stratum, by its name.
    """

    by: str = "none"
    exponent: float = 0.0
    minimum_visits: tuple[tuple[str, float], ...] = ()


def strata_of(firms: pd.DataFrame, by: str) -> pd.Series:
    """Return the name of each firm's stratum; what is not on record makes a stratum too."""
    columns = COLUMNS[by]
    if not columns:
        everybody = pd.Categorical.from_codes(np.zeros(len(firms), np.int8), [ALL])
        return pd.Series(everybody, index=firms.index)
    parts = [firms[column].fillna("(unknown)").astype(str) for column in columns]
    return parts[0].str.cat(parts[1:], sep="|") if len(parts) > 1 else parts[0].astype(object)


def shares(
    firms: pd.DataFrame, group: Group, capacity: float, strata: Strata, whole: bool
) -> tuple[pd.Series, pd.Series]:
    """Return the name of each firm's stratum, a category, and the capacity of each stratum.

    Strata of less than one visit a round that no law gives a minimum become one.

    Parameters
    ----------
    firms : DataFrame, shape (n, .)
        With the columns that `strata` asks for.
    group : Group
        The same firms with their bounds.
    capacity : float
        Of the round.
    strata : Strata
        How to divide it.
    whole : bool
        Give whole visits to every stratum.

    Raises
    ------
    CapacityError
        Where floors, ceilings and minimum visits do not fit the capacity.
    """
    names = strata_of(firms, strata.by)
    if strata.by == "none":
        if strata.minimum_visits:
            raise CapacityError(
                "minimum_visits: there are no strata; set strata, to region for example"
            )
        return names, pd.Series({ALL: capacity})
    share = divide(_parts(names, group), capacity, strata)
    stated = dict(strata.minimum_visits)
    small = [name for name, part in share.items() if part < 1 and name not in stated]
    names = names.where(~names.isin(small), POOLED)
    share = share.groupby(np.where(share.index.isin(small), POOLED, share.index)).sum()
    if whole:
        parts = _parts(names, group)
        least = np.maximum(parts.floor, parts.index.map(stated).to_series(parts.index).fillna(0.0))
        share = whole_visits(share, least, parts.ceiling)
    return names.astype("category"), share


def _parts(names: pd.Series, group: Group) -> pd.DataFrame:
    columns = {
        "cost": group.cost,
        "harm": group.harm,
        "floor": group.cost * group.floor,
        "ceiling": group.cost * group.ceiling,
    }
    return pd.DataFrame(columns).groupby(names.to_numpy()).sum()


def divide(parts: pd.DataFrame, capacity: float, strata: Strata) -> pd.Series:
    """Divide the capacity between strata.

    Parameters
    ----------
    parts : DataFrame, one row a stratum, indexed by its name
        ``cost`` of visiting every firm once, ``harm`` (expected, of all its firms), ``floor`` and
        ``ceiling``, the least and the most that its firms may take.
    capacity : float
        Of the round.
    strata : Strata
        Minimum visits and the share of harm in the division.

    Returns
    -------
    Series
        Capacity of each stratum; adds up to the whole.

    Raises
    ------
    CapacityError
        Where a minimum names an unknown stratum or is more than its firms may take, and where floors
        and minima exceed the capacity.
    """
    least = parts.floor.copy()
    for name, visits in strata.minimum_visits:
        if name not in parts.index:
            known = ", ".join(sorted(parts.index)[:5])
            raise CapacityError(
                f"minimum_visits: no firm is in stratum {name!r} (strata by {strata.by}; the first: {known})"
            )
        if visits > parts.ceiling[name]:
            raise CapacityError(
                f"minimum_visits: {visits:g} a round in {name}, but the ceilings of its firms take "
                f"{parts.ceiling[name]:g}: lower the minimum or raise the ceiling"
            )
        least[name] = max(least[name], visits)
    mean_harm = parts.harm / parts.cost
    weight = (
        parts.cost * (mean_harm / max(mean_harm.max(), np.finfo(float).tiny)) ** strata.exponent
    )
    bounds = least.to_numpy(float), parts.ceiling.to_numpy(float)
    check_capacity(*bounds, capacity, 1.0, "the strata, minimum visits included")
    found = water_fill(weight.to_numpy(float), *bounds, capacity)
    return pd.Series(found, index=parts.index)


def whole_visits(capacity: pd.Series, least: pd.Series, most: pd.Series) -> pd.Series:
    """Return whole numbers of visits with the same sum, as near to the capacity as the bounds allow.

    Raises
    ------
    CapacityError
        Where whole visits break a bound, with the arithmetic.
    """
    total = round(float(capacity.sum()))
    low = np.ceil(least - ROUNDING).to_numpy(float)
    high = np.floor(most + ROUNDING).to_numpy(float)
    found = np.clip(np.floor(capacity.to_numpy(float) + ROUNDING), low, high)
    while (left := total - int(found.sum())) != 0:
        room = np.flatnonzero(found < high) if left > 0 else np.flatnonzero(found > low)
        if not len(room) or (low > high).any():
            raise CapacityError(
                f"{total} whole visits a round cannot be divided between {len(found)} strata that need "
                f"{low.sum():g} and take {high.sum():g}: use fewer strata or another capacity"
            )
        far = np.sign(left) * (found - capacity.to_numpy(float))[room]
        found[room[np.argsort(far, kind="stable")[: abs(left)]]] += np.sign(left)
    return pd.Series(found, index=capacity.index)
