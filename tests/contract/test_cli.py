"""Every verb explains itself; wrong usage is 2, a no of the data is 1; messages go to standard error."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import risk_index
from features.schema import BY_NAME
from risk_index.cli import main
from risk_index.errors import UserError
from risk_index.whole_folder import whole_folder

VERBS = sorted(main.commands)
GOLDEN = Path(__file__).resolve().parents[1] / "golden"


def invoke(*words: object) -> Result:
    """Run a command; what no user should see, an exception, fails the test."""
    return CliRunner(catch_exceptions=False).invoke(main, [str(word) for word in words])


def test_the_verbs() -> None:
    assert {"world", "check", "fit", "rank", "report", "run", "demo"} <= set(VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb: str) -> None:
    for option in ("--help", "-h"):
        result = invoke(verb, option)
        assert result.exit_code == 0
        assert result.stdout.startswith(f"Usage: main {verb} ")
        assert main.commands[verb].help.splitlines()[0] in result.stdout


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_is_explained(verb: str) -> None:
    for option in main.commands[verb].params:
        named = option.name in (
            "firm_id",
            "firms",
            "seed",
            "out",
            "records",
            "model",
        )  # plain by their names
        assert named or getattr(option, "help", None), option.name


def test_the_help_of_all() -> None:
    result = invoke("--help")
    assert result.exit_code == 0
    assert all(verb in result.stdout for verb in VERBS)
    assert "No credit rating" in result.stdout
    assert risk_index.__version__ in invoke("--version").stdout


@pytest.mark.parametrize(
    "words",
    [
        "",
        "conquer",
        "check",
        "check a --mapping",
        "check a --unknown",
        "fit a --out b",
        "fit a --as-of 2024-06-30",
        "fit a --as-of 30.06.2024 --out b",
        "fit a --as-of 2024-02-30 --out b",
        "rank a --as-of 2024-06-30",
        "world a --firms 0",
        "world a --firms many",
        "demo --firms 1",
        "report",
    ],
)
def test_wrong_usage_is_2(words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = invoke(*words.split())
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Usage: main" in result.stderr or "requires an argument" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_check_of_good_records(tmp_path: Path) -> None:
    """One line a table; the report as JSON; a second check takes the place of the first."""
    for _ in range(2):
        result = invoke("check", GOLDEN / "records", "--out", tmp_path / "check")
        assert result.exit_code == 0
        assert result.stdout == ""
        lines = result.stderr.splitlines()
        assert lines[0] == "firms: 99 of 99 rows accepted (firms.csv)"
        assert lines[-1] == f"report in {tmp_path / 'check' / 'quality.json'}"
    assert [path.name for path in (tmp_path / "check").iterdir()] == ["quality.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["check"]
    report = json.loads((tmp_path / "check" / "quality.json").read_text(encoding="utf-8"))
    assert report["failures"] == []
    assert [table["table"] for table in report["tables"]] == list(BY_NAME)


def test_check_replaces_what_an_earlier_check_rejected(tmp_path: Path) -> None:
    records = tmp_path / "records"
    records.mkdir()
    (records / "inspections.csv").write_text("inspection_id,firm_id,inspected_on\n", "utf-8")
    for employees, rejected in (("many", True), ("5", False)):
        firms = f"firm_id,employees\nF1,{employees}\nF2,7\n"
        (records / "firms.csv").write_text(firms, encoding="utf-8")
        result = invoke("check", records, "--out", tmp_path / "check")
        assert (tmp_path / "check" / "rejected" / "firms.csv").exists() == rejected
        assert ("rejected rows in" in result.stderr) == rejected


def test_a_world_and_its_shape(tmp_path: Path) -> None:
    result = invoke("world", tmp_path / "w", "--firms", 30, "--seed", 5)
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "fit and rank at" in result.stderr
    found = {path.name for path in (tmp_path / "w").iterdir()}
    assert found == {"records", "attributes.parquet", "truth.parquet", "world.json"}
    described = json.loads((tmp_path / "w" / "world.json").read_text(encoding="utf-8"))
    assert described["seed"] == 5
    assert described["as_of"] in result.stderr


def test_a_world_does_not_take_a_place(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "notes.txt").write_text("mine", encoding="utf-8")
    result = invoke("world", tmp_path / "w", "--firms", 30)
    assert result.exit_code == 1
    assert "Name another folder" in result.stderr
    assert [path.name for path in tmp_path.rglob("*")] == ["w", "notes.txt"]


@pytest.mark.parametrize("error", [RuntimeError("boom"), KeyboardInterrupt()])
def test_a_broken_run_leaves_the_earlier_result(tmp_path: Path, error: BaseException) -> None:
    out = tmp_path / "out"
    with whole_folder(out, "done") as fresh:
        (fresh / "done").write_text("first", encoding="utf-8")

    def broken_run() -> None:
        with whole_folder(out, "done") as fresh:
            (fresh / "done").write_text("second", encoding="utf-8")
            raise error

    with pytest.raises(type(error)):
        broken_run()
    assert (out / "done").read_text(encoding="utf-8") == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_a_killed_run_left_is_cleared_and_two_at_a_time_are_refused(tmp_path: Path) -> None:
    out, killed = tmp_path / "out", tmp_path / ".out-unfinished-x1"
    (killed / "fresh").mkdir(parents=True)
    mine = [tmp_path / ".out-of-mine", tmp_path / "out-unfinished-2"]
    for folder in mine:
        folder.mkdir()

    def second_run() -> None:
        with whole_folder(out, "done"):
            pass

    with whole_folder(out, "done") as fresh:
        assert not killed.exists()
        with pytest.raises(UserError, match="out is being written by another run"):
            second_run()
        (fresh / "done").touch()
    assert sorted(tmp_path.iterdir()) == sorted([*mine, out])


def test_a_whole_folder_takes_an_empty_place_and_its_own(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    for number in ("1", "2"):
        with whole_folder(tmp_path / "out", "done", kept=("kept",)) as fresh:
            (fresh / "done").write_text(number, encoding="utf-8")
        assert (tmp_path / "out" / "done").read_text(encoding="utf-8") == number
        (tmp_path / "out" / "kept").write_text("kept", encoding="utf-8")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"done", "kept"}
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with (
        pytest.raises(UserError, match="holds something else"),
        whole_folder(tmp_path / "file", "x"),
    ):
        pass
