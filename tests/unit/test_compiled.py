"""Queries compiled once: what they hang on, and what they may not."""

from __future__ import annotations

from collections.abc import Iterator
from unittest.mock import patch

import ibis
import pytest

from features import compiled
from features.asof import Snapshot, snapshot_of_rows
from features.catalogue import BY_NAME
from features.compiled import prepared
from features.records import Records
from tests.property.compare import ago, as_rows, firm, many_dates
from tests.property.naive.accepted import accepted
from tests.property.naive.registry import Registry

DATES = ago(400), ago(0)
FEATURES = BY_NAME["penalties_in_force"], BY_NAME["others_penalties"], BY_NAME["sector_rate"]


def penalised(*firms: str) -> Registry:
    """Firms with a penalty each, decided ten days before the last date."""
    penalties = [{"penalty_id": f, "firm_id": f, "decided_on": ago(10)} for f in firms]
    return Registry({"firms": [firm(f) for f in "abc"], "penalties": penalties})


@pytest.fixture
def con() -> Iterator[ibis.BaseBackend]:
    con = ibis.duckdb.connect()
    yield con
    con.disconnect()


def counts(registry: Registry, con: ibis.BaseBackend, *dates) -> list[float]:
    pairs = [(name, day) for day in dates for name in registry.firm_ids]
    return list(many_dates(accepted(registry, con), registry, pairs, FEATURES).penalties_in_force)


def test_other_firms_and_dates_find_the_query_and_their_own_numbers(con):
    assert counts(penalised("a"), con, *DATES) == [0, 0, 0, 1, 0, 0]
    with patch.object(compiled, "_sql", side_effect=AssertionError("compiled again")):
        assert counts(penalised("b", "c"), con, *DATES) == [0, 0, 0, 0, 1, 1]
        assert counts(penalised("a"), con, ago(9), ago(8), ago(5)) == [1, 0, 0] * 3


def test_one_of_several_dates_or_a_variable_may_not_enter_a_query(con):
    def after_the_first(snapshot: Snapshot) -> ibis.Table:
        rows = snapshot.records.table("penalties")
        return rows.filter(rows.decided_on > ibis.date(snapshot.dates[0]))

    registry = penalised("a")
    records: Records = accepted(registry, con)
    pairs = as_rows(registry, [("a", day) for day in DATES])
    several = snapshot_of_rows(records, pairs, registry.law, registry.sectors)
    with pytest.raises(ValueError, match="after_the_first reads single ones of several dates"):
        prepared(several, after_the_first)
    with pytest.raises(ValueError, match="<lambda> captures variables"):
        prepared(several, lambda snapshot: snapshot.known(registry.firm_ids[0]))
    with pytest.raises(ValueError, match="<lambda> has no name"):
        prepared(several, lambda snapshot: snapshot.known("penalties"))
    one = snapshot_of_rows(records, pairs[:1], registry.law, registry.sectors)
    assert len(prepared(one, after_the_first)()) == 1
