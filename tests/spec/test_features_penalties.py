"""Penalties: when one counts, until when, and how much."""

from __future__ import annotations

import datetime as dt
import math

import pytest

from features.asof import Law
from tests.property.compare import DAY, ago, column, firm, number, numbers
from tests.property.naive.registry import Registry


def registry(*penalties, law: Law | None = None, **of_firm) -> Registry:
    rows = [
        {"penalty_id": str(n), "firm_id": "a", "decided_on": ago(10)} | penalty
        for n, penalty in enumerate(penalties)
    ]
    return Registry({"firms": [firm(**of_firm)], "penalties": rows}, law or Law())


def cases(**penalty_of: dict) -> Registry:
    """A registry in which every case is a firm with its one penalty."""
    rows = [
        {"penalty_id": case, "firm_id": case, "decided_on": ago(10)} | penalty
        for case, penalty in penalty_of.items()
    ]
    return Registry({"firms": [firm(case) for case in penalty_of], "penalties": rows})


def test_a_penalty_expires_by_its_gravity_moderate_if_unstated():
    registry = cases(
        minor_today={"gravity": "minor", "decided_on": DAY},
        minor_89={"gravity": "minor", "decided_on": ago(89)},
        minor_90={"gravity": "minor", "decided_on": ago(90)},
        moderate_364={"gravity": "moderate", "decided_on": ago(364)},
        moderate_365={"gravity": "moderate", "decided_on": ago(365)},
        serious_1094={"gravity": "serious", "decided_on": ago(1094)},
        serious_1095={"gravity": "serious", "decided_on": ago(1095)},
        unstated_364={"decided_on": ago(364)},
        unstated_365={"decided_on": ago(365)},
    )
    assert column(registry, "penalties_in_force") == {
        "minor_today": 1, "minor_89": 1, "minor_90": 0,
        "moderate_364": 1, "moderate_365": 0,
        "serious_1094": 1, "serious_1095": 0,
        "unstated_364": 1, "unstated_365": 0,
    }  # fmt: skip


def test_the_law_in_force_sets_the_expiry():
    longer = Law(expiry_days={"minor": 90, "moderate": 1095, "serious": 1095})
    assert number(registry({"decided_on": ago(400)}, law=longer), "penalties_in_force") == 1


def test_it_is_gone_on_the_day_of_repair_or_revocation():
    registry = cases(
        repaired_tomorrow={"repaired_on": ago(-1)},
        repaired_today={"repaired_on": DAY},
        repaired_yesterday={"repaired_on": ago(1)},
        revoked_tomorrow={"revoked_on": ago(-1)},
        revoked_today={"revoked_on": DAY},
    )
    assert column(registry, "penalties_in_force") == {
        "repaired_tomorrow": 1, "repaired_today": 0, "repaired_yesterday": 0,
        "revoked_tomorrow": 1, "revoked_today": 0,
    }  # fmt: skip


def test_it_is_unknown_until_it_is_recorded():
    late = registry({"decided_on": ago(30), "recorded_on": ago(-1)})
    assert number(late, "penalties_in_force") == 0
    assert number(late, "penalties_in_force", day=ago(-1)) == 1


def test_a_repair_counts_from_its_recording_when_that_comes_as_a_later_version():
    decided, repaired, recorded = ago(60), ago(20), ago(5)
    versions = registry(
        {"penalty_id": "p", "decided_on": decided},
        {"penalty_id": "p", "decided_on": decided, "repaired_on": repaired,
         "recorded_on": recorded},
    )  # fmt: skip
    assert number(versions, "penalties_in_force", day=ago(6)) == 1
    assert number(versions, "penalties_in_force", day=recorded) == 0


def test_the_weight_is_half_the_share_of_the_maximum_and_half_that_of_the_capital():
    one = registry({"fine": 10_000.0, "statutory_max": 40_000.0}, registered_capital=1e6)
    of_capital = math.log1p(0.01) / math.log1p(0.05)  # a fine of 1 % where 5 % weighs in full
    assert number(one, "penalty_heaviest") == pytest.approx((0.25 + of_capital) / 2)


