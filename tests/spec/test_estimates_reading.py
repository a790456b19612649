"""From a draw's folder and the records to ``estimates.csv``: which visit counts, what is refused."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from features.records import Records, open_records
from risk_index.estimates.command import estimate
from risk_index.estimates.folder import RoundError, read_drawn, read_frame, read_replacements
from risk_index.estimates.rounds import Window, planned_visits, read_round, windows
from risk_index.estimates.stacked import RoundSample
from risk_index.estimates.table import COLUMNS

START, END, KNOWN = dt.date(2025, 7, 1), dt.date(2025, 9, 30), dt.date(2025, 10, 15)
VISITS = """\
inspection_id,firm_id,inspected_on,selection,inclusion_probability,violation,harm,recorded_on
V1,A,2025-07-05,complaint,,1,9,
V2,A,2025-07-10,random,0.5,0,0,
V3,A,2025-08-01,directed,,1,4,
V4,B,2025-07-20,random,0.5,,,
V5,B,2025-08-20,random,0.5,1,3,
V6,C,2025-06-30,random,0.5,1,2,
V7,C,2025-09-30,,,1,5,
V8,D,2025-08-01,random,0.5,1,7,2025-11-01
V9,E,2025-08-02,follow_up,,1,8,
V10,G,2025-08-03,routine,,0,0,
"""
FRAME = (
    "firm_id,stratum,region,sector,probability_ppb,floor_ppb,likelihood,expected_harm,salt\n"
    + "".join(f"{firm},all,r1,C2710,500000000,100000000,0.1,0.5,00\n" for firm in "ABCDEFGH")
)
DRAWN = "firm_id,stratum,region,sector,arm,number,inclusion_probability,order\n" + "".join(
    f"{firm},all,r1,C2710,{arm},1,0.500000000,{k}\n" for k, (firm, arm) in
    enumerate({"A": "index", "B": "floor", "C": "index", "D": "index"}.items())
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Records of eight firms."""
    folder = tmp_path_factory.mktemp("estimates") / "records"
    folder.mkdir()
    firms = "".join(f"{firm},Firm {firm},C2710,r1,2001-01-01\n" for firm in "ABCDEFGH")
    (folder / "firms.csv").write_text("firm_id,name,sector,region,registered_on\n" + firms)
    (folder / "inspections.csv").write_text(VISITS)
    return folder


