"""Lists of entries, red and black; visits and what they found; labels."""

from __future__ import annotations

import math

import ibis
import numpy as np
import pytest

from features.labels import labels
from tests.property.compare import DAY, ago, firm, number, numbers, table
from tests.property.naive.accepted import accepted
from tests.property.naive.registry import Registry

LONG_AFTER = ago(-1000)


def listed(*listings) -> Registry:
    rows = [
        {"firm_id": "a", "list": f"l{n}", "colour": "black", "listed_on": ago(100)} | listing
        for n, listing in enumerate(listings)
    ]
    return Registry({"firms": [firm()], "listings": rows})


def visited(*visits, **of_firm) -> Registry:
    rows = [
        {"inspection_id": str(n), "firm_id": "a", "inspected_on": ago(100), "selection": "random",
         "violation": 0.0} | visit
        for n, visit in enumerate(visits)
    ]  # fmt: skip
    return Registry({"firms": [firm(**of_firm)], "inspections": rows})


def test_a_judgment_default_is_no_regulatory_black_listing():
    both = listed({"ground": "judgment_default", "amount": 9.0}, {"ground": "fraud", "amount": 5.0})
    found = numbers(both, "a", "black_lists", "judgment_defaults", "black_list_amount")
    assert found == {"black_lists": 1, "judgment_defaults": 1, "black_list_amount": 5}


def test_red_lists_commend_and_are_counted_apart():
    found = numbers(listed({"colour": "red"}), "a", "red_lists", "red_list_days", "black_lists")
    assert found == {"red_lists": 1, "red_list_days": 100, "black_lists": 0}


@pytest.mark.parametrize(("days_ago", "stands"), [(-1, 1), (0, 0)])
def test_an_entry_is_gone_on_the_day_of_removal(days_ago, stands):
    assert number(listed({"removed_on": ago(days_ago)}), "black_lists") == stands
    entry = {"firm_id": "a", "reason": "disclosure_false", "listed_on": ago(50)}
    abnormal = Registry(
        {"firms": [firm()], "irregularities": [entry | {"removed_on": ago(days_ago)}]}
    )
    assert number(abnormal, "irregularities") == stands


def test_complaints_and_follow_ups_are_counted_but_never_judged():
    found = numbers(
        visited(
            {"selection": "complaint", "violation": 1.0, "inspected_on": ago(3)},
            {"selection": "follow_up", "violation": 1.0, "inspected_on": ago(2)},
            {"selection": None, "violation": 1.0, "inspected_on": ago(40)},
            {"violation": None, "inspected_on": ago(1)},
        ),
        "a", "inspections", "violations_found", "complaint_visits", "follow_ups",
        "days_since_inspection", "days_since_visit",
    )  # fmt: skip
    assert found == {
        "inspections": 1, "violations_found": 1, "complaint_visits": 1, "follow_ups": 1,
        "days_since_inspection": 40, "days_since_visit": 1,
    }  # fmt: skip


def test_the_latest_outcomes_in_order_and_by_number_on_one_day():
    three = visited(
        {"inspection_id": "x", "inspected_on": ago(9), "violation": 0.0},
        {"inspection_id": "z", "inspected_on": ago(5), "violation": 1.0, "harm": 3.0},
        {"inspection_id": "y", "inspected_on": ago(5), "violation": 0.0, "harm": 0.5},
    )
    found = numbers(three, "a", "outcome_1", "outcome_2", "outcome_3", "harm_1", "harm_2")
    assert found == {"outcome_1": 1, "outcome_2": 0, "outcome_3": 0, "harm_1": 3, "harm_2": 0.5}


def test_a_fading_rate_leans_on_the_sectors():
    two = visited(
        {"violation": 1.0, "inspected_on": ago(365)},  # weighs 1/2
        {"violation": 0.0, "inspected_on": ago(730)},  # weighs 1/4
        sector="X",
    )
    overall = 1.5 / 3
    sector = (1 + 20 * overall) / 22
    found = number(two, "violation_rate_365d")
    assert found == pytest.approx((0.5 + 2 * sector) / (0.75 + 2))


def test_a_firm_never_visited_has_the_sectors_rate_and_no_outcomes():
    alone = Registry({"firms": [firm()], "inspections": []})
    found = numbers(
        alone, "a", "inspections", "violation_rate", "outcome_1", "days_since_inspection",
        "harm_mean",
    )  # fmt: skip
    assert math.isnan(found.pop("outcome_1"))
    assert found == {
        "inspections": 0, "violation_rate": 0.5, "days_since_inspection": 3650,
        "harm_mean": 1.0,
    }  # fmt: skip


def test_the_largest_amounts_that_records_may_hold_break_nothing():
    huge = visited(*[{"violation": 1.0, "harm": 1e15}] * 2, group_id="g", sector="X")
    huge.tables["firms"].append(firm("b", group_id="g"))
    huge.tables["penalties"] = [
        {"penalty_id": str(n), "firm_id": "a", "decided_on": ago(1), "fine": 1e15}
        for n in range(99)
    ]
    found = table(huge, "harm_found", "others_harm", "sector_harm", "fines_in_force")
    assert np.isfinite(found).all(axis=None)
    assert found.fines_in_force["a"] == pytest.approx(99e15)
    assert found.others_harm.to_dict() == {"a": 0, "b": 2e9}


def label_of(
    registry: Registry, horizon_days: int = 365, known_by=LONG_AFTER, random_only: bool = False
):
    con = ibis.duckdb.connect()
    try:
        found = labels(accepted(registry, con), (DAY,), horizon_days, known_by, random_only)
    finally:
        con.disconnect()
    return found.inspection_id.tolist()


def test_learning_from_draws_alone_takes_the_first_random_visit():
    visits = visited(
        {"inspection_id": "routine", "inspected_on": ago(-1), "selection": "routine"},
        {"inspection_id": "directed", "inspected_on": ago(-2), "selection": "directed"},
        {"inspection_id": "unstated", "inspected_on": ago(-3), "selection": None},
        {"inspection_id": "drawn", "inspected_on": ago(-4)},
    )
    assert label_of(visits, random_only=True) == ["drawn"]
    assert label_of(visits) == ["routine"]


def test_the_label_is_the_first_planned_visit_after_the_date():
    visits = visited(
        {"inspection_id": "on the day", "inspected_on": DAY},
        {"inspection_id": "complaint", "inspected_on": ago(-1), "selection": "complaint"},
        {"inspection_id": "follow-up", "inspected_on": ago(-2), "selection": "follow_up"},
        {"inspection_id": "no outcome", "inspected_on": ago(-3), "violation": None},
        {"inspection_id": "unstated", "inspected_on": ago(-4), "selection": None},
        {"inspection_id": "later", "inspected_on": ago(-5)},
    )
    assert label_of(visits) == ["unstated"]


@pytest.mark.parametrize(("days_after", "found"), [(30, ["0"]), (31, [])])
def test_the_horizon_includes_its_last_day(days_after, found):
    assert label_of(visited({"inspected_on": ago(-days_after)}), horizon_days=30) == found


def test_an_outcome_recorded_after_training_begins_is_no_label_yet():
    late = visited({"inspected_on": ago(-10), "recorded_on": ago(-50)})
    assert label_of(late, known_by=ago(-49)) == []
    assert label_of(late, known_by=ago(-50)) == ["0"]
