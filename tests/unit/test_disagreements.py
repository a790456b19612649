"""What platforms say differently of one decision is listed in the report and in a file."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import pytest

from features.quality import Quality
from features.records import open_records

FIRMS = "firm_id\na\nb\n"
HEADING = (
    "penalty_id,firm_id,decision_number,decided_on,authority,source,gravity,fine,repaired_on\n"
)


def check(folder: Path, penalties: str) -> Quality:
    (folder / "firms.csv").write_text(FIRMS, encoding="utf-8")
    (folder / "inspections.csv").write_text(
        "inspection_id,firm_id,inspected_on\n", encoding="utf-8"
    )
    (folder / "penalties.csv").write_text(HEADING + penalties, encoding="utf-8")
    with open_records(folder, today=dt.date(2021, 1, 1), rejected=folder / "rejected") as records:
        return records.quality


def listed(folder: Path) -> list[dict[str, str]]:
    with (folder / "rejected" / "disagreements.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_each_pair_and_column_is_counted_and_listed(tmp_path: Path) -> None:
    quality = check(
        tmp_path,
        "1,a,京罚〔２０２０〕１号,2020-01-01,x,office,minor,500,\n"
        "2,a,京罚[2020]1号,2020-01-01,x,portal,serious,500,2020-06-01\n"
        "3,b,京罚（2020） 2号,2020-01-01,x,office,minor,500,\n"
        "4,b,京罚【2020】2号,2020-01-02,x,portal,serious,,\n",
    )
    found = {failure.column: failure for failure in quality.failures}
    assert {name: failure.count for name, failure in found.items()} == {
        "gravity": 2,
        "decided_on": 1,
        "repaired_on": 1,
    }
    assert found["gravity"].first_ids == ("1", "3")
    assert found["gravity"].rule == "office and portal disagree on one decision"
    assert {failure.action for failure in quality.failures} == {"noted"}
    rows = listed(tmp_path)
    assert len(rows) == 4
    assert rows[-1] == {
        "decision": "京罚[2020]2号", "firm_id": "b", "column": "gravity",
        "source_1": "office", "penalty_id_1": "3", "value_1": "minor",
        "source_2": "portal", "penalty_id_2": "4", "value_2": "serious",
    }  # fmt: skip


@pytest.mark.parametrize("number", ["", "无", "-", "0", "000", "无0"])
def test_what_is_no_number_merges_nothing(tmp_path: Path, number: str) -> None:
    quality = check(
        tmp_path,
        f"1,a,{number},2020-01-01,x,office,minor,500,\n"
        f"2,a,{number},2020-03-01,x,portal,serious,900,\n",
    )
    assert quality.failures == ()
    assert not (tmp_path / "rejected").exists()
