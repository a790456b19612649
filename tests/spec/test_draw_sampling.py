"""Who is drawn, by hand: order of q, ties, certain and excluded firms, the phantom, systematic points."""

from __future__ import annotations

import math

import numpy as np
import pytest

from risk_index.draw.public_numbers import (
    ARM,
    DRAW,
    below,
    draw_seed,
    number,
    numbers,
    odd_steps,
)
from risk_index.draw.sampling import Design, pareto, pareto_q, systematic

WHOLE = 10**9
HALF = 2**63


def u64(*values):
    return np.array(values, np.uint64)


def design(ppb, stratum=None, n_strata=1):
    places = np.zeros(len(ppb), np.int64) if stratum is None else np.array(stratum)
    return Design(np.array(ppb, np.int64), places, n_strata)


def test_q_is_odds_of_the_number_over_odds_of_the_chance():
    q = pareto_q(u64(HALF, HALF, HALF // 2), np.array([WHOLE // 2, WHOLE // 5, WHOLE // 2]))
    assert q == pytest.approx([1, 4, 1 / 3], rel=1e-12)
    assert pareto_q(u64(HALF, HALF), np.array([WHOLE, 0])).tolist() == [0, math.inf]


def test_the_largest_and_the_smallest_number_give_finite_q():
    q = pareto_q(u64(0, 2**64 - 1), np.array([1, 1]))
    assert 0 < q[0] < q[1] < math.inf
    assert odd_steps(u64(0, 2**64 - 1)).tolist() == [1, 2**53 - 1]


def test_q_is_three_ieee_operations_on_whole_numbers():
    some = [123456789012345678, 987654321 << 30, 2**64 - 5]
    ppb = [12_345_678, 999_999_999, 1]
    for x, p, q in zip(some, ppb, pareto_q(u64(*some), np.array(ppb)), strict=True):
        a = 2 * (x >> 12) + 1
        assert q.item() == (a / (2**53 - a)) * ((10**9 - p) / p)


def test_the_smallest_q_are_drawn_in_each_stratum():
    ppb = [WHOLE // 2] * 8
    one = design(ppb, [0, 1] * 4, 2)
    found = pareto(one, u64(*(k << 60 for k in (8, 1, 2, 2, 4, 9, 1, 15))), u64(0, 0))
    assert np.flatnonzero(found.drawn).tolist() == [1, 2, 3, 6]
    assert found.last.tolist() == [found.value[2], found.value[3]]


def test_equal_q_go_to_the_first_in_the_frame():
    found = pareto(design([WHOLE // 4] * 4), u64(HALF, HALF, HALF, HALF), u64(0))
    assert found.drawn.tolist() == [True, False, False, False]


@pytest.mark.parametrize("lot", ["pareto", "systematic"])
def test_certain_firms_are_always_drawn_and_excluded_ones_never(lot):
    ppb = [WHOLE, 0, WHOLE // 2, WHOLE // 2, WHOLE, 0]
    for seed in range(50):
        some = np.random.default_rng(seed).integers(0, 2**64, 6, dtype=np.uint64)
        drawn = draw_by(lot, design(ppb), some, seed).drawn
        assert drawn[[0, 4]].all()
        assert not drawn[[1, 5]].any()
        assert drawn.sum() == 3


def draw_by(lot, some, number_, seed=1):
    if lot == "pareto":
        return pareto(some, number_, u64(*range(some.n_strata)))
    start = np.random.default_rng(seed).integers(0, WHOLE, some.n_strata)
    return systematic(some, number_, u64(*range(some.n_strata)), start)


def test_a_stratum_of_certain_firms_only_has_no_lot():
    found = pareto(design([WHOLE, WHOLE]), u64(1, 2), u64(3))
    assert found.drawn.all()
    assert math.isnan(found.last[0])


def test_a_stratum_without_chance_has_no_visit():
    some = design([0, 0, WHOLE // 2, WHOLE // 2], [0, 0, 1, 1], 2)
    assert some.visits.tolist() == [0, 1]
    for lot in ("pareto", "systematic"):
        assert draw_by(lot, some, u64(1, 2, 3, 4)).drawn.sum() == 1


def test_the_phantom_fills_up_to_whole_visits():
    some = design([WHOLE // 2, WHOLE // 4, WHOLE // 5])
    assert (some.visits, some.phantom) == ([1], [50_000_000])
    early, late = u64(0), u64(2**64 - 1)
    assert pareto(some, u64(HALF, HALF, HALF), early).phantom_drawn.tolist() == [True]
    found = pareto(some, u64(HALF, HALF, HALF), late)
    assert found.drawn.tolist() == [True, False, False]
    assert found.phantom_drawn.tolist() == [False]


def test_the_phantoms_q_is_the_last_when_it_is_drawn_last():
    found = pareto(design([WHOLE // 2]), u64(2**64 - 1), u64(HALF))
    assert not found.drawn.any()
    assert found.last[0] == pytest.approx(1)


def test_systematic_lays_firms_end_to_end_in_the_order_of_their_numbers():
    ppb = [400_000_000, 300_000_000, 600_000_000, 700_000_000]
    found = systematic(design(ppb), u64(30, 10, 40, 20), u64(0), np.array([350_000_000]))
    # order: 1 [0, 0.3), 3 [0.3, 1.0), 0 [1.0, 1.4), 2 [1.4, 2.0); points 0.35 and 1.35
    assert found.value.tolist() == [1_000_000_000, 0, 1_400_000_000, 300_000_000]
    assert found.drawn.tolist() == [True, False, False, True]


@pytest.mark.parametrize(
    ("start", "hit"), [(0, 0), (299_999_999, 0), (300_000_000, 1), (WHOLE - 1, 1)]
)
def test_systematic_ends_belong_to_the_next(start, hit):
    found = systematic(design([300_000_000, 700_000_000]), u64(1, 2), u64(0), np.array([start]))
    assert np.flatnonzero(found.drawn).tolist() == [hit]


def test_systematic_gives_every_start_its_firm_and_so_exact_chances():
    """Of all 20 possible starts, a firm of k twentieths is drawn by k."""
    twentieths = [3, 5, 12, 1, 19]
    some = design([k * WHOLE // 20 for k in twentieths])
    hits = np.zeros(5, int)
    for start in range(20):
        hits += systematic(some, u64(4, 2, 5, 1, 3), u64(0), np.array([start * WHOLE // 20])).drawn
    assert hits.tolist() == twentieths


def test_sums_beyond_doubles_stay_exact():
    some = Design(np.full(3, 10**16 + 1), np.zeros(3, np.int64), 1)
    assert some.total.tolist() == [3 * 10**16 + 3]


def test_numbers_are_sha256_of_seed_label_and_name():
    seed = draw_seed("00" * 32, bytes(32))
    assert seed.hex() == "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b"
    names = [b"A1", "深圳".encode(), b""]
    assert numbers(seed, DRAW, names).tolist() == [number(seed, DRAW, name) for name in names]
    assert number(seed, DRAW, b"A1") != number(seed, ARM, b"A1")


def test_a_number_is_scaled_to_its_bound():
    assert [below(x, 10) for x in (0, 2**64 // 10 + 1, HALF, 2**64 - 1)] == [0, 1, 5, 9]
