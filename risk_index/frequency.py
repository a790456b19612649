"""The plan of a round: tier, stratum and chance of inspection of every firm, within the capacity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from risk_index.allocation import VISITS, Allocation, capacity_of, group_of
from risk_index.campaigns import raised
from risk_index.index import Floats
from risk_index.steepness import Chances, Group, Steepness, spread
from risk_index.strata import ALL, shares
from risk_index.tiers import churn, highest, tiers
from risk_index.water_filling import BILLION, billionths


@dataclass(frozen=True, eq=False)
class Round:
    """The plan of one round.

    Attributes
    ----------
    firms : DataFrame, one row a firm in the order given
        ``tier``, ``stratum``, ``probability_ppb`` and ``floor_ppb`` (int64, billionths),
        ``plan_notes``.
    strata : DataFrame, one row a stratum
        ``firms``, ``visits`` (expected), ``floor_visits``, ``campaign_visits``.
    campaigns : DataFrame, one row a campaign
        ``name``, ``reference``, ``firms``, ``multiplier`` (asked for), ``used`` (what its visits
        allowed), ``visits``.
    edges : ndarray, shape (3,)
        Highest index, before clipping, of tiers A, B and C.
    churn : DataFrame or None
        Firms by tier of the last round and of this one.
    capacity : float
        Of the round without campaigns, in its unit.
    unit : str
        "visits" or "cost".
    """

    firms: pd.DataFrame
    strata: pd.DataFrame
    campaigns: pd.DataFrame
    edges: Floats
    churn: pd.DataFrame | None
    capacity: float
    unit: str


def plan_round(firms: pd.DataFrame, allocation: Allocation, last: pd.Series | None = None) -> Round:
    """Plan a round.

    Parameters
    ----------
    firms : DataFrame, one row a firm
        ``sector``, ``region``, ``supervised_by``, ``likelihood``, ``severity``, ``expected_harm``,
        ``unclipped`` (index before clipping), ``drawn_this_year`` (visits that an earlier draw of
        the year led to).
    allocation : Allocation
        Capacity, bounds, method, strata, campaigns.
    last : Series of str, optional
        Tier of the last round, row by row; "" for a firm that had none.

    Raises
    ------
    CapacityError
        Where capacity, floors, ceilings and minima do not fit together.
    """
    before = None if last is None else last.to_numpy(str)
    index = firms.unclipped.to_numpy(float)
    tier = tiers(index, allocation.tiers, before)
    group = group_of(firms, tier, allocation)
    capacity = capacity_of(group, allocation)
    whole = allocation.capacity.unit == VISITS and capacity >= 1
    stratum, share = shares(firms, group, capacity, allocation.strata, whole)
    chances = _within_strata(group, stratum, share, allocation.steepness)
    more = raised(firms, chances.total, group.ceiling, allocation.campaigns)
    found = _in_billionths(stratum, more.chance, chances, group, allocation)
    found.insert(0, "tier", tier)
    found["plan_notes"] = _notes(more.notes, firms, tier, index, before, allocation)
    return Round(
        firms=found,
        strata=_by_stratum(found, more.chance - chances.total),
        campaigns=more.table,
        edges=highest(index, allocation.tiers),
        churn=None if before is None else churn(before, tier),
        capacity=capacity,
        unit=allocation.capacity.unit,
    )


def _within_strata(group: Group, names: pd.Series, share: pd.Series, how: Steepness) -> Chances:
    """Spread every stratum's capacity over its firms."""
    total, floor = np.zeros(len(names)), np.zeros(len(names))
    for name, rows in names.groupby(names).indices.items():
        where = "" if name == ALL else f"stratum {name}"
        found = spread(group.take(rows), float(share[name]), how, where)
        total[rows], floor[rows] = found.total, found.floor
    return Chances(total, floor)


def _in_billionths(
    stratum: pd.Series, total: Floats, chances: Chances, group: Group, allocation: Allocation
) -> pd.DataFrame:
    """Return the chances as whole billionths that add up in every stratum."""
    found = np.zeros(len(total), np.int64)
    whole = allocation.capacity.unit == VISITS
    for rows in stratum.groupby(stratum).indices.values():
        capacity = float(total[rows].sum()) if whole else None
        found[rows] = billionths(total[rows], group.ceiling[rows], capacity)
    floor = np.minimum(billionths(chances.floor, group.ceiling, None), found)
    return pd.DataFrame(
        {"stratum": stratum.to_numpy(), "probability_ppb": found, "floor_ppb": floor},
        index=stratum.index,
    )


def _notes(
    notes: dict[str, npt.NDArray[np.bool_]],
    firms: pd.DataFrame,
    tier: npt.NDArray[np.str_],
    index: Floats,
    before: npt.NDArray[np.str_] | None,
    allocation: Allocation,
) -> list[str]:
    """Return what the plan has to say of each firm."""
    full = firms.drawn_this_year.to_numpy() >= allocation.max_per_year
    said = dict(notes)
    said[f"at the yearly ceiling of {allocation.max_per_year}: not drawn in this round"] = full
    if before is not None:
        fresh = tiers(index, allocation.tiers)
        for letter in np.unique(fresh):
            text = (
                "keeps its tier of the last round, within "
                f"{allocation.tiers.band_points:g} points of tier {letter}"
            )
            said[text] = (fresh == letter) & (tier != fresh)
    found = np.full(len(firms), "", object)
    for text, rows in said.items():
        found[rows] = [f"{old}; {text}" if old else text for old in found[rows]]
    return [str(text) for text in found]


def _by_stratum(found: pd.DataFrame, campaign: Floats) -> pd.DataFrame:
    frame = found.assign(campaign=campaign).groupby("stratum")
    return pd.DataFrame(
        {
            "firms": frame.size(),
            "visits": frame.probability_ppb.sum() / BILLION,
            "floor_visits": frame.floor_ppb.sum() / BILLION,
            "campaign_visits": frame.campaign.sum(),
        }
    ).reset_index()
