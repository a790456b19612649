"""Levels leave every most even load vector open, and the weeks are as even as can be."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from risk_index.inspectors.assignment import Assignment, assign
from risk_index.inspectors.errors import PoolError
from risk_index.inspectors.keys import costs, pair_numbers
from risk_index.inspectors.levels import Level, levels, limits
from risk_index.inspectors.pool import Pool
from risk_index.inspectors.visits import Visit
from tests.property.staff import pool, seed

rows = st.lists(st.booleans(), min_size=4, max_size=4)
tables = st.lists(rows, min_size=1, max_size=5)
caps = st.lists(st.sampled_from([None, None, 1, 2, 4]), min_size=4, max_size=4)


def feasible(of: Pool, per_visit: int) -> Iterator[tuple[tuple[int, ...], ...]]:
    """Every assignment that keeps max_visits: the inspectors of each visit."""
    able = [np.flatnonzero(row == 0).tolist() for row in of.barred]
    for picked in itertools.product(*(itertools.combinations(one, per_visit) for one in able)):
        if all(n <= m for n, m in zip(loads_of(picked, of), limits(of), strict=True)):
            yield picked


def loads_of(picked: Sequence[Sequence[int]], of: Pool) -> tuple[int, ...]:
    sent = [j for people in picked for j in people]
    return tuple(sent.count(j) for j in range(len(of.inspectors)))


def within(loads: Sequence[int], found: Sequence[Level]) -> bool:
    """Tell whether a load vector is one that the levels describe."""
    for level in found:
        own = [loads[j] for j in level.members]
        if sum(own) != level.total or not all(level.most - 1 <= n <= level.most for n in own):
            return False
    return True


@given(tables, caps, st.integers(1, 2))
@settings(max_examples=150)
def test_levels_describe_exactly_the_most_even_loads(
    table: list[list[bool]], most: list[int | None], per_visit: int
) -> None:
    of = pool(table, most)
    every = {loads_of(picked, of) for picked in feasible(of, per_visit)}
    assume(every)
    found = levels(of, per_visit)
    evenest = min(tuple(sorted(loads, reverse=True)) for loads in every)
    even = {loads for loads in every if tuple(sorted(loads, reverse=True)) == evenest}
    assert {loads for loads in every if within(loads, found)} == even


@given(tables, caps)
def test_the_most_even_loads_have_the_least_squares_range_and_the_largest_least_load(
    table: list[list[bool]], most: list[int | None]
) -> None:
    of = pool(table, most)
    every = {loads_of(picked, of) for picked in feasible(of, 2)}
    assume(every)
    found = assign(of, costs(pair_numbers(seed(0), of.named_pairs)), 2).loads
    assert (found**2).sum() == min(sum(n**2 for n in loads) for loads in every)
    assert found.max() - found.min() == min(max(loads) - min(loads) for loads in every)
    assert found.min() == max(min(loads) for loads in every)


@given(tables, caps)
def test_every_inspector_is_in_one_level_and_levels_fall(
    table: list[list[bool]], most: list[int | None]
) -> None:
    of = pool(table, most)
    try:
        found = levels(of, 1)
    except PoolError:
        assume(False)
    members = np.concatenate([level.members for level in found])
    assert sorted(members.tolist()) == list(range(len(of.inspectors)))
    assert [level.most for level in found] == sorted({level.most for level in found}, reverse=True)
    assert sum(level.total for level in found) == len(table)


def in_weeks(of: Pool, weeks: Sequence[int]) -> Pool:
    visits = tuple(Visit(v.number, w, v.firm) for v, w in zip(of.visits, weeks, strict=True))
    return Pool(visits, of.inspectors, of.barred)


def allowances(found: Assignment) -> list[int]:
    """Most visits in a week of each inspector before any crowding, counted one by one."""
    of = found.pool
    spread = []
    for j in range(len(of.inspectors)):
        level = next(one for one in found.levels if j in one.members)
        weeks = {v.week for v, row in zip(of.visits, of.barred, strict=True) if row[j] == 0}
        most = min(level.most, int(limits(of)[j]))
        spread.append(-(-most // max(len(weeks), 1)))
    return spread


def crowding_of(picked: Sequence[Sequence[int]], of: Pool, spread: Sequence[int]) -> int:
    """Largest excess of any inspector in any week over the allowance, 0 if there is none."""
    excess = [0]
    for j, allowed in enumerate(spread):
        weeks = [v.week for v, people in zip(of.visits, picked, strict=True) if j in people]
        excess += [weeks.count(week) - allowed for week in set(weeks)]
    return max(excess)


@given(tables, caps, st.lists(st.integers(1, 3), min_size=5, max_size=5), st.integers(0, 99))
@settings(max_examples=150)
def test_weeks_are_as_even_as_the_most_even_loads_allow(
    table: list[list[bool]], most: list[int | None], weeks: list[int], number: int
) -> None:
    of = in_weeks(pool(table, most), weeks[: len(table)])
    every = list(feasible(of, 2))
    assume(every)
    found = assign(of, costs(pair_numbers(seed(number), of.named_pairs)), 2)
    spread = allowances(found)
    even = [picked for picked in every if within(loads_of(picked, of), found.levels)]
    assert found.crowding == min(crowding_of(picked, of, spread) for picked in even)
    assert crowding_of(found.inspectors, of, spread) <= found.crowding
    for j, busiest in enumerate(found.busiest_weeks.tolist()):
        assert busiest <= spread[j] + found.crowding


@given(tables, st.integers(0, 99))
def test_names_of_inspectors_alone_decide_nothing_about_loads(
    table: list[list[bool]], number: int
) -> None:
    """Columns in another order give the same loads in that order, up to chance within a level."""
    of, turned = pool(table), pool([row[::-1] for row in table])
    try:
        one = assign(of, costs(pair_numbers(seed(number), of.named_pairs)), 1)
    except PoolError:
        assume(False)
    other = assign(turned, costs(pair_numbers(seed(number), turned.named_pairs)), 1)
    assert sorted(one.loads.tolist()) == sorted(other.loads.tolist())
    mirrored = [sorted(3 - level.members) for level in other.levels]
    assert [sorted(level.members) for level in one.levels] == mirrored
