"""Loads, levels and refusals on pools small enough to solve by hand."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from risk_index.inspectors.assignment import assign
from risk_index.inspectors.errors import PoolError
from risk_index.inspectors.keys import costs, pair_numbers
from risk_index.inspectors.levels import levels
from risk_index.inspectors.notes import load_notes
from risk_index.inspectors.pool import Pool
from risk_index.inspectors.roster import Conflict, Inspector
from risk_index.inspectors.schedule import schedule_bytes
from risk_index.inspectors.visits import Calendar
from tests.property.staff import MONDAY, SEED, drawn, firms, planned, pool, staff

YES, NO = True, False


def level_table(of: Pool, per_visit: int = 1) -> list[tuple[int, int, list[int]]]:
    return [(one.most, one.total, one.members.tolist()) for one in levels(of, per_visit)]


def solved(of: Pool, per_visit: int = 1) -> list[int]:
    found = assign(of, costs(pair_numbers(SEED, of.named_pairs)), per_visit)
    return found.loads.tolist()


def test_two_inspectors_of_three_make_each_visit_and_loads_differ_by_one() -> None:
    schedule = planned(firms(4), staff(3))
    assert all(len(set(people)) == 2 for _, people in schedule.lines)
    assert sorted(schedule.assignment.loads.tolist()) == [2, 3, 3]
    assert schedule.notes[0] == "Loads: 2 to 3 visits for each of 3 inspectors."


def test_inspectors_of_one_standing_are_one_level() -> None:
    assert level_table(pool([[YES, YES, YES]] * 4)) == [(2, 4, [0, 1, 2])]


def test_who_alone_may_go_carries_more_and_the_others_share_the_rest() -> None:
    # I000 alone may make three visits; the fourth goes to I001 or I002
    alone = pool([[YES, NO, NO]] * 3 + [[YES, YES, YES]])
    assert level_table(alone) == [(3, 3, [0]), (1, 1, [1, 2])]
    assert sorted(solved(alone)) == [0, 1, 3]


def test_a_visit_passed_on_in_turn_levels_the_loads() -> None:
    # only through I001 can I000 be relieved by I002
    chain = pool([[YES, NO, NO], [YES, YES, NO], [NO, YES, YES]])
    assert solved(chain) == [1, 1, 1]


def test_a_visit_cannot_be_passed_to_who_makes_it_already() -> None:
    # I000 must make three visits, each with another; the fourth is made by two of those others
    shared = pool([[YES, YES, NO, NO], [YES, NO, YES, NO], [YES, NO, NO, YES], [NO, YES, YES, YES]])
    assert level_table(shared, 2) == [(3, 3, [0]), (2, 5, [1, 2, 3])]
    assert sorted(solved(shared, 2)) == [1, 2, 2, 3]


def test_max_visits_bind_and_the_others_make_up_for_it() -> None:
    limited = pool([[YES, YES, YES]] * 7, [1, None, None])
    assert sorted(solved(limited)) == [1, 3, 3]
    assert solved(limited)[0] == 1
    assert level_table(limited) == [(3, 6, [1, 2]), (1, 1, [0])]


def test_an_inspector_without_any_visit_is_a_level_of_zero() -> None:
    idle = pool([[YES, NO]] * 2)
    assert level_table(idle) == [(2, 2, [0]), (0, 0, [1])]
    assert solved(idle) == [2, 0]


def test_notes_say_who_carries_more_and_why() -> None:
    people = [
        Inspector("A1", regions=("32",)),
        Inspector("A2", regions=("32",)),
        *[Inspector(f"B{n}", regions=("44",)) for n in range(4)],
        Inspector("C1", regions=("51",)),
        Inspector("D1", regions=("44",), max_visits=1),
    ]
    schedule = planned([*firms(6), *firms(6, "440101", "G")], people)
    assert list(schedule.notes[:5]) == [
        "Loads: 0 to 6 visits for each of 8 inspectors; eligibility and max_visits allow no smaller "
        "range.",
        "6 visits: 2 inspectors (A1, A2); eligible for no more.",
        "2 or 3 visits: 4 inspectors (B0, B1, B2, ...); 12 places at 6 visits (regions 440101) are "
        "open only to them, to those who make more and to those at their limit.",
        "1 visits: 1 inspectors (D1); no more by max_visits or eligibility.",
        "0 visits: 1 inspectors (C1); eligible for no more.",
    ]
    assert schedule.notes[5] == "Eligible for no visit: 1 inspectors (C1)."


def test_a_visit_with_one_eligible_inspector_is_refused_with_the_arithmetic() -> None:
    people = [
        Inspector("I1"),
        Inspector("I2", regions=("44",)),
        Inspector("I3", certificates=("F",)),
        Inspector("I4"),
    ]
    conflict = Conflict("I4", "F1", "", "own interest")
    with pytest.raises(PoolError) as error:
        planned([drawn("F1"), drawn("G1", sector="F5219")], people, [conflict])
    assert str(error.value).startswith(
        "1 of 2 visits have fewer than 2 eligible inspectors: firm F1 (region 320106, sector C2710, "
    )
    assert "has 1 of 4, barred are 1 by region, 1 by certificate, 1 by conflict." in str(
        error.value
    )


def test_max_visits_that_are_too_few_are_refused_with_the_arithmetic() -> None:
    people = [
        Inspector("I1", regions=("32",), max_visits=3),
        Inspector("I2", regions=("32",), max_visits=2),
        Inspector("I3"),
        *[Inspector(f"J{n}", regions=("44",)) for n in range(3)],
    ]
    with pytest.raises(PoolError) as error:
        planned([*firms(6), *firms(4, "440101", "G")], people)
    assert str(error.value) == (
        "1 places cannot be filled: 6 visits (first: F0000, F0001, F0002, ...; regions 320106; "
        "sectors C2710) need 12 places; available are 5 of 2 inspectors at their max_visits (I1, I2) "
        "and 6 of others. Raise max_visits or add inspectors for these visits."
    )


def test_nobody_to_send_is_refused() -> None:
    with pytest.raises(PoolError, match=r"3 of 3 visits have fewer than 2 eligible inspectors"):
        planned(firms(3), staff(1))


def test_an_inspector_s_visits_are_spread_over_the_weeks() -> None:
    schedule = planned(firms(52), staff(8), weeks=Calendar(MONDAY, 13))
    assert schedule.assignment.loads.tolist() == [13] * 8
    assert schedule.assignment.busiest_weeks.tolist() == [1] * 8
    assert schedule.assignment.crowding == 0


def test_weeks_that_cannot_be_spread_are_said() -> None:
    # I0 and I1 have one visit in week 2 and all others in week 1: 4 of 5, not 3
    crowded = pool([[YES, YES]] * 5)
    weeks = [1, 1, 1, 1, 2]
    visits = tuple(
        type(v)(v.number, week, v.firm) for v, week in zip(crowded.visits, weeks, strict=True)
    )
    found = assign(Pool(visits, crowded.inspectors, crowded.barred), np.arange(10), 2)
    assert found.crowding == 1
    assert found.busiest_weeks.tolist() == [4, 4]
    assert load_notes(found, 2)[1] == (
        "Weeks: some inspector has in one week up to 1 visits more than their load spread evenly over "
        "the weeks, rounded up; eligibility allows no less."
    )


def test_the_first_inspector_of_a_visit_is_the_one_with_the_smaller_key() -> None:
    of = pool([[YES, YES]])
    for cost, expected in (([1, 2], (0, 1)), ([2, 1], (1, 0))):
        assert assign(of, np.array(cost), 2).inspectors == (expected,)


def test_a_round_is_the_same_bytes_on_every_machine() -> None:
    people = [
        *[Inspector(f"I{n:02d}", regions=("32",) if n % 2 else ("44", "3201")) for n in range(14)],
        Inspector("J1", max_visits=3),
    ]
    schedule = planned([*firms(60), *firms(50, "440101", "G")], people)
    assert hashlib.sha256(schedule_bytes(schedule)).hexdigest() == (
        "5800dff8f260a18c47326add912beb6d9f1b5cb8ed685bc5f6e6882fdfa1d17c"
    )
