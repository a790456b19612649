"""Which ranking a commit records: said, held to the plan of its round, and refused where it is none."""

from __future__ import annotations

import hashlib
import json

import pytest
from click.testing import CliRunner

from risk_index.draw.commands import draw
from tests.spec.draw_rounds import frame_file, many_firms

RANKING = "firm_id,model_version,as_of\nA,abc123,2023-06-30\n"


@pytest.fixture
def frame(tmp_path):
    return frame_file(tmp_path / "ranked.frame.csv", many_firms(60))


@pytest.fixture
def ranked(frame):
    path = frame.with_name("ranked.csv")
    path.write_text(RANKING, encoding="utf-8-sig")
    return path


def commit(frame, *more, code=0):
    words = ["commit", frame, "--ledger", frame.parent / "draws", "--round", "2023Q3",
             "--drand-round", 657413, "--committed-at", "2023-09-14T00:00:00Z"]  # fmt: skip
    done = CliRunner().invoke(draw, [str(word) for word in (*words, *more)])
    assert done.exit_code == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def record(frame):
    return json.loads((frame.parent / "draws" / "0001" / "commit.json").read_text())


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def plan(frame, **facts):
    frame.with_name("ranked.round.json").write_text(json.dumps(facts))


def test_the_ranking_beside_the_frame_is_recorded_and_named(frame, ranked):
    said = commit(frame)
    assert f"ranking {ranked}, model abc123, as of 2023-06-30\n" in said
    made = record(frame)
    assert (made["model_version"], made["as_of"]) == ("abc123", "2023-06-30")
    assert made["ranked_sha256"] == digest(ranked)


def test_a_commit_without_a_ranking_says_so(frame):
    assert "note: no ranking recorded" in commit(frame)
    assert record(frame)["ranked_sha256"] is None


def test_a_frame_of_another_name_has_no_ranking_beside_it(frame, ranked):
    renamed = frame.rename(frame.with_name("frame.csv"))
    assert "note: no ranking recorded" in commit(renamed)


@pytest.mark.parametrize(
    "data",
    [
        b"PAR1\x15\x04\x15\xb0\xff\xfe\x00",
        b"",
        RANKING.encode("utf-16"),
        b"firm_id,name\nA,Alpha\n",
        b"firm_id,model_version,as_of\n",
        b"firm_id,model_version,as_of\nA,,2023-06-30\n",
        b'firm_id,model_version,as_of\n"' + b"x" * 200_000 + b'",a,b\n',
    ],
)
def test_what_is_no_ranking_is_refused(frame, ranked, data):
    ranked.write_bytes(data)
    for more in ([], ["--ranked", ranked]):
        said = commit(frame, *more, code=1)
        assert f"{ranked} is no ranking" in said
        assert "by --ranked" in said
    assert list((frame.parent / "draws").iterdir()) == []


def test_frame_and_ranking_of_their_plan_are_taken(frame, ranked):
    plan(frame, frame_sha256=digest(frame), ranked_sha256=digest(ranked))
    assert "model abc123" in commit(frame)


@pytest.mark.parametrize("other", ["frame_sha256", "ranked_sha256"])
def test_a_frame_or_ranking_that_is_not_the_plans_is_refused(frame, ranked, other):
    right = {"frame_sha256": digest(frame), "ranked_sha256": digest(ranked)}
    plan(frame, **right | {other: "0" * 64})
    said = commit(frame, code=1)
    name = {"frame_sha256": frame, "ranked_sha256": ranked}[other]
    assert f"{name} is not the file of ranked.round.json: its SHA-256 is {digest(name)}" in said


def test_another_ranking_named_on_the_command_line_is_held_to_the_plan_too(frame, ranked):
    plan(frame, frame_sha256=digest(frame), ranked_sha256=digest(ranked))
    other = frame.with_name("other.csv")
    other.write_text(RANKING.replace("abc123", "def456"), encoding="utf-8")
    assert f"{other} is not the file of ranked.round.json" in commit(
        frame, "--ranked", other, code=1
    )


@pytest.mark.parametrize("text", ["{", "[]", "\xff"])
def test_a_plan_that_is_none_is_refused(frame, text):
    frame.with_name("ranked.round.json").write_text(text, encoding="latin-1")
    assert "ranked.round.json is no plan of a round" in commit(frame, code=1)
