"""Policies: from a registry on a day to the visits of the coming season."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from risk_index.draw.sampling import Design, pareto
from risk_index.frequency import plan_round
from risk_index.index import IndexScale
from risk_index.simulate.learnt import Learning, by_rules, records_of, settings_on
from risk_index.water_filling import BILLION
from risk_index.world import World

Chances: TypeAlias = pd.DataFrame
"""``firm_id``, ``chance`` of a visit in the season, ``drawn``: whether that chance is one of a lot."""
Policy = Callable[[World, Learning], Chances]
NOBODY, UNIFORM, ORACLE = "nobody", "uniform", "oracle"
"""What the others are measured against: no visit, all alike, the truth as a list."""


def open_firms(world: World) -> pd.DataFrame:
    """Return the truth of the firms that can be visited."""
    truth = world.truth
    return truth[truth.likelihood > 0]


def first_of_list(
    rows: pd.DataFrame, score: str = "expected_harm", share: float = Learning.capacity_share
) -> Chances:
    """Visit the first of the list and nobody else."""
    count = round(share * len(rows))
    order = rows.sort_values([score, "firm_id"], ascending=[False, True]).firm_id
    return pd.DataFrame({"firm_id": order, "chance": np.arange(len(order)) < count, "drawn": False})


def alike(world: World, share: float = Learning.capacity_share) -> Chances:
    """Give every open firm the same chance."""
    return pd.DataFrame({"firm_id": open_firms(world).firm_id, "chance": share, "drawn": True})


def by_lot(
    rows: pd.DataFrame, world: World, share: float = Learning.capacity_share, **method: Any
) -> Chances:
    """Give every firm the chance that the product's plan of a round gives it.

    Parameters
    ----------
    **method
        Settings of the plan other than the defaults, such as ``frequency_method``.
    """
    rows = rows.sort_values("firm_id", ignore_index=True)
    scale = IndexScale(float(rows.expected_harm.mean()))
    rows = rows.assign(unclipped=scale.unclipped(rows.expected_harm.to_numpy()))
    settings = dataclasses.replace(settings_on(world.as_of), capacity_share=share, **method)
    chance = plan_round(rows, settings.allocation).firms.probability_ppb / BILLION
    return pd.DataFrame({"firm_id": rows.firm_id, "chance": chance, "drawn": True})


# ---- the policies --------------------------------------------------------------------------------


def nobody(world: World, how: Learning) -> Chances:
    """Plan no visit: complaints and what they lead to go on, as under every policy."""
    return alike(world, 0.0)


def uniform(world: World, how: Learning) -> Chances:
    """Draw among all open firms alike."""
    return alike(world, how.capacity_share)


def rule_ladder(world: World, how: Learning) -> Chances:
    """Draw in the published ratios of tiers that points for what is on record make."""
    return by_lot(records_of(world, by_rules), world, how.capacity_share, frequency_method="ladder")


def greedy_likelihood(world: World, how: Learning) -> Chances:
    """Visit the first of the list by likelihood."""
    return first_of_list(how.index(world), "likelihood", how.capacity_share)


def greedy_index(world: World, how: Learning) -> Chances:
    """Visit the first of the list by index."""
    return first_of_list(how.index(world), share=how.capacity_share)


def index_proportional(world: World, how: Learning) -> Chances:
    """Draw in proportion to the index's expected harm, over a floor for all: the product's plan."""
    return by_lot(how.index(world), world, how.capacity_share)


def mix(world: World, how: Learning) -> Chances:
    """Spread a part of the visits evenly; the rest goes to the first of the list by index."""
    settings = {"frequency_method": "mix", "random_share": how.random_share}
    return by_lot(how.index(world), world, how.capacity_share, **settings)


def oracle(world: World, how: Learning) -> Chances:
    """Visit the first of the list by the true expected harm."""
    return first_of_list(open_firms(world), share=how.capacity_share)


POLICIES: Mapping[str, Policy] = {
    NOBODY: nobody,
    UNIFORM: uniform,
    "rule_ladder": rule_ladder,
    "greedy_likelihood": greedy_likelihood,
    "greedy_index": greedy_index,
    "index_proportional": index_proportional,
    "mix": mix,
    ORACLE: oracle,
}


# ---- visits --------------------------------------------------------------------------------------


def visits(chances: Chances, world: World) -> pd.DataFrame:
    """Return the visits that :meth:`World.step` takes; every policy draws with the same numbers."""
    rows = chances[chances.chance > 0].sort_values("firm_id", ignore_index=True)
    ppb = np.round(rows.chance.to_numpy(float) * BILLION).astype(np.int64)
    ids = np.sort(world.truth.firm_id.to_numpy(str))
    rng = np.random.default_rng([world.seed, world.season])
    luck = rng.integers(0, 2**64, len(ids), dtype=np.uint64)[np.searchsorted(ids, rows.firm_id)]
    phantom = rng.integers(0, 2**64, 1, dtype=np.uint64)
    design = Design(ppb, np.zeros(len(rows), np.int64), 1)
    chosen = rows[pareto(design, luck, phantom).drawn] if len(rows) else rows
    return pd.DataFrame({
        "firm_id": chosen.firm_id,
        "inclusion_probability": chosen.chance.where(chosen.drawn, np.nan).astype(float),
        "selection": np.where(chosen.drawn, "random", "directed"),
    })  # fmt: skip
