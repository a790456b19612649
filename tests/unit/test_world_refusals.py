"""Worlds are written whole or not at all; knobs and numbers that cannot be are refused."""

from __future__ import annotations

import pandas as pd
import pytest

from risk_index.errors import SettingsError
from risk_index.world import WorldError, load_world_settings, write_world


def test_a_folder_that_is_no_world_is_left_alone(tmp_path):
    (tmp_path / "records").mkdir()
    with pytest.raises(WorldError, match="neither empty nor a world"):
        write_world(tmp_path, 10, 1, load_world_settings())
    (tmp_path / "records" / "thesis.txt").write_text("years of work")
    with pytest.raises(WorldError, match=r"no world's \(thesis.txt\)"):
        write_world(tmp_path, 10, 1, load_world_settings())
    assert (tmp_path / "records" / "thesis.txt").read_text() == "years of work"


def test_an_earlier_world_is_replaced_if_only_by_one_firm(tmp_path):
    for n in (20, 1):
        write_world(tmp_path / "w", n, 1, load_world_settings())
    assert len(pd.read_parquet(tmp_path / "w" / "truth.parquet")) == 1


def test_a_broken_run_leaves_nothing_behind(tmp_path):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_world(tmp_path / "w", 10, 1, load_world_settings(), progress=stop)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"theta_sd": 9.0}, "theta_sd is 9.0; allowed are 0 to 3"),
        ({"teta_sd": 1.0}, "no knob teta_sd; nearest are theta_sd"),
        ({"theta_sd": "much"}, "theta_sd"),
    ],
)
def test_knobs_out_of_range_unknown_or_of_the_wrong_type_are_refused(changes, message):
    with pytest.raises(SettingsError, match=message):
        load_world_settings(**changes)


@pytest.mark.parametrize("asked", [0.5, 1e6])
def test_numbers_of_events_that_cannot_be_met_are_refused(tmp_path, asked):
    with pytest.raises(WorldError, match="Ask for a number nearer to 10"):
        write_world(tmp_path / "w", 10, 1, load_world_settings(), events_per_firm=asked)
    assert list(tmp_path.iterdir()) == []
