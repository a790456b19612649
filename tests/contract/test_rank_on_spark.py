"""`rank --engine`: Spark's executors give the ranking that this machine gives."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from risk_index.cluster import scoring
from risk_index.ranked_rows import DECIMALS, read_ranked
from tests.contract.made import invoke

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
ASKED = ("rank", GOLDEN / "records", "--as-of", "2026-06-30", "--model", GOLDEN / "run")


def numbers(ranked: pd.DataFrame) -> np.ndarray:
    return ranked[list(DECIMALS)].replace("", "nan").to_numpy(float)


@pytest.mark.slow
@pytest.mark.spark
@pytest.mark.filterwarnings("ignore")  # Spark and its bridge warn of their own libraries
def test_several_executors_threads_rank_as_this_machine_does(tmp_path: Path) -> None:
    pytest.importorskip("pyspark", reason="the extra `spark` is not installed")
    if shutil.which("java") is None:
        pytest.skip("Spark needs a Java runtime, and there is no `java` on the path")
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


@pytest.mark.skipif(importlib.util.find_spec("pyspark") is not None, reason="PySpark is here")
def test_without_pyspark_the_extra_is_named(tmp_path: Path) -> None:
    options = ("--engine", "local[1]", "--shared", tmp_path / "shared")
    done = invoke(*ASKED, "--out", tmp_path / "ranked.csv", *options)
    assert done.exit_code == 1
    assert "install the extra `spark`" in done.stderr
    assert not (tmp_path / "ranked.csv").exists()
