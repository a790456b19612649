"""Small registries and the chances that follow from them, worked out by hand."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from risk_index.allocation import Allocation, Capacity
from risk_index.campaigns import Campaign
from risk_index.errors import CapacityError
from risk_index.frequency import Round, plan_round
from risk_index.round_files import facts_of
from risk_index.steepness import Group, Steepness, spread
from risk_index.strata import POOLED, Strata
from risk_index.water_filling import BILLION, water_fill


def registry(harm: list[float], **columns: object) -> pd.DataFrame:
    harms = np.array(harm)
    table = {
        "sector": "C13",
        "region": "N",
        "supervised_by": None,
        "likelihood": 0.5,
        "severity": harms / 0.5,
        "expected_harm": harms,
        "unclipped": 50 + 10 * np.log2(harms),
        "drawn_this_year": 0,
    }
    return pd.DataFrame(table | columns, index=range(len(harms)))


def rules(visits: float = 2, **changes: object) -> Allocation:
    """One round a year of so many visits, with a floor of 0.1 and a ceiling of 0.8."""
    plain = Allocation(
        capacity=Capacity(a_round=visits), rounds_per_year=1, floor_per_year=0.1, max_per_year=1
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def chances(plan: Round) -> list[float]:
    return [round(ppb / BILLION, 6) for ppb in plan.firms.probability_ppb]


def test_chances_follow_the_harm_between_floor_and_ceiling() -> None:
    # c = 0.1: 0.01 -> floor 0.1, 3 -> 0.3, 8 -> 0.8, 50 -> ceiling 0.8; together 2
    assert chances(plan_round(registry([0.01, 3, 8, 50]), rules())) == [0.1, 0.3, 0.8, 0.8]


def test_a_greater_exponent_is_steeper() -> None:
    found = water_fill(np.array([1.0, 2.0]) ** 2, 0.0, 1.0, 0.5)
    assert found.tolist() == pytest.approx([0.1, 0.4])


def test_proportional_gives_the_floor_and_shares_the_rest() -> None:
    how = rules(1.4, steepness=Steepness("proportional"), capacity=Capacity("cost", 1.4))
    # floors take 0.4; 1.0 is left for harm 1:2:3:4
    assert chances(plan_round(registry([1, 2, 3, 4]), how)) == [0.2, 0.3, 0.4, 0.5]


def test_the_mix_visits_the_most_harmful_and_spreads_the_rest() -> None:
    how = rules(2, steepness=Steepness("mix", random_share=0.4))
    plan = plan_round(registry([1, 2, 3, 4]), how)
    assert chances(plan) == [0.2, 0.2, 0.8, 0.8]
    assert (plan.firms.floor_ppb == BILLION // 5).all()


def test_the_ladder_keeps_its_ratios_where_bounds_allow() -> None:
    group = Group(
        harm=np.ones(4),
        variance=np.ones(4),
        tier=np.array(["A", "B", "C", "D"]),
        floor=np.zeros(4),
        ceiling=np.ones(4),
        cost=np.ones(4),
    )
    found = spread(group, 1.0, Steepness("ladder", ladder=(1, 2, 3, 4)))
    assert found.total.tolist() == pytest.approx([0.1, 0.2, 0.3, 0.4])


def test_where_only_precision_counts_chances_follow_the_standard_deviation() -> None:
    group = Group(
        harm=np.array([1.0, 1.0]),
        variance=np.array([1.0, 9.0]),
        tier=np.array(["A", "A"]),
        floor=np.zeros(2),
        ceiling=np.ones(2),
        cost=np.ones(2),
    )
    found = spread(group, 0.8, Steepness("variance", variance_weight=1e6))
    assert found.total.tolist() == pytest.approx([0.2, 0.6], rel=1e-3)  # Neyman: 1 to 3


def test_where_only_harm_counts_the_most_harmful_are_at_the_ceiling() -> None:
    group = Group(
        harm=np.array([1.0, 2.0, 3.0, 4.0]),
        variance=np.ones(4),
        tier=np.array(["A"] * 4),
        floor=np.full(4, 0.1),
        ceiling=np.full(4, 0.8),
        cost=np.ones(4),
    )
    found = spread(group, 1.8, Steepness("variance", variance_weight=1e-9))
    assert found.total.tolist() == pytest.approx([0.1, 0.1, 0.8, 0.8], abs=1e-3)


def test_a_capacity_in_cost_is_spent_by_cost() -> None:
    table = registry([1, 1], sector=["C26", "F51"])
    how = rules(capacity=Capacity("cost", 1.0, costs=(("C", 2.0), ("C26", 3.0))))
    assert chances(plan_round(table, how)) == [0.25, 0.25]  # 3 x 0.25 + 1 x 0.25


def test_a_region_gets_its_minimum_and_the_others_share_the_rest() -> None:
    table = registry([1] * 10, region=["N"] * 8 + ["S"] * 2)
    even = rules(5, strata=Strata("region"))
    plan = plan_round(table, even)
    assert plan.strata.set_index("stratum").visits.to_dict() == {"N": 4.0, "S": 1.0}
    # the floor of N takes 0.8 of its whole visits: 8 firms at least 0.1 each
    ordered = rules(3, strata=Strata("region", minimum_visits=(("S", 1.5),)))
    with pytest.raises(CapacityError, match=r"minimum_visits.*'W'.*first: N, S"):
        plan_round(table, rules(3, strata=Strata("region", minimum_visits=(("W", 1),))))
    with pytest.raises(CapacityError, match=r"3 whole visits a round cannot be divided"):
        plan_round(table, ordered)  # no whole number between 1.5 and 1.6 (2 firms at 0.8)
    with pytest.raises(CapacityError, match=r"minimum_visits: 2 a round in S.*ceilings.*1.6"):
        plan_round(table, rules(3, strata=Strata("region", minimum_visits=(("S", 2),))))


def test_harm_draws_visits_between_strata_where_that_is_asked_for() -> None:
    table = registry([1] * 5 + [3] * 5, region=["N"] * 5 + ["S"] * 5)
    plan = plan_round(table, rules(4, strata=Strata("region", exponent=1.0)))
    assert plan.strata.set_index("stratum").visits.to_dict() == {"N": 1.0, "S": 3.0}


def test_strata_of_less_than_a_visit_are_put_together() -> None:
    table = registry([1] * 12, region=["N"] * 8 + ["S"] * 2 + ["E"] * 2)
    plan = plan_round(table, rules(4, floor_per_year=0.01, strata=Strata("region")))
    assert plan.strata.set_index("stratum").firms.to_dict() == {"N": 8, POOLED: 4}
    assert plan.strata.visits.sum() == 4


def campaign(**changes: object) -> Campaign:
    plain = Campaign(
        "canteens",
        "order 17",
        dt.date(2026, 9, 1),
        dt.date(2026, 10, 31),
        ("H62",),
        (),
        multiplier=2.0,
        visits=10.0,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def test_a_campaign_adds_visits_of_its_own_and_leaves_the_others_alone() -> None:
    table = registry([1, 1, 1, 1], sector=["H62", "H6210", "C13", None])
    before = plan_round(table, rules(1))
    plan = plan_round(table, rules(1, campaigns=(campaign(),)))
    assert chances(before) == [0.25] * 4
    assert chances(plan) == [0.5, 0.5, 0.25, 0.25]
    assert (plan.firms.floor_ppb == before.firms.floor_ppb).all()
    assert plan.campaigns.iloc[0].to_dict() == {
        "name": "canteens",
        "reference": "order 17",
        "firms": 2,
        "multiplier": 2.0,
        "used": 2.0,
        "visits": 0.5,
    }
    notes = plan.firms.plan_notes.tolist()
    said = "campaign canteens (2026-09-01 to 2026-10-31, order 17): chance up to x2.00"
    assert notes == [said, said, "", ""]


def test_a_campaigns_visits_limit_its_multiplier_and_that_is_said() -> None:
    table = registry([1, 1, 1, 1], sector=["H62", "H62", "C13", "C13"])
    plan = plan_round(table, rules(1, campaigns=(campaign(visits=0.25),)))
    assert chances(plan) == [0.375, 0.375, 0.25, 0.25]
    assert plan.campaigns.used.tolist() == [1.5]
    assert "x1.50" in plan.firms.plan_notes[0]


def test_no_campaign_passes_the_ceiling() -> None:
    table = registry([1, 1], sector="H62")
    plan = plan_round(table, rules(1.0, campaigns=(campaign(multiplier=9.0),)))
    assert chances(plan) == [0.8, 0.8]


def test_a_firm_at_its_yearly_ceiling_is_not_drawn_again() -> None:
    plan = plan_round(registry([1, 1, 1], drawn_this_year=[1, 0, 0]), rules(1))
    assert chances(plan) == [0.0, 0.5, 0.5]
    assert plan.firms.plan_notes.tolist() == [
        "at the yearly ceiling of 1: not drawn in this round",
        "",
        "",
    ]


def test_the_plan_in_figures_keeps_both_arms_apart() -> None:
    allocation = rules()
    facts = facts_of(plan_round(registry([0.01, 3, 8, 50]), allocation), allocation)
    assert facts["visits"] == 2.0
    assert facts["visits_floor_arm"] == pytest.approx(0.4)
    assert facts["visits_index_arm"] == pytest.approx(1.6)
    assert facts["moves"] is None


def test_floor_above_ceiling_and_too_little_capacity_are_refused_by_name() -> None:
    with pytest.raises(CapacityError, match=r"floor 0.9 per round exceeds ceiling 0.8 .* 2 of 2"):
        plan_round(registry([1, 1]), rules(1, floor_per_year=0.9))
    with pytest.raises(
        CapacityError, match=r"floors of 4 firms need 0.4, the capacity is 0.3: raise"
    ):
        plan_round(registry([1] * 4), rules(capacity=Capacity(a_round=0.3)))
    with pytest.raises(CapacityError, match="there are no strata"):
        plan_round(registry([1]), rules(strata=Strata(minimum_visits=(("N", 1),))))
