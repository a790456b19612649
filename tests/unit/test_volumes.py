"""Alarms on volumes: a source that makes up most of a region, and a month beyond the usual."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd

from features.failures import Failure
from features.records import open_records


def alarms(folder: Path, rows: list[tuple[str, str, int, int]]) -> list[Failure]:
    """Penalties of (region, source, month, count), each of a firm of its region."""
    listed = [
        (region, source, dt.date(2020 + month // 12, month % 12 + 1, 1 + n % 28))
        for region, source, month, count in rows
        for n in range(count)
    ]
    regions = sorted({region for region, *_ in rows})
    pd.DataFrame({"firm_id": regions, "region": regions}).to_csv(folder / "firms.csv", index=False)
    (folder / "inspections.csv").write_text(
        "inspection_id,firm_id,inspected_on\n", encoding="utf-8"
    )
    frame = pd.DataFrame(listed, columns=["firm_id", "source", "decided_on"])
    frame.insert(0, "penalty_id", range(len(frame)))
    frame.to_csv(folder / "penalties.csv", index=False)
    with open_records(folder, today=dt.date(2029, 1, 1)) as records:
        return list(records.quality.failures)


def test_a_source_above_half_of_a_region_is_said(tmp_path: Path) -> None:
    even = [("N", source, month, 3) for source in ("tax", "fire") for month in range(12)]
    most = [("S", "tax", month, 9) for month in range(12)] + [("S", "fire", 0, 12)]
    (alarm,) = alarms(tmp_path, even + most)
    assert (alarm.table, alarm.column, alarm.count, alarm.action) == (
        "penalties",
        "source",
        1,
        "noted",
    )
    assert alarm.first_ids == ("S: tax 90%",)


def test_small_regions_and_a_registry_of_one_source_raise_no_alarm(tmp_path: Path) -> None:
    one = tmp_path / "one"
    one.mkdir()
    assert alarms(one, [("N", "tax", month, 9) for month in range(12)]) == []
    two = [("N", "tax", month, 9) for month in range(6)]
    assert (
        alarms(tmp_path, [("S", "tax", 0, 40), ("S", "fire", 0, 1), *two, ("N", "fire", 0, 54)])
        == []
    )


def test_a_month_beyond_five_deviations_is_said(tmp_path: Path) -> None:
    usual = [
        ("N", source, month, 9 + month % 3) for source in ("tax", "fire") for month in range(24)
    ]
    assert alarms(tmp_path, usual) == []
    # median 10, deviation the root of 10: from 26 on
    edge = [("N", "tax", 24, 25), ("N", "fire", 24, 26), ("N", "tax", 25, 1)]
    (alarm,) = alarms(tmp_path, usual + edge)
    assert (alarm.column, alarm.count) == ("recorded_on", 1)
    assert alarm.first_ids == ("N, fire, 2022-01: 26 (median 10)",)
