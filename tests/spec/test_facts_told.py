"""What a reason says of a firm: the events behind a feature, how many and since when, worked by hand."""

from __future__ import annotations

import datetime as dt

import ibis
import numpy as np
import pandas as pd
import pytest

from features.asof import snapshot_of_registry
from features.catalogue import BY_NAME
from features.evidence import kind_of, recorder
from features.matrix import matrix
from risk_index.explain.firm_records import records_of
from risk_index.facts import fact
from risk_index.reasons import Points, leading
from risk_index.texts import ENGLISH, texts
from tests.property.compare import DAY, ago, firm
from tests.property.naive.accepted import accepted
from tests.property.naive.registry import Registry


def told(registry: Registry, name: str, language: str = "en") -> str:
    """The fact behind a feature of firm a."""
    con = ibis.duckdb.connect()
    try:
        records = accepted(registry, con)
        snapshot = snapshot_of_registry(records, DAY, registry.law, registry.sectors)
        feature = BY_NAME[name]
        if kind_of(feature) is None:
            rows = matrix(snapshot, [feature])
        else:  # nothing but the events behind it is read
            firms = pd.DataFrame({"firm_key": range(len(registry.firm_ids))})
            spine = con.create_table("of_firms", snapshot.spine)
            behind = recorder(snapshot.restrict(spine), [feature, BY_NAME["inspections"]])
            rows = firms.merge(behind(), how="left")
    finally:
        con.disconnect()
    row = rows[rows.firm_key == registry.firm_ids.index("a")].iloc[0]
    return fact(feature, lambda column: float(row[column]), DAY, texts(language))


def penalties(*rows: dict) -> Registry:
    """Firm a with penalties."""
    known = [
        {"penalty_id": str(n), "firm_id": "a", "gravity": "serious"} | row
        for n, row in enumerate(rows)
    ]
    return Registry({"firms": [firm("a"), firm("b")], "penalties": known})


def visits(*rows: dict) -> Registry:
    """Firm a with visits."""
    known = [{"inspection_id": str(n), "firm_id": "a"} | row for n, row in enumerate(rows)]
    return Registry({"firms": [firm("a")], "inspections": known})


TWO = penalties(
    {"decided_on": dt.date(2019, 5, 12)},
    {"decided_on": dt.date(2020, 1, 3)},
    {"decided_on": dt.date(2020, 2, 1), "repaired_on": ago(1)},  # repaired: gone
    {"decided_on": dt.date(2020, 3, 1), "firm_id": "b"},  # somebody else's
    {"decided_on": dt.date(2020, 4, 1), "recorded_on": ago(-1)},  # not known yet
    {"decided_on": dt.date(2020, 5, 1), "gravity": "minor"},
)


def test_penalties_in_force_with_the_first_day() -> None:
    said = "2 serious penalties in force since 2019-05-12"
    assert told(TWO, "serious_penalty_excess") == said
    assert told(TWO, "serious_penalty_excess", "zh") == "生效中的严重处罚2件，自2019-05-12起"
    assert told(TWO, "penalty_excess") == "3 penalties in force since 2019-05-12"


def test_none_is_told_as_none() -> None:
    assert told(penalties(), "penalties_excess") == "no moderate or serious penalty in force"
    assert told(visits(), "violation_rate") == "no inspection with a recorded outcome"


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        ((1,), "1 violation found in 1 inspection with a recorded outcome on 2020-06-10"),
        (
            (1, 0, 1),
            "2 violations found in 3 inspections with a recorded outcome from 2020-05-21 to 2020-06-10",
        ),
        (
            (0, 0),
            "no violation found in 2 inspections with a recorded outcome from 2020-05-31 to 2020-06-10",
        ),
    ],
)
def test_violations_stand_beside_the_inspections(outcomes: tuple[int, ...], said: str) -> None:
    rows = [
        {"inspected_on": ago(20 + 10 * n), "violation": hit, "selection": "routine"}
        for n, hit in enumerate(outcomes)
    ]
    complaint = {"inspected_on": ago(5), "violation": 1, "selection": "complaint"}
    assert told(visits(*rows, complaint), "violation_rate_365d") == said


