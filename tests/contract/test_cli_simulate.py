"""The verb simulate: kept runs, the same bytes however it was run, and what it refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from risk_index.cli import main
from risk_index.simulate import policies
from risk_index.simulate.runs import planned, play_all
from risk_index.simulate.settings import load_simulate_settings

pytestmark = pytest.mark.slow

SMALL = ["--firms", "500", "--seeds", "2", "--seasons", "2", "--policies", "uniform,oracle",
         "--no-sensitivity"]  # fmt: skip
N_RUNS = 6


def simulate(out: Path, *words: str) -> Result:
    """Run the verb; an exception that no user should see fails the test."""
    return CliRunner(catch_exceptions=False).invoke(main, ["simulate", str(out), *words])


def contents(out: Path) -> dict[str, bytes]:
    return {str(f.relative_to(out)): f.read_bytes() for f in out.rglob("*") if f.is_file()}


def finished(out: Path) -> dict[Path, int]:
    """Runs that are there, with the time they were written."""
    return {file: file.stat().st_mtime_ns for file in out.glob("runs/*/*.csv")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulation that was not disturbed, one run at a time."""
    out = tmp_path_factory.mktemp("whole") / "out"
    result = simulate(out, *SMALL, "--jobs", "1", "--json")
    assert result.exit_code == 0, result.stderr
    assert f"{N_RUNS} of {N_RUNS}: as it is: oracle, seed 2" in result.stderr
    assert json.loads(result.stdout) == {"tables": str(out / "simulation.md"), "runs": N_RUNS}
    return out


def test_what_is_written(whole: Path) -> None:
    names = {name for name in contents(whole) if not name.startswith("runs")}
    assert names == {"simulation.md", "seasons.csv", "summary.csv", "simulation-finds.png",
                     "simulation-seasons.png"}  # fmt: skip
    text = (whole / "simulation.md").read_text(encoding="utf-8")
    assert "firms 500; seeds 2; seasons 2; policies uniform, oracle" in text
    assert "| uniform | 1.00 [1.00, 1.00] | 1.00 [1.00, 1.00] | 20 |" in text
    assert "not estimable" in text


def test_it_can_be_quiet_and_writes_the_tables_anew(whole: Path) -> None:
    """All runs are kept, so nothing is played."""
    before = contents(whole)
    result = simulate(whole, *SMALL, "--quiet")
    assert (result.exit_code, result.output) == (0, "")
    assert contents(whole) == before


def test_two_at_a_time_give_the_same_bytes(whole: Path, tmp_path: Path) -> None:
    assert simulate(tmp_path / "out", *SMALL, "--jobs", "2").exit_code == 0
    assert contents(tmp_path / "out") == contents(whole)


def test_a_killed_simulation_goes_on(whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "risk_index.cli", "simulate", str(out), *SMALL, "--jobs", "1"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=os.environ) as running:
        while running.poll() is None and not finished(out):
            time.sleep(0.002)
        running.kill()
    before = finished(out)
    assert 0 < len(before) < N_RUNS
    result = simulate(out, *SMALL, "--jobs", "1")
    assert f"{N_RUNS} runs, {len(before)} of them kept from before" in result.stderr
    assert {file: finished(out)[file] for file in before} == before
    left = {name: found for name, found in contents(out).items() if "partial" not in name}
    assert left == contents(whole)


def test_other_settings_play_anew_and_more_worlds_only_the_new_ones(
    whole: Path, tmp_path: Path
) -> None:
    settings = load_simulate_settings(firms=500, seeds=2, seasons=2, policies=["uniform"])
    kept = [run.file for run in planned(settings, whole, False)]
    assert all(file.exists() for file in kept)
    more = planned(settings.model_copy(update={"seeds": 3}), whole, False)
    assert [run.seed for run in more if not run.file.exists()] == [3, 3, 3]
    other = planned(settings.model_copy(update={"capacity_share": 0.06}), whole, False)
    assert not any(run.file.exists() for run in other)


def test_a_policy_identical_to_another_gives_the_same_bytes(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(policies.POLICIES, "twin", lambda world, how: policies.uniform(world, how))
    settings = load_simulate_settings(
        firms=500, seeds=1, first_seed=2, seasons=2, policies=["twin"]
    )
    runs = planned(settings, tmp_path, False)
    play_all(runs, 1, lambda _: None)
    found = {run.policy: run.file.read_bytes() for run in runs}
    assert found["twin"] == found["uniform"] == next(whole.rglob("uniform-2.csv")).read_bytes()
    assert found["oracle"] != found["uniform"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--policies", "luck"], "no policy 'luck'. Known: nobody, uniform, rule_ladder"),
        (["--firms", "20"], "firms is 20; allowed are 200 to 1e+07 (firms)"),
    ],
)
def test_what_cannot_be_played(tmp_path: Path, words: list[str], said: str) -> None:
    result = simulate(tmp_path / "out", *words)
    assert (result.exit_code, said in result.stderr) == (1, True), result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("seasonns: 3", "unknown setting 'seasonns'. Known: seasons"),
        ("seasons: many", "seasons"),
        ("world: {deterence_log_odds: 1}", "no knob deterence_log_odds"),
        ("world: {misranked_sector: X1}", "misranked_sector is X1, which no row of sectors has"),
    ],
)
def test_settings_that_cannot_be(tmp_path: Path, written: str, said: str) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(written, encoding="utf-8")
    result = simulate(tmp_path / "out", "--settings", str(file))
    assert (result.exit_code, said in result.stderr) == (1, True), result.stderr


def test_a_folder_of_something_else_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    result = simulate(tmp_path, *SMALL)
    assert result.exit_code == 1
    assert "holds something else than a simulation" in result.stderr
    assert contents(tmp_path) == {"thesis.txt": b"years of work"}
