"""The log of decisions: every change of a line is found, and nothing is added to a broken log."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from risk_index.cli import main
from risk_index.fairness.overrides import read_overrides
from risk_index.release.log import LogError, add, findings, overrides, read_log

AT = dt.datetime(2026, 7, 1, 9, tzinfo=dt.UTC)


def note(path: Path, number: int) -> str:
    about = f"version {number}"
    made = add(path, AT, who="Li", action="note", about=about, what="looked at", why="because")
    return made.sha256()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "decisions.jsonl"
    for number in range(1, 5):
        note(path, number)
    return path


def test_lines_are_numbered_and_chained(log: Path) -> None:
    entries = read_log(log)
    assert [entry.number for entry in entries] == [1, 2, 3, 4]
    assert entries[0].previous is None
    assert [e.previous for e in entries[1:]] == [e.sha256() for e in entries[:-1]]
    assert findings(log) == []
    assert findings(log, entries[1].sha256()) == []


def lines(log: Path) -> list[bytes]:
    return log.read_bytes().splitlines(keepends=True)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda all_: [all_[0], all_[1].replace(b"because", b"BECAUSE"), *all_[2:]],
            "line 3 does not hold",
        ),
        (lambda all_: [all_[0], *all_[2:]], "line 2 has number 3"),
        (lambda all_: [all_[1], all_[0], *all_[2:]], "line 1 has number 2"),
        (lambda all_: [*all_, all_[-1]], "line 5 has number 4"),
        (lambda all_: [all_[0].replace(b",", b", ", 1), *all_[1:]], "not in canonical form"),
        (lambda all_: [*all_[:3], all_[3][:-1]], "cut short"),
        (lambda all_: [*all_[:3], b"{}\n"], "line 4 is no entry"),
    ],
)
def test_a_change_of_any_kind_breaks_the_chain(log: Path, change, told: str) -> None:
    log.write_bytes(b"".join(change(lines(log))))
    assert any(told in finding for finding in findings(log))
    before = log.read_bytes()
    with pytest.raises(LogError, match="Nothing is added to a broken log"):
        note(log, 5)
    assert log.read_bytes() == before


def test_lines_cut_off_at_the_end_show_by_the_published_hash_alone(log: Path) -> None:
    last = read_log(log)[-1].sha256()
    log.write_bytes(b"".join(lines(log)[:3]))
    assert findings(log) == []
    assert findings(log, last) == [
        f"no line has the published hash {last}: lines were cut off or written anew"
    ]


@pytest.mark.parametrize("missing", ["who", "about", "why"])
def test_every_line_says_who_about_what_and_why(tmp_path: Path, missing: str) -> None:
    fields = {"who": "Li", "action": "note", "about": "F1", "what": "x", "why": "y"} | {
        missing: " "
    }
    with pytest.raises(LogError, match=f"{missing}.*Every line says who"):
        add(tmp_path / "log", AT, **fields)
    assert not (tmp_path / "log").exists()


def invoke(*words: object) -> Result:
    return CliRunner(catch_exceptions=False).invoke(main, ["log", *map(str, words)])


def test_overrides_are_logged_and_read_by_the_audit(tmp_path: Path) -> None:
    log, out = tmp_path / "log.jsonl", tmp_path / "overrides.csv"
    note(log, 1)
    words = ["override", log, "--who", "Wang", "--firm", "007", "--from", "C", "--to", "A"]
    assert invoke(*words, "--why", "moved away").exit_code == 0
    assert [row["firm_id"] for row in overrides(read_log(log))] == ["007"]
    assert invoke("overrides", log, "--out", out).exit_code == 0
    read = read_overrides(out)
    assert read[["firm_id", "officer", "from_tier", "to_tier", "reason"]].to_numpy().tolist() == [
        ["007", "Wang", "C", "A", "moved away"]
    ]
    assert pd.read_csv(io.BytesIO(out.read_bytes())).shape == (1, 6)


def test_an_officers_words_are_no_formula_and_the_audit_reads_them_as_they_were(
    tmp_path: Path,
) -> None:
    log, out = tmp_path / "log.jsonl", tmp_path / "overrides.csv"
    words = ["override", log, "--who", "@Wang", "--firm", "-7", "--from", "C", "--to", "A"]
    assert invoke(*words, "--why", "=HYPERLINK(1)").exit_code == 0
    assert invoke("overrides", log, "--out", out).exit_code == 0
    cells = ["firm_id", "officer", "reason"]
    written = pd.read_csv(out, dtype=str, encoding="utf-8-sig")
    assert written[cells].to_numpy().tolist() == [["'-7", "'@Wang", "'=HYPERLINK(1)"]]
    assert read_overrides(out)[cells].to_numpy().tolist() == [["-7", "@Wang", "=HYPERLINK(1)"]]


def test_the_verbs_say_what_holds_and_what_does_not(log: Path) -> None:
    fine = invoke("verify", log)
    assert fine.exit_code == 0
    assert (
        f"4 lines, the chain holds; publish the last hash, {read_log(log)[-1].sha256()}"
        in fine.stderr
    )
    log.write_bytes(b"".join(lines(log)[1:]))
    broken = invoke("verify", log)
    assert broken.exit_code == 1
    assert "line 1 has number 2: lines are missing or were put in" in broken.stderr
    nowhere = invoke("verify", log.with_name("none"))
    assert nowhere.exit_code == 1
    assert "does not exist: name the log" in nowhere.stderr
