"""What an authority decides about the frequency of inspections: capacity, bounds, method, strata."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from risk_index.campaigns import Campaign
from risk_index.index import Floats
from risk_index.steepness import VARIANCE, Group, Steepness
from risk_index.strata import COLUMNS as STRATA_COLUMNS
from risk_index.strata import Strata
from risk_index.tiers import TierRule

VISITS, COST = "visits", "cost"


@dataclass(frozen=True)
class Capacity:
    """What the inspectors can do in a round.

    Attributes
    ----------
    unit : {"visits", "cost"}
        Whether visits or their cost add up to the capacity.
    a_round : float
        Capacity of a round in that unit; 0 takes the share of the firms.
    share_a_year : float
        Inspections a year per firm of the registry, where the round states no capacity.
    costs : tuple of (str, float)
        Cost of a visit by the first characters of the sector; the longest that fits holds, else 1.
    """

    unit: str = VISITS
    a_round: float = 0.0
    share_a_year: float = 0.05
    costs: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Allocation:
    """What turns the index into tiers and frequencies.

    Attributes
    ----------
    tiers : TierRule
        From index to tier.
    steepness : Steepness
        From expected harm to chance.
    capacity : Capacity
        Of a round.
    rounds_per_year : int
        Random draws a year.
    floor_per_year : float
        Least expected inspections a year of any firm.
    max_per_year : int
        Published yearly ceiling of one firm.
    ceiling_per_round : float
        Largest chance of any firm in a round.
    strata : Strata
        Parts of the registry with a capacity of their own.
    campaigns : tuple of Campaign
        Those in force in the round.
    """

    tiers: TierRule = field(default_factory=TierRule)
    steepness: Steepness = field(default_factory=Steepness)
    capacity: Capacity = field(default_factory=Capacity)
    rounds_per_year: int = 4
    floor_per_year: float = 0.01
    max_per_year: int = 2
    ceiling_per_round: float = 0.8
    strata: Strata = field(default_factory=Strata)
    campaigns: tuple[Campaign, ...] = ()


def group_of(firms: pd.DataFrame, tier: npt.NDArray[np.str_], allocation: Allocation) -> Group:
    """Return what the spreading needs of the firms; one drawn to its yearly ceiling has no chance."""
    rounds, n = allocation.rounds_per_year, len(firms)
    free = firms.drawn_this_year.to_numpy() < allocation.max_per_year
    ceiling = min(allocation.ceiling_per_round, allocation.max_per_year / rounds)
    by_cost = allocation.capacity.unit == COST
    return Group(
        harm=firms.expected_harm.to_numpy(float),
        variance=_variance(firms) if allocation.steepness.method == VARIANCE else alike(0.0, n),
        tier=tier,
        floor=_of_the_free(free, allocation.floor_per_year / rounds),
        ceiling=_of_the_free(free, ceiling),
        cost=_costs(firms, allocation.capacity) if by_cost else alike(1.0, n),
    )


def asked_of(allocation: Allocation) -> tuple[str, ...]:
    """Return the columns of the firms that the plan of a round reads.

    A nation's firms do not fit into memory with all their texts.
    """
    columns = ["expected_harm", "unclipped", "drawn_this_year"]
    if allocation.steepness.method == VARIANCE:
        columns += ["likelihood", "severity"]
    texts = {*STRATA_COLUMNS[allocation.strata.by]}
    if allocation.capacity.unit == COST:
        texts.add("sector")
    for campaign in allocation.campaigns:
        texts |= {*campaign.columns}
    return (*columns, *sorted(texts))


def alike(value: float, n: int) -> Floats:
    """Return an array of one value that takes the memory of one."""
    return np.broadcast_to(value, n)


def _of_the_free(free: npt.NDArray[np.bool_], value: float) -> Floats:
    return alike(value, len(free)) if free.all() else np.where(free, value, 0.0)


def _variance(firms: pd.DataFrame) -> Floats:
    chance = firms.likelihood.to_numpy(float)
    return chance * (1 - chance) * firms.severity.to_numpy(float) ** 2


def _costs(firms: pd.DataFrame, capacity: Capacity) -> Floats:
    cost, sector = np.ones(len(firms)), firms.sector.fillna("").astype(str)
    for prefix, value in sorted(capacity.costs, key=lambda pair: len(pair[0])):
        cost[sector.str.startswith(prefix).to_numpy(bool)] = value
    return cost


def capacity_of(group: Group, allocation: Allocation) -> float:
    """Return the capacity of the round; visits are whole from one visit on."""
    stated = allocation.capacity.a_round
    amount = (
        stated or allocation.capacity.share_a_year * group.cost.sum() / allocation.rounds_per_year
    )
    if allocation.capacity.unit == COST or amount < 1:
        return float(amount)
    return float(np.floor(amount + 0.5))