def test_numbers_of_the_firm_itself() -> None:
    one = Registry({"firms": [firm("a", registered_on=dt.date(2015, 3, 2), employees=1200)]})
    assert told(one, "firm_age_days") == "registered on 2015-03-02"
    assert told(one, "employees") == "employees 1,200"
    assert told(one, "registered_capital") == "registered capital not known"
    assert told(one, "registered_capital", "zh") == "注册资本：不详"


def test_a_permit_that_lapsed_and_one_that_ends() -> None:
    rows = [
        {"permit_id": "1", "kind": "food", "issued_on": ago(800), "valid_to": ago(31)},
        {"permit_id": "2", "kind": "fire", "issued_on": ago(300), "valid_to": ago(-65)},
        {"permit_id": "3", "kind": "work", "issued_on": ago(300), "valid_to": ago(-10)},
    ]
    held = Registry({"firms": [firm("a")], "permits": [{"firm_id": "a"} | row for row in rows]})
    assert told(held, "permits_valid") == "2 valid permits, the next to end on 2020-07-10"
    lapsed = "1 kind of permit lapsed while operating since 2020-05-30"
    assert told(held, "permit_kinds_lapsed") == lapsed


def test_a_permit_taken_away_counts_from_the_day_it_was() -> None:
    old = {"firm_id": "a", "kind": "food", "issued_on": ago(2000)}
    rows = [
        {"permit_id": "1", "status": "revoked", "status_changed_on": ago(31)},
        {"permit_id": "2", "status": "suspended", "status_changed_on": ago(1100)},
        {"permit_id": "3", "status": "cancelled", "status_changed_on": ago(1100)},
    ]
    held = Registry({"firms": [firm("a")], "permits": [old | row for row in rows]})
    assert told(held, "permits_revoked") == "1 permit revoked on 2020-05-30"
    assert told(held, "permits_suspended") == "no permit suspended"
    assert told(held, "permits_cancelled") == "1 permit cancelled on 2017-06-26"
    assert page(held) == {
        "1": ("revoked: until 2023-05-30", True),
        "2": ("suspended: until 2020-06-25", False),
        "3": ("cancelled: counted without an end", True),
    }


def page(registry: Registry) -> dict[str, tuple[str, bool]]:
    """Until when each record on the firm's page counts, and whether it does."""
    con = ibis.duckdb.connect()
    try:
        snapshot = snapshot_of_registry(
            accepted(registry, con), DAY, registry.law, registry.sectors
        )
        return {r.key: (r.counts, r.in_force) for r in records_of(snapshot, ENGLISH)}
    finally:
        con.disconnect()


def test_that_a_permit_lapsed_counts_for_three_years_from_its_last_day() -> None:
    term = {"firm_id": "a", "kind": "food", "issued_on": ago(2000)}
    rows = [
        {"permit_id": "1", "valid_to": ago(1200)},
        {"permit_id": "2", "issued_on": ago(1100), "valid_to": ago(31)},
        {"permit_id": "3", "issued_on": ago(1), "valid_to": ago(-90)},
        {"permit_id": "4", "kind": "fire", "valid_to": ago(1094)},
    ]
    held = Registry({"firms": [firm("a")], "permits": [term | row for row in rows]})
    lapsed = "2 times that a permit lapsed in the last 3 years from 2017-07-02 to 2020-05-30"
    assert told(held, "permit_lapses_3y") == lapsed
    assert page(held) == {
        "1": ("an earlier term", False),
        "2": ("an earlier term; that it lapsed: until 2023-05-30", True),
        "3": ("valid until 2020-09-28", True),
        "4": ("lapsed on 2017-07-02: until it is renewed; that it lapsed: until 2020-07-01", True),
    }


def test_the_fact_of_a_reason_weighs_on_the_side_of_its_points() -> None:
    names = ("firm_age_days", "employees", "registered_capital")
    assert len({BY_NAME[name].topic for name in names}) == 1
    weighed = Points(names, np.array([[-5.0, 4.0, 3.0], [5.0, -4.0, -3.0], [-5.0, 2.0, 1.0]]), 0.0)
    X = pd.DataFrame(dict.fromkeys(names, [1000.0] * 3))
    said = [(row[0].fact.split()[0], row[0].points) for row in leading(weighed, X, DAY)]
    assert said == [("employees", 2.0), ("employees", -2.0), ("registered", -2.0)]
