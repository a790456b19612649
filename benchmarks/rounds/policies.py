"""Policies: from a registry on a day to the visits of the coming year."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.rounds.learnt import (
    REMEDY,
    by_all_inspections,
    by_index,
    by_recorded_penalties,
    settings_on,
)
from risk_index.draw.sampling import Design, pareto
from risk_index.frequency import plan_round
from risk_index.index import IndexScale
from risk_index.water_filling import BILLION
from risk_index.world import World

SHARE = 0.05
"""Visits a year for each open firm: the product's default."""
Chances = pd.DataFrame
"""``firm_id``, ``chance`` of a visit in the year, ``drawn``: whether that chance is one of a lot."""
Policy = Callable[[World], Chances]


def records_of(world: World, learn: Callable[..., pd.DataFrame], *options: object) -> pd.DataFrame:
    """Learn from the records of a world, written to a folder that does not stay."""
    with tempfile.TemporaryDirectory() as name:
        world.write(Path(name) / "world")
        return learn(Path(name) / "world" / "records", world.as_of, *options)


def first_of_list(rows: pd.DataFrame, score: str = "expected_harm") -> Chances:
    """Visit the first of the list and nobody else."""
    count = round(SHARE * len(rows))
    order = rows.sort_values([score, "firm_id"], ascending=[False, True]).firm_id
    return pd.DataFrame({"firm_id": order, "chance": np.arange(len(order)) < count, "drawn": False})


def by_lot(rows: pd.DataFrame, world: World) -> Chances:
    """Give every firm the chance that the product's plan of a round gives it."""
    rows = rows.sort_values("firm_id", ignore_index=True)
    scale = IndexScale(float(rows.expected_harm.mean()))
    rows = rows.assign(unclipped=scale.unclipped(rows.expected_harm.to_numpy()))
    plan = plan_round(rows, settings_on(world.as_of).allocation)
    chance = plan.firms.probability_ppb / BILLION
    return pd.DataFrame({"firm_id": rows.firm_id, "chance": chance, "drawn": True})


def alike(world: World) -> Chances:
    """Give every open firm the same chance."""
    firms = _open(world)
    return pd.DataFrame({"firm_id": firms.firm_id, "chance": SHARE, "drawn": True})


def by_true_lot(world: World) -> Chances:
    """Give every firm the chance that the plan would give it if the model knew the truth."""
    blank = dict.fromkeys(("sector", "region", "supervised_by"), "")
    return by_lot(_open(world).assign(drawn_this_year=0, **blank), world)


def _open(world: World) -> pd.DataFrame:
    truth = world.truth
    return truth[truth.likelihood > 0]


POLICIES: Mapping[str, Policy] = {
    "all alike, by lot": alike,
    "truth, first of the list": lambda w: first_of_list(_open(w)),
    "truth, by lot": by_true_lot,
    "recorded penalties, first of the list": lambda w: first_of_list(
        records_of(w, by_recorded_penalties)
    ),
    "all inspections unweighted, first of the list": lambda w: first_of_list(
        records_of(w, by_all_inspections)
    ),
    "ours, first of the list": lambda w: first_of_list(records_of(w, by_index)),
    "ours, by lot": lambda w: by_lot(records_of(w, by_index), w),
    "ours without registered_capital, by lot": lambda w: by_lot(records_of(w, by_index, REMEDY), w),
    "ours, random visits alone, by lot": lambda w: by_lot(records_of(w, by_index, (), True), w),
    "ours, both of these, by lot": lambda w: by_lot(records_of(w, by_index, REMEDY, True), w),
}


def visits(chances: Chances, world: World) -> pd.DataFrame:
    """Return the visits that :meth:`World.step` takes; every policy draws with the same numbers."""
    rows = chances.sort_values("firm_id", ignore_index=True)
    ppb = np.round(rows.chance.to_numpy(float) * BILLION).astype(np.int64)
    ids = np.sort(world.truth.firm_id.to_numpy(str))
    rng = np.random.default_rng([world.seed, world.season])
    luck = rng.integers(0, 2**64, len(ids), dtype=np.uint64)[np.searchsorted(ids, rows.firm_id)]
    design = Design(ppb, np.zeros(len(rows), np.int64), 1)
    chosen = rows[pareto(design, luck, rng.integers(0, 2**64, 1, dtype=np.uint64)).drawn]
    return pd.DataFrame({
        "firm_id": chosen.firm_id,
        "inclusion_probability": chosen.chance.where(chosen.drawn, np.nan).astype(float),
        "selection": np.where(chosen.drawn, "random", "directed"),
    })  # fmt: skip
