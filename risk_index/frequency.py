"""The plan of a round: tier, stratum and chance of inspection of every firm, within the capacity."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from risk_index.allocation import VISITS, Allocation, capacity_of, group_of
from risk_index.campaigns import raised
from risk_index.index import Floats
from risk_index.stability import votes
from risk_index.steepness import Chances, Group, Steepness, spread
from risk_index.strata import ALL, shares
from risk_index.texts import ENGLISH
from risk_index.texts import Texts as Words
from risk_index.tiers import TIERS, Texts, TierRule, churn, highest, place, tiers
from risk_index.water_filling import BILLION, billionths

Bools = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64] | slice
KEPT = "keeps its tier of the last round, within {points} points of tier {tier}"
BORDERLINE = "borderline: fewer than {share} of repeated fits confirm tier {tier}"
AT_CEILING = "at the yearly ceiling of {most}: not drawn in this round"


@dataclass(frozen=True, eq=False)
class Round:
    """The plan of one round.

    Attributes
    ----------
    firms : DataFrame, one row a firm in the order given
        ``tier``, ``stratum`` and ``plan_notes`` (categories), ``probability_ppb`` and ``floor_ppb``
        (int64, billionths).
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
    borderline : int or None
        Firms whose tier too few refits confirm; None where there is no refit.
    """

    firms: pd.DataFrame
    strata: pd.DataFrame
    campaigns: pd.DataFrame
    edges: Floats
    churn: pd.DataFrame | None
    capacity: float
    unit: str
    borderline: int | None


def plan_round(
    firms: pd.DataFrame,
    allocation: Allocation,
    last: Texts | None = None,
    refits: Iterable[Floats] = (),
    texts: Words = ENGLISH,
) -> Round:
    """Plan a round.

    Parameters
    ----------
    firms : DataFrame, one row a firm
        ``expected_harm``, ``unclipped`` (index before clipping), ``drawn_this_year`` (visits that an
        earlier draw of the year led to), and what else :func:`~risk_index.allocation.asked_of` names of
        ``sector``, ``region``, ``supervised_by``, ``likelihood`` and ``severity``.
    allocation : Allocation
        Capacity, bounds, method, strata, campaigns.
    last : ndarray of str, shape (n,), optional
        Tier of the last round; "" for a firm that had none.
    refits : iterable of ndarray, shape (n,)
        Index before clipping by each refit of the models.
    texts : Texts, optional
        In which language the notes are; English by default.

    Raises
    ------
    CapacityError
        Where capacity, floors, ceilings and minima do not fit together.
    """
    index = firms.unclipped.to_numpy(float)
    steady = tiers(index, allocation.tiers, last)
    tier, stability = _confirmed(steady, refits, last, allocation.tiers)
    group = group_of(firms, tier, allocation)
    capacity = capacity_of(group, allocation)
    whole = allocation.capacity.unit == VISITS and capacity >= 1
    stratum, share = shares(firms, group, capacity, allocation.strata, whole)
    chances = _within_strata(group, stratum, share, allocation.steepness)
    more = raised(firms, chances.total, group.ceiling, allocation.campaigns, texts)
    found = _in_billionths(stratum, more.chance, chances, group, allocation)
    found.insert(0, "tier", pd.Categorical.from_codes(place(tier), TIERS))
    found["tier_stability"] = np.nan if stability is None else stability
    said = _of_tiers(tier, steady, tiers(index, allocation.tiers), allocation.tiers, texts)
    found["plan_notes"] = _notes(said | more.notes, firms, allocation, texts)
    return Round(
        firms=found,
        strata=_by_stratum(found, more.chance - chances.total if allocation.campaigns else None),
        campaigns=more.table,
        edges=highest(index, allocation.tiers),
        churn=None if last is None else churn(last, tier),
        capacity=capacity,
        unit=allocation.capacity.unit,
        borderline=None if stability is None else int((tier != steady).sum()),
    )


def _confirmed(
    steady: Texts, refits: Iterable[Floats], last: Texts | None, rule: TierRule
) -> tuple[Texts, Floats | None]:
    """Return the tiers that enough refits confirm, and the share of the refits that give them."""
    voted = votes(refits, rule, len(steady))
    if voted is None:
        return steady, None
    tier = voted.confirmed(steady, rule.stable_share, last)
    return tier, voted.stability(tier)


def _within_strata(group: Group, names: pd.Series, share: pd.Series, how: Steepness) -> Chances:
    """Spread every stratum's capacity over its firms."""
    if list(share.index) == [ALL]:
        return spread(group, float(share[ALL]), how)
    total, floor = np.zeros(len(names)), np.zeros(len(names))
    for name, rows in names.groupby(names, observed=True).indices.items():
        found = spread(group.take(rows), float(share[name]), how, f"stratum {name}")
        total[rows], floor[rows] = found.total, found.floor
    return Chances(total, floor)


