"""Orders of an authority: in force on their days, refused by name where they say too little."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from risk_index.errors import SettingsError
from risk_index.orders import read_orders
from risk_index.settings import load_settings

DAYS = {"from": "2026-01-01", "until": "2026-06-30", "reference": "order 3"}


@pytest.mark.parametrize(
    ("day", "held"),
    [("2025-12-31", 0), ("2026-01-01", 1), ("2026-06-30", 1), ("2026-07-01", 0)],
)
def test_an_order_holds_from_its_first_day_to_its_last(day: str, held: int) -> None:
    orders = read_orders({"minimum_visits": [{"stratum": "N", "visits": 3, **DAYS}]}, "here")
    assert len(orders.at(dt.date.fromisoformat(day)).minimum_visits) == held


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"minimum_visits": [{"stratum": "N", "visits": -1, **DAYS}]}, "minimum_visits.0.visits"),
        ({"visit_costs": [{"sector": "C", "cost": 0, **DAYS}]}, "visit_costs.0.cost"),
        ({"campaigns": [{"name": "x", "multiplier": 1, "visits": 3, **DAYS}]}, "multiplier"),
        ({"campaigns": [{"multiplier": 2, "visits": 3, **DAYS}]}, "campaigns.0.name"),
        ({"campaigns": [{"name": "x", "multiplier": 2, "visits": 3, "why": 1, **DAYS}]}, "why"),
        (
            {"visit_costs": [{"sector": "C", "cost": 2, **DAYS, "until": "2025-01-01"}]},
            "until 2025-01-01 is before from 2026-01-01",
        ),
        ({"visit_costs": {"sector": "C"}}, "visit_costs"),
        ({"grace_periods": [{"tables": ["ratings"], **DAYS}]}, "grace_periods.0.tables.0"),
        ({"grace_periods": [{"tables": [], **DAYS}]}, "grace_periods.0.tables"),
    ],
)
def test_an_order_that_says_too_little_is_refused(content: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError, match="here: ") as refused:
        read_orders(content, "here")
    assert said in str(refused.value)


def test_orders_and_single_settings_stand_in_one_file(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(
        "strata: supervisor\nfrequency_method: mix\nrandom_share: 0.3\ncapacity_unit: cost\n"
        "visit_costs:\n- {sector: C26, cost: 3, from: 2026-01-01, until: 2026-12-31, reference: t}\n",
        encoding="utf-8",
    )
    settings = load_settings(dt.date(2026, 6, 30), file)
    allocation = settings.allocation
    assert allocation.strata.by == "supervisor"
    assert (allocation.steepness.method, allocation.steepness.random_share) == ("mix", 0.3)
    assert (allocation.capacity.unit, allocation.capacity.costs) == ("cost", (("C26", 3.0),))
    assert load_settings(dt.date(2027, 1, 1), file).allocation.capacity.costs == ()
    plain = settings.as_dict()
    assert plain["strata"] == "supervisor"
    assert plain["visit_costs"][0]["from"] == "2026-01-01"


def test_grace_periods_reach_the_law_from_their_first_day_on_and_stay(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(
        "grace_periods:\n- {tables: [penalties], regions: ['42'], from: 2020-01-23, until: 2020-06-30, "
        "reference: order 5}\n",
        encoding="utf-8",
    )
    (period,) = load_settings(dt.date(2026, 6, 30), file).law.grace
    assert (period.start, period.until) == (dt.date(2020, 1, 23), dt.date(2020, 6, 30))
    assert (period.tables, period.regions, period.categories) == (("penalties",), ("42",), ())
    assert load_settings(dt.date(2020, 1, 22), file).law.grace == ()
    assert load_settings(dt.date(2026, 6, 30)).law.grace == ()


def test_a_choice_that_is_none_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("frequency_method: greedy\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"must be one of power, .*mix, not 'greedy'"):
        load_settings(dt.date(2026, 6, 30), file)
