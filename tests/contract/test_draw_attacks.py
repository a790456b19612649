"""What an authority with a heavy hand could try; verification refuses each, and says why."""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil

import pytest

from risk_index.draw.beacon import drand_round
from risk_index.draw.errors import DrawError
from risk_index.draw.run import run
from risk_index.draw.verify import round_report, verify
from tests.property import naive_draw as naive
from tests.spec.draw_rounds import (
    AT,
    ROUND,
    SECRET,
    SIGNATURE,
    committed,
    drawn_round,
    edit_json,
    frame_file,
    line,
    lottery,
    many_firms,
)

LINES = many_firms(120)


@pytest.fixture(scope="module")
def honest_ledger(tmp_path_factory):
    """Three rounds: Pareto, systematic, and Pareto again."""
    tmp = tmp_path_factory.mktemp("honest")
    for name, method in (("r1", "pareto"), ("r2", "systematic"), ("r3", "pareto")):
        drawn_round(tmp, LINES, method, name)
    return tmp / "ledger"


@pytest.fixture
def ledger(honest_ledger, tmp_path):
    """A copy that a test may spoil."""
    return shutil.copytree(honest_ledger, tmp_path / "ledger")


def findings(place):
    return "\n".join(verify(place, AT).findings)


def edit(path, old, new, count=1):
    text = path.read_text(encoding="utf-8")
    assert text.count(old) >= 1
    path.write_text(text.replace(old, new, count), encoding="utf-8")


def test_the_true_draw_holds(ledger):
    report = verify(ledger, AT)
    assert report.findings == []
    assert report.checked[0] == "ledger of 3 commits"
    assert report.checked[1:] == [f"000{i}: frame sealed, drawn anew" for i in (1, 2, 3)]


def test_the_public_half_holds_without_the_frames(ledger):
    for folder in ledger.iterdir():
        (folder / "frame.sealed.csv").unlink()
    report = verify(ledger, AT)
    assert report.findings == []
    assert "the sealed frame is not here" in report.checked[1]


# ---- the frame -----------------------------------------------------------------------------------


def test_a_firm_added(ledger):
    frame = ledger / "0001" / "frame.sealed.csv"
    row = line("G1", "S0", 0, 0)
    with frame.open("a", encoding="utf-8") as stream:
        stream.write(f"{row},{naive.salt_of(SECRET, 'G1')}\n")
    assert "it has 121 firms, 120 were committed to" in findings(ledger)


def test_a_firm_removed(ledger):
    frame = ledger / "0001" / "frame.sealed.csv"
    lines = frame.read_text(encoding="utf-8").splitlines(keepends=True)
    frame.write_text("".join(lines[:-1]), encoding="utf-8")
    assert "it has 119 firms, 120 were committed to" in findings(ledger)


def test_a_firm_exchanged_for_another(ledger):
    edit(ledger / "0001" / "frame.sealed.csv", "F00119,", "G00119,")
    assert "its Merkle root is" in findings(ledger)


def test_rows_in_another_order(ledger):
    frame = ledger / "0001" / "frame.sealed.csv"
    head, one, two, *rest = frame.read_text(encoding="utf-8").splitlines(keepends=True)
    frame.write_text("".join([head, two, one, *rest]), encoding="utf-8")
    assert "firm_id is in byte order" in findings(ledger)


@pytest.mark.parametrize("folder", ["0001", "0002"])
def test_one_probability_changed_after_the_commit(ledger, folder):
    frame = ledger / folder / "frame.sealed.csv"
    lines = frame.read_text(encoding="utf-8").splitlines()
    fields = lines[5].split(",")
    fields[4] = str(int(fields[4]) + 1)
    lines[5] = ",".join(fields)
    frame.write_text("\n".join([*lines, ""]), encoding="utf-8")
    assert "a row, a probability, a salt or the order was changed" in findings(ledger)


@pytest.mark.parametrize("place", [1, 2, 3, 5, 6, 7])
def test_any_other_field_changed(ledger, place):
    """Stratum, region, sector, floor and both predictions are committed to as well."""
    frame = ledger / "0003" / "frame.sealed.csv"
    lines = frame.read_text(encoding="utf-8").splitlines()
    fields = lines[9].split(",")
    fields[place] = {1: "S1", 2: "X", 3: "X", 5: "0", 6: "0.5", 7: "9"}[place]
    lines[9] = ",".join(fields)
    frame.write_text("\n".join([*lines, ""]), encoding="utf-8")
    assert "its Merkle root is" in findings(ledger)


def test_a_salt_changed(ledger):
    edit(ledger / "0001" / "frame.sealed.csv", naive.salt_of(SECRET, "F00007"), "0" * 64)
    assert "a salt or the order was changed" in findings(ledger)


