"""Which records are one penalty decision, and what counts where platforms differ: worked out by hand."""

from __future__ import annotations

import pytest

from tests.property.compare import ago, column, firm, number
from tests.property.naive.registry import Registry

DECIDED = ago(20)


def penalties(*rows: dict, **tables: list[dict]) -> Registry:
    """Records of firm a with the same authority, day and fine, but for what each states."""
    same = {"firm_id": "a", "decided_on": DECIDED, "authority": "x", "fine": 500.0}
    numbered = [same | {"penalty_id": str(n)} | row for n, row in enumerate(rows)]
    return Registry({"firms": [firm("a"), firm("b")], "penalties": numbered} | tables)


@pytest.mark.parametrize(
    ("rows", "decisions"),
    [
        ([{"source": "s"}, {"source": "t"}], 1),
        ([{"source": "s"}, {"source": "s"}], 2),
        ([{"source": "s"}, {"source": "s"}, {"source": "t"}], 2),
        ([{"source": "s"}, {"source": "t", "fine": 501.0}], 2),
        ([{"source": "s"}, {"source": "t", "authority": "y"}], 2),
        ([{"source": "s", "authority": None}, {"source": "t", "authority": None}], 2),
        ([{"source": "s", "fine": None}, {"source": "t", "fine": None}], 1),
        ([{"source": "s", "decision_number": "1"}, {"source": "t", "decision_number": "2"}], 2),
        ([{"source": "s", "decision_number": "1"}, {"source": "t", "decision_number": "1"}], 1),
        ([{"source": "s", "decision_number": "1"}, {"source": "t"}], 1),
        ([{"source": "s", "decision_number": "1"}, {"source": "s"}, {"source": "t"}], 2),
        ([{"source": "s", "decision_number": "1"}, {"source": "s", "decision_number": "2"},
          {"source": "t"}, {"source": "t"}, {"source": "t"}], 3),
    ],
    ids=[
        "two sources", "one source twice", "two and one", "another fine", "another authority",
        "no authority", "no fine", "two numbers", "one number", "a number and none",
        "a number, its source again", "two numbers and three without",
    ],
)  # fmt: skip
def test_records_of_one_decision_count_once(rows, decisions):
    assert number(penalties(*rows), "penalties_in_force") == decisions


def test_one_number_is_one_decision_whatever_else_is_said():
    two = penalties(
        {"source": "s", "decision_number": "1"},
        {
            "source": "t",
            "decision_number": "1",
            "fine": 9.0,
            "decided_on": ago(30),
            "authority": "z",
        },
    )
    assert number(two, "penalties_in_force") == 1
    assert number(two, "fines_in_force") == 9.0
    assert number(two, "days_since_penalty") == 30


def test_a_number_is_of_one_firm():
    two = penalties({"decision_number": "1"}, {"decision_number": "1", "firm_id": "b"})
    assert column(two, "penalties_in_force") == {"a": 1, "b": 1}


def test_until_it_is_settled_what_is_best_for_the_firm_counts():
    rows = [
        {"source": "s", "gravity": "serious", "statutory_max": 1000.0},
        {"source": "t", "gravity": "minor", "statutory_max": 2000.0},
    ]
    two = penalties(*rows)
    assert number(two, "penalties_minor") == 1
    assert number(two, "penalty_weight") == pytest.approx(500 / 2000)
    assert number(penalties(rows[0]), "penalty_weight") == pytest.approx(500 / 1000)


@pytest.mark.parametrize("end", ["repaired_on", "revoked_on"])
def test_a_repair_known_on_one_platform_ends_the_decision(end):
    two = penalties({"source": "s"}, {"source": "t", end: ago(0)})
    assert number(two, "penalties_in_force") == 0
    assert number(two, "penalties_in_force", day=ago(1)) == 1


def test_a_repair_counts_from_the_day_on_which_it_was_known():
    repaired = {"source": "t", "penalty_id": "9", "repaired_on": ago(15)}
    two = penalties(
        {"source": "s"},
        {"source": "t", "penalty_id": "9", "recorded_on": ago(18)},
        repaired | {"recorded_on": ago(10)},
    )
    assert number(two, "penalties_in_force", day=ago(11)) == 1
    assert number(two, "penalties_in_force", day=ago(10)) == 0


def test_two_records_add_nothing_to_the_sector_nor_to_the_volumes():
    once = {"source": "s", "recorded_on": ago(15)}
    sources = [
        {"source": s, "region": "N", "reporting_rate": rate, "recorded_on": ago(900)}
        for s, rate in (("s", 0.5), ("t", 0.1))
    ]
    for name in ("sector_penalty_rate", "sector_weight_rate", "reported_years"):
        alone = column(penalties(once, sources=sources), name)
        twice = penalties(once, {"source": "t", "recorded_on": ago(9)}, sources=sources)
        assert column(twice, name) == alone
