"""`risk-index draw` from end to end: messages, exit codes, files, and nothing half done."""

from __future__ import annotations

import csv
import hashlib
import json
import stat

import pytest
from click.testing import CliRunner

from risk_index.draw.commands import draw
from risk_index.draw.records import read_record
from risk_index.draw.verify import Proof
from tests.spec.draw_rounds import NUMBERS, SIGNATURE, frame_file, line, many_firms

DUE = "2023-09-15T11:00:03Z"
NAMED = ["--drand-round", "657413"]
EVENT = ["--announced", NUMBERS, "--announced-at", DUE]


def call(*words, code=0):
    done = CliRunner().invoke(draw, [str(word) for word in words])
    assert done.exit_code == code, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.fixture
def frame(tmp_path):
    return frame_file(tmp_path / "ranked.frame.csv", many_firms(60))


@pytest.fixture
def ledger(tmp_path):
    return tmp_path / "draws"


def commit(frame, ledger, *more, name="2023Q3", code=0, at="2023-09-14T00:00:00Z"):
    words = ["commit", frame, "--ledger", ledger, "--round", name, "--committed-at", at]
    return call(*words, *more, code=code)


def test_a_round_from_commit_to_verification(frame, ledger, tmp_path):
    said = commit(frame, ledger, *NAMED)
    sha = hashlib.sha256((ledger / "0001" / "commit.json").read_bytes()).hexdigest()
    assert "60 firms, 15 visits, 3 strata, pareto\n" in said
    assert f"commit {sha}\n" in said
    assert f"publish {ledger / '0001' / 'commit.json'} before {DUE}" in said
    assert "findings" in call("verify", ledger, code=1)

    said = call("run", ledger / "0001", "--signature", SIGNATURE)
    assert "15 firms drawn (" in said
    with (ledger / "0001" / "drawn.csv").open(encoding="utf-8", newline="") as stream:
        drawn = list(csv.DictReader(stream))
    assert sorted(int(row["order"]) for row in drawn) == list(range(1, 16))
    assert [row["firm_id"] for row in drawn] == sorted(row["firm_id"] for row in drawn)
    assert set(drawn[0]) == {
        "firm_id", "stratum", "region", "sector", "arm", "number", "inclusion_probability", "order",
    }  # fmt: skip

    firm, out = drawn[0]["firm_id"], tmp_path / "proof.json"
    assert f"{firm}: drawn; give it {out}" in call("proof", ledger / "0001", firm, "--out", out)
    assert read_record(out, Proof).drawn
    for place in (ledger, ledger / "0001"):
        assert call("verify", place, "--firm", out).endswith("all of it holds\n")
    said = call("replace", ledger / "0001", firm, "--reason", "closed", "--person", "Li",
                "--date", "2023-10-02")  # fmt: skip
    assert f"{firm} is replaced by F" in said
    log = (ledger / "0001" / "replacements.csv").read_text(encoding="utf-8")
    assert f"\n1,2023-10-02,{firm},closed,Li,F" in log
    assert call("verify", ledger) == (
        "checked ledger of 1 commits\nchecked 0001: frame sealed, drawn anew\nall of it holds\n"
    )


def test_an_announced_event_and_the_systematic_draw(frame, ledger, tmp_path):
    commit(frame, ledger, *EVENT, "--method", "systematic")
    call("run", ledger / "0001", "--randomness", "03 11 19 24 30 33 + 07")
    call("proof", ledger / "0001", "F00001", "--out", tmp_path / "proof.json")
    said = call("verify", ledger, "--firm", tmp_path / "proof.json")
    assert "only an auditor can check them" in said


def test_a_time_names_a_drand_round(frame, ledger):
    commit(frame, ledger, "--drand-at", "2023-09-15T11:00:01Z")
    beacon = json.loads((ledger / "0001" / "commit.json").read_text())["beacon"]
    assert (beacon["round"], beacon["due"]) == (657413, DUE)


def test_the_sealed_frame_is_for_its_owner_alone(frame, ledger):
    commit(frame, ledger, *NAMED)
    mode = (ledger / "0001" / "frame.sealed.csv").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_the_same_secret_gives_the_same_bytes_on_shuffled_rows(frame, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("07" * 32 + "\n")
    rows = many_firms(60)
    (tmp_path / "other").mkdir()
    shuffled = frame_file(tmp_path / "other" / "x.csv", rows[30:] + rows[:30][::-1])
    found = []
    for place, file in (("a", frame), ("b", shuffled)):
        commit(file, tmp_path / place, *NAMED, "--secret", secret)
        call("run", tmp_path / place / "0001", "--signature", SIGNATURE)
        found.append(
            {p.name: p.read_bytes() for p in sorted((tmp_path / place / "0001").iterdir())}
        )
    assert found[0] == found[1]
    assert set(found[0]) == {"commit.json", "frame.sealed.csv", "drawn.csv", "result.json"}


@pytest.mark.parametrize("text", ["07", "zz" * 32, "é"])
def test_a_secret_that_is_none(frame, ledger, tmp_path, text):
    (tmp_path / "secret").write_text(text, encoding="utf-8")
    said = commit(frame, ledger, *NAMED, "--secret", tmp_path / "secret", code=1)
    assert "holds no secret: 64 hex digits are needed" in said


def test_notes_on_small_strata_and_phantoms(ledger, tmp_path):
    rows = [line("A", "s", 4 * 10**8, 0), line("B", "s", 4 * 10**8, 0)]
    said = commit(frame_file(tmp_path / "f.csv", rows), ledger, *NAMED)
    assert 'note: 1 strata do not add up to whole visits: a unit "no visit"' in said
    assert "note: 1 of 1 strata have a sum of pi (1 - pi) below 10" in said
    said = commit(tmp_path / "f.csv", ledger, *NAMED, "--method", "systematic", name="r2")
    assert "pi (1 - pi)" not in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Name one beacon"),
        ([*NAMED, *EVENT], "Name one beacon"),
        (["--announced", NUMBERS], "--announced needs --announced-at"),
        ([*NAMED, "--method", "snowball"], "Invalid value for '--method'"),
    ],
)
def test_wrong_usage(frame, ledger, words, said):
    assert said in commit(frame, ledger, *words, code=2)
    assert not ledger.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--drand-round", "600000"], "at least 10 minutes must lie between"),
        (["--drand-round", "0"], "drand round 0 does not exist"),
        (["--drand-at", "tomorrow"], "--drand-at is 'tonight'".replace("tonight", "tomorrow")),
        (["--announced", "dice", "--announced-at", DUE], "is too short to say"),
    ],
)
def test_what_cannot_be_committed(frame, ledger, words, said):
    assert said in commit(frame, ledger, *words, code=1)
    assert not ledger.exists() or list(ledger.iterdir()) == []


