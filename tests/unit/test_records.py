"""What open_records promises: the same records in any order of rows, one report of all failures."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pandas as pd
import pytest

from features.failures import RecordsError
from features.quality import Quality
from features.records import open_records
from features.schema import BY_NAME

FIRMS = (
    "firm_id,name,registered_on,recorded_on\nF1,a,2015-01-01,\nF2,b,2016-01-01,\nF3,c,,\nF4,d,,\n"
)
VISITS = (
    "inspection_id,firm_id,inspected_on,violation,harm\nI1,F1,2020-01-01,1,2\nI2,F2,2021-01-01,0,\n"
)
GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "records"


def write(folder: Path, **tables: str) -> Path:
    """Write tables as CSV, firms and inspections by default."""
    for name, text in ({"firms": FIRMS, "inspections": VISITS} | tables).items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def check(folder: Path, **tables: str) -> Quality:
    """Return the report on these tables."""
    with open_records(write(folder, **tables), rejected=folder / "rejected") as records:
        return records.quality


def test_shuffled_rows_give_the_same_records(tmp_path: Path) -> None:
    """Conflicting copies and later versions included; only row numbers in the report may differ."""
    found = []
    for seed in (None, 1, 2):
        folder = tmp_path / str(seed)
        folder.mkdir()
        for file in GOLDEN.glob("*.csv"):
            table = pd.read_csv(file, dtype=str)
            copies = table.head(3).copy()
            changed = {"firms": "name", "inspections": "harm"}.get(file.stem, table.columns[-2])
            copies[changed] = ["1", "2", "3"]
            table = pd.concat([table, copies, table.head(2)])
            if seed is not None:
                table = table.sample(frac=1.0, random_state=seed)
            table.to_csv(folder / file.name, index=False)
        with open_records(folder) as records:
            tables = {
                name: records.table(name).execute().sort_values([*table.key, "recorded_on"],
                                                                ignore_index=True)
                for name, table in BY_NAME.items()
            }  # fmt: skip
            counts = {(f.table, f.column, f.rule): f.count for f in records.quality.failures}
            found.append((tables, counts, records.quality.fingerprint))
    assert any(rule == "key occurs twice on one recorded_on" for _, _, rule in found[0][1])
    for tables, counts, fingerprint in found[1:]:
        assert counts == found[0][1]
        assert fingerprint == found[0][2]
        for name, table in tables.items():
            pd.testing.assert_frame_equal(table, found[0][0][name], obj=name)


@pytest.mark.parametrize(
    ("old", "new"), [("1,2\n", "1,3\n"), ("I2,F2", "I2,F1"), ("I1,", "I9,"), ("2021", "2022")]
)
def test_a_fingerprint_moves_with_its_table_alone(tmp_path: Path, old: str, new: str) -> None:
    before = check(tmp_path).fingerprint
    after = check(tmp_path, inspections=VISITS.replace(old, new)).fingerprint
    assert before.keys() == after.keys() == BY_NAME.keys()
    assert [name for name in before if before[name] != after[name]] == ["inspections"]


def test_fingerprints_tell_cells_apart(tmp_path: Path) -> None:
    """Cells that move to the next column, or two rows that swap a cell, are another content."""
    one = check(tmp_path, firms="firm_id,name,sector\nF1,ab,\nF2,x,y\n").fingerprint["firms"]
    two = check(tmp_path, firms="firm_id,name,sector\nF1,,ab\nF2,x,y\n").fingerprint["firms"]
    three = check(tmp_path, firms="firm_id,name,sector\nF1,x,\nF2,ab,y\n").fingerprint["firms"]
    assert len({one, two, three}) == 3


def test_the_report_as_json(tmp_path: Path) -> None:
    visits = VISITS + "I3,F9,2021-01-01,0,\nI4,F1,2021-02-30,1,3\nI5,F1,2021-03-03,1,3\n"
    report = json.loads(check(tmp_path, inspections=visits).as_json())
    lines = {line["table"]: line for line in report["tables"]}
    assert list(lines) == list(BY_NAME)
    assert lines["inspections"]["file"] == "inspections.csv"
    assert (lines["inspections"]["n_read"], lines["inspections"]["n_accepted"]) == (5, 3)
    assert lines["penalties"] == {
        "table": "penalties", "file": "", "n_read": 0, "n_accepted": 0,
        "fingerprint": "0-" + "0" * 32,
    }  # fmt: skip
    assert report["failures"] == [
        {
            "table": "inspections", "column": "inspected_on", "rule": "not a date (YYYY-MM-DD)",
            "count": 1, "first_ids": ["I4"],
            "remedy": "Write a date (YYYY-MM-DD) or leave it empty.", "action": "row rejected",
        },
        {
            "table": "inspections", "column": "firm_id", "rule": "firm is not in table firms",
            "count": 1, "first_ids": ["I3"], "remedy": "Add the firm, or drop the record.",
            "action": "row rejected",
        },
    ]  # fmt: skip


def test_all_faults_are_reported_at_once(tmp_path: Path) -> None:
    """Files that cannot be read, and columns that are missing, each in one go."""
    tables = {"penalties": "", "permits": "permit_id,permit_id\n", "inspections": ""}
    with pytest.raises(RecordsError) as caught:
        check(tmp_path, **tables)
    assert {f.table for f in caught.value.failures} == {"penalties", "permits", "inspections"}


@pytest.mark.parametrize("day", ["someday", "2150-01-01", "9999-12-31", "infinity"])
@pytest.mark.parametrize("column", ["registered_on", "recorded_on"])
def test_no_firm_is_lost_for_a_date(tmp_path: Path, column: str, day: str) -> None:
    """What cannot be used counts as empty, so the firm is known from its registration, or always."""
    firms = pd.read_csv(write(tmp_path) / "firms.csv", dtype=str)
    firms.loc[0, column] = day
    with open_records(write(tmp_path, firms=firms.to_csv(index=False))) as records:
        found = records.table("firms").order_by("firm_id").execute()
        columns = {failure.column for failure in records.quality.failures}
    assert column in columns
    known = "2015-01-01" if column == "recorded_on" else "1900-01-01"
    assert found.firm_id.tolist() == ["F1", "F2", "F3", "F4"]
    assert str(found.recorded_on[0])[:10] == known


def test_versions_whose_dates_are_unusable_leave_one(tmp_path: Path) -> None:
    firms = "firm_id,name,recorded_on\n" + "".join(f"F1,{n},soon\n" for n in "bca")
    firms += "F1,d,2150-01-01\nF1,e,1900-01-01\nF2,x,\nF3,x,\n"
    with open_records(write(tmp_path, firms=firms)) as records:
        firms = records.table("firms").execute()
    assert firms[firms.superseded_on.isna()].firm_id.tolist() == ["F1", "F2", "F3"]


def test_today_is_the_last_day_of_events(tmp_path: Path) -> None:
    write(tmp_path)
    with open_records(tmp_path, today=dt.date(2021, 1, 1)) as records:
        assert records.quality.failures == ()
    with open_records(tmp_path, today=dt.date(2020, 12, 31)) as records:
        assert {f.first_ids for f in records.quality.failures} == {("I2",)}


def test_half_of_a_table_may_be_rejected_and_no_more(tmp_path: Path) -> None:
    good, bad = "I{},F1,2020-01-01,1,\n", "I{},F1,never,1,\n"
    head = VISITS.splitlines()[0] + "\n"
    rows = [good.format(n) for n in range(3)] + [bad.format(n) for n in range(3, 6)]
    half = check(tmp_path, inspections=head + "".join(rows))
    assert half.tables[5].n_accepted == 3
    with pytest.raises(RecordsError, match=r"4 of 7 rows rejected \(more than 50%\)"):
        check(tmp_path, inspections=head + "".join(rows) + bad.format(7))


def test_malformed_lines_count_as_rejected_rows(tmp_path: Path) -> None:
    quality = check(tmp_path, firms=FIRMS + "F5,too,many,cells,here\nF6\n")
    line = quality.tables[0]
    assert (line.n_read, line.n_accepted) == (6, 4)
    kept = pd.read_csv(tmp_path / "rejected" / "firms.malformed.csv")
    assert kept.line.tolist() == [6, 7]
    assert kept.csv_line.tolist() == ["F5,too,many,cells,here", "F6"]


def test_good_records_leave_no_rejected_rows(tmp_path: Path) -> None:
    assert check(tmp_path).failures == ()
    assert not (tmp_path / "rejected").exists()


def test_a_wrong_inner_check_character_is_only_noted(tmp_path: Path) -> None:
    """Codes in use have a wrong organisation code inside, and still belong to their firms."""
    odd = "91110000600037340H"  # right by GB 32100, wrong by GB 11714
    quality = check(tmp_path, firms=f"firm_id\n{odd}\nF1\nF2\n")
    (failure,) = quality.failures
    assert (failure.action, failure.first_ids) == ("noted", (odd,))
    assert "GB 11714" in failure.rule
    assert quality.tables[0].n_accepted == 3
    assert not (tmp_path / "rejected").exists()


def test_another_numbering_of_18_characters_is_left_alone(tmp_path: Path) -> None:
    ids = [f"9111{n:014d}" for n in range(100)]
    firms = "firm_id\nF1\nF2\n" + "\n".join(ids) + "\n"
    quality = check(tmp_path, firms=firms)
    assert quality.tables[0].n_accepted == 102
    assert quality.failures == ()


def test_records_are_closed_with_their_context(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The working database lies in a folder of its own that goes with the context, also after errors."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    (tmp_path / "data").mkdir()
    with open_records(write(tmp_path / "data")):
        assert len(list(scratch.iterdir())) == 1
    assert list(scratch.iterdir()) == []
    with pytest.raises(RecordsError), open_records(write(tmp_path / "data", firms="")):
        pass
    assert list(scratch.iterdir()) == []


def test_the_end_of_a_permit_without_a_day_is_emptied_unless_it_came_later(tmp_path: Path) -> None:
    permits = (
        "permit_id,firm_id,issued_on,status,status_changed_on,recorded_on\n"
        "undated,F1,2015-01-01,revoked,,\nsame_day,F1,2015-01-01,expired,,2015-01-01\n"
        "later,F1,2015-01-01,revoked,,2020-01-01\ndated,F1,2015-01-01,revoked,2019-01-01,\n"
        "valid,F1,2015-01-01,valid,,\n"
    )
    with open_records(write(tmp_path, permits=permits)) as records:
        found = records.table("permits").execute().set_index("permit_id").status.fillna("")
        (failure,) = records.quality.failures
    assert found.to_dict() == {
        "undated": "", "same_day": "", "later": "revoked", "dated": "revoked", "valid": "valid"
    }  # fmt: skip
    assert (failure.column, failure.count, failure.action) == ("status", 2, "cell emptied")
