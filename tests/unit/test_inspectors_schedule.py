"""What is written: whole or not at all, safe for spreadsheets, enough to check."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path

import pytest

from risk_index.errors import UserError
from risk_index.inspectors import schedule as writing
from risk_index.inspectors.past import Past
from risk_index.inspectors.planning import Schedule, Terms, plan
from risk_index.inspectors.replaced import Replaced
from risk_index.inspectors.roster import Conflict, Inspector, roster_of
from risk_index.inspectors.schedule import (
    eligible_text,
    facts,
    schedule_bytes,
    write_schedule,
)
from risk_index.inspectors.visits import Calendar, Drawn
from tests.property.staff import MONDAY, QUARTER, SEED, firms, pairs, planned, seed, staff


def read(schedule: Schedule) -> list[dict[str, str]]:
    text = schedule_bytes(schedule).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_rows_are_visits_in_their_random_order() -> None:
    schedule = planned(firms(20), staff(5))
    rows = read(schedule)
    assert [int(row["visit"]) for row in rows] == list(range(1, 21))
    assert [row["firm_id"] for row in rows] != sorted(row["firm_id"] for row in rows)
    assert {(r["firm_id"], r[f"inspector_{n}"]) for r in rows for n in (1, 2)} == pairs(schedule)


def test_as_many_columns_as_inspectors() -> None:
    header = list(read(planned(firms(3), staff(6), per_visit=3))[0])
    assert header[6:9] == ["inspector_1", "inspector_2", "inspector_3"]
    assert header[9:] == ["arm", "inclusion_probability"]


def test_every_text_is_made_harmless() -> None:
    firm = Drawn("@F", "=1+1", "-C", "+arm", "0.100000000")
    people = [Inspector("=I1"), Inspector("+I2")]
    (row,) = read(planned([firm], people))
    assert (row["firm_id"], row["region"], row["sector"], row["arm"]) == (
        "'@F",
        "'=1+1",
        "'-C",
        "'+arm",
    )
    assert {row["inspector_1"], row["inspector_2"]} == {"'=I1", "'+I2"}
    assert row["inclusion_probability"] == "0.100000000"


def test_the_eligible_set_is_one_row_a_visit_in_the_order_of_firm_ids() -> None:
    two = [Drawn("F,2", "320106", "C", "", "1"), Drawn("F1", "440101", "C", "", "1")]
    people = [*staff(2), Inspector("J", regions=("44",))]
    rows = list(
        csv.reader(io.StringIO(eligible_text(planned(two, people, weeks=Calendar(MONDAY, 1)))))
    )
    assert rows == [
        ["firm_id", "week", "inspectors"],
        ["F,2", "1", "I000;I001"],
        ["F1", "1", "I000;I001;J"],
    ]


def test_the_facts_name_terms_counts_and_hashes() -> None:
    people = [*staff(2), Inspector("J", regions=("44",), max_visits=1)]
    conflict = Conflict("J", "G0", "", "own interest")
    firms_ = [*firms(2), *[Drawn(f"G{n}", "440101", "C", "", "1") for n in range(3)]]
    schedule = planned(firms_, people, [conflict], weeks=Calendar(MONDAY, 2))
    found = facts(schedule)
    assert found["starts"] == "2026-07-06"
    assert (found["weeks"], found["inspectors_per_visit"], found["revisit_months"]) == (2, 2, 24)
    assert found["barred_pairs"] == {"region": 2, "conflict": 1}
    assert found["eligible_pairs"] == 12
    assert found["eligible_per_visit"] == {"F0000": 2, "F0001": 2, "G0": 2, "G1": 3, "G2": 3}
    assert found["visits_per_week"] == [3, 2]
    assert found["schedule_sha256"] == hashlib.sha256(schedule_bytes(schedule)).hexdigest()
    assert found["eligible_sha256"] == hashlib.sha256(eligible_text(schedule).encode()).hexdigest()
    (last,) = [line for line in found["loads"] if line["inspector_id"] == "J"]
    assert last == {
        "inspector_id": "J",
        "max_visits": 1,
        "visits": 1,
        "most_in_a_week": 1,
        "eligible_visits": 2,
        "limit": 1,
    }
    assert json.loads(json.dumps(found)) == found


def test_the_facts_have_the_hash_of_the_past_or_say_that_there_was_none() -> None:
    past = Past({("I000", "F0000"): MONDAY}, {})
    assert facts(planned(firms(2), staff(3), past=past))["past_sha256"] == past.sha256
    assert facts(planned(firms(2), staff(3), past=None))["past_sha256"] is None


def test_a_firm_that_replaces_another_takes_its_number_and_week() -> None:
    drawn = firms(9)
    other = Drawn("R1", "440101", "C", "floor", "0.2")
    roster, terms = roster_of([*staff(3), Inspector("J", ("44",))]), Terms(SEED, QUARTER)
    plain = plan(drawn, roster, None, terms)
    changed = plan(drawn, roster, None, terms, Replaced({"F0004": other}, 1, "ab" * 32))
    places = [
        {visit.firm.firm_id: (visit.number, visit.week) for visit, _ in one.lines}
        for one in (plain, changed)
    ]
    assert places[1].pop("R1") == places[0].pop("F0004")
    assert places[0] == places[1]
    assert changed.notes[0] == "Replaced before the assignment: 1 firms; visited are R1 for F0004."
    assert not any("Replaced" in note for note in plain.notes)
    assert facts(changed)["replacements"] == 1
    assert facts(changed)["replacements_sha256"] == "ab" * 32
    assert facts(changed)["eligible_per_visit"]["R1"] == 4


@pytest.mark.parametrize("number", range(3))
def test_another_seed_gives_another_schedule(number: int) -> None:
    one, other = (planned(firms(30), staff(8), seed=seed(n)) for n in (number, number + 1))
    assert pairs(one) != pairs(other)
    assert [v.firm.firm_id for v, _ in one.lines] != [v.firm.firm_id for v, _ in other.lines]


def test_records_that_were_given_but_name_nobody_are_no_absent_records() -> None:
    assert (
        "The records name 0 inspectors" in planned(firms(2), staff(2), past=Past({}, {})).notes[-1]
    )
    assert "No records were given" in planned(firms(2), staff(2), past=None).notes[-1]


def test_a_folder_that_cannot_take_all_files_takes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(schedule: Schedule) -> str:
        raise OSError("disk full")

    monkeypatch.setattr(writing, "eligible_text", fails)
    with pytest.raises(OSError, match="disk full"):
        write_schedule(planned(firms(2), staff(2)), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_round_is_assigned_once(tmp_path: Path) -> None:
    one = planned(firms(6), staff(4))
    write_schedule(one, tmp_path)
    names = sorted(file.name for file in tmp_path.iterdir())
    assert names == ["eligible.csv", "schedule.csv", "schedule.json"]
    write_schedule(one, tmp_path)
    for other in (planned(firms(6), staff(5)), planned(firms(6), staff(4), seed=seed(9))):
        with pytest.raises(UserError, match="a round is assigned once"):
            write_schedule(other, tmp_path)
    assert (tmp_path / "schedule.csv").read_bytes() == schedule_bytes(one)