def test_the_weight_uses_what_is_known_else_the_default_of_the_gravity():
    quarter = {"fine": 10_000.0, "statutory_max": 40_000.0}
    registry = cases(
        capital_unknown=quarter,
        capital_zero=quarter,
        maximum_unknown={"fine": 50_000.0},
        above_both={"fine": 90_000.0, "statutory_max": 40_000.0},
        no_fine_minor={"gravity": "minor"},
        no_fine_but_a_maximum={"gravity": "minor", "statutory_max": 40_000.0},
        fine_alone_serious={"gravity": "serious", "fine": 1000.0},
        nothing_known={},
    )
    for row in registry.tables["firms"]:
        capital = {"capital_zero": 0.0, "capital_unknown": None, "fine_alone_serious": None}
        row["registered_capital"] = capital.get(row["firm_id"], 1e6)
    assert column(registry, "penalty_heaviest") == pytest.approx(
        {"capital_unknown": 0.25, "capital_zero": 0.25, "maximum_unknown": 1.0, "above_both": 1.0,
         "no_fine_minor": 0.1, "no_fine_but_a_maximum": 0.1, "fine_alone_serious": 1.0,
         "nothing_known": 0.4}
    )  # fmt: skip


def test_the_load_halves_over_half_the_time_to_expiry_and_adds_up():
    found = numbers(
        registry(
            {"gravity": "minor", "decided_on": DAY},  # 0.1
            {"gravity": "minor", "decided_on": ago(45)},  # 0.05
            {"gravity": "moderate", "decided_on": ago(182)},  # 0.4 halved
            {"gravity": "serious", "decided_on": ago(1094)},  # 1 halved twice
        ),
        "a", "penalty_load_minor", "penalty_load_moderate", "penalty_load_serious", "penalty_load",
    )  # fmt: skip
    assert found == pytest.approx(
        {"penalty_load_minor": 0.15, "penalty_load_moderate": 0.2, "penalty_load_serious": 0.25,
         "penalty_load": 1.6}
    )  # fmt: skip


def test_many_penalties_weigh_no_more_than_three_in_full():
    assert number(registry(*[{"gravity": "serious"}] * 5), "penalty_load") == 3.0


def test_amounts_authorities_and_recency():
    found = numbers(
        registry(
            {"fine": 100.10, "authority": "tax", "category": "late"},
            {"fine": 200.20, "authority": "tax", "category": "false"},
            {"fine": None, "authority": "fire", "decided_on": ago(5)},
        ),
        "a", "fines_in_force", "fine_largest", "fine_mean", "penalty_authorities",
        "penalty_categories", "days_since_penalty", "days_since_serious_penalty",
    )  # fmt: skip
    assert found == pytest.approx(
        {"fines_in_force": 300.3, "fine_largest": 200.2, "fine_mean": 100.1,
         "penalty_authorities": 2, "penalty_categories": 2, "days_since_penalty": 5,
         "days_since_serious_penalty": 3650}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("penalty", "share"),
    [
        ({"gravity": "minor", "decided_on": ago(89)}, 0.5),
        ({"gravity": "minor", "decided_on": ago(90)}, 0.0),
        ({"repaired_on": DAY}, 0.0),
    ],
)
def test_the_penalties_of_the_sector_expire_and_are_repaired_just_the_same(penalty, share):
    one = registry(penalty, sector="C2710")
    one.tables["firms"].append(firm("b", sector="C2710"))
    assert number(one, "sector_penalty_rate", "b") == share


def test_a_window_holds_the_last_so_many_days():
    one = registry(
        {"gravity": "serious", "decided_on": ago(364)},
        {"gravity": "serious", "decided_on": ago(365)},
    )
    assert number(one, "penalties_1y") == 1


def test_the_day_of_the_decision_counts_in_the_calendar_whatever_the_month():
    leap = registry({"gravity": "minor", "decided_on": dt.date(2020, 2, 29)})
    assert number(leap, "penalties_in_force", day=dt.date(2020, 5, 28)) == 1
    assert number(leap, "penalties_in_force", day=dt.date(2020, 5, 29)) == 0
