"""From index to tier, and why a firm near an edge stays where it was."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_index.errors import CapacityError
from risk_index.tiers import CUT_OFFS, TierRule, churn, tiers

SCALE = np.array([40.0, 49.9, 50.0, 59.0, 60.5, 69.9, 70.0, 120.0])
FIXED = TierRule(CUT_OFFS, cut_offs=(50, 60, 70), band_points=1.0)


def test_by_cut_offs_a_tier_begins_at_its_cut_off() -> None:
    assert "".join(tiers(SCALE, FIXED)) == "AABBCCDD"


def test_by_shares_the_lowest_firms_are_in_a() -> None:
    rule = TierRule(shares=(0.5, 0.25, 0.125))
    assert "".join(tiers(SCALE, rule)) == "AAAABBCD"


def test_a_firm_within_the_band_keeps_its_tier_of_the_last_round() -> None:
    last = np.array(["B", "B", "A", "A", "B", "D", "C", "A"])
    # 40 is far below B's edge; 49.9 is within a point of it; 59 has long passed A's; 60.5 has just
    # passed B's; 69.9 fell by less than a point from D; 70 rose by less than a point from C
    assert "".join(tiers(SCALE, FIXED, last)) == "ABABBDCD"


def test_a_new_firm_has_no_tier_to_keep() -> None:
    assert "".join(tiers(SCALE, FIXED, np.full(8, ""))) == "AABBCCDD"


def test_moves_are_counted_and_new_firms_apart() -> None:
    moves = churn(np.array(["A", "A", "B", ""]), np.array(["A", "B", "B", "D"]))
    assert moves.loc["A"].tolist() == [1, 1, 0, 0]
    assert moves.loc["B"].tolist() == [0, 1, 0, 0]
    assert moves.loc["new"].tolist() == [0, 0, 0, 1]


def test_shares_above_one_and_falling_cut_offs_are_refused() -> None:
    with pytest.raises(CapacityError, match=r"add up to 1\.100"):
        tiers(SCALE, TierRule(shares=(0.5, 0.5, 0.1)))
    with pytest.raises(CapacityError, match="must rise"):
        tiers(SCALE, TierRule(CUT_OFFS, cut_offs=(60, 50, 70)))


@given(st.lists(st.floats(-100, 200), min_size=1, max_size=200))
def test_tiers_follow_the_index_and_equal_firms_share_one(values: list[float]) -> None:
    index = np.array(values)
    for rule in (TierRule(), FIXED):
        found = tiers(index, rule)
        order = np.argsort(index, kind="stable")
        assert (np.diff(np.searchsorted(list("ABCD"), found[order])) >= 0).all()
        for value in np.unique(index):
            assert len(set(found[index == value])) == 1


@given(st.lists(st.floats(0, 100), min_size=2, max_size=50), st.integers(0, 2**32 - 1))
def test_a_kept_tier_is_a_neighbour_within_the_band(values: list[float], seed: int) -> None:
    index = np.array(values)
    last = np.random.default_rng(seed).choice(["A", "B", "C", "D", ""], len(index))
    fresh, found = tiers(index, FIXED), tiers(index, FIXED, last)
    changed = found != fresh
    assert (found[changed] == last[changed]).all()
    edges = np.array(FIXED.cut_offs)
    distance = np.abs(index[:, None] - edges[None, :]).min(axis=1)
    assert (distance[changed] <= FIXED.band_points + 1e-9).all()
