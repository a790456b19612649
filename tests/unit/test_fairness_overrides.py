"""Overrides by officers: read or refused, counted by group, silent where they are few."""

from __future__ import annotations

import datetime as dt
import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from risk_index.fairness.evidence import Attribute
from risk_index.fairness.overrides import OverridesError, by_group, counted, read_overrides

HEADING = "firm_id,officer,from_tier,to_tier,decided_on,reason\n"


def log(tmp_path: Path, rows: str) -> Path:
    file = tmp_path / "overrides.csv"
    file.write_text(HEADING + rows, encoding="utf-8")
    return file


def test_state_firms_whose_tier_is_lowered_stand_apart(tmp_path: Path) -> None:
    ids = [f"F{n}" for n in range(200)]
    owner = np.array(["state"] * 50 + ["private"] * 150, dtype=object)
    lowered = "".join(f"F{n},O1,D,A,2026-05-01,known firm\n" for n in range(20))
    raised = "".join(f"F{n},O2,A,C,2026-05-02,seen\n" for n in range(100, 115))
    found = by_group(
        read_overrides(log(tmp_path, lowered + raised)),
        pd.Series(ids),
        [Attribute("ownership", "categorical", owner)],
    ).set_index("group")
    assert found.loc["state", ["n_firms", "overrides"]].tolist() == [50, 20]
    assert found.loc["state", "rate"] == pytest.approx(0.4)
    assert found.loc["state", "lowered"] == 1
    assert found.loc["state", "lowered_low"] > 0.8
    assert found.loc["private", "lowered"] == 0
    assert found.loc["private", "lowered_high"] < 0.25


def test_few_overrides_have_no_share(tmp_path: Path) -> None:
    rows = "F1,O1,D,A,2026-05-01,r\n" * 3
    attribute = Attribute("sex", "categorical", np.array(["f", "m"], dtype=object))
    found = by_group(read_overrides(log(tmp_path, rows)), pd.Series(["F1", "F2"]), [attribute])
    assert found.overrides.tolist() == [3, 0]
    assert found.lowered.isna().all()
    assert found.note[0] == "insufficient data: 3 overrides, 10 needed"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            "F1,O1,D,E,2026-05-01,r\n",
            r"1 x from_tier and to_tier must be A, B, C or D \(rows \[1\]",
        ),
        ("F1,,D,A,2026-05-01,r\n", "officer and reason must be stated"),
        ("F1,O1,D,A,2026-05-01, \n", "officer and reason must be stated"),
        ("F1,O1,D,A,01.05.2026,r\n", "decided_on must be a day"),
        ("F1,O1,D,A,never,r\n", r"first: F1\). Complete the log and audit again"),
    ],
)
def test_a_log_that_cannot_be_audited_is_refused(tmp_path: Path, rows: str, said: str) -> None:
    with pytest.raises(OverridesError, match=said):
        read_overrides(log(tmp_path, rows))


def test_what_was_decided_later_or_of_other_firms_is_left_out_and_said(tmp_path: Path) -> None:
    rows = (
        "F1,O1,D,A,2026-06-30,r\nF1,O1,D,A,2026-07-01,r\nF2,O1,D,A,2026-08-01,r\n"
        "F9,O1,D,A,2026-05-01,r\n"
    )
    held, notes = counted(
        read_overrides(log(tmp_path, rows)), pd.Series(["F1", "F2"]), dt.date(2026, 6, 30)
    )
    assert held[["firm_id", "decided_on"]].values.tolist() == [["F1", "2026-06-30"]]
    assert notes == [
        "2 overrides are not counted: decided after 2026-06-30, the day of the fit (first: F1, F2). "
        "Audit a later fit for them.",
        "1 overrides are not counted: their firms are not among those compared (first: F9). "
        "Check firm_id, or see the log.",
    ]
    assert counted(held, pd.Series(["F1"]), dt.date(2026, 6, 30))[1] == []


@pytest.mark.parametrize("cut", [0.5, 0.98])
def test_a_log_cut_short_is_refused(tmp_path: Path, cut: float) -> None:
    rows = "".join(f"F{n},O{n % 7},D,A,2026-05-01,reason {n * n}\n" for n in range(500))
    whole = gzip.compress((HEADING + rows).encode())
    file = tmp_path / "overrides.csv.gz"
    file.write_bytes(whole[: int(len(whole) * cut)])
    with pytest.raises(OverridesError, match=r"cannot be read \(.*Save it as UTF-8 CSV"):
        read_overrides(file)


def test_a_log_without_reasons_is_no_log(tmp_path: Path) -> None:
    file = tmp_path / "o.csv"
    file.write_text("firm_id,officer,from_tier,to_tier\nF1,O,A,B\n", encoding="utf-8")
    with pytest.raises(OverridesError, match="missing columns decided_on, reason"):
        read_overrides(file)
