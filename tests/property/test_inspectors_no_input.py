"""Who visited moves no feature: inspectors are a nuisance of the labels, never an input."""

from __future__ import annotations

import ibis
import pandas as pd
import pytest
from hypothesis import Phase, given, settings

from features.catalogue import in_use
from features.labels import labels
from risk_index.fairness.lineage import readers_of
from tests.property.compare import every_pair, many_dates
from tests.property.naive.accepted import accepted
from tests.property.naive.registry import Registry
from tests.property.naive.strategies import AS_OF, HORIZON_DAYS, registries

NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)


@pytest.fixture(scope="module")
def duckdb():
    con = ibis.duckdb.connect()
    yield con
    con.disconnect()


def visited_by(registry: Registry, names: tuple[str | None, ...]) -> Registry:
    """The registry with inspectors dealt out in turn."""
    visits = [
        row | {"inspector_id": names[place % len(names)]}
        for place, row in enumerate(registry.tables["inspections"])
    ]
    return Registry(registry.tables | {"inspections": visits}, registry.law, registry.sectors)


def test_no_input_reads_who_visited() -> None:
    assert readers_of(["inspections.inspector_id"])["inspections.inspector_id"] == ()


@given(registries())
@settings(max_examples=1, phases=NO_SHRINKING)
def test_other_inspectors_on_any_visit_change_no_bit_of_the_matrix(duckdb, registry) -> None:
    pairs = every_pair(registry, AS_OF[2:])
    some, others = (("a", "b;c", None), ("z", "a"))
    found = [
        many_dates(accepted(visited_by(registry, names), duckdb), registry, pairs, in_use())
        for names in (some, others)
    ]
    pd.testing.assert_frame_equal(*found)


@given(registries())
@settings(max_examples=5)
def test_a_label_names_the_inspectors_of_its_own_visit_in_one_order(duckdb, registry) -> None:
    named = visited_by(registry, ("b; a；a", " c ", None, ";"))
    found = labels(accepted(named, duckdb), AS_OF, HORIZON_DAYS, AS_OF[-1])
    by_visit: dict[str, set[str | None]] = {}
    for row in named.tables["inspections"]:
        cell = {"b; a；a": "a;b", " c ": "c"}.get(row["inspector_id"] or "")
        by_visit.setdefault(row["inspection_id"], set()).add(cell)
    for row in found.itertuples():
        said = None if pd.isna(row.inspectors) else row.inspectors
        assert said in by_visit[row.inspection_id]
