"""The same visits in another order: how many days earlier violations are found, group by group.

A city that reports "7.5 days earlier" has let visits change places between inspectors of whom some cite
ten times as often as others. Here each group of inspectors keeps its own visits and its own slots.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.labels import group_of
from features.records import Records
from features.sector import planned_and_judged

REPLICATES = 1000
PAST_RATE = "past rate of the group that visits"
Floats = NDArray[np.float64]


def own_rates(records: Records, as_of: dt.date, inspectors: pd.Series) -> Floats:
    """Return the share of violations at earlier visits of each visit's group; shape (n,)."""
    visits = records.table("inspections")
    known = visits.filter(planned_and_judged(visits), visits.recorded_on <= as_of).execute()
    groups = known.inspector_id.map(group_of, na_action="ignore")
    return inspectors.map(known.violation.groupby(groups).mean()).to_numpy(float)


def days_earlier(rows: pd.DataFrame, ranks: dict[str, Floats]) -> pd.DataFrame:
    """Return one row a score: mean days by which violations are found earlier, with intervals.

    Parameters
    ----------
    rows : DataFrame, shape (n, ...)
        ``inspected_on``, ``inspectors``, ``violation``, ``controller``.
    ranks : dict of float64, shape (n,)
        Scores; higher goes first.
    """
    day = (rows.inspected_on - rows.inspected_on.min()).dt.days.to_numpy(float)
    hit = rows.violation.to_numpy(float)
    group = pd.factorize(rows.inspectors, sort=True)[0]
    strata = {"own slots": group, "any slot": np.zeros(len(rows), dtype=np.int64)}
    drawn = list(resamples(rows.controller.to_numpy(), REPLICATES))
    table = []
    for name, rank in ranks.items():
        row = {"score": name}
        for title, stratum in strata.items():
            point = gain(day, hit, rank, stratum)
            again = [gain(day[at], hit[at], rank[at], stratum[at]) for at in drawn]
            low, high = np.quantile(again, (0.025, 0.975))
            row[f"days earlier, {title}"] = f"{point:+.2f} ({low:+.2f} to {high:+.2f})"
        table.append(row)
    return pd.DataFrame(table)


def gain(day: Floats, hit: Floats, rank: Floats, stratum: NDArray[np.int64]) -> float:
    """Return the mean days by which violations come earlier in the order of a score.

    Within each stratum the visits are dealt out to its own days, highest score first; equal scores
    share the mean of their days.

    >>> gain(np.array([0., 1., 2., 3.]), np.array([0., 0., 1., 1.]), np.array([1., 2., 3., 4.]),
    ...      np.zeros(4, dtype=np.int64))
    2.0
    """
    slots = day[np.lexsort((day, stratum))]
    order = np.lexsort((-rank, stratum))
    ends = np.flatnonzero((np.diff(rank[order]) != 0) | (np.diff(stratum[order]) != 0))
    tied = np.zeros(len(day), dtype=np.int64)
    tied[ends + 1] = 1
    tied = np.cumsum(tied)
    mean = np.bincount(tied, slots) / np.bincount(tied)
    new = np.empty(len(day))
    new[order] = mean[tied]
    return float((hit * (day - new)).sum() / hit.sum())


def resamples(controller: NDArray[np.int64], replicates: int) -> list[NDArray[np.int64]]:
    """Return positions of rows, controllers drawn with replacement."""
    rng = np.random.default_rng(0)
    order = np.argsort(controller, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(controller[order]) != 0])
    parts = np.split(order, starts[1:])
    drawn = []
    for _ in range(replicates):
        chosen = rng.integers(0, len(parts), len(parts))
        drawn.append(np.concatenate([parts[k] for k in chosen]))
    return drawn
