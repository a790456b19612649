"""How level the loads can be: the least largest load, then the least next one, and so on.

The feasible loads are the whole points of a base polyhedron. Among them the loads that are least in
this order are those with the least sum of squares, have the largest least load as well, and so the
smallest range. They are described by a chain of levels: the inspectors of a level make `most` or
`most - 1` visits each, and a fixed number of visits together. (A. Frank and K. Murota, Decreasing
minimization on M-convex sets: background and structures, Mathematical Programming 195, 2022.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from risk_index.inspectors.errors import PoolError
from risk_index.inspectors.flows import Arcs, cheapest, largest
from risk_index.inspectors.keys import Ints
from risk_index.inspectors.pool import Flags, Pool
from risk_index.inspectors.roster import names


@dataclass(frozen=True)
class Level:
    """Inspectors who make `most` or `most - 1` visits each and `total` together.

    Attributes
    ----------
    most, total : int
        Visits of one and of all.
    members : ndarray of int
        Places in the pool's inspectors.
    """

    most: int
    total: int
    members: Ints


def limits(pool: Pool) -> Ints:
    """Return the most visits that each inspector can make; shape (n_inspectors,)."""
    able = np.bincount(pool.pairs[1], minlength=len(pool.inspectors))
    own = [
        n if i.max_visits is None else i.max_visits
        for i, n in zip(pool.inspectors, able, strict=True)
    ]
    return np.minimum(able, own).astype(np.int64)


def levels(pool: Pool, per_visit: int) -> tuple[Level, ...]:
    """Return the levels of the most even loads, the largest first.

    Raises
    ------
    PoolError
        Where a visit has too few eligible inspectors, or their ``max_visits`` are too few together.
    """
    _refuse_short_visits(pool, per_visit)
    most = limits(pool)
    chosen = _level_flow(pool, per_visit, most)
    load = np.bincount(pool.pairs[1][chosen], minlength=len(most))
    found: list[Level] = []
    left = np.ones(len(most), dtype=bool)
    while left.any():
        top = load[left].max()
        peak = left & (load == top)
        joins = left & _reached(pool, chosen, peak)[1] & (load < most)
        members = np.flatnonzero(peak | joins)
        found.append(Level(int(top), int(load[members].sum()), members))
        left[members] = False
    return tuple(found)


def _level_flow(pool: Pool, per_visit: int, most: Ints) -> Flags:
    """Choose pairs with the least sum of squared loads: the t-th visit of an inspector costs 2t - 1."""
    visit, inspector = pool.pairs
    n, people = len(pool.visits), len(most)
    sink = n + people
    places = np.concatenate([np.arange(m) for m in most]) if people else np.zeros(0, np.int64)
    tail = np.concatenate([visit, n + np.repeat(np.arange(people), most)])
    head = np.concatenate([n + inspector, np.full(len(places), sink)])
    cost = np.concatenate([np.zeros(len(visit), np.int64), 2 * places + 1])
    arcs = Arcs(tail, head, np.ones_like(tail), cost)
    supply = np.zeros(sink + 1, dtype=np.int64)
    supply[:n], supply[sink] = per_visit, -per_visit * n
    flow = cheapest(arcs, supply)
    if flow is None:
        arcs = Arcs(tail, head, np.ones_like(tail), np.zeros_like(tail))
        flow = largest(arcs, supply)
        raise _pool_too_small(pool, per_visit, most, flow[: len(visit)] > 0)
    return flow[: len(visit)] > 0


def _reached(pool: Pool, chosen: Flags, start: Flags) -> tuple[Flags, Flags]:
    """Return the visits that inspectors of `start` can pass on, and to whom, directly or in turn."""
    visit, inspector = pool.pairs
    people, visits = start.copy(), np.zeros(len(pool.visits), dtype=bool)
    while True:
        visits[visit[chosen & people[inspector]]] = True
        takes = inspector[~chosen & visits[visit]]
        if people[takes].all():
            return visits, people
        people[takes] = True


def _refuse_short_visits(pool: Pool, per_visit: int) -> None:
    short = np.flatnonzero(pool.sizes < per_visit)
    if not len(short):
        return
    shown = "; ".join(_short(pool, int(i)) for i in short[:3])
    raise PoolError(
        f"{len(short)} of {len(pool.visits)} visits have fewer than {per_visit} eligible inspectors: "
        f"{shown}{'; ...' if len(short) > 3 else ''}. Every visit needs {per_visit}: add inspectors "
        f"with that region and certificate, or begin the round on another day."
    )


def _short(pool: Pool, i: int) -> str:
    visit = pool.visits[i]
    barred = ", ".join(f"{n} by {ground}" for ground, n in pool.barred_by(i).items())
    return (
        f"firm {visit.firm.firm_id} (region {visit.firm.region or 'not stated'}, sector "
        f"{visit.firm.sector or 'not stated'}, week {visit.week}) has {pool.sizes[i]} of "
        f"{len(pool.inspectors)}, barred are {barred}"
    )


def _pool_too_small(pool: Pool, per_visit: int, most: Ints, chosen: Flags) -> PoolError:
    """Name the visits and inspectors between which the places run out."""
    visit, inspector = pool.pairs
    served = np.bincount(visit[chosen], minlength=len(pool.visits))
    visits = served < per_visit
    while True:
        people = np.zeros(len(most), dtype=bool)
        people[inspector[~chosen & visits[visit]]] = True
        more = visit[chosen & people[inspector]]
        if visits[more].all():
            break
        visits[more] = True
    others = visits[visit] & ~people[inspector]
    firms = [pool.visits[i].firm for i in np.flatnonzero(visits)]
    who = [pool.inspectors[j] for j in np.flatnonzero(people)]
    return PoolError(
        f"{int((per_visit - served).sum())} places cannot be filled: {len(firms)} visits (first: "
        f"{first_few([f.firm_id for f in firms])}; regions {first_few([f.region for f in firms])}; sectors "
        f"{first_few([f.sector for f in firms])}) need {per_visit * len(firms)} places; available are "
        f"{int(most[people].sum())} of {len(who)} inspectors at their max_visits ({names(who)}) and "
        f"{int(others.sum())} of others. Raise max_visits or add inspectors for these visits."
    )


def first_few(values: Sequence[str]) -> str:
    """Return the first three different values, for messages."""
    unique = list(dict.fromkeys(values))
    return ", ".join(unique[:3]) + (", ..." if len(unique) > 3 else "")
