"""Whatever the pool: rules are kept, loads are the most even there are, and row order is nothing."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, milp

from risk_index.inspectors.assignment import assign
from risk_index.inspectors.errors import PoolError
from risk_index.inspectors.keys import FRACTION_BITS, costs, pair_numbers
from risk_index.inspectors.levels import levels
from risk_index.inspectors.past import Past
from risk_index.inspectors.pool import Pool, eligible
from risk_index.inspectors.roster import FIRST, LAST, Conflict, Inspector, roster_of
from risk_index.inspectors.schedule import eligible_text, facts, schedule_bytes
from risk_index.inspectors.visits import Calendar, Drawn, in_weeks
from tests.property.staff import (
    MONDAY,
    naive_best,
    naive_may_visit,
    pairs,
    planned,
    pool,
    seed,
    staff,
)

seeds = st.integers(0, 10_000).map(seed)
regions = st.sampled_from(["320106", "320201", "440101"])
sectors = st.sampled_from(["C2710", "C1352", "F5219"])
days = st.integers(-40, 60).map(lambda n: MONDAY + dt.timedelta(days=n))
LATER = MONDAY + dt.timedelta(days=9)
IDS = [f"I{n}" for n in range(8)]
FIRMS = [f"F{n}" for n in range(8)]


@st.composite
def tables(draw: st.DrawFn, visits: int = 4, people: int = 4) -> list[list[bool]]:
    """Tables of who may do what."""
    n, m = draw(st.integers(1, visits)), draw(st.integers(1, people))
    row = st.lists(st.booleans(), min_size=m, max_size=m)
    return draw(st.lists(row, min_size=n, max_size=n))


@st.composite
def inspectors(draw: st.DrawFn, inspector_id: str) -> Inspector:
    """Inspectors with limits of every kind."""
    some = st.sampled_from
    first, last = sorted([draw(days), draw(days)])
    return Inspector(
        inspector_id,
        draw(some([(), ("32",), ("3201", "44"), ("440101",)])),
        draw(some([("*",), ("C",), ("C27", "F51")])),
        draw(some([LAST, LAST, MONDAY + dt.timedelta(days=20)])),
        draw(some([FIRST, FIRST, MONDAY, MONDAY + dt.timedelta(days=3)])),
        draw(some([LAST, LAST, MONDAY + dt.timedelta(days=27)])),
        draw(some([(), ((first, last),)])),
        draw(some([None, None, 0, 2, 5])),
    )


@st.composite
def rounds(draw: st.DrawFn, helped: bool = False) -> dict[str, Any]:
    """Rounds of a few firms and inspectors, feasible or not; surely if `helped` by two without limits."""
    named = FIRMS[: draw(st.integers(1, 8))]
    conflict = st.builds(
        lambda i, firm, group, until: Conflict(
            i, firm, "" if firm else group, "own interest", until
        ),
        st.sampled_from(IDS),
        st.sampled_from(["", *FIRMS]),
        st.sampled_from(["G1", "G2"]),
        st.one_of(st.just(LAST), days),
    )
    past_day = st.integers(700, 760).map(lambda n: MONDAY - dt.timedelta(days=n))
    pair = st.tuples(st.sampled_from(IDS), st.sampled_from(FIRMS))
    group = st.sets(st.sampled_from(["G1", "G2", "G3"])).map(frozenset)
    return {
        "firms": [Drawn(i, draw(regions), draw(sectors), "floor", "0.01") for i in named],
        "inspectors": [*[draw(inspectors(i)) for i in IDS], *(staff(2, "J") if helped else ())],
        "conflicts": draw(st.lists(conflict, max_size=4)),
        "past": Past(
            draw(st.dictionaries(pair, past_day, max_size=5)),
            draw(st.dictionaries(st.sampled_from(FIRMS), group, max_size=4)),
        ),
        "seed": draw(seeds),
        "weeks": Calendar(draw(st.sampled_from([MONDAY, LATER])), draw(st.integers(1, 4))),
    }


@given(rounds())
def test_the_eligible_set_is_that_of_the_rules_written_plainly(made: dict[str, Any]) -> None:
    visits = in_weeks(made["firms"], made["seed"], made["weeks"].weeks)
    roster = roster_of(made["inspectors"], made["conflicts"])
    found = eligible(visits, roster, made["past"], made["weeks"], 24)
    for i, visit in enumerate(found.visits):
        for j, person in enumerate(found.inspectors):
            allowed = naive_may_visit(visit, person, made["conflicts"], made["past"], made["weeks"])
            assert (found.barred[i, j] == 0) == allowed


@given(st.one_of(rounds(), rounds(helped=True)))
@settings(max_examples=120)
def test_a_round_keeps_every_rule_or_is_refused(made: dict[str, Any]) -> None:
    try:
        schedule = planned(**made)
    except PoolError:
        return
    people = {person.inspector_id: person for person in made["inspectors"]}
    for visit, sent in schedule.lines:
        assert len(set(sent)) == 2
        for one in sent:
            assert naive_may_visit(
                visit, people[one], made["conflicts"], made["past"], made["weeks"]
            )
    loads = dict(zip(sorted(people), schedule.assignment.loads.tolist(), strict=True))
    assert sum(loads.values()) == 2 * len(made["firms"])
    assert all(p.max_visits is None or loads[i] <= p.max_visits for i, p in people.items())


@given(rounds(helped=True), st.randoms(use_true_random=False))
@settings(max_examples=50)
def test_the_order_of_rows_changes_no_byte(made: dict[str, Any], chance: random.Random) -> None:
    one = planned(**made)
    shuffled = made | {
        "firms": chance.sample(made["firms"], len(made["firms"])),
        "inspectors": chance.sample(made["inspectors"], len(made["inspectors"])),
        "conflicts": chance.sample(made["conflicts"], len(made["conflicts"])),
    }
    other = planned(**shuffled)
    assert schedule_bytes(other) == schedule_bytes(one)
    assert eligible_text(other) == eligible_text(one)
    assert facts(other) == facts(one)


@given(st.integers(1, 60), st.integers(2, 12), st.integers(1, 13), seeds)
def test_where_everybody_may_go_everywhere_loads_and_weeks_differ_by_one_at_most(
    visits: int, people: int, weeks: int, seed: bytes
) -> None:
    firms = [Drawn(f"F{n}", "32", "C", "index", "0.1") for n in range(visits)]
    schedule = planned(firms, staff(people), seed=seed, weeks=Calendar(MONDAY, weeks))
    loads = schedule.assignment.loads
    per_week = facts(schedule)["visits_per_week"]
    assert loads.max() - loads.min() <= 1
    assert max(per_week) - min(per_week) <= 1
    assert len(schedule.assignment.levels) == 1


@given(tables(), st.data(), st.integers(1, 2))
@settings(max_examples=200)
def test_the_assignment_is_the_best_of_all(
    table: list[list[bool]], data: st.DataObject, per_visit: int
) -> None:
    most = data.draw(st.lists(st.sampled_from([None, 0, 1, 2, 3]), min_size=4, max_size=4))
    of = pool(table, most[: len(table[0])])
    key = costs(pair_numbers(data.draw(seeds), of.named_pairs))
    cost = dict(zip(zip(*(s.tolist() for s in of.pairs), strict=True), key.tolist(), strict=True))
    best = naive_best(of, cost, per_visit)
    if best is None:
        with pytest.raises(PoolError):
            assign(of, key, per_visit)
    else:
        assert set(np.flatnonzero(assign(of, key, per_visit).chosen)) == best


@given(tables(12, 8), st.data(), seeds)
@settings(max_examples=60)
def test_another_exact_solver_finds_the_same_assignment(
    table: list[list[bool]], data: st.DataObject, seed: bytes
) -> None:
    most = data.draw(st.lists(st.sampled_from([None, None, 3, 5]), min_size=8, max_size=8))
    of = pool(table, most[: len(table[0])])
    key = costs(pair_numbers(seed, of.named_pairs))
    try:
        found = assign(of, key, 2)
    except PoolError:
        assume(False)
    assert _by_highs(of, key, 2) == found.chosen.tolist()


def _by_highs(of: Pool, key: np.ndarray, per_visit: int) -> list[bool]:
    """Solve for the least cost under the same levels by HiGHS, in rows of a matrix of 0 and 1."""
    visit, person = of.pairs
    rows, low, high = [], [], []
    for i in range(len(of.visits)):
        rows.append(visit == i)
        low.append(per_visit)
        high.append(per_visit)
    for level in levels(of, per_visit):
        for j in level.members:
            rows.append(person == j)
            limit = of.inspectors[j].max_visits
            low.append(max(level.most - 1, 0))
            high.append(level.most if limit is None else min(level.most, limit))
        rows.append(np.isin(person, level.members))
        low.append(level.total)
        high.append(level.total)
    solved = milp(
        key / 2.0**FRACTION_BITS,
        integrality=np.ones(len(key)),
        bounds=(0, 1),
        constraints=LinearConstraint(np.array(rows, dtype=float), low, high),
        options={"mip_rel_gap": 0.0},
    )
    assert solved.status == 0
    return (solved.x > 0.5).tolist()


@given(rounds(), seeds)
@settings(max_examples=60)
def test_a_refusal_does_not_depend_on_chance_once_weeks_do_not(
    made: dict[str, Any], other: bytes
) -> None:
    def outcome(seed: bytes) -> str:
        try:
            planned(**(made | {"weeks": Calendar(MONDAY, 1), "seed": seed}))
        except PoolError as error:
            return str(error)
        return "assigned"

    assert outcome(made["seed"]) == outcome(other)


@given(rounds(helped=True))
@settings(max_examples=50)
def test_loads_in_the_facts_are_those_of_the_schedule(made: dict[str, Any]) -> None:
    schedule = planned(**made)
    sent = [one for _, one in pairs(schedule)]
    for line in facts(schedule)["loads"]:
        assert line["visits"] == sent.count(line["inspector_id"])
        assert line["visits"] <= line["limit"] <= line["eligible_visits"]
