"""`draw assign` at the command line: a round from frame to schedule, and refusals without a traceback."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from risk_index.cli import main
from risk_index.draw.commands import draw as draw_group
from risk_index.inspectors.commands import assign, stand_in

COLUMNS = (
    "visit", "firm_id", "region", "sector", "week", "week_begins", "inspector_1", "inspector_2", "arm",
    "inclusion_probability",
)  # fmt: skip
FRAME = (
    "firm_id,stratum,region,sector,probability_ppb,floor_ppb,likelihood,expected_harm\n"
    + "".join(
        f"{name}{n:02d},32,320106,C2710,{400_000_000},{100_000_000},0.2,1.5\n"
        for name in ("=F", "F")
        for n in range(20)
    )
)
INSPECTORS = "inspector_id,regions,certificates\nI1,32,*\nI2,,C\nI3,3201,C27\nI4,,*\nI5,,*\n"


@pytest.fixture(scope="module")
def round_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a round that was committed and drawn."""
    folder = tmp_path_factory.mktemp("round")
    (folder / "frame.csv").write_text("".join(_sorted(FRAME)), encoding="utf-8")
    ledger, runner = folder / "ledger", CliRunner()
    committed = [
        "commit", str(folder / "frame.csv"), "--ledger", str(ledger), "--round", "2025Q1",
        "--announced", "national lottery, draw of 2 January 2025: six numbers as its site lists them",
        "--announced-at", "2025-01-02T12:00:00Z", "--committed-at", "2025-01-01T12:00:00Z",
    ]  # fmt: skip
    for arguments in (
        committed,
        ["run", str(ledger / "0001"), "--randomness", "04 08 15 16 23 42"],
    ):
        done = runner.invoke(draw_group, arguments)
        assert done.exit_code == 0, done.output
    return ledger / "0001"


def _sorted(frame: str) -> list[str]:
    header, *rows = frame.splitlines(keepends=True)
    return [header, *sorted(rows, key=str.encode)]


@pytest.fixture
def place(round_folder: Path, tmp_path: Path) -> Path:
    """Return a fresh copy of the round beside a list of inspectors."""
    shutil.copytree(round_folder, tmp_path / "0001")
    (tmp_path / "inspectors.csv").write_text(INSPECTORS, encoding="utf-8")
    return tmp_path


def run(place: Path, *more: str) -> Result:
    folder, people = str(place / "0001"), str(place / "inspectors.csv")
    fixed = ["--inspectors", people, "--starts", "2026-07-06", "--weeks", "4"]
    return CliRunner().invoke(assign, [folder, *fixed, *more])


def refused(result: Result) -> str:
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    return result.output


def facts(place: Path) -> dict[str, Any]:
    return json.loads((place / "0001" / "schedule.json").read_text(encoding="utf-8"))


def schedule(place: Path) -> list[dict[str, str]]:
    with (place / "0001" / "schedule.csv").open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_round_becomes_a_schedule(place: Path) -> None:
    result = run(place)
    assert result.exit_code == 0, result.output
    assert "- Loads: " in result.output
    rows = schedule(place)
    assert tuple(rows[0]) == COLUMNS
    drawn = pd.read_csv(place / "0001" / "drawn.csv", dtype="str").set_index("firm_id")
    assert [row["visit"] for row in rows] == [str(n) for n in range(1, len(drawn) + 1)]
    for row in rows:
        firm = drawn.loc[row["firm_id"].removeprefix("'")]
        assert (row["arm"], row["inclusion_probability"]) == (firm.arm, firm.inclusion_probability)
        assert row["visit"] == firm.order
        begins = dt.date(2026, 7, 6) + dt.timedelta(days=7 * (int(row["week"]) - 1))
        assert row["week_begins"] == begins.isoformat()
        assert row["inspector_1"] != row["inspector_2"]


def test_the_csv_is_for_spreadsheets(place: Path) -> None:
    run(place)
    data = (place / "0001" / "schedule.csv").read_bytes()
    assert data.startswith(b'\xef\xbb\xbf"visit"')
    assert data.count(b"\r\n") == data.count(b"\n") == len(schedule(place)) + 1
    assert b'"=F' not in data
    assert b"\"'=F" in data


def test_the_facts_are_enough_to_check_the_schedule(place: Path) -> None:
    run(place)
    folder = place / "0001"
    stated = facts(place)
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    assert stated["seed"] == result["seed"]
    eligible = (folder / "eligible.csv").read_bytes()
    assert stated["eligible_sha256"] == hashlib.sha256(eligible).hexdigest()
    pools = {
        row["firm_id"]: row["inspectors"].split(";")
        for row in csv.DictReader(eligible.decode().splitlines())
    }
    assert stated["eligible_per_visit"] == {firm: len(pool) for firm, pool in pools.items()}
    for row in schedule(place):
        pool = pools[row["firm_id"].removeprefix("'")]
        sent = [row["inspector_1"], row["inspector_2"]]
        assert set(sent) <= set(pool)
    assert sum(line["visits"] for line in stated["loads"]) == 2 * len(pools)


