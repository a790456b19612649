"""What must not change the matrix: later records, repaired ones, order of rows, threads, company."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path
from unittest.mock import patch

import ibis
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from features.asof import snapshot_of_registry, snapshot_of_rows
from features.assembly import assembled, in_order
from features.catalogue import FEATURES
from features.failures import Failure
from features.labels import labels
from features.matrix import batches, framed, matrix, publish_facts
from features.quality import Quality
from features.records import open_records
from features.related import RELATED
from tests.property.compare import as_rows, every_pair, many_dates, one_date
from tests.property.naive.accepted import accepted
from tests.property.naive.registry import Day, Registry, key_of
from tests.property.naive.strategies import AS_OF, HORIZON_DAYS, registries

NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)  # a matrix takes seconds
TODAY = dt.date(2030, 1, 1)
assert_same = pd.testing.assert_frame_equal


@pytest.fixture(scope="module")
def duckdb():
    """One in-memory database, filled anew by every example."""
    con = ibis.duckdb.connect()
    yield con
    con.disconnect()


def lost(quality: Quality) -> list[Failure]:
    """What cost a row or a cell."""
    return [failure for failure in quality.failures if failure.action != "noted"]


def registry_of(registry: Registry, keep) -> Registry:
    """The registry with the rows that `keep(table, row)` lets through."""
    tables = {
        table: [row for row in registry.rows(table) if keep(table, row)]
        for table in registry.tables
    }
    return Registry(tables, registry.law, registry.sectors)


@given(registries(), st.sampled_from(AS_OF))
@settings(max_examples=3, phases=NO_SHRINKING)
def test_what_is_recorded_after_the_date_changes_nothing(duckdb, registry, day):
    by_then = registry_of(registry, lambda _, row: row["recorded_on"] <= day)
    whole = one_date(accepted(registry, duckdb), registry, day)
    cut = accepted(by_then, duckdb, firm_ids=registry.firm_ids)
    assert_same(one_date(cut, registry, day), whole)


@given(registries(), st.sampled_from(AS_OF))
@settings(max_examples=2, phases=NO_SHRINKING)
def test_what_was_repaired_revoked_or_removed_might_never_have_been(duckdb, registry, day):
    then = Day(registry, day)
    gone = {
        (table, key_of(table, row))
        for table in ("penalties", "irregularities", "listings")
        for row in then.known(table)
        if any(then.ended(row.get(c)) for c in ("repaired_on", "revoked_on", "removed_on"))
    }
    without = registry_of(registry, lambda table, row: (table, key_of(table, row)) not in gone)
    assert_same(
        one_date(accepted(without, duckdb), without, day),
        one_date(accepted(registry, duckdb), registry, day),
    )


@given(registries())
@settings(max_examples=2, phases=NO_SHRINKING)
def test_dates_company_batches_and_threads_change_no_bit(duckdb, registry):
    records = accepted(registry, duckdb)
    together = many_dates(records, registry, every_pair(registry))
    alone = one_date(records, registry, AS_OF[2])
    assert_same(together.loc[alone.index], alone)
    few = every_pair(registry)[
        :: len(registry.firm_ids)
    ]  # one firm, whatever its controller's others
    assert_same(many_dates(records, registry, few), together[together.index.isin(few)])
    duckdb.raw_sql("SET threads = 1")
    try:
        assert_same(many_dates(records, registry, every_pair(registry)), together)
    finally:
        duckdb.raw_sql("RESET threads")


@given(registries(), st.sampled_from(AS_OF))
@settings(max_examples=2, phases=NO_SHRINKING)
def test_a_kept_query_gives_what_the_expression_gives(duckdb, registry, day):
    """The second example finds the query of the first, with another law another one; in pieces as well."""
    records = accepted(registry, duckdb)
    snapshot = snapshot_of_registry(records, day, registry.law, registry.sectors)
    some = (*FEATURES[::20], *RELATED[:2])
    plain = in_order(assembled(snapshot, some, publish_facts(snapshot, some))).to_pyarrow()
    assert_same(matrix(snapshot, some), framed(plain))
    told: list[int] = []
    with patch("features.matrix.PIECE_ROWS", 1):
        assert_same(matrix(snapshot, some, told.append), framed(plain))
    assert len(told) > 1 or plain.num_rows < 2
    assert sum(told) == plain.num_rows


@given(registries())
@settings(
    max_examples=2,
    phases=NO_SHRINKING,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_the_order_of_rows_changes_no_bit_and_files_give_what_tables_give(
    tmp_path, duckdb, registry
):
    expected = many_dates(accepted(registry, duckdb), registry, every_pair(registry))
    write(tmp_path, registry, random.Random(1))
    with open_records(tmp_path, today=TODAY) as records:
        assert lost(records.quality) == []
        assert_same(many_dates(records, registry, every_pair(registry)), expected)


def write(folder: Path, registry: Registry, order: random.Random) -> None:
    """Write the tables as Parquet, their rows in a random order."""
    for table in registry.tables:
        rows = registry.rows(table)
        order.shuffle(rows)
        frame = pd.DataFrame(rows, columns=[*rows[0]] if rows else ["firm_id", "inspection_id"])
        frame.astype(object).to_parquet(folder / f"{table}.parquet")


@given(registries(), st.sampled_from(AS_OF[:2]), st.sampled_from(AS_OF))
@settings(max_examples=20)
def test_labels_lie_after_the_date_and_were_recorded_when_training_begins(
    duckdb, registry, day, known_by
):
    found = labels(accepted(registry, duckdb), AS_OF, HORIZON_DAYS, known_by)
    after = (found.inspected_on - found.as_of).dt.days
    assert after.between(1, HORIZON_DAYS).all()
    assert (found.known_on.dt.date <= known_by).all()
    assert not found.selection.isin(["complaint", "follow_up"]).any()
    assert found.violation.isin([0, 1]).all()
    assert not found.duplicated(["firm_key", "as_of"]).any()


def test_two_snapshots_alive_do_not_disturb_each_other(duckdb):
    firms = [
        {"firm_id": f"f{n}", "sector": "C2710", "region": "north", "group_id": "g"}
        for n in range(4)
    ]
    visits = [
        {"inspection_id": str(n), "firm_id": "f0", "inspected_on": AS_OF[n], "violation": 1.0}
        for n in range(3)
    ]
    records = accepted(Registry({"firms": firms, "inspections": visits}), duckdb)
    chosen = tuple(f for f in FEATURES if f.name in ("sector_rate", "region_rate"))
    earlier, later = (
        snapshot_of_registry(records, day, Registry({}).law, ()) for day in (AS_OF[1], AS_OF[3])
    )
    undisturbed = matrix(earlier, chosen)
    parts = batches(earlier, chosen, n_rows=2)
    first = next(parts)
    matrix(later, chosen)
    assert_same(pd.concat([first, *parts], ignore_index=True), undisturbed)
    rest = pd.concat(batches(earlier, chosen, n_rows=2, start=3), ignore_index=True)
    assert_same(rest, undisturbed[undisturbed.firm_key >= 3].reset_index(drop=True))


def test_a_matrix_leaves_nothing_in_the_working_database(duckdb):
    """A gate by experiment asks for hundreds of them, in one process."""
    firms = [{"firm_id": f"f{n}", "sector": "C2710", "group_id": "g"} for n in range(3)]
    registry = Registry({"firms": firms, "inspections": []})
    records = accepted(registry, duckdb)
    chosen = tuple(f for f in FEATURES if f.name in ("sector_rate", "rating_risk")) + RELATED[:1]

    def held():
        found = duckdb.raw_sql("SELECT table_name FROM duckdb_tables() UNION ALL SELECT view_name "
                               "FROM duckdb_views() WHERE NOT internal ORDER BY 1")  # fmt: skip
        return found.fetchall()

    before = held()
    rows = as_rows(registry, every_pair(registry, AS_OF[1:3]))
    snapshot = snapshot_of_rows(records, rows, registry.law, ())
    assert len(matrix(snapshot, chosen)) == 6
    snapshot.forget()
    assert held() == before