def test_a_run_refuses_an_altered_frame(tmp_path):
    folder = committed(tmp_path / "ledger", frame_file(tmp_path / "f.csv", LINES)).folder
    edit(folder / "frame.sealed.csv", "F00119,", "G00119,")
    with pytest.raises(DrawError, match=r"is not the frame of commit\.json"):
        run(folder, SIGNATURE)
    assert sorted(p.name for p in folder.iterdir()) == ["commit.json", "frame.sealed.csv"]


# ---- seed, beacon, result ------------------------------------------------------------------------


def test_another_seed(ledger):
    edit_json(ledger / "0001" / "result.json", lambda r: r.update(seed="0" * 64))
    assert "seed of the result is 000" in findings(ledger)
    (ledger / "0001" / "frame.sealed.csv").unlink()
    assert "the seed of the result is 000" in findings(ledger)


def test_another_randomness(ledger):
    edit_json(ledger / "0001" / "result.json", lambda r: r.update(randomness="0" * 64))
    assert "randomness of the result is 000" in findings(ledger)


def test_another_signature(ledger):
    other = SIGNATURE.replace("b7137", "b7138", 1)
    edit_json(ledger / "0001" / "result.json", lambda r: r.update(revealed=other))
    assert f"not the signature of drand quicknet round {ROUND}" in findings(ledger)


def test_another_beacon_round_than_named(tmp_path):
    """The commit named the next round; the signature of this one does not open it."""
    named = drand_round(ROUND + 1)
    made = committed(tmp_path / "ledger", frame_file(tmp_path / "f.csv", LINES), beacon=named)
    with pytest.raises(DrawError, match=f"not the signature of drand quicknet round {ROUND + 1}"):
        run(made.folder, SIGNATURE)


def test_the_beacon_changed_in_the_commit_after_the_fact(ledger):
    def other(commit):
        commit["beacon"]["round"] += 1

    edit_json(ledger / "0003" / "commit.json", other)
    text = findings(ledger)
    assert f"round {ROUND + 1} is due 2023-09-15T11:00:03Z" not in text
    assert f"round {ROUND + 1} is due 2023-09-15T11:00:06Z, not 2023-09-15T11:00:03Z" in text


def test_a_commit_dated_after_its_randomness(ledger):
    edit_json(
        ledger / "0003" / "commit.json", lambda c: c.update(committed_at="2023-09-15T11:00:00Z")
    )
    assert "at least 10 minutes must lie between" in findings(ledger)
    with pytest.raises(DrawError, match="The commit is void"):
        run(ledger / "0003", SIGNATURE)


@pytest.mark.parametrize(
    "change",
    [
        lambda r: r["strata"]["S0"].update(last_q="0.5"),
        lambda r: r["strata"]["S0"].update(drawn=4),
        lambda r: r["strata"]["S1"].update(no_visit=True),
        lambda r: r.update(drawn=99),
        lambda r: r.update(floor_arm=99),
        lambda r: r.update(method="systematic"),
        lambda r: r.update(round="r9"),
        lambda r: r.update(commit_sha256="0" * 64),
        lambda r: r["strata"].pop("S2"),
    ],
)
def test_any_figure_of_the_result_changed(ledger, change):
    edit_json(ledger / "0001" / "result.json", change)
    assert "of the result is" in findings(ledger)
    with pytest.raises(DrawError, match="is not what this round gives"):
        run(ledger / "0001", SIGNATURE)


def test_the_list_of_firms_drawn_edited(ledger):
    listed = ledger / "0001" / "drawn.csv"
    lines = listed.read_text(encoding="utf-8").splitlines(keepends=True)
    listed.write_text("".join(lines[:-1]), encoding="utf-8")
    assert "drawn.csv was edited" in findings(ledger)
    listed.unlink()
    assert "drawn.csv is missing" in findings(ledger)


def test_the_list_edited_together_with_its_hash(ledger):
    listed = ledger / "0001" / "drawn.csv"
    edit(listed, "F0", "G0")
    forged = hashlib.sha256(listed.read_bytes()).hexdigest()
    edit_json(ledger / "0001" / "result.json", lambda r: r.update(drawn_sha256=forged))
    assert "drawn_sha256 of the result is" in findings(ledger)


def test_a_second_run_gives_the_same_and_never_another(tmp_path):
    frame = frame_file(tmp_path / "f.csv", LINES)
    folder = committed(tmp_path / "ledger", frame, beacon=lottery()).folder
    first = run(folder, "3 11 19 24 30 33 7")
    assert run(folder, "03, 11, 19, 24, 30, 33 + 07") == first
    with pytest.raises(DrawError, match="has run already, with 3 11 19 24 30 33 7"):
        run(folder, "3 11 19 24 30 33 8")


