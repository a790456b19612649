"""The same expression on Spark gives what it gives on DuckDB."""

from __future__ import annotations

import shutil
import warnings

import ibis
import numpy as np
import pyarrow as pa
import pytest

from features.asof import Law, SectorClass
from features.catalogue import FEATURES
from tests.property.compare import DAY, ago, every_pair, firm, many_dates, one_date
from tests.property.naive.accepted import accepted
from tests.property.naive.evaluate import oracle_matrix
from tests.property.naive.registry import Registry

pytestmark = pytest.mark.spark
SPARK_TYPES = {
    pa.string(): "string",
    pa.date32(): "date",
    pa.float64(): "double",
    pa.int32(): "int",
    pa.bool_(): "boolean",
}

FIRMS = [
    firm("a", name="Old", sector="C2710", region="north", group_id="g", registered_capital=1e6),
    firm("a", name="New", sector="C2710", region="south", group_id="g", registered_capital=2e6,
         size_class="small", employees=40.0, recorded_on=ago(300)),
    firm("b", sector="C2720", region="north", group_id="g", registered_capital=0.0),
    firm("c", sector="Food/Cafe", group_id="g", closed_on=ago(30)),
    firm("d"),
]  # fmt: skip
PENALTIES = [
    {"firm_id": "a", "decided_on": ago(80), "gravity": "minor", "fine": 333.33, "category": "x"},
    {"firm_id": "a", "decided_on": ago(200), "fine": 5e4, "statutory_max": 1e5, "authority": "t"},
    {"firm_id": "a", "decided_on": ago(900), "gravity": "serious", "recorded_on": ago(880)},
    {"firm_id": "b", "decided_on": ago(90), "gravity": "minor", "fine": 500.0},
    {"firm_id": "b", "decided_on": ago(50), "repaired_on": DAY},
    {"firm_id": "b", "decided_on": ago(50), "recorded_on": ago(-5)},
]
PERMITS = [
    {"firm_id": "a", "kind": "drug", "issued_on": ago(900), "valid_to": ago(20)},
    {"firm_id": "a", "kind": "fire", "issued_on": ago(900), "valid_to": ago(-20)},
    {"firm_id": "a", "kind": "fire", "issued_on": ago(2000), "valid_to": ago(901)},
    {"firm_id": "b", "issued_on": ago(400), "status": "revoked", "status_changed_on": ago(3)},
    {"firm_id": "b", "kind": "fire", "issued_on": ago(400), "status": "expired"},
]
LISTINGS = [
    {"firm_id": "a", "list": "t", "colour": "red", "listed_on": ago(100)},
    {"firm_id": "b", "list": "t", "colour": "black", "listed_on": ago(100), "amount": 12.5},
    {"firm_id": "b", "list": "c", "colour": "black", "listed_on": ago(60),
     "ground": "judgment_default"},
]  # fmt: skip
VISITS = [
    {
        "firm_id": "a",
        "inspected_on": ago(400),
        "selection": "random",
        "violation": 1.0,
        "harm": 3.0,
    },
    {"firm_id": "a", "inspected_on": ago(40), "selection": "routine", "violation": 0.0},
    {"firm_id": "a", "inspected_on": ago(40), "selection": "complaint", "violation": 1.0},
    {"firm_id": "b", "inspected_on": ago(99), "violation": 1.0, "harm": 0.3},
    {"firm_id": "c", "inspected_on": ago(99), "selection": "random", "violation": 1.0},
    {"firm_id": "d", "inspected_on": ago(9), "selection": "directed", "violation": None},
]
RATINGS = [
    {"firm_id": "a", "scheme": "of 12", "score": 7.0, "rated_on": ago(500), "better": "higher"},
    {"firm_id": "a", "scheme": "of 12", "score": 9.0, "rated_on": ago(20)},
    {"firm_id": "b", "scheme": "of 12", "score": 9.0, "rated_on": ago(200)},
    {"firm_id": "d", "scheme": "demerits", "score": 3.0, "rated_on": ago(2000)},
]


def numbered(key: str, rows: list[dict]) -> list[dict]:
    return [row | {key: str(number)} for number, row in enumerate(rows)]


REGISTRY = Registry(
    {
        "firms": FIRMS,
        "penalties": numbered("penalty_id", PENALTIES),
        "permits": numbered("permit_id", PERMITS),
        "irregularities": [{"firm_id": "b", "reason": "disclosure_false", "listed_on": ago(7)}],
        "listings": LISTINGS,
        "inspections": numbered("inspection_id", VISITS),
        "ratings": RATINGS,
    },
    Law(),
    (SectorClass("C", 2, ("fire",)), SectorClass("C2710", 5, ("drug", "fire"))),
)


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    """Ibis on a Spark of one thread that keeps everything in a temporary folder."""
    sql = pytest.importorskip("pyspark.sql", reason="the extra `spark` is not installed")
    if shutil.which("java") is None:
        pytest.skip("Spark needs a Java runtime, and there is no `java` on the path")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Spark's own
        session = (
            sql.SparkSession.builder.master("local[1]")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.sql.shuffle.partitions", "1")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.warehouse.dir", str(tmp_path_factory.mktemp("spark")))
            .config("spark.sql.codegen.wholeStage", "false")  # compiling costs more than it saves
            .config("spark.sql.adaptive.enabled", "false")
            .config("spark.ui.enabled", "false")
            .config("spark.ui.showConsoleProgress", "false")
            .getOrCreate()
        )
        yield ibis.pyspark.connect(session)
        session.stop()


def records_on_spark(con):
    """Accepted tables as views; Ibis would take missing text for the text `NaN` on the way."""

    def create(name: str, rows: pa.Table) -> None:
        schema = ", ".join(f"`{field.name}` {SPARK_TYPES[field.type]}" for field in rows.schema)
        cells = [tuple(row.values()) for row in rows.to_pylist()]
        con._session.createDataFrame(cells, schema).createOrReplaceTempView(name)

    return accepted(REGISTRY, con, create)


@pytest.mark.filterwarnings("ignore")  # Spark and its bridge warn of their own libraries
def test_the_registry_and_many_dates_on_spark_equal_duckdb_and_the_oracle(spark):
    records = records_on_spark(spark)
    con = ibis.duckdb.connect()
    try:
        embedded = accepted(REGISTRY, con)
        pairs = every_pair(REGISTRY, (ago(365), DAY))
        expected = many_dates(embedded, REGISTRY, pairs)
        assert_near(expected, oracle_matrix(REGISTRY, pairs, FEATURES))
        assert_near(many_dates(records, REGISTRY, pairs), expected)
        assert_near(one_date(records, REGISTRY, DAY), one_date(embedded, REGISTRY, DAY))
    finally:
        con.disconnect()


def assert_near(found, expected) -> None:
    assert found.index.tolist() == expected.index.tolist()
    assert found.columns.tolist() == expected.columns.tolist()
    np.testing.assert_allclose(found, expected, rtol=2e-6, atol=2e-6)
