"""Where the share of penalties on record comes from, and what a link audit counts, by hand."""

from __future__ import annotations

import datetime as dt

import ibis
import pandas as pd
import pytest

from features.asof import Law, snapshot_of_registry
from features.rates import LINKED, STATED, reporting_rates
from features.reporting import reported_shares
from tests.property.naive.accepted import accepted
from tests.property.naive.registry import Registry, Row

VISITED, AS_OF = dt.date(2018, 1, 10), dt.date(2020, 1, 1)


def registry(n_north: int = 75, n_south: int = 75, sources: list[Row] | None = None,
             **followed: object) -> Registry:  # fmt: skip
    """Violations in two regions; two of three in the north have a penalty, one of five in the south."""
    firms, visits, penalties = [], [], []
    for region, n, every in (("N", n_north, 3), ("S", n_south, 5)):
        for number in range(n):
            firm = f"{region}{number:03d}"
            firms.append({"firm_id": firm, "region": region})
            visits.append({"inspection_id": firm, "firm_id": firm, "inspected_on": VISITED,
                           "violation": 1.0, "selection": "random"})  # fmt: skip
            linked = number % every != 0 if region == "N" else number % every == 0
            if linked:
                penalties.append({"penalty_id": firm, "firm_id": firm, "source": "s",
                                  "decided_on": VISITED + dt.timedelta(30)} | followed)  # fmt: skip
    tables = {"firms": firms, "inspections": visits, "penalties": penalties}
    return Registry(tables | {"sources": sources or []})


@pytest.fixture(scope="module")
def con():
    con = ibis.duckdb.connect()
    yield con
    con.disconnect()


def found(con, some: Registry, day: dt.date = AS_OF) -> tuple[pd.DataFrame, dict[str, float]]:
    """Rates by region, and the shares made of them."""
    snapshot = snapshot_of_registry(accepted(some, con), day, Law(), ())
    shares = reported_shares(snapshot).set_index("region").reported_share
    return reporting_rates(snapshot).set_index("region"), shares.to_dict()


def test_a_link_audit_tells_the_ratio_of_the_regions(con):
    rates, shares = found(con, registry())
    assert set(rates.method) == {LINKED}
    assert rates.n_checked.to_dict() == {"N": 75.0, "S": 75.0}
    # 50 of 75 and 15 of 75: 16/77 to 51/77
    assert rates.reporting_rate["N"] == pytest.approx(1.0, abs=0.05)
    assert rates.reporting_rate["S"] == pytest.approx(16 / 51, abs=0.05)
    assert rates.low["S"] < 16 / 51 < rates.high["S"]
    assert shares["S"] / shares["N"] == pytest.approx(16 / 51, abs=0.08)


@pytest.mark.parametrize(
    "followed",
    [
        {"decided_on": VISITED - dt.timedelta(1)},
        {"decided_on": VISITED + dt.timedelta(181)},
        {"recorded_on": VISITED + dt.timedelta(366)},
        {"repaired_on": AS_OF},
        {"revoked_on": AS_OF},
    ],
    ids=["before the visit", "too late", "recorded too late", "repaired", "revoked"],
)
def test_what_is_no_link(con, followed):
    rates, shares = found(con, registry(**followed))
    assert len(rates) == 0
    assert shares == {"N": 1.0, "S": 1.0}


def test_too_few_violations_or_links_tell_nothing(con):
    assert len(found(con, registry(75, 20))[0]) == 0
    assert len(found(con, registry(30, 75))[0]) == 2  # 20 and 15 links of 105
    assert len(found(con, registry(15, 90))[0]) == 0  # 10 and 18 links


def test_violations_of_the_last_year_are_not_ripe(con):
    ripe = VISITED + dt.timedelta(365)
    assert len(found(con, registry(), ripe)[0]) == 2
    assert len(found(con, registry(), ripe - dt.timedelta(1))[0]) == 0


def test_stated_rates_come_first_from_the_day_they_are_known(con):
    stated = {"source": "s", "region": "N", "reporting_rate": 0.4, "n_checked": 9.0}
    some = registry(sources=[stated | {"recorded_on": AS_OF}])
    rates, shares = found(con, some)
    assert (set(rates.method), shares) == ({STATED}, {"N": 0.4, "S": 0.4})
    assert set(found(con, some, AS_OF - dt.timedelta(1))[0].method) == {LINKED}


def test_visits_that_became_known_later_choose_no_visits_of_a_past_audit(con):
    """Two halves, random and routine; later random visits would have made the random ones enough."""
    half = registry(150, 150)
    for number, row in enumerate(half.tables["inspections"]):
        row["selection"] = "random" if number % 2 else "routine"
    before = found(con, half)[0].reporting_rate.to_dict()
    later = [
        {"inspection_id": f"later {n}", "firm_id": f"{'NS'[n % 2]}{n // 2:03d}", "violation": 1.0,
         "inspected_on": dt.date(2023, 5, 1), "selection": "random"}
        for n in range(120)
    ]  # fmt: skip
    tables = half.tables | {"inspections": [*half.tables["inspections"], *later]}
    assert found(con, Registry(tables))[0].reporting_rate.to_dict() == before


def test_a_visit_whose_day_is_corrected_later_keeps_its_links_until_then(con):
    plain = registry()
    before = found(con, plain)[0].reporting_rate.to_dict()
    corrected = [
        row | {"inspected_on": VISITED - dt.timedelta(400), "recorded_on": dt.date(2023, 1, 1)}
        for row in plain.tables["inspections"]
    ]
    tables = plain.tables | {"inspections": [*plain.tables["inspections"], *corrected]}
    assert found(con, Registry(tables))[0].reporting_rate.to_dict() == before


def test_a_penalty_that_is_recorded_anew_stays_a_link(con):
    plain = registry()
    before = found(con, plain)[0].reporting_rate.to_dict()
    anew = [
        row | {"fine": 100.0, "recorded_on": VISITED + dt.timedelta(500)}
        for row in plain.tables["penalties"]
    ]
    tables = plain.tables | {"penalties": [*plain.tables["penalties"], *anew]}
    assert found(con, Registry(tables))[0].reporting_rate.to_dict() == before


def test_a_decision_that_one_platform_calls_repaired_is_no_link(con):
    stated = registry(decision_number="x")
    for row in stated.tables["penalties"]:
        row["decision_number"] = f"2018-{row['penalty_id']}"
    also = [
        row
        | {
            "penalty_id": f"also {row['penalty_id']}",
            "source": "b",
            "repaired_on": dt.date(2018, 9, 1),
        }
        for row in stated.tables["penalties"]
    ]
    tables = stated.tables | {"penalties": [*stated.tables["penalties"], *also]}
    assert found(con, Registry(tables))[0].empty


def test_a_platform_of_its_own_does_not_make_a_region_report_less(con):
    """The south decides a tenth of what the north does and follows up as often, on its own platform."""
    own = registry(1000, 100)
    tables = {name: list(rows) for name, rows in own.tables.items()}
    tables["penalties"] = [
        {
            "penalty_id": firm,
            "firm_id": firm,
            "source": firm[0],
            "decided_on": VISITED + dt.timedelta(30),
        }
        for firm in (row["firm_id"] for row in tables["firms"])
        if int(firm[1:]) % 2
    ]
    rates, shares = found(con, Registry(tables))
    assert len(rates) == 2
    assert shares["S"] == pytest.approx(shares["N"], abs=0.1)
    assert shares["N"] > 0.85
