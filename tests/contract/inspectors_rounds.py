"""A small drawn round with a list of inspectors, and the commands that send them."""

from __future__ import annotations

import csv
import datetime as dt
import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from risk_index.draw.replacements import replace
from risk_index.inspectors.commands import assign, stand_in
from tests.spec.draw_rounds import drawn_round, line

STARTS = dt.date(2026, 7, 6)
WEEKS = 4
EVERYBODY = tuple(f"I{n}" for n in range(6))
HEADER = "inspector_id,regions,certificates,max_visits\n"
PEOPLE = HEADER + "".join(f"{one},,*,\n" for one in EVERYBODY)


def a_round(tmp: Path, people: str = PEOPLE) -> Path:
    """Draw about 8 of 40 firms; two thirds of them have an id that a spreadsheet would run."""
    names = [f"{'F' if n % 3 else '=F'}{n:02d}" for n in range(40)]
    rows = [line(name, "S0", 200_000_000, 50_000_000) for name in sorted(names)]
    folder = drawn_round(tmp, rows)
    (tmp / "people.csv").write_text(people, encoding="utf-8")
    return folder


def run(folder: Path, *more: str) -> Result:
    """Assign inspectors."""
    people = str(folder.parents[1] / "people.csv")
    fixed = ["--inspectors", people, "--starts", STARTS.isoformat(), "--weeks", str(WEEKS)]
    return CliRunner().invoke(assign, [str(folder), *fixed, *more])


def assigned(folder: Path, *more: str) -> str:
    """Assign inspectors and return what was said."""
    result = run(folder, *more)
    assert result.exit_code == 0, result.output
    return result.output


def send(folder: Path, firm: str, gone: str, reason: str = "ill", person: str = "Li") -> Result:
    """Ask for a stand-in."""
    words = ["--inspector", gone, "--reason", reason, "--person", person, "--date", "2026-07-08"]
    return CliRunner().invoke(stand_in, [str(folder), firm, *words])


def refused(result: Result) -> str:
    """Return the message of a refusal without a traceback."""
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    return result.output


def replaced(folder: Path, firm: str, day: dt.date = STARTS - dt.timedelta(days=3)) -> str:
    """Replace a firm by the next of its stratum, and return that."""
    return replace(folder, firm, "closed", "Li", day).replaced_by


def rows(file: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file, ids as they were before they were made harmless."""
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return [
            {name: cell.removeprefix("'") for name, cell in row.items()}
            for row in csv.DictReader(stream)
        ]


def visits(folder: Path) -> dict[str, dict[str, str]]:
    """Return the rows of the schedule by firm."""
    return {row["firm_id"]: row for row in rows(folder / "schedule.csv")}


def late(folder: Path) -> dict[str, dict[str, str]]:
    """Return the rows of the later visits by firm."""
    return {row["firm_id"]: row for row in rows(folder / "replacement_visits.csv")}


def team(row: dict[str, str]) -> list[str]:
    """Return who was assigned to a visit of the schedule."""
    return [row["inspector_1"], row["inspector_2"]]


def facts(folder: Path) -> dict[str, Any]:
    """Return ``schedule.json``."""
    return json.loads((folder / "schedule.json").read_text(encoding="utf-8"))
