"""Lists with every kind of slip: refused in one message that says where and what to do."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from risk_index.errors import UserError
from risk_index.inspectors.errors import RosterError
from risk_index.inspectors.lists import read_roster
from risk_index.inspectors.past import Past
from risk_index.inspectors.planning import Terms, plan
from risk_index.inspectors.roster import Conflict, Inspector, roster_of
from risk_index.inspectors.visits import Calendar, Drawn, drawn_of, in_weeks, read_drawn
from tests.property.staff import MONDAY, QUARTER, SEED, firms, staff

HEADER = (
    "inspector_id,regions,certificates,certificate_valid_to,available_from,available_to,absent,"
    "max_visits"
)
FULL = (
    "I1,3201;3202,C13；F51,2027-01-31,2026-07-06,2026-12-31,2026-07-20/2026-07-31;2026-08-10,7\n"
    "I2,,*,,,,,\n"
)


def write(folder: Path, inspectors: str, conflicts: str = "") -> tuple[Path, Path | None]:
    people = folder / "inspectors.csv"
    people.write_text(inspectors, encoding="utf-8-sig")
    barred = folder / "conflicts.csv"
    barred.write_text(conflicts, encoding="utf-8")
    return people, barred if conflicts else None


def refused(folder: Path, inspectors: str, conflicts: str = "") -> str:
    with pytest.raises(RosterError) as error:
        read_roster(*write(folder, inspectors, conflicts))
    return str(error.value)


def test_a_full_row_and_a_bare_one(tmp_path: Path) -> None:
    day = dt.date
    conflicts = (
        "inspector_id,firm_id,group_id,ground,until\n"
        "I2,F9,,Former employer,2027-05-01\nI1,,G7,relative’s interest,\n"
    )
    roster = read_roster(*write(tmp_path, f"{HEADER}\n{FULL}", conflicts))
    assert roster.inspectors == (
        Inspector(
            "I1",
            ("3201", "3202"),
            ("C13", "F51"),
            day(2027, 1, 31),
            day(2026, 7, 6),
            day(2026, 12, 31),
            ((day(2026, 7, 20), day(2026, 7, 31)), (day(2026, 8, 10), day(2026, 8, 10))),
            7,
        ),
        Inspector("I2"),
    )
    assert roster.conflicts == (
        Conflict("I1", "", "G7", "relative's interest"),
        Conflict("I2", "F9", "", "former employer", day(2027, 5, 1)),
    )


def test_optional_columns_may_be_missing(tmp_path: Path) -> None:
    roster = read_roster(*write(tmp_path, "inspector_id,regions,certificates\nI1,,*\n"))
    assert roster.inspectors == (Inspector("I1"),)


def test_the_hash_of_a_roster_knows_no_order_of_rows_and_every_cell(tmp_path: Path) -> None:
    first, second = FULL.splitlines()
    one = read_roster(*write(tmp_path, f"{HEADER}\n{first}\n{second}\n")).sha256
    assert read_roster(*write(tmp_path, f"{HEADER}\n{second}\n{first}\n")).sha256 == one
    assert read_roster(*write(tmp_path, f"{HEADER}\n{first[:-1]}8\n{second}\n")).sha256 != one
    barred = "inspector_id,firm_id,ground\nI1,F1,own interest\n"
    assert read_roster(*write(tmp_path, f"{HEADER}\n{FULL}", barred)).sha256 != one


def test_every_slip_in_both_lists_is_named_at_once(tmp_path: Path) -> None:
    rows = (
        "I1,,,31.1.2027,,,,\nI1,,*,,,,2026-08-01/2026-07-01,\nI3,,*,,2026-13-01,,,two\n,,*,,,,,\n"
    )
    conflicts = (
        "inspector_id,firm_id,group_id,ground,until\n"
        "I1,F1,G1,own interest,\nI3,F1,,friend,soon\nI9,F1,,own interest,\n,F1,,,\n"
    )
    message = refused(tmp_path, f"{HEADER}\n{rows}", conflicts)
    for line in (
        "inspectors.csv.inspector_id: 1 x empty (first: row 4)",
        "inspectors.csv.certificates: 1 x empty (first: I1)",
        "inspectors.csv.inspector_id: 1 x more than one row (first: I1)",
        "inspectors.csv.certificate_valid_to: 1 x not a date (first: I1: 31.1.2027)",
        "inspectors.csv.available_from: 1 x not a date (first: I3: 2026-13-01)",
        "inspectors.csv.absent: 1 x not a span of days (first: I1: 2026-08-01/2026-07-01)",
        "inspectors.csv.max_visits: 1 x not a count (first: I3: two)",
        "conflicts.csv.inspector_id: 1 x empty (first: row 4)",
        "conflicts.csv.inspector_id: 1 x not in the list of inspectors (first: I9)",
        "conflicts.csv.firm_id: 1 x needs either firm_id or group_id (first: I1)",
        "conflicts.csv.ground: 1 x unknown ground (first: I3: friend)",
        "conflicts.csv.ground: 1 x empty (first: row 4)",
        "conflicts.csv.until: 1 x not a date (first: I3: soon)",
    ):
        assert line in message
    assert message.count("\n- ") == 13
    assert "Write dates as YYYY-MM-DD." in message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "missing column"),
        (HEADER, "no inspector"),
        ("inspector_id,region,certificates\nI1,,*\n", "1 x unknown column (first: region)"),
        (
            "inspector_id,regions,certificates,regions\nI1,,*,\n",
            "column named twice (first: regions)",
        ),
        (
            "inspector_id,regions,certificates\nI1,32,C13,C14\n",
            "more or fewer cells than the heading",
        ),
        ('inspector_id,regions,certificates\nI1,"32,*\n', "cannot be read"),
        ('inspector_id,regions,certificates\n"I\t1",,*\n', "characters that do not print"),
        ("inspector_id,regions,certificates\nI;1,,*\nI|2,,*\n", "2 x holds `;` or `|`"),
        ("inspector_id,regions,certificates\n11010519491231002X,,*\n", "citizen identity numbers"),
    ],
)
def test_a_list_that_cannot_be_used(tmp_path: Path, text: str, expected: str) -> None:
    assert expected in refused(tmp_path, text)


def test_a_citizen_number_is_refused_without_being_shown(tmp_path: Path) -> None:
    text = "inspector_id,regions,certificates\n11010519491231002X,,*\n"
    assert "11010519491231002X" not in refused(tmp_path, text)


def test_another_encoding_is_refused(tmp_path: Path) -> None:
    people = tmp_path / "inspectors.csv"
    people.write_bytes("inspector_id,regions,certificates\n张三,,*\n".encode("gb18030"))
    with pytest.raises(RosterError, match=r"cannot be read: .* Save the list as CSV in UTF-8"):
        read_roster(people)


def test_drawn_firms_are_read_with_their_order_and_other_columns_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "drawn.csv"
    header = "firm_id,stratum,region,sector,arm,q,inclusion_probability,order\n"
    file.write_text(f"{header}F1,32,320106,C2710,floor,0.1,0.050000000,1\n", encoding="utf-8")
    assert read_drawn(file) == (Drawn("F1", "320106", "C2710", "floor", "0.050000000", "1"),)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], "no firm drawn"),
        ([("F1", "0.1"), ("F1", "0.2")], "1 x more than one row (first: F1)"),
        ([("F1", "0"), ("F2", "1.1"), ("F3", "nan"), ("F4", "x")], "4 x not a probability"),
        ([("F1", "")], "inclusion_probability: 1 x empty (first: F1)"),
        ([("", "0.1")], "firm_id: 1 x empty (first: row 1)"),
    ],
)
def test_a_draw_that_cannot_be_used(rows: list[tuple[str, str]], expected: str) -> None:
    with pytest.raises(RosterError) as error:
        drawn_of({"firm_id": i, "inclusion_probability": p} for i, p in rows)
    assert expected in str(error.value)


def test_an_order_of_another_seed_is_refused() -> None:
    right = {v.firm.firm_id: v.number for v in in_weeks(firms(5), SEED, 2)}
    stated = [Drawn(i, "", "", "", "1", str(n)) for i, n in right.items()]
    assert [v.firm for v in in_weeks(stated, SEED, 2)] == stated
    with pytest.raises(UserError, match="have another place in `order`"):
        in_weeks(stated, bytes(32), 2)


def test_terms_that_make_no_round() -> None:
    with pytest.raises(UserError, match="the seed has 31 bytes, not 32"):
        Terms(bytes(31), QUARTER)
    with pytest.raises(UserError, match="at least 1 inspector, not 0"):
        Terms(SEED, QUARTER, 0)
    with pytest.raises(UserError, match="at least one week, not 0"):
        Calendar(MONDAY, 0)
    for months in (-1, 1201):
        with pytest.raises(UserError, match=rf"revisit_months is 0 to 1200, not {months}"):
            Terms(SEED, QUARTER, 2, months)
    assert Terms(SEED, QUARTER, 2, 1200).revisit_months == 1200


@pytest.mark.parametrize("day", ["0001-01-01", "1899-12-31", "2200-01-01", "9999-12-30"])
def test_a_round_begins_between_1900_and_2199(day: str) -> None:
    with pytest.raises(UserError, match=f"begins in the years 1900 to 2199, not on {day}"):
        Calendar(dt.date.fromisoformat(day), 1)


@pytest.mark.parametrize("day", ["1900-01-01", "2199-12-31"])
def test_the_longest_terms_at_either_end_are_no_error(day: str) -> None:
    weeks = Calendar(dt.date.fromisoformat(day), 53)
    past = Past({("I000", "F0000"): dt.date(1850, 1, 1)}, {})
    terms = Terms(SEED, weeks, 2, 1200)
    assert len(plan(firms(60), roster_of(staff(4)), past, terms).lines) == 60


def test_a_roster_is_ordered_by_the_bytes_of_its_ids() -> None:
    ids = ["b", "A", "Z", "é", "a"]
    roster = roster_of([Inspector(i) for i in ids])
    assert [person.inspector_id for person in roster.inspectors] == ["A", "Z", "a", "b", "é"]