def test_a_frame_without_chances_or_with_faults_leaves_nothing_behind(ledger, tmp_path):
    none = frame_file(tmp_path / "f.csv", [line("A", "s", 0, 0)])
    assert "All 1 probabilities" in commit(none, ledger, *NAMED, code=1)
    bad = frame_file(tmp_path / "g.csv", [line("A", "s", 5, 6)])
    assert "floor_ppb is at most probability_ppb" in commit(bad, ledger, *NAMED, code=1)
    assert list(ledger.iterdir()) == []


def test_a_round_is_committed_once(frame, ledger):
    commit(frame, ledger, *NAMED)
    assert "A round has one draw" in commit(frame, ledger, *NAMED, code=1)
    assert [p.name for p in ledger.iterdir()] == ["0001"]


def test_a_commit_dated_before_the_last_is_refused_and_breaks_nothing(frame, ledger):
    commit(frame, ledger, *NAMED)
    said = commit(frame, ledger, *NAMED, name="r2", at="2023-09-13T23:59:59Z", code=1)
    assert "The commit would be dated 2023-09-13T23:59:59Z, before that of" in said
    assert "0001 (2023-09-14T00:00:00Z), and break the ledger: check the clock" in said
    assert [p.name for p in ledger.iterdir()] == ["0001"]
    commit(frame, ledger, *NAMED, name="r2")
    call("verify", ledger, "--at", "2023-09-15T00:00:00Z")


@pytest.mark.parametrize("name", ["", "x" * 81, "2023\nQ3", "\udcff"])
def test_a_round_needs_a_name(frame, ledger, name):
    said = commit(frame, ledger, *NAMED, name=name, code=1)
    assert f"{len(name)} characters: 1 to 80 are needed" in said
    assert not ledger.exists()
    commit(frame, ledger, *NAMED, name="x" * 80)


def test_a_proof_is_written_over_an_earlier_proof_and_nothing_else(frame, ledger, tmp_path):
    commit(frame, ledger, *NAMED)
    out, folder = tmp_path / "proof.json", ledger / "0001"
    call("proof", folder, "F00001", "--out", out)
    call("proof", folder, "F00002", "--out", out)
    assert read_record(out, Proof).row.startswith("F00002,")
    before = (folder / "commit.json").read_bytes()
    for other in (folder / "commit.json", folder, frame):
        said = call("proof", folder, "F00001", "--out", other, code=1)
        assert f"{other} exists and is no proof: name a new file by --out" in said
    assert (folder / "commit.json").read_bytes() == before


def test_a_run_needs_the_value_of_its_own_beacon(frame, ledger):
    commit(frame, ledger, *NAMED)
    commit(frame, ledger, *EVENT, name="r2")
    assert "give --signature" in call("run", ledger / "0001", "--randomness", "1", code=2)
    assert "give --signature" in call("run", ledger / "0001", code=2)
    assert "give --randomness" in call("run", ledger / "0002", "--signature", SIGNATURE, code=2)
    assert "96 hex digits" in call("run", ledger / "0001", "--signature", "ab", code=1)
    assert "not of the announced form" in call("run", ledger / "0002", "--randomness", "x", code=1)
    assert not (ledger / "0001" / "result.json").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "none", "--signature", SIGNATURE], "commit.json does not exist"),
        (["verify", "none"], "is no folder"),
        (["proof", "none", "A"], "commit.json does not exist"),
        (["replace", "none", "A", "--reason", "r", "--person", "p"], "commit.json does not exist"),
    ],
)
def test_folders_that_are_none(tmp_path, words, said):
    words[1] = tmp_path / words[1]
    assert said in call(*words, code=1)


def test_an_empty_ledger_is_no_ledger(tmp_path):
    assert "holds no numbered round" in call("verify", tmp_path, code=1)


def test_unknown_firms_and_foreign_proofs(frame, ledger, tmp_path):
    commit(frame, ledger, *NAMED)
    assert "Z is not in the frame of round 2023Q3 (60 firms)" in call(
        "proof", ledger / "0001", "Z", code=1
    )
    other, out = tmp_path / "other", tmp_path / "proof.json"
    commit(frame, other, *NAMED)
    call("proof", other / "0001", "F00001", "--out", out)
    assert "No commit in" in call("verify", ledger, "--firm", out, code=1)
    said = call("verify", ledger / "0001", "--firm", out, code=1)
    assert "the proof is about another commit than this one" in said


def test_every_command_explains_itself():
    for name, command in draw.commands.items():
        assert command.help, name
        assert f"Usage: draw {name}" in CliRunner().invoke(draw, [name, "--help"]).output