def test_a_second_run_writes_the_same_and_other_lists_are_refused(place: Path) -> None:
    run(place)
    names = ("schedule.csv", "schedule.json", "eligible.csv")
    before = [(place / "0001" / name).read_bytes() for name in names]
    assert run(place).exit_code == 0
    (place / "inspectors.csv").write_text(INSPECTORS + "I6,,*\n", encoding="utf-8")
    assert "a round is assigned once" in refused(run(place))
    assert [(place / "0001" / name).read_bytes() for name in names] == before
    assert not list((place / "0001").glob(".schedule*"))


def test_conflicts_and_records_bar_inspectors(place: Path) -> None:
    drawn = pd.read_csv(place / "0001" / "drawn.csv", dtype="str").firm_id.tolist()
    (place / "conflicts.csv").write_text(
        f"inspector_id,firm_id,group_id,ground\nI1,{drawn[0]},,own interest\nI2,,G1,former employer\n",
        encoding="utf-8",
    )
    records = place / "records"
    records.mkdir()
    (records / "firms.csv").write_text(
        "firm_id,name,registered_on,group_id,recorded_on\n"
        f"{drawn[1]},Alpha,2010-01-01,G1,2010-01-01\n{drawn[2]},Beta,2010-01-01,,2010-01-01\n",
        encoding="utf-8",
    )
    (records / "inspections.csv").write_text(
        "inspection_id,firm_id,inspected_on,inspector_id,violation,recorded_on\n"
        f"V1,{drawn[2]},2025-07-06,I3,0,2025-07-07\nV2,{drawn[2]},2023-07-06,I4,0,2023-07-07\n",
        encoding="utf-8",
    )
    result = run(place, "--conflicts", str(place / "conflicts.csv"), "--records", str(records))
    assert result.exit_code == 0, result.output
    assert "The records name 2 inspectors for earlier visits" in result.output
    lines = (place / "0001" / "eligible.csv").read_text(encoding="utf-8").splitlines()[1:]
    pools = {line.split(",")[0]: set(line.split(",")[2].split(";")) for line in lines}
    everybody = {f"I{n}" for n in range(1, 6)}
    missing = {firm: everybody - pool for firm, pool in pools.items() if pool != everybody}
    assert missing == {drawn[0]: {"I1"}, drawn[1]: {"I2"}, drawn[2]: {"I3"}}


def test_a_pool_that_is_too_small_is_refused_and_nothing_is_written(place: Path) -> None:
    (place / "inspectors.csv").write_text(
        "inspector_id,regions,certificates,max_visits\nI1,,*,2\nI2,,*,\n", encoding="utf-8"
    )
    assert "places cannot be filled" in refused(run(place))
    assert not (place / "0001" / "schedule.csv").exists()


def test_slips_in_the_list_are_refused(place: Path) -> None:
    (place / "inspectors.csv").write_text("inspector_id,regions\nI1,\n", encoding="utf-8")
    message = refused(run(place))
    assert "the assignment cannot begin" in message
    assert "inspectors.csv.certificates: 1 x missing column" in message


def test_an_altered_draw_is_refused(place: Path) -> None:
    file = place / "0001" / "drawn.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("C2710", "C2711"), encoding="utf-8")
    assert "drawn.csv was edited" in refused(run(place))


@pytest.mark.parametrize("missing", ["result.json", "drawn.csv"])
def test_a_round_that_has_not_run_is_refused(place: Path, missing: str) -> None:
    (place / "0001" / missing).unlink()
    assert missing in refused(run(place))


def test_one_inspector_a_visit_is_no_option(place: Path) -> None:
    result = run(place, "--inspectors-per-visit", "1")
    assert result.exit_code == 2
    assert "1 is not in the range x>=2" in result.output


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [("--revisit-months", "99999", "0<=x<=1200"), ("--mapping", "maps", "--mapping says how to")],
)
def test_options_that_make_no_sense_are_refused(
    place: Path, option: str, value: str, expected: str
) -> None:
    result = run(place, option, value)
    assert result.exit_code == 2
    assert expected in result.output
    assert not (place / "0001" / "schedule.csv").exists()


def test_a_day_far_from_now_is_refused(place: Path) -> None:
    assert "begins in the years 1900 to 2199" in refused(run(place, "--starts", "9999-12-30"))


def test_the_lists_have_a_hash_that_can_be_published_beforehand(place: Path) -> None:
    lists = ["--inspectors", str(place / "inspectors.csv")]
    result = CliRunner().invoke(main, ["draw", "roster", *lists])
    assert result.exit_code == 0, result.output
    assert "5 inspectors, 0 conflicts" in result.output
    run(place)
    stated = facts(place)["roster_sha256"]
    assert f"roster {stated}; publish it with the commit" in result.output
    (place / "conflicts.csv").write_text(
        "inspector_id,firm_id,group_id,ground\nI1,F01,,own interest\n", encoding="utf-8"
    )
    other = CliRunner().invoke(
        main, ["draw", "roster", *lists, "--conflicts", str(place / "conflicts.csv")]
    )
    assert "5 inspectors, 1 conflicts" in other.output
    assert stated not in other.output
    (place / "inspectors.csv").write_text("inspector_id,regions\nI1,\n", encoding="utf-8")
    assert "1 x missing column" in refused(CliRunner().invoke(main, ["draw", "roster", *lists]))


