"""What an assignment could not do, in words: why loads differ, who has nothing to do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from risk_index.inspectors.assignment import Assignment
from risk_index.inspectors.keys import Ints
from risk_index.inspectors.levels import first_few, limits
from risk_index.inspectors.pool import Pool
from risk_index.inspectors.roster import Inspector, names

SHOWN = 4
"""Levels that are explained at either end."""


def load_notes(assignment: Assignment, per_visit: int) -> list[str]:
    """Say how level the loads are and, where they differ by more than one visit, why."""
    loads = assignment.loads
    low, high = int(loads.min()), int(loads.max())
    even = high - low <= 1
    said = [
        f"Loads: {low} to {high} visits for each of {len(loads)} inspectors"
        + ("." if even else "; eligibility and max_visits allow no smaller range.")
    ]
    if not even:
        said += _level_notes(assignment, per_visit)
    if assignment.crowding:
        said.append(
            f"Weeks: some inspector has in one week up to {assignment.crowding} visits more than "
            "their load spread evenly over the weeks, rounded up; eligibility allows no less."
        )
    return said + _idle(assignment)


def _idle(assignment: Assignment) -> list[str]:
    pool = assignment.pool
    able = np.bincount(pool.pairs[1], minlength=len(pool.inspectors))
    idle = [i for i, n in zip(pool.inspectors, able, strict=True) if not n and i.max_visits != 0]
    if not idle:
        return []
    return [f"Eligible for no visit: {len(idle)} inspectors ({names(idle)})."]


def _level_notes(assignment: Assignment, per_visit: int) -> list[str]:
    levels = assignment.levels
    said = []
    for number, level in enumerate(levels):
        if SHOWN <= number < len(levels) - SHOWN:
            continue
        people = _people(assignment.pool, level.members)
        loads = assignment.loads[level.members]
        span = f"{loads.min()}" if loads.min() == loads.max() else f"{loads.min()} or {loads.max()}"
        above = np.concatenate([one.members for one in levels[: number + 1]])
        why = _why(assignment, level.members, above, per_visit)
        said.append(f"{span} visits: {len(people)} inspectors ({names(people)}); {why}.")
    return said


def _people(pool: Pool, members: Ints) -> Sequence[Inspector]:
    return [pool.inspectors[j] for j in members]


def _why(assignment: Assignment, members: Ints, above: Ints, per_visit: int) -> str:
    pool, loads = assignment.pool, assignment.loads
    able = np.bincount(pool.pairs[1], minlength=len(pool.inspectors))
    if (loads[members] == able[members]).all():
        return "eligible for no more"
    free = loads < limits(pool)
    if not free[members].any():
        return "no more by max_visits or eligibility"
    free[above] = False
    missing = per_visit - (pool.barred[:, free] == 0).sum(axis=1)
    theirs = (pool.barred[:, members] == 0).any(axis=1)
    forced = np.flatnonzero(theirs & (missing > 0))
    regions = first_few([pool.visits[i].firm.region for i in forced])
    return (
        f"{missing[forced].sum()} places at {len(forced)} visits (regions {regions}) are open only to "
        "them, to those who make more and to those at their limit"
    )
