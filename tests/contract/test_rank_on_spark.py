"""`rank --engine`: Spark's executors give the ranking that this machine gives."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import reduce
from importlib.util import find_spec
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from risk_index.cluster import scoring
from risk_index.cluster.session import session
from risk_index.errors import UserError
from risk_index.kept import Scored
from risk_index.ranked_rows import DECIMALS, read_ranked
from tests.contract.made import invoke

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
ASKED = ("rank", GOLDEN / "records", "--as-of", "2026-06-30", "--model", GOLDEN / "run")


def numbers(ranked: pd.DataFrame) -> np.ndarray:
    return ranked[list(DECIMALS)].replace("", "nan").to_numpy(float)


ON_SPARK = [
    pytest.mark.slow,
    pytest.mark.spark,
    pytest.mark.filterwarnings("ignore"),  # Spark and its bridge warn of their own libraries
    pytest.mark.skipif(find_spec("pyspark") is None, reason="the extra `spark` is not installed"),
    pytest.mark.skipif(shutil.which("java") is None, reason="no `java` is on the path"),
]


def on_spark(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test that needs Spark."""
    return reduce(lambda marked, mark: mark(marked), ON_SPARK, test)


@on_spark
def test_what_breaks_off_on_spark_is_told_in_a_sentence(tmp_path: Path) -> None:
    def broken(batches: Iterator[object]) -> Iterator[object]:
        for batch in batches:
            raise ValueError("a batch that cannot be")
            yield batch

    said = "local.1.: Spark broke off: ValueError: a batch that cannot be. Do all executors see --shared"
    with pytest.raises(UserError, match=said), session("local[1]", tmp_path) as spark:
        spark.range(3).mapInArrow(broken, "id long").collect()


@on_spark
def test_a_master_that_is_not_there_is_told(tmp_path: Path) -> None:
    said = "spark://127.0.0.1:1: no Spark session came about"
    with pytest.raises(UserError, match=said), session("spark://127.0.0.1:1", tmp_path):
        pass


@on_spark
def test_several_executors_threads_rank_as_this_machine_does(tmp_path: Path) -> None:
    out, shared = tmp_path / "ranked.csv", tmp_path / "shared"
    done = invoke(*ASKED, "--out", out, "--engine", "local[2]", "--shared", shared)
    assert done.exit_code == 0, done.stderr
    found, expected = read_ranked(out), read_ranked(GOLDEN / "ranked.csv")
    texts = [name for name in found if name not in DECIMALS]
    pd.testing.assert_frame_equal(found[texts], expected[texts])
    np.testing.assert_allclose(numbers(found), numbers(expected), rtol=2e-6, atol=2e-6)
    assert [path.name for path in shared.iterdir()] == ["scored"]
    parts = list((shared / "scored").glob("part-*.parquet"))
    assert len(parts) > 1
    assert sum(len(pd.read_parquet(part)) for part in parts) == len(expected)


def test_texts_stay_texts_where_a_batch_has_none(tmp_path: Path) -> None:
    """Executors write in any order; of the first two firms nobody states who supervises them."""
    rows = pd.DataFrame({
        "firm_key": [2, 0, 1], "firm_id": ["c", "a", "b"], "supervised_by": ["city", None, None],
        "topic: permits": [3.0, 1.0, 2.0], "refit_0": np.float32([3, 1, 2]),
    })  # fmt: skip
    written, place = tmp_path / "written", tmp_path / "place"
    for folder in (written, place):
        folder.mkdir()
    rows.to_parquet(written / "part-0.parquet")
    scored = Scored.at(place, None)
    scored.add(scoring.batches_of(written, size=2))
    with duckdb.connect() as con:
        scored.show(con)
        found = con.sql(
            "SELECT * FROM scored JOIN topics USING (firm_id) JOIN refits USING (firm_key)"
        )
        assert found.columns == ["firm_key", "firm_id", "supervised_by", "permits", "refit_0"]
        assert sorted(found.fetchall()) == [
            (0, "a", None, 1.0, 1.0), (1, "b", None, 2.0, 2.0), (2, "c", "city", 3.0, 3.0)
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--engine", "sparky"), "neither duckdb nor a Spark master"),
        (("--engine", "yarn"), "go together"),
        (("--shared", "somewhere"), "go together"),
    ],
)
def test_an_engine_that_cannot_be_meant_is_wrong_usage(
    options: tuple[str, str], said: str, tmp_path: Path
) -> None:
    done = invoke(*ASKED, "--out", tmp_path / "ranked.csv", *options)
    assert done.exit_code == 2
    assert said in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_folder_in_use_is_refused_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "refuse_without_spark", lambda master: None)
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "mine.txt").write_text("mine")
    options = ("--engine", "local[1]", "--shared", tmp_path / "shared")
    done = invoke(*ASKED, "--out", tmp_path / "ranked.csv", *options)
    assert done.exit_code == 1
    assert "is not empty" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["shared"]


@pytest.mark.skipif(find_spec("pyspark") is not None, reason="PySpark is here")
def test_without_pyspark_the_extra_is_named(tmp_path: Path) -> None:
    options = ("--engine", "local[1]", "--shared", tmp_path / "shared")
    done = invoke(*ASKED, "--out", tmp_path / "ranked.csv", *options)
    assert done.exit_code == 1
    assert "install the extra `spark`" in done.stderr
    assert not (tmp_path / "ranked.csv").exists()