def test_visits_of_the_round_itself_change_nothing(place: Path) -> None:
    drawn = pd.read_csv(place / "0001" / "drawn.csv", dtype="str").firm_id.tolist()
    records = place / "records"
    records.mkdir()
    (records / "firms.csv").write_text(
        "firm_id,name,registered_on,group_id,recorded_on\n"
        f"{drawn[0]},Alpha,2010-01-01,,2010-01-01\n",
        encoding="utf-8",
    )
    header = "inspection_id,firm_id,inspected_on,inspector_id,violation,recorded_on\n"
    earlier = f"V1,{drawn[0]},2024-07-06,I3,0,2024-07-07\n"
    within = f"V2,{drawn[0]},2024-08-05,I1,0,2024-08-05\n"
    terms = ("--records", str(records), "--starts", "2024-08-05")
    (records / "inspections.csv").write_text(header + earlier, encoding="utf-8")
    assert run(place, *terms).exit_code == 0
    assert len(facts(place)["past_sha256"]) == 64
    (records / "inspections.csv").write_text(header + earlier + within, encoding="utf-8")
    assert run(place, *terms).exit_code == 0
    (records / "inspections.csv").write_text(
        header + earlier.replace("2024-07-06", "2024-07-05"), encoding="utf-8"
    )
    assert "Seed, lists, records or terms differ" in refused(run(place, *terms))


def send(place: Path, firm: str, inspector: str) -> Result:
    words = [
        "--reason",
        "ill, says the doctor",
        "--person",
        "head of office",
        "--date",
        "2026-07-08",
    ]
    return CliRunner().invoke(
        stand_in, [str(place / "0001"), firm, "--inspector", inspector, *words]
    )


def test_stand_ins_follow_the_random_order_until_nobody_is_left(place: Path) -> None:
    run(place)
    row = schedule(place)[0]
    firm, first = row["firm_id"].removeprefix("'"), [row["inspector_1"], row["inspector_2"]]
    seed = bytes.fromhex(json.loads((place / "0001" / "result.json").read_text())["seed"])

    def number(inspector: str) -> bytes:
        return hashlib.sha256(seed + f"inspector|{firm}|{inspector}".encode()).digest()[:8]

    # -ln u falls as the number rises
    rest = sorted({f"I{n}" for n in range(1, 6)} - set(first), key=number, reverse=True)
    gone = first[1]
    for expected in rest:
        result = send(place, firm, gone)
        assert result.exit_code == 0, result.output
        assert f"{firm}: {expected} goes in place of {gone}" in result.output
        gone = expected
    assert "of 5 eligible inspectors 5 were sent or could not come" in refused(
        send(place, firm, gone)
    )
    log = pd.read_csv(place / "0001" / "stand_ins.csv", dtype="str")
    assert log.stand_in.tolist() == rest
    assert log.reason.unique().tolist() == ["ill, says the doctor"]


def test_only_who_is_to_go_can_be_relieved(place: Path) -> None:
    run(place)
    row = schedule(place)[0]
    firm = row["firm_id"].removeprefix("'")
    (other, *_) = sorted({f"I{n}" for n in range(1, 6)} - {row["inspector_1"], row["inspector_2"]})
    assert f"{other} is not to visit {firm}" in refused(send(place, firm, other))
    assert "no visit to F99" in refused(send(place, "F99", other))
    send(place, firm, row["inspector_1"])
    assert "is not to visit" in refused(send(place, firm, row["inspector_1"]))


@pytest.mark.parametrize("file", ["schedule.csv", "eligible.csv"])
def test_altered_files_give_no_stand_in(place: Path, file: str) -> None:
    run(place)
    row = schedule(place)[0]
    firm = row["firm_id"].removeprefix("'")
    altered = place / "0001" / file
    altered.write_bytes(altered.read_bytes().replace(b"I", b"J"))
    assert f"{file} is not the file of schedule.json" in refused(
        send(place, firm, row["inspector_1"])
    )


def test_a_log_that_was_altered_before_its_last_entry_is_refused(place: Path) -> None:
    run(place)
    row = schedule(place)[0]
    firm = row["firm_id"].removeprefix("'")
    for inspector in (row["inspector_1"], row["inspector_2"]):
        assert send(place, firm, inspector).exit_code == 0
    log = place / "0001" / "stand_ins.csv"
    header, one, two = log.read_text(encoding="utf-8").splitlines(keepends=True)
    for left in (two, two.replace("2,", "1,", 1), one.replace("ill", "on leave") + two, two + one):
        log.write_text(header + left, encoding="utf-8")
        assert "was altered" in refused(send(place, firm, row["inspector_1"]))
