"""Ten thousand visits without a forbidden pair, and chances that are alike within a pool.

A pool is inspectors of one standing: the same eligible visits. There every inspector has the same chance of
every visit, and every two the same chance of going together. Counts over many rounds are held against those
with the inspectors' names shuffled within each round, which is exact where names mean nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pytest

from risk_index.inspectors.past import Past
from risk_index.inspectors.roster import Conflict, Inspector
from risk_index.inspectors.visits import Calendar, Drawn
from tests.property.staff import MONDAY, QUARTER, naive_may_visit, planned, seed, staff

REGIONS = ("3201", "3302", "4401", "5101")
ROUNDS, PERMUTATIONS = 600, 1000
Sent = npt.NDArray[np.int64]
"""Inspectors sent, by number; shape (n_rounds, n_visits, 2), visits in the order of firm ids."""


def a_large_round(number: int) -> tuple[list[Drawn], list[Inspector], list[Conflict], Past]:
    chance = np.random.default_rng(number)
    firms = [
        Drawn(
            f"F{number}{i:05d}", f"{REGIONS[i % 4]}06", chance.choice(["C2710", "F5219"]), "", "0.1"
        )
        for i in range(1000)
    ]
    away = MONDAY + dt.timedelta(days=14)
    people = [
        Inspector(
            f"I{j:03d}",
            regions=(REGIONS[j % 4],),
            certificates=("*",) if j % 3 else ("C27", "F"),
            absent=((away, away + dt.timedelta(days=12)),) if j % 10 == 0 else (),
        )
        for j in range(120)
    ]
    ids = [firm.firm_id for firm in firms]
    barred = [
        Conflict(f"I{chance.integers(120):03d}", str(chance.choice(ids)), "", "own interest")
        for _ in range(1500)
    ]
    visits = {
        (f"I{chance.integers(120):03d}", str(chance.choice(ids))): MONDAY
        - dt.timedelta(days=int(n))
        for n in chance.integers(1, 1200, 1500)
    }
    return firms, people, barred, Past(visits, {})


def test_no_forbidden_pair_in_10_000_visits_and_loads_within_one_visit() -> None:
    assigned, ruled_out = 0, 0
    for number in range(10):
        firms, people, barred, past = a_large_round(number)
        schedule = planned(firms, people, barred, past, seed=seed(number))
        known = {person.inspector_id: person for person in people}
        of_firm: dict[str, list[Conflict]] = {}
        for conflict in barred:
            of_firm.setdefault(conflict.firm_id, []).append(conflict)
        for visit, sent in schedule.lines:
            conflicts = of_firm.get(visit.firm.firm_id, [])
            assert len(set(sent)) == 2
            assert all(naive_may_visit(visit, known[i], conflicts, past, QUARTER) for i in sent)
            assigned += 1
        for region in range(4):
            loads = schedule.assignment.loads[region::4]
            assert loads.max() - loads.min() <= 1
        ruled_out += schedule.assignment.pool.barred_by().get("conflict", 0)
        ruled_out += schedule.assignment.pool.barred_by().get("recent visit", 0)
    assert assigned == 10_000
    assert ruled_out > 1000


def rounds_sent(firms: Sequence[Drawn], people: Sequence[Inspector]) -> Sent:
    """Return who went where in many rounds that differ in nothing but the seed."""
    found = [
        planned(firms, people, seed=seed(n), weeks=Calendar(MONDAY, 2)).assignment.inspectors
        for n in range(ROUNDS)
    ]
    return np.array(found, dtype=np.int64)


def visits_of_each(sent: Sent, people: int) -> npt.NDArray[np.int64]:
    """Count how often each inspector made each visit."""
    counts = np.zeros((sent.shape[1], people), dtype=np.int64)
    for i in range(sent.shape[1]):
        counts[i] = np.bincount(sent[:, i].ravel(), minlength=people)
    return counts.ravel()


def visits_together(sent: Sent, people: int) -> npt.NDArray[np.int64]:
    """Count how often each two inspectors went together."""
    low, high = sent.min(axis=2), sent.max(axis=2)
    counts = np.bincount((low * people + high).ravel(), minlength=people**2)
    return counts.reshape(people, people)[np.triu_indices(people, 1)]


Counting = Callable[[Sent, int], npt.NDArray[np.int64]]


def p_value(sent: Sent, people: int, count: Counting) -> float:
    """Return the share of shuffled names whose counts lie as far from equal, the real ones included."""
    chance = np.random.default_rng(0)

    def distance(these: Sent) -> float:
        observed = count(these, people)
        return float(((observed - observed.mean()) ** 2).sum() / observed.mean())

    real = distance(sent)
    at_least = 1
    for _ in range(PERMUTATIONS):
        names = chance.permuted(np.tile(np.arange(people), (len(sent), 1)), axis=1)
        shuffled = np.take_along_axis(names, sent.reshape(len(sent), -1), axis=1)
        at_least += distance(shuffled.reshape(sent.shape)) >= real
    return at_least / (PERMUTATIONS + 1)


FIRMS = [Drawn(f"F{n:02d}", "320106", "C2710", "", "0.1") for n in range(12)]


@pytest.fixture(scope="module")
def sent() -> Sent:
    return rounds_sent(FIRMS, staff(6))


@pytest.mark.parametrize("count", [visits_of_each, visits_together])
def test_counts_are_those_of_names_that_mean_nothing(sent: Sent, count: Counting) -> None:
    assert p_value(sent, 6, count) > 0.001


def test_the_order_of_the_two_is_random_as_well(sent: Sent) -> None:
    first = np.bincount(sent[:, :, 0].ravel(), minlength=6)
    expected = ROUNDS * 12 / 6
    assert np.abs(first - expected).max() < 4 * np.sqrt(expected)


@pytest.mark.parametrize("count", [visits_of_each, visits_together])
def test_an_assignment_in_turn_is_found_out(count: Counting) -> None:
    # who is next in the list goes: loads are level, chances are not
    turn = np.arange(24).reshape(12, 2) % 6
    assert p_value(np.tile(turn, (ROUNDS, 1, 1)), 6, count) == 1 / (PERMUTATIONS + 1)


def test_within_each_of_two_pools_chances_are_alike() -> None:
    # I000-I002 may go everywhere, J000-J002 only to the first six firms
    firms = [*FIRMS[:6], *[Drawn(f"G{n}", "440101", "C2710", "", "0.1") for n in range(3)]]
    people = [*staff(3), *[Inspector(f"J{n:03d}", regions=("32",)) for n in range(3)]]
    sent = rounds_sent(firms, people)
    counts = visits_of_each(sent, 6).reshape(9, 6)
    assert (counts[6:, 3:] == 0).all()
    for pool in (slice(0, 3), slice(3, 6)):
        for visit in range(9 if pool.start == 0 else 6):
            expected = counts[visit, pool].mean()
            share = expected / ROUNDS
            spread = np.sqrt(ROUNDS * share * (1 - share)) if share < 1 else 0.5
            assert np.abs(counts[visit, pool] - expected).max() < 4 * spread
