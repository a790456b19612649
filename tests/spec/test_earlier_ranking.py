"""What an earlier ranking says of firms, whether it lies there as CSV, in parts, or as Parquet."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from unittest.mock import patch

import duckdb
import pandas as pd
import pytest

from risk_index.earlier_ranking import show_ranking, tiers_of
from risk_index.errors import UserError
from risk_index.explain.page import tier_in
from risk_index.ranked_rows import COLUMNS, DECIMALS, presented, read_ranked

DAY = dt.date(2026, 6, 30)


def written(file: Path, tiers: list[tuple[str, str]]) -> Path:
    """Firms and their tiers as a ranking."""
    blank = dict.fromkeys(COLUMNS, "") | dict.fromkeys(DECIMALS, 1.0)
    own = [{"firm_id": firm_id, "tier": tier} for firm_id, tier in tiers]
    said = blank | {"model_version": "m", "as_of": str(DAY)}
    rows = pd.DataFrame([said | one for one in own], columns=[*COLUMNS])
    presented(rows.astype(dict.fromkeys(DECIMALS, float))).to_csv(
        file, index=False, encoding="utf-8-sig"
    )
    return file


def tiers_in(ranked: Path, firm_ids: list[str]) -> list[str]:
    """Return the tiers that firms have in a ranking."""
    with duckdb.connect() as con:
        firms = pd.DataFrame({"firm_key": range(len(firm_ids)), "firm_id": firm_ids})
        con.register("firms", firms.sort_values("firm_id"))
        return tiers_of(con, "firms", ranked).tolist()


@pytest.mark.parametrize("firm_id", ["-17", "=1", "+86", "@x", "'-17", "17"])
def test_a_firm_is_found_again_whatever_its_number(tmp_path: Path, firm_id: str) -> None:
    file = written(tmp_path / "ranked.csv", [(firm_id, "B")])
    assert tiers_in(file, [firm_id, "another"]) == ["B", ""]
    assert tier_in(file, firm_id, "m", DAY) == "B"


@pytest.mark.parametrize("at_once", [1, 2, 100])
def test_a_firm_that_stands_twice_counts_as_it_stands_first(tmp_path: Path, at_once: int) -> None:
    rows = [("1", "D"), ("2", "A"), ("1", "B"), ("3", "C"), ("4", "none of them")]
    file = written(tmp_path / "ranked.csv", rows)
    with patch("risk_index.ranked_rows.AT_ONCE", at_once):
        assert tiers_in(file, ["4", "3", "2", "1", "5"]) == ["", "C", "A", "D", ""]
        assert read_ranked(file, ("firm_id",)).firm_id.tolist() == ["1", "2", "1", "3", "4"]


def test_no_firm_is_in_a_ranking_of_none(tmp_path: Path) -> None:
    assert tiers_in(written(tmp_path / "ranked.csv", []), ["1"]) == [""]


@pytest.mark.parametrize("at_once", [2, 100])
def test_a_row_that_is_no_number_is_named_whatever_is_read_at_once(
    tmp_path: Path, at_once: int
) -> None:
    file = tmp_path / "ranked.csv"
    pd.DataFrame({"firm_id": [*"abcd"], "index": [1, 2, 3, "1,5"]}).to_csv(file, index=False)
    with (
        patch("risk_index.ranked_rows.AT_ONCE", at_once),
        duckdb.connect() as con,
        pytest.raises(UserError, match=r"column index, row 5: '1,5' is no number"),
    ):
        show_ranking(con, "ranked", file, ("firm_id", "index"))


def test_a_folder_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    pd.DataFrame({"firm_id": ["1"]}).to_parquet(tmp_path / "part-00000.parquet")
    with pytest.raises(UserError, match="cannot be read as a ranking"):
        tiers_in(tmp_path, ["1"])
