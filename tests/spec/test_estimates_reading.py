"""From a draw's folder and the records to ``estimates.csv``: which visit counts, what is refused.

Eight firms with equal chances, of which four are drawn. Who they are the draw decides: A to D are those
drawn, F would replace D, and G would replace F.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from features.records import Records, open_records
from risk_index.draw.errors import DrawError
from risk_index.draw.replacements import replace
from risk_index.draw.run import open_round
from risk_index.estimates.command import estimate
from risk_index.estimates.folder import RoundError, read_drawn, read_frame, replaced_by
from risk_index.estimates.rounds import Window, planned_visits, read_round, still_open, windows
from risk_index.estimates.stacked import RoundSample
from risk_index.estimates.table import COLUMNS
from tests.spec.draw_rounds import committed, drawn_round, edit_json, frame_file

START, END, KNOWN = dt.date(2025, 7, 1), dt.date(2025, 9, 30), dt.date(2025, 10, 15)
VISITS = """\
inspection_id,firm_id,inspected_on,selection,inclusion_probability,violation,harm,recorded_on
V1,{A},2025-07-05,complaint,,1,9,
V2,{A},2025-07-10,random,0.5,0,0,
V3,{A},2025-08-01,directed,,1,4,
V4,{B},2025-07-20,random,0.5,,,
V5,{B},2025-08-20,random,0.5,1,3,
V6,{C},2025-06-30,random,0.5,1,2,
V7,{C},2025-09-30,,,1,5,
V8,{D},2025-08-01,random,0.5,1,7,2025-11-01
V9,{E},2025-08-02,follow_up,,1,8,
V10,{G},2025-08-03,routine,,0,0,
"""


def lines(region: str = "r1") -> list[str]:
    return [f"N{i},all,{region},C2710,500000000,100000000,0.1,0.5" for i in range(1, 9)]


@dataclass(frozen=True)
class Made:
    """A round that was drawn, records of its firms, and the part that each firm plays."""

    draw: Path
    records: Path
    firms: dict[str, str]


def cast(draw: Path, scratch: Path) -> dict[str, str]:
    """Return the firms of a round by their letters; replacements are tried on a copy."""
    copy = shutil.copytree(draw, scratch)
    drawn = pd.read_csv(draw / "drawn.csv").firm_id.tolist()
    first = replace(copy, drawn[3], "closed", "x", dt.date(2025, 8, 1)).replaced_by
    second = replace(copy, first, "closed", "x", dt.date(2025, 8, 2)).replaced_by
    others = sorted({f"N{i}" for i in range(1, 9)} - {*drawn, first, second})
    parts = [*drawn, others[0], first, second, others[1]]
    return dict(zip("ABCDEFGH", parts, strict=True))


def write_records(folder: Path, visits: str) -> Path:
    folder.mkdir()
    firms = "".join(f"N{i},Firm {i},C2710,r1,2001-01-01\n" for i in range(1, 9))
    (folder / "firms.csv").write_text("firm_id,name,sector,region,registered_on\n" + firms)
    (folder / "inspections.csv").write_text(visits)
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    tmp = tmp_path_factory.mktemp("estimates")
    draw = drawn_round(tmp, lines())
    firms = cast(draw, tmp / "copy")
    return Made(draw, write_records(tmp / "records", VISITS.format(**firms)), firms)


@pytest.fixture(scope="module")
def records(made: Made) -> Iterator[Records]:
    with open_records(made.records, today=dt.date(2026, 1, 1)) as opened:
        yield opened


@pytest.fixture
def place(made: Made, tmp_path: Path) -> Path:
    """A copy of the round that a test may spoil."""
    shutil.copytree(made.draw, tmp_path / "0001")
    return tmp_path


def read(place: Path, records: Records, as_of: dt.date = KNOWN) -> RoundSample:
    return read_round(Window(place / "0001", START, END), records, as_of)


def found(
    place: Path, records: Records, firm: str, as_of: dt.date = KNOWN
) -> tuple[bool, float, float]:
    drawn = read(place, records, as_of).drawn.set_index("firm_id")
    return tuple(drawn.loc[firm, ["visited", "violation", "harm"]])


def test_complaints_and_later_visits_do_not_count(
    place: Path, records: Records, made: Made
) -> None:
    assert found(place, records, made.firms["A"]) == (True, 0.0, 0.0)


def test_a_second_visit_gives_the_outcome_that_the_first_did_not(
    place: Path, records: Records, made: Made
) -> None:
    assert found(place, records, made.firms["B"]) == (True, 1.0, 3.0)


def test_both_ends_of_the_window_count_and_an_unstated_selection_is_planned(
    place: Path, records: Records, made: Made
) -> None:
    assert found(place, records, made.firms["C"]) == (True, 1.0, 5.0)


def test_what_was_recorded_later_is_not_seen(place: Path, records: Records, made: Made) -> None:
    visited, violation, _ = found(place, records, made.firms["D"])
    assert (visited, np.isnan(violation)) == (False, True)
    assert found(place, records, made.firms["D"], dt.date(2025, 11, 1)) == (True, 1.0, 7.0)


def test_each_firm_has_one_visit(place: Path, records: Records, made: Made) -> None:
    visits = planned_visits(records, Window(place, START, END), KNOWN)
    assert visits.firm_id.tolist() == sorted(made.firms[letter] for letter in "ABCG")


@pytest.mark.parametrize(
    ("as_of", "violation"), [("2025-10-15", 0), ("2025-10-19", 0), ("2025-10-20", 1)]
)
def test_a_corrected_inspection_counts_as_it_stood(
    place: Path, made: Made, tmp_path: Path, as_of: str, violation: int
) -> None:
    head = VISITS.splitlines()[0]
    visits = f"{head}\nV1,{made.firms['A']},2025-08-01,random,0.5,0,0,2025-08-05\n"
    visits += f"V1,{made.firms['A']},2025-08-01,random,0.5,1,2,2025-10-20\n"
    folder = write_records(tmp_path / "corrected", visits)
    with open_records(folder, today=dt.date(2026, 1, 1)) as opened:
        day = dt.date.fromisoformat(as_of)
        known = planned_visits(opened, Window(place / "0001", START, END), day)
        assert known.violation.tolist() == [violation]
        told = found(place, opened, made.firms["A"], day)
    assert told == (True, violation, 2 * violation)


def test_the_visit_to_a_replacement_counts_its_outcome_does_not(
    place: Path, records: Records, made: Made
) -> None:
    d, f, g = (made.firms[letter] for letter in "DFG")
    for gone in (d, f):
        replace(place / "0001", gone, "closed", "x", dt.date(2025, 8, 1))
    assert replaced_by(open_round(place / "0001"), KNOWN) == {d: g, f: g}
    drawn = read(place, records).drawn.set_index("firm_id")
    assert drawn.visited[d]
    assert drawn.replaced[drawn.replaced].index.tolist() == [d]
    assert np.isnan(drawn.violation[d])


def test_replacements_logged_later_are_not_seen(place: Path, records: Records, made: Made) -> None:
    """F could not be visited either, and that was logged a day later still."""
    d, f = made.firms["D"], made.firms["F"]
    replace(place / "0001", d, "closed", "x", dt.date(2025, 10, 20))
    replace(place / "0001", f, "closed", "x", dt.date(2025, 10, 21))
    seen = {}
    for day in (15, 19, 20, 21):
        drawn = read(place, records, dt.date(2025, 10, day)).drawn.set_index("firm_id")
        seen[day] = (bool(drawn.replaced[d]), bool(drawn.visited[d]))
    assert seen == {15: (False, False), 19: (False, False), 20: (True, False), 21: (True, True)}


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("N1,all,r1,C2710,500000000", "N1,all,r1,C2710,400000000"),
        ("0.1,0.5", "0.9,0.5"),
        (",r1,", ",r2,"),
        ("\nN8,", "\nN9,"),
    ],
)
def test_a_frame_that_was_edited_is_refused(
    place: Path, records: Records, old: str, new: str
) -> None:
    edit(place / "0001" / "frame.sealed.csv", old, new)
    with pytest.raises(DrawError, match=r"is not the frame of commit\.json"):
        read(place, records)


def test_a_list_of_firms_that_was_edited_is_refused(
    place: Path, records: Records, made: Made
) -> None:
    edit(place / "0001" / "drawn.csv", f"\n{made.firms['D']},", f"\n{made.firms['H']},")
    with pytest.raises(DrawError, match=r"drawn\.csv was edited"):
        read(place, records)


def test_a_log_that_was_edited_is_refused(place: Path, records: Records, made: Made) -> None:
    for letter in "DF":
        replace(place / "0001", made.firms[letter], "closed", "x", dt.date(2025, 8, 1))
    edit(place / "0001" / "replacements.csv", ",closed,", ",asleep,")
    with pytest.raises(DrawError, match="replacement 2 does not hold the hash of the entry before"):
        read(place, records)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("\n{D},", "\nZ,", "does not hold with a chance above 0: 1 rows, first Z"),
        ("\n{D},", "\n{A},", "stand there twice: 1 rows, first {A}"),
        (",{arm},", ",other,", "arm is neither"),
        ("{last}", "", "'all' with 3 of 4"),
    ],
)
def test_a_list_edited_with_its_hash_must_still_fit_the_frame(
    place: Path, made: Made, old: str, new: str, said: str
) -> None:
    folder = place / "0001"
    *_, last = (folder / "drawn.csv").read_text().splitlines(keepends=True)
    words = made.firms | {"last": last, "arm": last.split(",")[4]}
    edit(folder / "drawn.csv", old.format(**words), new.format(**words))
    digest = hashlib.sha256((folder / "drawn.csv").read_bytes()).hexdigest()
    edit_json(folder / "result.json", lambda result: result.update(drawn_sha256=digest))
    drawn = open_round(folder)
    with pytest.raises(RoundError, match="0001") as error:
        read_drawn(drawn, read_frame(drawn))
    assert said.format(**words) in str(error.value)


@pytest.mark.parametrize("file", ["drawn.csv", "frame.sealed.csv", "commit.json"])
def test_a_missing_file_is_named(place: Path, records: Records, file: str) -> None:
    (place / "0001" / file).unlink()
    with pytest.raises(DrawError, match=rf"{file} (is missing|does not exist)"):
        read(place, records)


def test_a_draw_that_did_not_run_is_named(tmp_path: Path, records: Records) -> None:
    committed(tmp_path, frame_file(tmp_path / "f.csv", lines()))
    with pytest.raises(DrawError, match=r"has no result\.json: run the round first"):
        read(tmp_path, records)


def test_field_work_before_the_draw_is_refused(place: Path, records: Records) -> None:
    due = dt.date(2023, 9, 15)
    early = Window(place / "0001", due - dt.timedelta(days=1), END)
    with pytest.raises(RoundError, match="begins on 2023-09-14, and the randomness") as error:
        read_round(early, records, KNOWN)
    assert "give --from 2023-09-15 or later" in str(error.value)
    assert len(read_round(Window(place / "0001", due, END), records, KNOWN).drawn) == 4


def test_field_work_that_goes_on_is_noted() -> None:
    window = Window(Path("0001"), START, END)
    assert still_open([window], END) == []
    (note,) = still_open([window], END - dt.timedelta(days=1))
    assert note == (
        "the field work of 0001 ends on 2025-09-30, after 2025-09-29: visits to come count as missing"
    )


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


def command(place: Path, records: Path, *more: str) -> Result:
    words = [str(records), "--draw", str(place / "0001"), "--from", "2025-07-01"]
    words += ["--to", "2025-09-30", "--as-of", "2025-10-15", "--out", str(place / "estimates.csv")]
    return CliRunner().invoke(estimate, [*words, *more])


def test_the_command_writes_the_table_and_says_the_rate(place: Path, made: Made) -> None:
    result = command(place, made.records, "--least-outcomes", "2")
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
    assert "note: " not in result.output
    assert command(place, made.records, "--least-outcomes", "2").exit_code == 0
    assert (place / "estimates.csv").read_bytes() == raw


def test_too_little_is_said_and_left_empty(place: Path, made: Made) -> None:
    result = command(place, made.records)
    assert "violation rate: insufficient data: outcomes 3 of 30" in result.output
    table = pd.read_csv(place / "estimates.csv", encoding="utf-8-sig")
    assert table.estimate.isna().all()


def test_the_command_says_that_field_work_goes_on(place: Path, made: Made) -> None:
    result = command(place, made.records, "--as-of", "2025-09-29", "--least-outcomes", "2")
    assert result.exit_code == 0, result.output
    assert "note: the field work of 0001 ends on 2025-09-30, after 2025-09-29" in result.output


def test_the_command_refuses_another_file_and_a_broken_draw(place: Path, made: Made) -> None:
    (place / "estimates.csv").write_text("my notes")
    result = command(place, made.records)
    assert (result.exit_code, "is no table of estimates" in result.output) == (1, True)
    assert (place / "estimates.csv").read_text() == "my notes"
    (place / "estimates.csv").unlink()
    (place / "0001" / "frame.sealed.csv").unlink()
    result = command(place, made.records)
    assert (result.exit_code, "frame.sealed.csv does not exist" in result.output) == (1, True)
    assert not (place / "estimates.csv").exists()


def test_a_region_that_a_spreadsheet_would_run_is_defused(tmp_path: Path, made: Made) -> None:
    drawn_round(tmp_path, lines("=1+1"))
    result = command(tmp_path / "ledger", made.records, "--least-outcomes", "2")
    assert result.exit_code == 0, result.output
    text = (tmp_path / "ledger" / "estimates.csv").read_text(encoding="utf-8-sig")
    assert '"\'=1+1"' in text
