"""Every feature equals the naive evaluator's, on random registries and as-of dates."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from features.catalogue import FEATURES
from features.labels import labels
from tests.property.compare import every_pair, many_dates, one_date
from tests.property.naive.accepted import accepted
from tests.property.naive.evaluate import oracle_labels, oracle_matrix
from tests.property.naive.strategies import AS_OF, HORIZON_DAYS, registries

NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)  # a matrix takes seconds


@pytest.fixture(scope="module")
def duckdb():
    """One in-memory database, filled anew by every example."""
    con = ibis.duckdb.connect()
    yield con
    con.disconnect()


def assert_equal(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Same rows, and every feature equal to float32's precision and the sums' millionths."""
    assert found.index.tolist() == expected.index.tolist()
    near = np.isclose(found, expected, rtol=2e-6, atol=2e-6, equal_nan=True)
    wrong = pd.DataFrame({"found": found.stack(), "expected": expected.stack()})
    assert wrong[~near.ravel()].to_string(max_rows=20) == wrong[:0].to_string()


@given(registries())
@settings(max_examples=7, phases=NO_SHRINKING)
def test_many_dates_in_one_go_equal_the_oracle(duckdb, registry):
    pairs = every_pair(registry)
    found = many_dates(accepted(registry, duckdb), registry, pairs)
    assert_equal(found, oracle_matrix(registry, pairs, FEATURES))


@given(registries(), st.sampled_from(AS_OF))
@settings(max_examples=4, phases=NO_SHRINKING)
def test_the_registry_on_one_date_equals_the_oracle(duckdb, registry, day):
    found = one_date(accepted(registry, duckdb), registry, day)
    expected = oracle_matrix(registry, every_pair(registry, (day,)), FEATURES, open_only=True)
    assert_equal(found, expected)


@given(registries(), st.sampled_from(AS_OF), st.sampled_from(AS_OF))
@settings(max_examples=20)
def test_labels_equal_the_oracle(duckdb, registry, day, known_by):
    found = labels(accepted(registry, duckdb), (day,), HORIZON_DAYS, known_by)
    expected = oracle_labels(registry, day, HORIZON_DAYS, known_by)
    seen = {
        registry.firm_ids[row.firm_key]: (row.inspection_id, row.violation)
        for row in found.itertuples()
    }
    assert seen == {
        firm: (row["inspection_id"], row["violation"]) for firm, row in expected.items()
    }