def _rows_of(names: pd.Series) -> Iterable[Rows]:
    """Return the places of every stratum's firms."""
    if len(names.cat.categories) == 1:
        return [slice(None)]  # the numbers of all places would take more memory than the chances
    return names.groupby(names, observed=True).indices.values()


def _in_billionths(
    stratum: pd.Series, total: Floats, chances: Chances, group: Group, allocation: Allocation
) -> pd.DataFrame:
    """Return the chances as whole billionths that add up in every stratum."""
    found = np.zeros(len(total), np.int64)
    whole = allocation.capacity.unit == VISITS
    for rows in _rows_of(stratum):
        capacity = float(total[rows].sum()) if whole else None
        found[rows] = billionths(total[rows], group.ceiling[rows], capacity)
    floor = np.minimum(billionths(chances.floor, group.ceiling, None), found)
    return pd.DataFrame(
        {"stratum": stratum.array, "probability_ppb": found, "floor_ppb": floor},
        index=stratum.index,
    )


def _of_tiers(
    tier: Texts, steady: Texts, fresh: Texts, rule: TierRule, texts: Words
) -> dict[str, Bools]:
    """Return which firms have another tier than that of their index, and why."""
    said = {}
    for letter in np.unique(fresh):
        kept = texts.say(KEPT, points=f"{rule.band_points:g}", tier=letter)
        said[kept] = (fresh == letter) & (tier == steady) & (steady != fresh)
    for letter in np.unique(steady):
        lower = texts.say(BORDERLINE, share=f"{rule.stable_share:.0%}", tier=letter)
        said[lower] = (steady == letter) & (tier != steady)
    return said


def _notes(
    notes: dict[str, Bools], firms: pd.DataFrame, allocation: Allocation, texts: Words
) -> pd.Categorical:
    """Return what the plan has to say of each firm."""
    full = firms.drawn_this_year.to_numpy() >= allocation.max_per_year
    said = notes | {texts.say(AT_CEILING, most=allocation.max_per_year): full}
    code, told = np.zeros(len(firms), np.int32), [""]
    for text, rows in said.items():
        for before in np.unique(code[rows]):
            code[rows & (code == before)] = len(told)
            told.append(f"{told[before]}{texts.separator}{text}" if told[before] else text)
    return pd.Categorical.from_codes(code, told)


def _by_stratum(found: pd.DataFrame, campaign: Floats | None) -> pd.DataFrame:
    frame = found.groupby("stratum", observed=True)
    more = 0.0
    if campaign is not None:
        more = pd.Series(campaign, found.index).groupby(found.stratum, observed=True).sum()
    return (
        pd.DataFrame(
            {
                "firms": frame.size(),
                "visits": frame.probability_ppb.sum() / BILLION,
                "floor_visits": frame.floor_ppb.sum() / BILLION,
                "campaign_visits": more,
            }
        )
        .reset_index()
        .astype({"stratum": object})
    )