@pytest.fixture(scope="module")
def records(folder: Path) -> Iterator[Records]:
    with open_records(folder, today=dt.date(2026, 1, 1)) as opened:
        yield opened


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A draw of four of the firms."""
    draw = tmp_path / "0001"
    draw.mkdir()
    (draw / "frame.sealed.csv").write_text(FRAME)
    (draw / "drawn.csv").write_text(DRAWN)
    return tmp_path


def read(place: Path, records: Records, as_of: dt.date = KNOWN) -> RoundSample:
    return read_round(Window(place / "0001", START, END), records, as_of)


def found(
    place: Path, records: Records, firm: str, as_of: dt.date = KNOWN
) -> tuple[bool, float, float]:
    drawn = read(place, records, as_of).drawn.set_index("firm_id")
    return tuple(drawn.loc[firm, ["visited", "violation", "harm"]])


def test_complaints_and_later_visits_do_not_count(place: Path, records: Records) -> None:
    assert found(place, records, "A") == (True, 0.0, 0.0)


def test_a_second_visit_gives_the_outcome_that_the_first_did_not(
    place: Path, records: Records
) -> None:
    assert found(place, records, "B") == (True, 1.0, 3.0)


def test_both_ends_of_the_window_count_and_an_unstated_selection_is_planned(
    place: Path, records: Records
) -> None:
    assert found(place, records, "C") == (True, 1.0, 5.0)


def test_what_was_recorded_later_is_not_seen(place: Path, records: Records) -> None:
    visited, violation, _ = found(place, records, "D")
    assert (visited, np.isnan(violation)) == (False, True)
    assert found(place, records, "D", dt.date(2025, 11, 1)) == (True, 1.0, 7.0)


def test_each_firm_has_one_visit(place: Path, records: Records) -> None:
    visits = planned_visits(records, Window(place, START, END), KNOWN)
    assert visits.firm_id.tolist() == ["A", "B", "C", "G"]


def test_the_visit_to_a_replacement_counts_its_outcome_does_not(
    place: Path, records: Records
) -> None:
    log = "entry,date,firm_id,reason,person,replaced_by\n"
    log += "1,2025-08-01,D,closed,x,F\n2,2025-08-02,F,closed,x,G\n"
    (place / "0001" / "replacements.csv").write_text(log)
    assert read_replacements(place / "0001") == {"D": "G", "F": "G"}
    drawn = read(place, records).drawn.set_index("firm_id")
    assert drawn.visited["D"]
    assert drawn.replaced.tolist() == [False, False, False, True]
    assert np.isnan(drawn.violation["D"])


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (
            "frame.sealed.csv",
            "A,all,r1,C2710,500000000",
            "A,all,r1,C2710,1500000000",
            "floor_ppb <= ",
        ),
        ("frame.sealed.csv", "A,all,r1,C2710,500000000", "A,all,r1,C2710,0.5", "no whole number"),
        ("frame.sealed.csv", "0.1,0.5,00\nB", "nan,0.5,00\nB", "likelihood is no number"),
        ("frame.sealed.csv", "\nB,", "\nA,", "stand there twice: 1 rows, first A"),
        ("frame.sealed.csv", "stratum", "layer", "columns stratum are missing"),
        ("drawn.csv", "\nD,", "\nZ,", "does not hold with a chance above 0: 1 rows, first Z"),
        ("drawn.csv", "\nD,", "\nA,", "stand there twice"),
        ("drawn.csv", "floor", "other", "arm is neither"),
        ("drawn.csv", "D,all,r1,C2710,index,1,0.500000000,3\n", "", "'all' with 3 of 4"),
        ("frame.sealed.csv", FRAME, "\x00", "missing"),
    ],
)
def test_broken_files_are_refused_by_name(
    place: Path, file: str, old: str, new: str, said: str
) -> None:
    path = place / "0001" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(RoundError, match="0001") as error:
        read_drawn(place / "0001", read_frame(place / "0001"))
    assert said in str(error.value)


def test_a_draw_that_did_not_run_is_named(place: Path, records: Records) -> None:
    (place / "0001" / "drawn.csv").unlink()
    with pytest.raises(RoundError, match=r"drawn\.csv is missing"):
        read(place, records)


def test_windows_pair_up_and_share_no_day() -> None:
    first, second = Path("0001"), Path("0002")
    pairs = windows([second, first], [dt.date(2025, 10, 1), START], [dt.date(2025, 12, 31), END])
    assert [pair.name for pair in pairs] == ["0001", "0002"]
    with pytest.raises(RoundError, match="2 draws, 1 first days"):
        windows([first, second], [START], [END])
    with pytest.raises(RoundError, match="ends on 2025-07-01, before 2025-09-30"):
        windows([first], [END], [START])
    with pytest.raises(RoundError, match="share no day"):
        windows([first, second], [START, END], [END, dt.date(2025, 12, 31)])
    with pytest.raises(RoundError, match="same name"):
        windows(
            [first, Path("x/0001")], [START, dt.date(2025, 10, 1)], [END, dt.date(2025, 12, 31)]
        )


def command(place: Path, folder: Path, *more: str) -> Result:
    words = [str(folder), "--draw", str(place / "0001"), "--from", "2025-07-01"]
    words += ["--to", "2025-09-30", "--as-of", "2025-10-15", "--out", str(place / "estimates.csv")]
    return CliRunner().invoke(estimate, [*words, *more])


def test_the_command_writes_the_table_and_says_the_rate(place: Path, folder: Path) -> None:
    result = command(place, folder, "--least-outcomes", "2")
    assert result.exit_code == 0, result.output
    raw = (place / "estimates.csv").read_bytes()
    assert raw.startswith(b'\xef\xbb\xbf"round","scope","value"')
    rows = list(csv.DictReader(raw.decode("utf-8-sig").splitlines()))
    assert tuple(rows[0]) == COLUMNS
    rate = next(r for r in rows if r["estimator"] == "Hajek" and r["arm"] == "both")
    assert (rate["round"], rate["n_planned"], rate["n_visited"], rate["n_outcome"]) == (
        "0001",
        "4",
        "3",
        "3",
    )
    assert float(rate["estimate"]) == pytest.approx(2 / 3, abs=1e-6)
    assert "violation rate: " in result.output
    assert "naive 0.6667; 3 of 4 outcomes" in result.output
    assert command(place, folder, "--least-outcomes", "2").exit_code == 0
    assert (place / "estimates.csv").read_bytes() == raw


def test_too_little_is_said_and_left_empty(place: Path, folder: Path) -> None:
    result = command(place, folder)
    assert "violation rate: insufficient data: outcomes 3 of 30" in result.output
    table = pd.read_csv(place / "estimates.csv", encoding="utf-8-sig")
    assert table.estimate.isna().all()


def test_the_command_refuses_another_file_and_a_broken_draw(place: Path, folder: Path) -> None:
    (place / "estimates.csv").write_text("my notes")
    result = command(place, folder)
    assert (result.exit_code, "is no table of estimates" in result.output) == (1, True)
    assert (place / "estimates.csv").read_text() == "my notes"
    (place / "estimates.csv").unlink()
    (place / "0001" / "frame.sealed.csv").unlink()
    result = command(place, folder)
    assert (result.exit_code, "frame.sealed.csv is missing" in result.output) == (1, True)
    assert not (place / "estimates.csv").exists()


def test_a_region_that_a_spreadsheet_would_run_is_defused(place: Path, folder: Path) -> None:
    frame = (place / "0001" / "frame.sealed.csv").read_text().replace(",r1,", ",=1+1,")
    (place / "0001" / "frame.sealed.csv").write_text(frame)
    assert command(place, folder, "--least-outcomes", "2").exit_code == 0
    assert '"\'=1+1"' in (place / "estimates.csv").read_text(encoding="utf-8-sig")
