"""Records of few firms, days, fines, numbers and platforms: what is merged equals the naive merging."""

from __future__ import annotations

import datetime as dt
from typing import Any

import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.asof import known_by
from features.decisions import recorded_again, recorded_once
from features.schema import PENALTIES
from tests.property.naive.accepted import accepted
from tests.property.naive.decisions import decisions
from tests.property.naive.registry import Day, Registry, Row

FIRST, AS_OF = dt.date(2020, 1, 1), dt.date(2020, 1, 20)


@pytest.fixture(scope="module")
def duckdb():
    """One in-memory database, filled anew by every example."""
    con = ibis.duckdb.connect()
    yield con
    con.disconnect()


@st.composite
def record(draw: Any) -> Row:
    """A record that is likely to be of one decision with others."""
    decided = FIRST + dt.timedelta(draw(st.integers(0, 1)))

    def one_of(*values: object) -> object:
        return draw(st.sampled_from(values))

    def later(first: int) -> dt.date | None:
        return one_of(None, *(decided + dt.timedelta(n) for n in range(first, 30, 7)))

    return {
        "penalty_id": draw(st.sampled_from("abcdefghij")),
        "firm_id": one_of("f0", "f0", "f1"),
        "decision_number": one_of(None, None, "1", "2"),
        "decided_on": decided,
        "authority": one_of(None, "x", "x", "x"),
        "source": one_of(None, "s1", "s2", "s3"),
        "category": one_of(None, "k", "l"),
        "gravity": one_of(None, "minor", "moderate", "serious"),
        "fine": one_of(None, 500.0, 500.0, 900.0),
        "statutory_max": one_of(None, 1e3, 1e4),
        "repaired_on": later(3),
        "revoked_on": later(5),
        "recorded_on": decided + dt.timedelta(draw(st.integers(0, 25))),
    }


def versions(row: Row) -> tuple[object, ...]:
    return row["penalty_id"], row["recorded_on"]


records_of = st.lists(record(), min_size=2, max_size=14, unique_by=versions)


def of_one_firm(rows: list[Row]) -> list[Row]:
    """A record and its later versions are of one firm."""
    owner: dict[object, object] = {}
    return [row | {"firm_id": owner.setdefault(row["penalty_id"], row["firm_id"])} for row in rows]


def in_words(row: Row) -> dict[str, object]:
    """What can be compared: an empty number is none."""
    texts = {name: row[name] for name in PENALTIES.names if name not in ("penalty_id",)}
    return {name: None if value != value else value for name, value in texts.items()}


@given(records_of)
@settings(max_examples=30)
def test_what_is_merged_equals_the_naive_merging(duckdb, rows):
    firms = [{"firm_id": firm} for firm in ("f0", "f1")]
    registry = Registry({"firms": firms, "penalties": of_one_firm(rows)})
    table = accepted(registry, duckdb).table("penalties")
    day = ibis.date(AS_OF)
    known = table.filter(known_by(table, day)).mutate(as_of=day)
    found = ibis.union(recorded_once(known), recorded_again(known)).to_pyarrow().to_pylist()
    found = [in_words(row | {"firm_id": f"f{row['firm_key']}"}) for row in found]
    expected = [
        in_words(row) for firm in ("f0", "f1") for row in decisions(Day(registry, AS_OF), firm)
    ]
    assert sorted(found, key=str) == sorted(expected, key=str)
