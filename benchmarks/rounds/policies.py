"""The policies of the rounds: naive labels and remedies beside what `risk-index simulate` plays."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from benchmarks.rounds.learnt import by_all_inspections, by_recorded_penalties
from risk_index.simulate.learnt import by_index, records_of
from risk_index.simulate.policies import Chances, alike, by_lot, first_of_list, open_firms
from risk_index.world import World

REMEDY = ("registered_capital",)
"""What the fairness audit leaves out in a registry that is planted with an over-cited age group."""
Policy = Callable[[World], Chances]


def by_true_lot(world: World) -> Chances:
    """Give every firm the chance that the plan would give it if the model knew the truth."""
    blank = dict.fromkeys(("sector", "region", "supervised_by"), "")
    return by_lot(open_firms(world).assign(drawn_this_year=0, **blank), world)


def _without_capital(folder: Path, day: dt.date) -> pd.DataFrame:
    return by_index(folder, day, without=REMEDY)


def _drawn_only(folder: Path, day: dt.date) -> pd.DataFrame:
    return by_index(folder, day, drawn_only=True)


def _both(folder: Path, day: dt.date) -> pd.DataFrame:
    return by_index(folder, day, without=REMEDY, drawn_only=True)


POLICIES: Mapping[str, Policy] = {
    "all alike, by lot": alike,
    "truth, first of the list": lambda w: first_of_list(open_firms(w)),
    "truth, by lot": by_true_lot,
    "recorded penalties, first of the list": lambda w: first_of_list(
        records_of(w, by_recorded_penalties)
    ),
    "all inspections unweighted, first of the list": lambda w: first_of_list(
        records_of(w, by_all_inspections)
    ),
    "ours, first of the list": lambda w: first_of_list(records_of(w, by_index)),
    "ours, by lot": lambda w: by_lot(records_of(w, by_index), w),
    "ours without registered_capital, by lot": lambda w: by_lot(records_of(w, _without_capital), w),
    "ours, random visits alone, by lot": lambda w: by_lot(records_of(w, _drawn_only), w),
    "ours, both of these, by lot": lambda w: by_lot(records_of(w, _both), w),
}
