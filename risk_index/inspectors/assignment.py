"""Inspectors for every visit: of all most even assignments the one whose random keys cost least.

The keys are independent of everything and alike for every pair, so inspectors of one standing (same
eligible visits, same max_visits) have the same chance of every visit. Two assignments cost the same
with a chance of at most n_pairs / 2^36, so any exact solver finds the same one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from risk_index.inspectors.flows import Arcs, cheapest, joined
from risk_index.inspectors.keys import Ints
from risk_index.inspectors.levels import Level, levels
from risk_index.inspectors.pool import Flags, Pool


@dataclass(frozen=True)
class Assignment:
    """Who goes where.

    Attributes
    ----------
    pool : Pool
        Visits and inspectors, and who may do what.
    cost : ndarray, shape (n_pairs,)
        Keys of the eligible pairs.
    chosen : ndarray of bool, shape (n_pairs,)
        The pairs that came out.
    levels : tuple of Level
        How level the loads are.
    crowding : int
        Visits in one week beyond an inspector's load spread evenly over their weeks, rounded up.
    """

    pool: Pool
    cost: Ints
    chosen: Flags
    levels: tuple[Level, ...]
    crowding: int

    @cached_property
    def loads(self) -> Ints:
        """Visits of every inspector; shape (n_inspectors,)."""
        found = np.bincount(self.pool.pairs[1][self.chosen], minlength=len(self.pool.inspectors))
        return found.astype(np.int64)

    @cached_property
    def inspectors(self) -> tuple[tuple[int, ...], ...]:
        """Inspectors of every visit in the order of their keys."""
        visit, inspector = self.pool.pairs
        chosen = np.flatnonzero(self.chosen)
        chosen = chosen[np.lexsort((inspector[chosen], self.cost[chosen], visit[chosen]))]
        found: list[list[int]] = [[] for _ in self.pool.visits]
        for i, j in zip(visit[chosen].tolist(), inspector[chosen].tolist(), strict=True):
            found[i].append(j)
        return tuple(map(tuple, found))

    @cached_property
    def busiest_weeks(self) -> Ints:
        """Most visits of every inspector in a week; shape (n_inspectors,)."""
        week = np.array([visit.week for visit in self.pool.visits])
        counts = np.zeros((len(self.pool.inspectors), week.max() + 1), dtype=np.int64)
        visit, inspector = (side[self.chosen] for side in self.pool.pairs)
        np.add.at(counts, (inspector, week[visit]), 1)
        return np.asarray(counts.max(axis=1), dtype=np.int64)


def assign(pool: Pool, cost: Ints, per_visit: int) -> Assignment:
    """Assign `per_visit` inspectors to every visit.

    The loads come first: as level as eligibility allows. Then the weeks: no inspector makes more
    visits in a week than their load spread evenly over the weeks in which they can go anywhere,
    rounded up, plus a crowding that is the same for all and the smallest possible. Then the keys.

    Parameters
    ----------
    pool : Pool
        Who may do what.
    cost : ndarray, shape (n_pairs,)
        Random keys of the eligible pairs.
    per_visit : int
        Inspectors of a visit.

    Raises
    ------
    PoolError
        Where there is no assignment at all.
    """
    found = levels(pool, per_visit)
    for crowding in range(len(pool.visits) + 1):
        flow = cheapest(*network(pool, cost, per_visit, found, crowding))
        if flow is not None:
            return Assignment(pool, cost, flow[: len(cost)] > 0, found, crowding)
    raise RuntimeError(f"the levels {found} hold no assignment")


def network(
    pool: Pool, cost: Ints, per_visit: int, found: Sequence[Level], crowding: int
) -> tuple[Arcs, Ints]:
    """Return arcs and supplies: from visits over inspectors' weeks and inspectors to the levels.

    The first arcs are the eligible pairs. A visit gives `per_visit`; an inspector keeps the least visits
    of their level, and the level takes what the others of it make beyond.
    """
    n, people = len(pool.visits), len(pool.inspectors)
    visit, inspector = pool.pairs
    week = np.array([one.week for one in pool.visits], dtype=np.int64)
    span = int(week.max()) + 1
    slots, slot = np.unique(inspector * span + week[visit], return_inverse=True)
    owner = slots // span
    first_person, first_level = n + len(slots), n + len(slots) + people
    least, most, level = _bounds(found, people)
    weeks_open = np.maximum(np.bincount(owner, minlength=people), 1)
    a_week = -(-most // weeks_open) + crowding
    arcs = joined(
        _arcs(visit, n + slot, np.ones_like(visit), cost),
        _arcs(n + np.arange(len(slots)), first_person + owner, a_week[owner]),
        _arcs(first_person + np.arange(people), first_level + level, most - least),
    )
    rest = [lv.total - int(least[lv.members].sum()) for lv in found]
    supply = np.concatenate([np.full(n, per_visit), 0 * slots, -least, np.negative(rest)])
    return arcs, supply.astype(np.int64)


def _arcs(tail: Ints, head: Ints, capacity: Ints, cost: Ints | None = None) -> Arcs:
    return Arcs(tail, head, capacity, np.zeros_like(tail) if cost is None else cost)


def _bounds(found: Sequence[Level], people: int) -> tuple[Ints, Ints, Ints]:
    """Return least and most visits and the level of every inspector; shapes (n_inspectors,)."""
    least, most, level = (np.zeros(people, dtype=np.int64) for _ in range(3))
    for number, one in enumerate(found):
        level[one.members] = number
        most[one.members] = one.most
        least[one.members] = max(one.most - 1, 0)
    return least, most, level
