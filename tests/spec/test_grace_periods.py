"""Grace periods: events of their days are not held against a firm, worked out by hand."""

from __future__ import annotations

import datetime as dt

import pytest

from features.asof import GracePeriod, Law
from tests.property.compare import DAY, ago, firm, number
from tests.property.naive.registry import Registry

FIRST, LAST = ago(60), ago(40)


def law(**more: object) -> Law:
    tables = ("penalties", "irregularities", "permits")
    return Law(grace=(GracePeriod(**{"start": FIRST, "until": LAST, "tables": tables} | more),))


def penalised(day: dt.date, some: Law) -> Registry:
    row = {"penalty_id": "1", "firm_id": "a", "decided_on": day, "category": "pricing"}
    return Registry({"firms": [firm("a", region="4201")], "penalties": [row]}, some)


@pytest.mark.parametrize(("day", "counted"), [(ago(61), 1), (FIRST, 0), (LAST, 0), (ago(39), 1)])
def test_a_penalty_of_the_period_counts_for_nothing(day, counted):
    found = penalised(day, law())
    assert number(found, "penalties_in_force") == counted
    assert (number(found, "sector_penalty_rate") > 0) == bool(counted)


@pytest.mark.parametrize(
    ("more", "counted"),
    [
        ({"regions": ("42",)}, 0),
        ({"regions": ("43", "4201")}, 0),
        ({"regions": ("43",)}, 1),
        ({"categories": ("pricing",)}, 0),
        ({"categories": ("accident",)}, 1),
        ({"tables": ("permits",)}, 1),
    ],
    ids=str,
)
def test_it_may_be_of_some_regions_categories_and_tables(more, counted):
    assert number(penalised(FIRST, law(**more)), "penalties_in_force") == counted


@pytest.mark.parametrize(("first", "later", "counted"), [("4201", "3101", 0), ("3101", "4201", 1)])
def test_a_move_neither_takes_nor_gives_grace(first, later, counted):
    """The place is that of the firm when the penalty was recorded."""
    stays = penalised(FIRST, law(regions=("42",)))
    moved = [
        firm("a", region=first, recorded_on=ago(900)),
        firm("a", region=later, recorded_on=ago(10)),
    ]
    two = Registry(stays.tables | {"firms": moved}, stays.law)
    assert number(two, "penalties_in_force") == counted


def test_it_is_gone_before_platforms_are_merged():
    found = penalised(FIRST, law())
    again = found.tables["penalties"][0] | {"penalty_id": "2", "decided_on": ago(39)}
    rows = [row | {"decision_number": "7"} for row in (found.tables["penalties"][0], again)]
    two = Registry(found.tables | {"penalties": rows}, found.law)
    assert number(two, "days_since_penalty") == 39


def test_an_entry_of_the_period_is_not_held_against_the_firm():
    rows = [
        {"firm_id": "a", "reason": reason, "listed_on": FIRST}
        for reason in ("annual_report_not_filed", "disclosure_false")
    ]
    tables = {"firms": [firm()], "irregularities": rows}
    some = law(categories=("annual_report_not_filed",))
    assert number(Registry(tables, some), "irregularities") == 1
    assert number(Registry(tables), "irregularities") == 2


def test_a_permit_that_ended_in_the_period_ran_until_its_last_day():
    row = {
        "permit_id": "1",
        "firm_id": "a",
        "kind": "fire",
        "issued_on": ago(400),
        "valid_to": FIRST,
    }
    tables = {"firms": [firm()], "permits": [row]}
    name = "permit_lapsed_days"
    assert number(Registry(tables), name) == 60
    assert number(Registry(tables, law()), name) == 40
    assert number(Registry(tables, law()), name, day=ago(50)) == number(
        Registry({"firms": [firm()]}), name
    )


def test_a_permit_declared_expired_in_the_period_was_so_after_it():
    row = {"permit_id": "1", "firm_id": "a", "kind": "fire", "issued_on": ago(400),
           "status": "expired", "status_changed_on": FIRST}  # fmt: skip
    tables = {"firms": [firm()], "permits": [row]}
    assert number(Registry(tables), "permit_lapsed_days") == 60
    assert number(Registry(tables, law()), "permit_lapsed_days") == 39
    assert ago(0) == DAY
