"""What the index says before the first season is learnt once; later seasons are learnt anew."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from risk_index.simulate import learnt
from risk_index.simulate.learnt import Learning
from risk_index.simulate.policies import alike, first_of_list, visits
from risk_index.world import begin, load_world_settings


def test_only_the_beginning_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    days = []

    def fitted(folder: Path, day: object, grid_months: int) -> pd.DataFrame:
        assert (folder / "firms.parquet").exists()
        days.append(str(day))
        return pd.DataFrame({"firm_id": ["a", "b"], "expected_harm": [1 / 3, 0.1 + 0.2]})

    monkeypatch.setattr(learnt, "by_index", fitted)
    world = begin(load_world_settings(), 50, 1)
    later = world.step(visits(alike(world, 0.1), world))
    how = Learning(kept=tmp_path / "beginning.parquet")
    first, again = how.index(world), how.index(world)
    pd.testing.assert_frame_equal(first, again, check_exact=True)
    assert days == ["2026-06-30"]
    how.index(later)
    how.index(later)
    assert days == ["2026-06-30", "2027-06-30", "2027-06-30"]
    assert [file.name for file in tmp_path.iterdir()] == ["beginning.parquet"]


def test_a_list_breaks_ties_by_the_firm() -> None:
    rows = pd.DataFrame({"firm_id": list("dcba"), "expected_harm": [1.0, 2.0, 1.0, 0.5]})
    found = first_of_list(rows, share=0.5)
    assert found.firm_id[found.chance.astype(bool)].tolist() == ["c", "b"]


def test_nobody_is_visited_where_no_firm_has_a_chance() -> None:
    world = begin(load_world_settings(), 50, 1)
    assert visits(alike(world, 0.0), world).empty
    assert world.step(visits(alike(world, 0.0), world)).seen.empty
