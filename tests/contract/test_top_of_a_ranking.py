"""`rank --top`: the CSV holds the first firms, and Parquet beside it all of them."""

from __future__ import annotations

import json
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from risk_index.cli import main
from risk_index.ranked_rows import COLUMNS, DECIMALS, TEXT, armed, read_ranked

GOLDEN = Path(__file__).parents[1] / "golden"
TOP = 7


def ranked(out: Path, *options: object) -> Result:
    """Rank the golden records."""
    words = ["rank", GOLDEN / "records", "--as-of", "2026-06-30", "--model", GOLDEN / "run"]
    return CliRunner().invoke(main, [str(word) for word in [*words, "--out", out, *options]])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ranking of all firms, ``all.csv``, and its top, ``top.csv``."""
    folder = tmp_path_factory.mktemp("top")
    for made in (ranked(folder / "all.csv"), ranked(folder / "top.csv", "--top", TOP)):
        assert made.exit_code == 0, made.output
    return folder


def test_the_csv_holds_the_first_firms(folder: Path) -> None:
    every = (folder / "all.csv").read_bytes().split(b"\r\n")
    assert (folder / "top.csv").read_bytes().split(b"\r\n") == [*every[: TOP + 1], b""]


def test_frame_topics_and_plan_are_those_of_all_firms(folder: Path) -> None:
    for end in ("frame.csv", "topics.parquet"):
        assert (folder / f"top.{end}").read_bytes() == (folder / f"all.{end}").read_bytes()
    plans = [json.loads((folder / f"{n}.round.json").read_text()) for n in ("top", "all")]
    assert plans[0].pop("ranked_sha256") != plans[1].pop("ranked_sha256")
    assert plans[0] == plans[1]


def test_parquet_holds_every_row_of_the_csv(folder: Path) -> None:
    every = pd.read_csv(folder / "all.csv", dtype=str, keep_default_na=False, encoding="utf-8-sig")
    whole = pd.read_parquet(folder / "top.parquet").sort_values("rank", ignore_index=True)
    assert list(whole) == list(every) == list(COLUMNS)
    for name in COLUMNS:
        if name in DECIMALS:
            far = np.abs(whole[name] - every[name].astype(float)) > 0.51 * 10.0 ** -DECIMALS[name]
            assert not far.any(), name
        else:
            texts = every[name].map(armed) if name in TEXT else every[name]
            found = whole[name].astype(object).fillna("").astype(str).str.replace("\n", " ")
            assert found.tolist() == texts.tolist(), name


def test_the_next_round_knows_the_tiers_of_all_firms(folder: Path) -> None:
    rounds = []
    for last in ("all.csv", "top.csv", "top.parquet"):
        again = ranked(folder / "again.csv", "--last", folder / last)
        assert again.exit_code == 0, again.output
        rounds.append((folder / "again.csv").read_bytes())
    assert rounds[0] == rounds[1] == rounds[2]
    known = json.loads((folder / "again.round.json").read_text())["known_last_round"]
    assert known == rounds[0].count(b"\r\n") - 1 > TOP
    some = read_ranked(folder / "top.parquet", ("firm_id",), 3).firm_id.tolist()
    assert some == read_ranked(folder / "top.csv", ("firm_id",), 3).firm_id.tolist()


def test_a_later_ranking_leaves_no_parquet_of_an_earlier_one(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "ranked.csv"
    (tmp_path / "ranked.parquet").mkdir()
    (tmp_path / "ranked.parquet" / "part-00000.parquet").touch()
    assert ranked(out).exit_code == 0
    assert not (tmp_path / "ranked.parquet").exists()


@pytest.mark.parametrize("file", ["notes.txt", "part-00000-6f1c.snappy.parquet"])
def test_a_folder_of_somebody_elses_is_left_alone(tmp_path: Path, file: str) -> None:
    theirs = tmp_path / "ranked.parquet" / file
    theirs.parent.mkdir()
    theirs.touch()
    found = ranked(tmp_path / "ranked.csv", "--top", TOP)
    assert found.exit_code == 1
    assert "ranked.parquet exists and is no ranking" in found.output
    assert ranked(tmp_path / "ranked.csv").exit_code == 0  # nothing is written there without --top
    assert theirs.exists()
    assert len(read_ranked(tmp_path / "ranked.csv")) > TOP


def test_no_row_hangs_on_the_size_of_a_batch(folder: Path, tmp_path: Path) -> None:
    with patch("risk_index.scoring.BATCH_FIRMS", 30):
        assert ranked(tmp_path / "some.csv", "--top", TOP).exit_code == 0
    for end in ("csv", "frame.csv"):
        assert (tmp_path / f"some.{end}").read_bytes() == (folder / f"top.{end}").read_bytes()
    points = (tmp_path / "some.topics.parquet", folder / "top.topics.parquet")
    pd.testing.assert_frame_equal(*map(pd.read_parquet, points), check_exact=True)
    assert len(list((tmp_path / "some.parquet").iterdir())) > 1
