"""`--json` on every verb: one line of JSON on standard output, where it succeeds and where it fails."""

from __future__ import annotations

import errno
import inspect
import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from risk_index.cli import main
from tests.contract.made import Made, invoke
from tests.spec.draw_rounds import NUMBERS, frame_file, many_firms

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
INSPECTORS = "inspector_id,regions,certificates\nI1,,*\nI2,,*\nI3,,*\nI4,,*\n"
DAY = ["--as-of", "2026-06-30"]
OTHER = "something else\n"


def leaves(group: click.Group, *before: str) -> Iterator[tuple[str, click.Command]]:
    """Every verb that does something, by its words."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from leaves(command, *before, name)
        else:
            yield " ".join([*before, name]), command


VERBS = dict(leaves(main))


def told(*words: object, code: int = 0) -> dict[str, object]:
    """Run a verb with --json; return what the only line of standard output says."""
    done = invoke(*words, "--json")
    assert done.exit_code == code, done.stderr
    (line,) = done.stdout.splitlines()
    found = json.loads(line)
    assert ("error" in found) == bool(code)
    assert found.get("exit_code", 0) == code
    return found


@pytest.mark.parametrize("verb", VERBS)
def test_wrong_usage_is_told_to_a_machine_too(verb: str) -> None:
    found = told(*verb.split(), "--no-such-option", code=2)
    assert found["error"] == "NoSuchOption"
    assert "--no-such-option" in str(found["message"])


def test_an_unknown_verb_is_told_too() -> None:
    assert told("no-such-verb", code=2)["error"] == "NoSuchCommand"


FAILS: dict[str, list[str]] = {
    "world": ["TAKEN"],
    "check": ["NONE", "--out", "OUT"],
    "fit": ["NONE", *DAY, "--out", "OUT"],
    "rank": ["NONE", *DAY, "--model", "NONE", "--out", "OUT/ranked.csv"],
    "report": ["NONE", "--out", "OUT/report.html"],
    "run": ["NONE", *DAY, "--out", "OUT"],
    "demo": ["--out", "FILE", "--firms", "100"],
    "draw commit": ["NONE", "--ledger", "OUT", "--round", "1", "--drand-round", "9"],
    "draw run": ["NONE", "--signature", "00"],
    "draw proof": ["NONE", "A", "--out", "OUT"],
    "draw replace": ["NONE", "A", "--reason", "r", "--person", "p"],
    "draw verify": ["NONE"],
    "draw assign": ["NONE", "--inspectors", "NONE", "--starts", "2026-07-06", "--weeks", "4"],
    "draw roster": ["--inspectors", "NONE"],
    "draw stand-in": ["NONE", "A", "--inspector", "I", "--reason", "r", "--person", "p"],
    "estimate": ["NONE", *DAY, "--draw", "NONE", "--from", "2026-01-01", "--to", "2026-02-01"],
    "explain": ["A", "NONE", *DAY, "--model", "NONE", "--out", "OUT/firm.html"],
    "audit": ["NONE", "--model", "NONE", "--attributes", "NONE", "--out", "OUT"],
    "simulate": ["TAKEN", "--seeds", "1"],
    "mapping init": ["NONE", "--out", "OUT"],
    "retrain": ["NONE", *DAY, "--out", "OUT", "--registry", "OUT"],
    "model show": ["--registry", "FILE"],
    "model send": ["NONE", "--registry", "OUT"],
    "model promote": ["1", "--why", "w", "--registry", "FILE"],
    "model rollback": ["--why", "w", "--registry", "FILE"],
    "log note": ["FILE", "--who", "w", "--about", "a", "--what", "w", "--why", "w"],
    "log override": ["FILE", "--who", "w", "--firm", "F", "--from", "A", "--to", "B", "--why", "w"],
    "log verify": ["NONE"],
    "log overrides": ["FILE", "--out", "OUT"],
}


def full(out: Path, *more: object, **also: object) -> None:
    """A disk without room."""
    raise OSError(errno.ENOSPC, "No space left on device", str(out))


def test_every_verb_is_tried() -> None:
    assert FAILS.keys() == VERBS.keys()
    for verb, command in VERBS.items():
        assert command.callback is not None
        assert "as_json(" in inspect.getsource(inspect.unwrap(command.callback)), verb


@pytest.mark.parametrize("verb", FAILS)
def test_what_the_data_forbids_is_told(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if verb == "demo":
        monkeypatch.setattr("risk_index.demo.write_world", full)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "other.txt").write_text(OTHER, encoding="utf-8")
    places = {"NONE": "none", "OUT": "out", "TAKEN": "taken", "FILE": "taken/other.txt"}
    words = [
        str(tmp_path / places[first]) + word.removeprefix(first)
        if (first := word.split("/")[0]) in places
        else word
        for word in FAILS[verb]
    ]
    found = told(*verb.split(), *words, code=1)
    assert len(str(found["message"])) > 20
    assert (tmp_path / "taken" / "other.txt").read_text(encoding="utf-8") == OTHER


def test_broken_rules_are_told_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "firms.csv").write_text("name\nAlpha\n", encoding="utf-8")
    found = told("check", tmp_path, "--out", tmp_path / "check", code=1)
    assert found["error"] == "RecordsError"
    (first, *_) = found["failures"]  # type: ignore[misc]
    assert first.keys() >= {"table", "column", "rule", "count", "first_ids", "remedy", "action"}
    assert first["action"] == "refused"


def test_files_that_were_made_are_named(made: Made, tmp_path: Path) -> None:
    fit, ranked = made.out / "fit", made.out / "ranked.csv"
    firm = made.ranked.firm_id[0]
    told_of = {
        "truth": told("world", tmp_path / "world", "--firms", 30),
        "report": told("report", fit, "--ranked", ranked, "--out", tmp_path / "report.html"),
        "page": told(
            "explain", firm, made.records, "--as-of", made.as_of, "--model", fit,
            "--ranked", ranked, "--out", tmp_path / "firm.html",
        ),
        "mapping": told("mapping", "init", GOLDEN / "records", "--out", tmp_path / "mapping"),
    }  # fmt: skip
    for name, found in told_of.items():
        assert Path(str(found[name])).exists(), name


def test_a_draw_is_told_step_by_step(tmp_path: Path) -> None:
    frame = frame_file(tmp_path / "ranked.frame.csv", many_firms(60))
    people = tmp_path / "inspectors.csv"
    people.write_text(INSPECTORS, encoding="utf-8")
    folder = tmp_path / "draws" / "0001"
    beacon = ["--announced", NUMBERS, "--announced-at", "2023-09-15T11:00:03Z"]
    early = ["--committed-at", "2023-09-14T00:00:00Z"]
    ledger = ["--ledger", folder.parent, "--round", "2023Q3", *beacon, *early]
    assert told("draw", "commit", frame, *ledger)["firms"] == 60
    assert told("draw", "verify", folder.parent, code=1)["findings"]  # due, and not run yet
    drawn = told("draw", "run", folder, "--randomness", "1 2 3 4 5 6")
    assert Path(str(drawn["drawn"])).is_file()
    rows = (folder / "drawn.csv").read_text(encoding="utf-8").splitlines()[1:]
    firms = [row.split(",")[rows_at(folder)].strip("'\"") for row in rows]
    assert told("draw", "proof", folder, firms[0], "--out", tmp_path / "p.json")["drawn"] is True
    assert len(str(told("draw", "roster", "--inspectors", people)["sha256"])) == 64
    weeks = ["--inspectors", people, "--starts", "2026-07-06", "--weeks", 4]
    schedule = Path(str(told("draw", "assign", folder, *weeks)["schedule"]))
    assert schedule.is_file()
    why = ["--reason", "closed", "--person", "head of office"]
    assert told("draw", "replace", folder, firms[0], *why)["replaced_by"]
    assert told("draw", "verify", folder.parent)["holds"] is True


def rows_at(folder: Path) -> int:
    """Place of the identifier among the columns of the drawn firms."""
    header = (folder / "drawn.csv").read_text(encoding="utf-8-sig").splitlines()[0]
    return header.replace('"', "").split(",").index("firm_id")


def test_a_log_is_told(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    who = ["--who", "officer", "--why", "moved away"]
    assert told("log", "note", log, "--about", "F1", "--what", "seen", *who)["line"] == 1
    move = ["--firm", "F1", "--from", "C", "--to", "A"]
    assert told("log", "override", log, *move, *who)["line"] == 2
    assert told("log", "verify", log)["holds"] is True
    assert told("log", "overrides", log, "--out", tmp_path / "o.csv")["rows"] == 1
    log.write_text(log.read_text(encoding="utf-8").replace("seen", "sawn"), encoding="utf-8")
    found = told("log", "verify", log, code=1)
    assert found["holds"] is False
    assert found["findings"]
