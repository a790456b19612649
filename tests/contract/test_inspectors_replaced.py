"""Firms that replace others get their inspectors by lot, whenever they were replaced."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path

import pytest

from tests.contract.inspectors_rounds import (
    EVERYBODY,
    HEADER,
    PEOPLE,
    STARTS,
    a_round,
    assigned,
    facts,
    late,
    refused,
    replaced,
    rows,
    run,
    send,
    team,
    visits,
)

DAY = dt.timedelta(days=1)
FILES = ("schedule.csv", "schedule.json", "eligible.csv")


def contents(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in FILES]


def by_lot(folder: Path, firm: str, people: tuple[str, ...] = EVERYBODY) -> list[str]:
    """Inspectors in the order of their keys: the key falls as the pair's number rises."""
    seed = bytes.fromhex(facts(folder)["seed"])
    return sorted(
        people,
        key=lambda one: hashlib.sha256(seed + f"inspector|{firm}|{one}".encode()).digest()[:8],
        reverse=True,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a round that was drawn."""
    return a_round(tmp_path)


def test_firms_replaced_before_the_assignment_are_not_scheduled(folder: Path) -> None:
    drawn = {row["firm_id"]: row for row in rows(folder / "drawn.csv")}
    one, two = sorted(drawn)[:2]
    middle = replaced(folder, one)
    last, other = replaced(folder, middle), replaced(folder, two)
    said = assigned(folder)
    assert (
        f"Replaced before the assignment: 2 firms; visited are {last} for {one}, {other} for"
        in said
    )
    found = visits(folder)
    assert set(found) == {*drawn, last, other} - {one, two}
    assert (found[last]["visit"], found[other]["visit"]) == (
        drawn[one]["order"],
        drawn[two]["order"],
    )
    frame = {row["firm_id"]: row for row in rows(folder / "frame.sealed.csv")}
    for firm in (last, other):
        assert found[firm]["inclusion_probability"] == "0.200000000"
        assert found[firm]["arm"] in ("floor", "index")
        for name in ("region", "sector"):
            assert found[firm][name] == frame[firm][name]
    assert facts(folder)["replacements"] == 3
    before = contents(folder)
    assigned(folder)
    assert contents(folder) == before


def test_a_firm_replaced_later_gets_the_first_of_its_keys_and_the_schedule_stays(
    folder: Path,
) -> None:
    assigned(folder)
    before, planned = contents(folder), visits(folder)
    gone = sorted(planned)[0]
    new = replaced(folder, gone)
    said = assigned(folder)
    assert f"visits to 1 firms that replace others ({new} for {gone})" in said
    assert contents(folder) == before
    row = late(folder)[new]
    assert row["inspectors"].split(";") == by_lot(folder, new)[:2]
    assert row["eligible"].split(";") == list(EVERYBODY)
    assert [row[name] for name in ("visit", "week", "week_begins")] == [
        planned[gone][name] for name in ("visit", "week", "week_begins")
    ]
    assert (row["replaces"], row["inclusion_probability"]) == (gone, "0.200000000")
    log = (folder / "replacement_visits.csv").read_bytes()
    assert "every firm that replaces another has its visit" in assigned(folder)
    assert (folder / "replacement_visits.csv").read_bytes() == log


def test_later_visits_are_a_chain_from_the_schedule_on(folder: Path) -> None:
    assigned(folder)
    first, second = sorted(visits(folder))[:2]
    replaced(folder, first)
    assigned(folder)
    replaced(folder, second)
    assigned(folder)
    data = (folder / "replacement_visits.csv").read_text(encoding="utf-8")
    _, one, two = data.splitlines(keepends=True)
    assert one.rstrip().endswith(
        hashlib.sha256((folder / "schedule.json").read_bytes()).hexdigest()
    )
    assert two.rstrip().endswith(hashlib.sha256(one.encode()).hexdigest())
    altered = data.replace(";I", ";J", 1)
    (folder / "replacement_visits.csv").write_text(altered, encoding="utf-8")
    replaced(folder, sorted(visits(folder))[2])
    assert "was altered" in refused(run(folder))


@pytest.mark.parametrize("number", range(3))
def test_a_week_that_had_begun_gives_way_to_the_next(folder: Path, number: int) -> None:
    assigned(folder)
    planned = visits(folder)
    gone = min(planned, key=lambda firm: int(planned[firm]["visit"]))
    day = STARTS + (7 * number + 2) * DAY
    new = replaced(folder, gone, day)
    assigned(folder)
    assert planned[gone]["week"] == "1"
    assert late(folder)[new]["week"] == str(number + 2)
    assert late(folder)[new]["week_begins"] == (STARTS + 7 * (number + 1) * DAY).isoformat()


def test_a_firm_replaced_twice_is_visited_once(folder: Path) -> None:
    assigned(folder)
    gone = sorted(visits(folder))[0]
    middle = replaced(folder, gone)
    last = replaced(folder, middle)
    assigned(folder)
    assert set(late(folder)) == {last}
    third = replaced(folder, last)
    assigned(folder)
    assert list(late(folder)) == [last, third]
    assert late(folder)[third]["visit"] == visits(folder)[gone]["visit"]


def test_max_visits_hold_for_later_visits(tmp_path: Path) -> None:
    folder = a_round(tmp_path)
    assigned(folder)
    load = {line["inspector_id"]: line["visits"] for line in facts(folder)["loads"]}
    for name in ("schedule.csv", "schedule.json", "eligible.csv"):
        (folder / name).unlink()
    # I0 and I1 have no room for another visit, unless it is one of theirs that falls away
    full = {one: str(load[one]) for one in EVERYBODY[:2]}
    people = HEADER + "".join(f"{one},,*,{full.get(one, '')}\n" for one in EVERYBODY)
    (tmp_path / "people.csv").write_text(people, encoding="utf-8")
    assigned(folder)
    planned = visits(folder)
    for gone in sorted(planned):
        if not {"I0", "I1"} & set(team(planned[gone])):
            new = replaced(folder, gone)
            assigned(folder)
            expected = [one for one in by_lot(folder, new) if one not in full][:2]
            assert late(folder)[new]["inspectors"].split(";") == expected
    assert len(late(folder)) >= 1


def test_conflicts_hold_and_too_few_inspectors_are_refused_until_the_firm_is_replaced(
    tmp_path: Path,
) -> None:
    folder = a_round(tmp_path)
    (tmp_path / "trial").mkdir()
    trial = a_round(tmp_path / "trial")
    gone = sorted(row["firm_id"] for row in rows(trial / "drawn.csv"))[0]
    new = replaced(trial, gone)
    barred = EVERYBODY[1:]
    conflicts = tmp_path / "conflicts.csv"
    conflicts.write_text(
        "inspector_id,firm_id,group_id,ground\n"
        + "".join(f"{one},{new},,own interest\n" for one in barred),
        encoding="utf-8",
    )
    assigned(folder, "--conflicts", str(conflicts))
    assert replaced(folder, gone) == new
    message = refused(run(folder, "--conflicts", str(conflicts)))
    assert f"firm {new}, which replaces {gone}: 2 inspectors are needed" in message
    assert "1 are eligible" in message
    assert not (folder / "replacement_visits.csv").exists()
    other = replaced(folder, new)
    assigned(folder, "--conflicts", str(conflicts))
    assert set(late(folder)) == {other}


def test_later_visits_read_the_records_up_to_the_day_of_the_replacement(tmp_path: Path) -> None:
    folder = a_round(tmp_path)
    (tmp_path / "trial").mkdir()
    trial = a_round(tmp_path / "trial")
    gone = sorted(row["firm_id"] for row in rows(trial / "drawn.csv"))[0]
    new = replaced(trial, gone)
    records = tmp_path / "records"
    records.mkdir()
    (records / "firms.csv").write_text(
        f"firm_id,name,registered_on,recorded_on\n{new},Alpha,2010-01-01,2010-01-01\n",
        encoding="utf-8",
    )
    (records / "inspections.csv").write_text(
        "inspection_id,firm_id,inspected_on,inspector_id,violation,recorded_on\n"
        f"V1,{new},2025-07-06,I3；I5,0,2025-07-07\n",
        encoding="utf-8",
    )
    assigned(folder, "--records", str(records))
    assert replaced(folder, gone) == new
    assert "records (given one time and not the other)" in refused(run(folder))
    assigned(folder, "--records", str(records))
    row = late(folder)[new]
    left = ("I0", "I1", "I2", "I4")
    assert row["eligible"].split(";") == list(left)
    assert row["inspectors"].split(";") == by_lot(folder, new, left)[:2]
    text = f'[[["I3", "{new}", "2025-07-06"], ["I5", "{new}", "2025-07-06"]], []]'
    assert row["past_sha256"] == hashlib.sha256(text.encode()).hexdigest()


def test_other_lists_or_terms_are_refused_for_later_visits(folder: Path) -> None:
    assigned(folder)
    replaced(folder, sorted(visits(folder))[0])
    assert "assigned with other weeks" in refused(run(folder, "--weeks", "5"))
    assert "other starts" in refused(run(folder, "--starts", "2026-07-13"))
    people = folder.parents[1] / "people.csv"
    people.write_text(PEOPLE + "I7,,*,\n", encoding="utf-8")
    assert "assigned with other roster_sha256" in refused(run(folder))
    assert not (folder / "replacement_visits.csv").exists()


def test_a_log_of_replacements_that_was_cut_or_altered_is_refused(folder: Path) -> None:
    gone = sorted(row["firm_id"] for row in rows(folder / "drawn.csv"))[0]
    replaced(folder, gone)
    log = folder / "replacements.csv"
    whole = log.read_text(encoding="utf-8")
    assigned(folder)
    log.unlink()
    assert "does not hold the 1 entries that schedule.json takes in" in refused(run(folder))
    log.write_text(whole.replace("closed", "moved"), encoding="utf-8")
    assert "does not hold the 1 entries" in refused(run(folder))
    header, entry = whole.splitlines(keepends=True)
    log.write_text(header + entry[:-2] + "x\n", encoding="utf-8")
    assert "does not hold" in refused(run(folder))


def test_an_altered_frame_gives_no_replacement(folder: Path) -> None:
    gone = sorted(row["firm_id"] for row in rows(folder / "drawn.csv"))[0]
    replaced(folder, gone)
    frame = folder / "frame.sealed.csv"
    frame.write_text(frame.read_text(encoding="utf-8").replace(",C1,", ",C2,"), encoding="utf-8")
    assert "is not the frame of commit.json" in refused(run(folder))


def test_stand_ins_go_to_replacing_firms_and_to_no_replaced_one(folder: Path) -> None:
    assigned(folder)
    gone = sorted(visits(folder))[0]
    new = replaced(folder, gone)
    assert f"no visit to {new} in the schedule" in refused(send(folder, new, "I0"))
    assigned(folder)
    first, second, third, *_ = by_lot(folder, new)
    result = send(folder, new, second)
    assert result.exit_code == 0, result.output
    assert f"{new}: {third} goes in place of {second}" in result.output
    assert f"{second} is not to visit {new}: {first}, {third} are" in refused(
        send(folder, new, second)
    )
    someone = team(visits(folder)[gone])[0]
    assert f"{gone} is replaced by {new}" in refused(send(folder, gone, someone))
