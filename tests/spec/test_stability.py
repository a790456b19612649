"""Which tiers hold when the models are fitted again, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_index.stability import Votes, votes
from risk_index.tiers import CUT_OFFS, TIERS, TierRule, place, tiers

FIXED = TierRule(CUT_OFFS, cut_offs=(50, 60, 70))
REFITS = [
    np.array([40.0, 55.0, 61.0, 71.0]),
    np.array([40.0, 55.0, 61.0, 69.0]),
    np.array([40.0, 55.0, 59.0, 69.0]),
    np.array([40.0, 49.0, 49.0, 75.0]),
    np.array([40.0, 55.0, 61.0, 75.0]),
]
"""Four firms in five refits: A always, B in four, C in three, D in three."""


def counted() -> Votes:
    found = votes(iter(REFITS), FIXED, 4)
    assert found is not None
    return found


def text(tier: np.ndarray) -> str:
    return "".join(tier)


def test_stability_is_the_share_of_refits_with_the_same_tier() -> None:
    assert counted().stability(np.array(list("ABCD"))).tolist() == [1.0, 0.8, 0.6, 0.6]
    assert counted().stability(np.array(list("AABC"))).tolist() == [1.0, 0.2, 0.2, 0.4]


def test_a_tier_that_too_few_refits_confirm_gives_way_to_the_next_lower_one() -> None:
    # C is reached by 3 of 5 and B by 4; D by 3 of 5 and C by all
    assert text(counted().confirmed(np.array(list("ABCD")), 0.8)) == "ABBC"
    assert text(counted().confirmed(np.array(list("ABCD")), 0.6)) == "ABCD"
    assert text(counted().confirmed(np.array(list("ABCD")), 1.0)) == "AAAC"


def test_no_refit_raises_a_firm() -> None:
    assert text(counted().confirmed(np.array(list("AAAA")), 0.8)) == "AAAA"


def test_the_tier_of_the_last_round_is_left_only_when_enough_refits_deny_it() -> None:
    last = np.array(["", "B", "C", "D"])
    assert text(counted().confirmed(np.array(list("ABCD")), 0.8, last)) == "ABCD"
    # the third firm was in D: C was held, so 3 of 5 are enough; the fourth was in B: C is new and sure
    assert text(counted().confirmed(np.array(list("ABCD")), 0.8, np.array(list("ABDB")))) == "ABCC"


def test_a_share_of_nought_asks_for_no_refit() -> None:
    everyone = np.array(list("ABCD"))
    assert text(counted().confirmed(everyone, 0.0)) == "ABCD"
    assert text(counted().confirmed(everyone, 0.0, everyone)) == "ABCD"


def test_nobody_is_asked_for_more_to_stay_than_to_enter() -> None:
    everyone = np.array(list("ABCD"))
    for share in (0.2, 0.4, 0.6, 0.8, 1.0):
        entered = counted().confirmed(everyone, share)
        assert (counted().confirmed(everyone, share, everyone) >= entered).all()


def test_without_refits_nothing_is_known() -> None:
    assert votes(iter(()), FIXED, 4) is None


def test_every_refit_cuts_shares_of_its_own() -> None:
    rule = TierRule(shares=(0.5, 0.25, 0.25))
    low = np.array([1.0, 2.0, 3.0, 4.0])
    found = votes([low, low + 100], rule, 4)
    assert found is not None
    assert found.stability(tiers(low, rule)).tolist() == [1.0] * 4


@given(
    st.lists(st.lists(st.floats(0, 100), min_size=6, max_size=6), min_size=1, max_size=8),
    st.sampled_from([0.5, 0.8, 0.95, 1.0]),
)
def test_a_confirmed_tier_is_the_highest_that_enough_refits_reach(
    refits: list[list[float]], share: float
) -> None:
    arrays = [np.array(one) for one in refits]
    own = tiers(arrays[0], FIXED)
    found = votes(arrays, FIXED, 6)
    assert found is not None
    for firm, tier in enumerate(found.confirmed(own, share)):
        reached = [
            sum(place(tiers(one, FIXED))[firm] >= k for one in arrays) / len(arrays)
            for k in range(4)
        ]
        enough = [k for k in range(4) if np.float32(reached[k]) >= np.float32(share)]
        assert tier == TIERS[min(max(enough), place(own)[firm])]


def test_stability_of_all_tiers_adds_up() -> None:
    total = sum(counted().stability(np.full(4, tier)) for tier in TIERS)
    assert total == pytest.approx(np.ones(4))
