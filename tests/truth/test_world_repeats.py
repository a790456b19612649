"""A share of a world's penalties is on a second platform as well; merging leaves every decision once."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from features.asof import Law, snapshot_of_registry
from features.records import open_records
from risk_index.world import load_world_settings, write_world
from risk_index.world.repeats import PLATFORM

SHARE, APART = 0.4, 0.3


def test_repeats_are_as_many_as_asked_and_merged_again(tmp_path: Path) -> None:
    settings = load_world_settings()
    settings = settings.model_copy(update={"repeated_share": SHARE, "repeated_apart": APART})
    write_world(tmp_path / "world", 3000, 2, settings)
    records = tmp_path / "world" / "records"
    penalties = pd.read_parquet(records / "penalties.parquet")
    repeated = penalties.source == PLATFORM
    first = penalties[~repeated]
    assert repeated.sum() / len(first) == pytest.approx(SHARE, abs=0.05)
    with open_records(records) as opened:
        snapshot = snapshot_of_registry(opened, settings.as_of, Law(), ())
        assert snapshot.decisions_anywhere().count().execute() == len(first)
        notes = [f for f in opened.quality.failures if "disagree" in f.rule]
    assert {note.column for note in notes} == {"fine", "gravity", "repaired_on"}
    # a missing repair shows where there was one, another fine where there was a fine
    assert 0.4 < sum(note.count for note in notes) / (APART * repeated.sum()) < 1


def test_a_world_without_repeats_has_none(tmp_path: Path) -> None:
    settings = load_world_settings().model_copy(update={"repeated_share": 0.0})
    write_world(tmp_path / "world", 300, 2, settings)
    penalties = pd.read_parquet(tmp_path / "world" / "records" / "penalties.parquet")
    assert PLATFORM not in set(penalties.source)
    assert penalties.decision_number.is_unique
