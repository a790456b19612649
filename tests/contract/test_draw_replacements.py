"""Replacements: next in the sequence, logged in a chain that shows every change."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from risk_index.draw.errors import DrawError
from risk_index.draw.proof import prove
from risk_index.draw.replacements import replace
from risk_index.draw.verify import firm_report, round_report
from tests.property import naive_draw as naive
from tests.spec.draw_rounds import committed, drawn_round, edit_json, frame_file, line, many_firms

LINES = many_firms(120)
DAY = dt.date(2023, 10, 2)
CHAIN, NEXT = "replacement 2 does not hold the hash", "next in the sequence was"


def other_field(lines, place, value):
    """The last line with another value in one field."""
    fields = lines[3].split(",")
    return [*lines[:3], lines[3].replace(fields[place], value)]


@pytest.fixture(params=["pareto", "systematic"])
def replaced(request, tmp_path):
    """A round with three replacements, the last of a firm that was a replacement itself."""
    folder = drawn_round(tmp_path, LINES, request.param)
    firms = [row.split(",")[0] for row in (folder / "drawn.csv").read_text().splitlines()[1:]]
    first = replace(folder, firms[0], "closed", "Li", DAY)
    replace(folder, firms[3], 'moved, "gone"', "Wang", DAY)
    replace(folder, first.replaced_by, "closed as well", "Li", DAY)
    return folder


def test_replacements_hold(replaced):
    assert round_report(replaced).findings == []
    assert len((replaced / "replacements.csv").read_text(encoding="utf-8").splitlines()) == 4


def test_the_next_of_the_sequence_replaces(tmp_path):
    folder = drawn_round(tmp_path, LINES)
    rows = naive.rows_of((tmp_path / "ranked.frame.csv").read_text())
    seed = bytes.fromhex(json.loads((folder / "result.json").read_text())["seed"])
    queue = sorted(
        (
            naive.q_of(naive.number(seed, "draw", r["firm_id"]), int(r["probability_ppb"])),
            r["firm_id"],
        )
        for r in rows
        if r["stratum"] == "S0"
    )
    drawn, waiting = [f for _, f in queue[:5]], [f for _, f in queue[5:]]
    found = [replace(folder, firm, "closed", "Li", DAY).replaced_by for firm in drawn[:3]]
    found.append(replace(folder, found[1], "closed", "Li", DAY).replaced_by)
    assert found == waiting[:4]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: [*lines[:2], *lines[3:]], "replacement 3 stands in place 2"),
        (lambda lines: [lines[0], lines[2], lines[1], lines[3]], "stands in place"),
        (lambda lines: [lines[0], lines[1].replace("closed", "sick"), *lines[2:]], CHAIN),
        (lambda lines: [lines[0], lines[1].replace("Li", "Xi"), *lines[2:]], CHAIN),
        (lambda lines: other_field(lines, 5, "F00001"), NEXT),
        (lambda lines: other_field(lines, 2, "F99999"), "is not to be visited"),
        (lambda lines: lines[1:], "is no log of replacements"),
        (lambda lines: [*lines, "nonsense"], "is no log of replacements"),
        (
            lambda lines: [*lines[:3], lines[3].replace("2023-10-02", "20231002")],
            "is no log of repl",
        ),
    ],
)
def test_a_changed_log_is_refused(replaced, change, said):
    path = replaced / "replacements.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*change(lines), ""]), encoding="utf-8")
    assert said in "\n".join(round_report(replaced).findings)


def test_the_chain_begins_with_the_result(replaced):
    edit_json(replaced / "result.json", lambda r: r.update(floor_arm=0))
    (replaced / "frame.sealed.csv").unlink()
    assert "replacement 1 does not hold the hash" in "\n".join(round_report(replaced).findings)


def test_who_is_not_to_be_visited_is_not_replaced(replaced):
    gone = (replaced / "replacements.csv").read_text().splitlines()[1].split(",")[2]
    for firm in (gone, "F99999"):
        with pytest.raises(DrawError, match=f"{firm} is not to be visited"):
            replace(replaced, firm, "closed", "Li", DAY)


def test_nobody_is_replaced_by_a_list_that_was_edited_or_is_missing(replaced):
    listed = replaced / "drawn.csv"
    listed.write_text(listed.read_text(encoding="utf-8") + "X\n", encoding="utf-8")
    with pytest.raises(DrawError, match=r"drawn\.csv was edited: its SHA-256 is not that"):
        replace(replaced, "F00001", "closed", "Li", DAY)
    listed.unlink()
    with pytest.raises(DrawError, match=r"drawn\.csv is missing"):
        replace(replaced, "F00001", "closed", "Li", DAY)


@pytest.mark.parametrize(("reason", "person"), [("", "Li"), ("closed", " "), ("a\nb", "Li")])
def test_a_replacement_needs_a_reason_and_a_person(replaced, reason, person):
    with pytest.raises(DrawError, match="says nothing or has control characters"):
        replace(replaced, "F00001", reason, person, DAY)


def test_a_stratum_can_run_out(tmp_path):
    lines = [line(f"A{i}", "s", 500_000_000, 0) for i in range(4)] + [line("B", "s", 0, 0)]
    folder = drawn_round(tmp_path, lines)
    firms = [row.split(",")[0] for row in (folder / "drawn.csv").read_text().splitlines()[1:]]
    for firm in firms:
        replace(folder, firm, "closed", "Li", DAY)
    last = (folder / "replacements.csv").read_text().splitlines()[-1].split(",")[5]
    with pytest.raises(DrawError, match="Stratum s has 4 firms with a chance, and all are drawn"):
        replace(folder, last, "closed", "Li", DAY)


def test_nobody_is_replaced_before_the_run(tmp_path):
    folder = committed(tmp_path / "ledger", frame_file(tmp_path / "f.csv", LINES)).folder
    with pytest.raises(DrawError, match="run the round first"):
        replace(folder, "F00001", "closed", "Li", DAY)


def test_identifiers_with_line_separators_stay_whole(tmp_path):
    names = [f"A\u2028{i}" for i in range(4)]
    folder = drawn_round(tmp_path, [line(name, "s", 500_000_000, 0) for name in names])
    proof = tmp_path / "proof.json"
    for name in names:
        made = prove(folder, name)
        proof.write_bytes(made.canonical())
        assert firm_report(folder, proof).findings == []
        if made.drawn:
            replace(folder, name, "closed", "Li", DAY)
    assert round_report(folder).findings == []