def test_a_run_before_the_randomness_is_due(tmp_path):
    frame = frame_file(tmp_path / "f.csv", LINES)
    folder = committed(tmp_path / "ledger", frame, beacon=lottery()).folder
    early = dt.datetime(2023, 9, 15, 11, 0, 2, tzinfo=dt.UTC)
    with pytest.raises(DrawError, match="is due 2023-09-15T11:00:03Z; it is 2023-09-15T11:00:02Z"):
        run(folder, "3 11 19 24 30 33 7", early)


# ---- the ledger ----------------------------------------------------------------------------------


def test_a_skipped_number(ledger):
    shutil.rmtree(ledger / "0002")
    assert "0003: number 0002 is missing before it" in findings(ledger)


def test_the_first_number_skipped(ledger):
    shutil.rmtree(ledger / "0001")
    assert "0002: number 0001 is missing before it" in findings(ledger)


def test_numbers_moved_up_over_the_gap(ledger):
    shutil.rmtree(ledger / "0002")
    (ledger / "0003").rename(ledger / "0002")
    assert "0002: its commit has ledger number 3" in findings(ledger)
    edit_json(ledger / "0002" / "commit.json", lambda c: c.update(ledger_number=2))
    assert "0002: it does not hold the hash of the commit before it" in findings(ledger)


def test_a_commit_put_aside_under_another_name(ledger):
    (ledger / "0003").rename(ledger / "0003.old")
    assert findings(ledger) == "0003.old: a commit lies here outside the numbers of the ledger"


def test_a_commit_changed_breaks_the_link_after_it(ledger):
    edit_json(ledger / "0001" / "commit.json", lambda c: c.update(code_version="9"))
    assert "0002: it does not hold the hash of the commit before it" in findings(ledger)


def test_a_second_commit_for_one_round(tmp_path, ledger):
    with pytest.raises(DrawError, match="A round has one draw"):
        committed(ledger, frame_file(tmp_path / "f.csv", LINES), "r2")
    made = committed(ledger, frame_file(tmp_path / "f.csv", LINES), "r4")
    edit_json(made.folder / "commit.json", lambda c: c.update(round="r2"))
    assert "0004: round r2 was committed before, in 0002" in findings(ledger)


def test_a_commit_that_was_never_run(tmp_path, ledger):
    committed(ledger, frame_file(tmp_path / "f.csv", LINES), "r4")
    assert "0004: round r4 was committed, its randomness was due" in findings(ledger)
    before = dt.datetime(2023, 9, 15, 11, 0, 0, tzinfo=dt.UTC)
    assert verify(ledger, before).findings == []


def test_nothing_is_added_to_a_broken_ledger(tmp_path, ledger):
    shutil.rmtree(ledger / "0002")
    with pytest.raises(DrawError, match="The ledger is broken; nothing is added to it"):
        committed(ledger, frame_file(tmp_path / "f.csv", LINES), "r4")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c.update(firms=121), "it states 121 firms, its strata add up to 120"),
        (lambda c: c.update(visits=1), "it states 1 visits, its strata add up to 15"),
        (lambda c: c.update(ppb=1), "it states 1 billionths"),
        (lambda c: c["strata"]["S0"].update(certain=1), "the totals of its strata are not those"),
        (lambda c: c.update(committed_at="2023-09-01T00:00:00Z"), "it is dated before the commit"),
    ],
)
def test_figures_of_a_commit_changed(ledger, change, said):
    edit_json(ledger / "0003" / "commit.json", change)
    (ledger / "0003" / "result.json").unlink()
    assert said in findings(ledger)


@pytest.mark.parametrize("name", ["commit.json", "result.json"])
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda t: t.replace(",", ", ", 1), "not in canonical form"),
        (
            lambda t: t.replace('"ledger_number":1', '"ledger_number":1,"ledger_number":1'),
            "canonical",
        ),
        (lambda t: t[:-1], "is no"),
        (lambda t: t.replace('"method"', '"more":1,"method"'), "more: Extra inputs"),
        (lambda t: t.replace('"ledger_number":1', '"ledger_number":"1"'), "ledger_number: Input"),
    ],
)
def test_records_in_another_form_are_refused(ledger, name, spoil, said):
    path = ledger / "0001" / name
    path.write_text(spoil(path.read_text(encoding="utf-8")), encoding="utf-8")
    assert said in "\n".join(round_report(ledger / "0001").findings)
