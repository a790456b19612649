"""Stand-ins keep max_visits and trust no file but the result and what hangs on it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.contract.inspectors_rounds import (
    EVERYBODY,
    HEADER,
    a_round,
    assigned,
    facts,
    refused,
    rows,
    send,
    team,
    visits,
)


def people(most: dict[str, int]) -> str:
    return HEADER + "".join(f"{one},,*,{most.get(one, '')}\n" for one in EVERYBODY)


def test_who_may_make_no_visit_is_no_stand_in(tmp_path: Path) -> None:
    folder = a_round(tmp_path, people({"I0": 0, "I1": 0, "I2": 0}))
    assigned(folder)
    for row in rows(folder / "eligible.csv"):
        assert row["inspectors"] == "I3;I4;I5"
    firm, row = next(iter(visits(folder).items()))
    (spare,) = {"I3", "I4", "I5"} - set(team(row))
    assert send(folder, firm, team(row)[0]).exit_code == 0
    assert rows(folder / "stand_ins.csv")[0]["stand_in"] == spare
    message = refused(send(folder, firm, spare))
    assert "of 3 eligible inspectors 3 were sent or could not come, 0 make" in message


def test_max_visits_hold_for_stand_ins(tmp_path: Path) -> None:
    folder = a_round(tmp_path)
    count = len(rows(folder / "drawn.csv"))
    # I0, I1, I2 are at their limit with one visit each; three others make the rest and stand in
    most = {"I0": 1, "I1": 1, "I2": 1, "I3": count, "I4": count - 1, "I5": count - 1}
    (tmp_path / "people.csv").write_text(people(most), encoding="utf-8")
    assigned(folder)
    planned = visits(folder)
    now = {firm: team(row) for firm, row in planned.items()}
    sent = {firm: set(who) for firm, who in now.items()}
    for firm in sorted(planned):
        gone = now[firm][0]
        loads = Counter(one for who in now.values() for one in who)
        free = {one for one in set(EVERYBODY) - sent[firm] if loads[one] < most[one]}
        result = send(folder, firm, gone)
        if not free:
            assert "make their max_visits; 1 is needed, 0 are left" in refused(result)
            continue
        assert result.exit_code == 0, result.output
        new = rows(folder / "stand_ins.csv")[-1]["stand_in"]
        assert new in free
        sent[firm].add(new)
        now[firm] = [one for one in now[firm] if one != gone] + [new]
    assert any(
        EVERYBODY[n] in sent[f] - set(team(planned[f])) for n in range(3, 6) for f in planned
    )


@pytest.mark.parametrize("relieved", [False, True])
def test_who_could_not_come_has_room_for_another_visit(tmp_path: Path, relieved: bool) -> None:
    folder = a_round(tmp_path, people({"I0": 1}))
    assigned(folder)
    planned = visits(folder)
    (theirs,) = [firm for firm, row in planned.items() if "I0" in team(row)]
    firm = next(firm for firm in planned if firm != theirs)
    if relieved:
        assert send(folder, theirs, "I0").exit_code == 0
    gone, came = team(planned[firm])[0], []
    while (result := send(folder, firm, gone)).exit_code == 0:
        gone = rows(folder / "stand_ins.csv")[-1]["stand_in"]
        came.append(gone)
    assert ("I0" in came) == relieved
    assert len(came) == 3 + relieved
    assert f"{1 - relieved} make their max_visits" in refused(result)


def test_all_at_their_limit_is_refused_with_the_count(tmp_path: Path) -> None:
    folder = a_round(tmp_path)
    count = len(rows(folder / "drawn.csv"))
    each, more = divmod(2 * count, len(EVERYBODY))
    most = {one: each + (n < more) for n, one in enumerate(EVERYBODY)}
    (tmp_path / "people.csv").write_text(people(most), encoding="utf-8")
    assigned(folder)
    firm, row = next(iter(visits(folder).items()))
    message = refused(send(folder, firm, team(row)[0]))
    assert (
        "of 6 eligible inspectors 2 were sent or could not come, 4 make their max_visits" in message
    )


@pytest.mark.parametrize("what", ["reason", "person"])
@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "-1", " @home", "＝1"])
def test_a_word_that_a_spreadsheet_would_run_is_refused(
    tmp_path: Path, what: str, text: str
) -> None:
    folder = a_round(tmp_path)
    assigned(folder)
    firm, row = next(iter(visits(folder).items()))
    message = refused(send(folder, firm, team(row)[0], **{what: text}))
    assert f"the {what} {text!r} would be a formula in a spreadsheet" in message
    assert not (folder / "stand_ins.csv").exists()


def test_ids_in_the_log_run_in_no_spreadsheet(tmp_path: Path) -> None:
    folder = a_round(tmp_path)
    assigned(folder)
    planned = visits(folder)
    for firm in [firm for firm in planned if firm.startswith("=")][:2]:
        assert send(folder, firm, team(planned[firm])[0]).exit_code == 0
    text = (folder / "stand_ins.csv").read_text(encoding="utf-8")
    assert ",'=F" in text
    assert ",=F" not in text


def edited(stated: dict[str, Any], **changes: Any) -> str:
    return json.dumps(stated | changes)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"seed": "00" * 32}, "has the seed 0000000000000000..., result.json has"),
        ({"seed": 5}, "schedule.json cannot be used: seed:"),
        ({"loads": None}, "schedule.json cannot be used: loads:"),
        ({"format": 1}, "schedule.json cannot be used: format:"),
        ({"schedule_sha256": "00" * 32}, "schedule.csv is not the file of schedule.json"),
    ],
)
def test_facts_that_are_broken_or_of_another_round_are_refused(
    tmp_path: Path, changes: dict[str, Any], expected: str
) -> None:
    folder = a_round(tmp_path)
    assigned(folder)
    firm, row = next(iter(visits(folder).items()))
    (folder / "schedule.json").write_text(edited(facts(folder), **changes), encoding="utf-8")
    assert expected in refused(send(folder, firm, team(row)[0]))


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff\xfe", b'{"seed": "ab"}'])
def test_facts_that_are_no_facts_are_refused(tmp_path: Path, data: bytes) -> None:
    folder = a_round(tmp_path)
    assigned(folder)
    firm, row = next(iter(visits(folder).items()))
    (folder / "schedule.json").write_bytes(data)
    assert "schedule.json cannot be used" in refused(send(folder, firm, team(row)[0]))


def test_before_the_assignment_nobody_stands_in(tmp_path: Path) -> None:
    folder = a_round(tmp_path)
    message = refused(send(folder, "F01", "I0"))
    assert "schedule.json does not exist: assign inspectors first" in message


def test_the_seed_is_that_of_commit_and_randomness(tmp_path: Path) -> None:
    folder = a_round(tmp_path)
    assigned(folder)
    firm, row = next(iter(visits(folder).items()))
    seed, other = facts(folder)["seed"], "11" * 32
    for name in ("result.json", "schedule.json"):
        text = (folder / name).read_text(encoding="utf-8")
        (folder / name).write_text(text.replace(seed, other), encoding="utf-8")
    message = refused(send(folder, firm, team(row)[0]))
    assert "result.json has another seed than commit and randomness give" in message
    assert not (folder / "stand_ins.csv").exists()
