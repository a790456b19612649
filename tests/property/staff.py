"""Small rounds for the tests of inspectors, and the same rules written the slow and plain way."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
from collections.abc import Iterable, Sequence

import numpy as np

from risk_index.inspectors.past import NOTHING_PAST, Past
from risk_index.inspectors.planning import Schedule, Terms, plan
from risk_index.inspectors.pool import Pool
from risk_index.inspectors.roster import Conflict, Inspector, roster_of
from risk_index.inspectors.visits import Calendar, Drawn, Visit

MONDAY = dt.date(2026, 7, 6)
QUARTER = Calendar(MONDAY, 13)
SEED = hashlib.sha256(b"a round of the tests").digest()


def seed(number: int) -> bytes:
    """Return one of many seeds."""
    return hashlib.sha256(f"round {number}".encode()).digest()


def drawn(firm_id: str, region: str = "320106", sector: str = "C2710") -> Drawn:
    """Return a firm of the draw."""
    return Drawn(firm_id, region, sector, "index", "0.050000000")


def firms(count: int, region: str = "320106", prefix: str = "F") -> list[Drawn]:
    """Return several firms of one region."""
    return [drawn(f"{prefix}{number:04d}", region) for number in range(count)]


def staff(count: int, prefix: str = "I") -> list[Inspector]:
    """Return inspectors who may go everywhere."""
    return [Inspector(f"{prefix}{number:03d}") for number in range(count)]


def planned(
    firms: Sequence[Drawn],
    inspectors: Iterable[Inspector],
    conflicts: Iterable[Conflict] = (),
    past: Past | None = NOTHING_PAST,
    *,
    seed: bytes = SEED,
    weeks: Calendar = QUARTER,
    per_visit: int = 2,
) -> Schedule:
    """Plan a round."""
    return plan(firms, roster_of(inspectors, conflicts), past, Terms(seed, weeks, per_visit))


def pool(allowed: Sequence[Sequence[bool]], max_visits: Sequence[int | None] = ()) -> Pool:
    """Return a pool of one week from a table: a row a visit, a column an inspector."""
    table = np.array(allowed, dtype=bool)
    visits = tuple(Visit(i + 1, 1, drawn(f"F{i:04d}")) for i in range(len(table)))
    most = max_visits or [None] * table.shape[1]
    people = tuple(Inspector(f"I{j:03d}", max_visits=m) for j, m in enumerate(most))
    return Pool(visits, people, (~table).astype(np.uint8))


def pairs(schedule: Schedule) -> set[tuple[str, str]]:
    """Return who goes where."""
    return {(visit.firm.firm_id, one) for visit, people in schedule.lines for one in people}


def naive_may_visit(
    visit: Visit,
    person: Inspector,
    conflicts: Sequence[Conflict],
    past: Past,
    weeks: Calendar,
) -> bool:
    """Tell whether an inspector may make a visit, rule by rule and day by day; 24 months."""
    firm = visit.firm
    if person.max_visits == 0:
        return False
    first = weeks.starts + dt.timedelta(days=7 * (visit.week - 1))
    days = [first + dt.timedelta(days=n) for n in range(7)]
    if person.regions and not any(firm.region.startswith(r) for r in person.regions):
        return False
    if not any(c == "*" or firm.sector.startswith(c) for c in person.certificates):
        return False
    for day in days:
        if day > person.valid_to or not person.available_from <= day <= person.available_to:
            return False
        if any(a <= day <= b for a, b in person.absent):
            return False
    for one in conflicts:
        named = one.firm_id == firm.firm_id or one.group_id in past.groups.get(firm.firm_id, ())
        if named and one.inspector_id == person.inspector_id and one.until >= first:
            return False
    last = past.visits.get((person.inspector_id, firm.firm_id))
    return last is None or last.replace(year=last.year + 2) <= first


def naive_best(pool: Pool, cost: dict[tuple[int, int], int], per_visit: int) -> set[int] | None:
    """Try every assignment: the most even loads, then the least cost; places in `pool.pairs`."""
    place = {pair: n for n, pair in enumerate(zip(*(s.tolist() for s in pool.pairs), strict=True))}
    choices = [
        list(itertools.combinations([j for i, j in place if i == row], per_visit))
        for row in range(len(pool.visits))
    ]
    best: tuple[tuple[int, ...], int] | None = None
    found: set[int] | None = None
    for picked in itertools.product(*choices):
        chosen = [(i, j) for i, people in enumerate(picked) for j in people]
        loads = [sum(j == person for _, j in chosen) for person in range(len(pool.inspectors))]
        limits = [person.max_visits for person in pool.inspectors]
        if any(m is not None and n > m for n, m in zip(loads, limits, strict=True)):
            continue
        rank = (tuple(sorted(loads, reverse=True)), sum(cost[pair] for pair in chosen))
        if best is None or rank < best:
            best, found = rank, {place[pair] for pair in chosen}
    return found
