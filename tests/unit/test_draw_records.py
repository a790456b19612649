"""Records as canonical JSON, moments, and files that are whole or not there."""

from __future__ import annotations

import datetime as dt
import json
from hashlib import sha256
from pathlib import Path

import pytest

from risk_index.draw import commit as committing
from risk_index.draw.errors import DrawError
from risk_index.draw.ledger import chain_findings, entries, folder_name
from risk_index.draw.outcome import probability_text
from risk_index.draw.plan import Commit, Result, StratumPlan
from risk_index.draw.records import moment, read_record, stamp, write_whole
from risk_index.draw.run import open_round, run
from tests.spec.draw_rounds import (
    COMMITTED,
    SIGNATURE,
    committed,
    drawn_round,
    frame_file,
    line,
    many_firms,
)


def test_canonical_json_is_sorted_close_and_unescaped(tmp_path):
    plan = StratumPlan(firms=3, certain=1, excluded=0, ppb=2, visits=1, phantom_ppb=9)
    text = b'{"certain":1,"excluded":0,"firms":3,"phantom_ppb":9,"ppb":2,"visits":1}'
    assert plan.canonical() == text
    assert plan.sha256() == sha256(text).hexdigest()
    made = committed(tmp_path / "l", frame_file(tmp_path / "f.csv", [line("A", "市场", 5, 1)]))
    assert '"strata":{"市场":{' in made.commit.canonical().decode()


def test_the_hash_of_a_record_is_that_of_its_file(tmp_path):
    folder = drawn_round(tmp_path)
    for name, kind in (("commit.json", Commit), ("result.json", Result)):
        data = (folder / name).read_bytes()
        assert sha256(data).hexdigest() == read_record(folder / name, kind).sha256()
        assert not data.endswith(b"\n")


def test_a_line_feed_at_the_end_is_forgiven(tmp_path):
    folder = drawn_round(tmp_path)
    before = open_round(folder)
    for name in ("commit.json", "result.json"):
        path = folder / name
        path.write_bytes(path.read_bytes() + b"\n")
    assert open_round(folder) == before


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is no commit.json"),
        (b"[]", "is no commit.json"),
        (b"\xff", "is no commit.json"),
        (b'{"rule":"another"}', "is no commit.json"),
        (b"\xef\xbb\xbf{}", "is no commit.json"),
    ],
)
def test_what_is_no_record_is_refused(tmp_path, data, said):
    (tmp_path / "commit.json").write_bytes(data)
    with pytest.raises(DrawError, match=said):
        read_record(tmp_path / "commit.json", Commit)


def test_another_rule_is_not_read_as_this_one(tmp_path):
    folder = drawn_round(tmp_path)
    text = (folder / "commit.json").read_text(encoding="utf-8")
    (folder / "commit.json").write_text(text.replace("risk-index-draw-1", "risk-index-draw-2"))
    with pytest.raises(DrawError, match=r"rule: Input should be 'risk-index-draw-1'"):
        open_round(folder)


def test_moments_go_to_the_second_in_utc():
    shanghai = dt.timezone(dt.timedelta(hours=8))
    there = dt.datetime(2026, 7, 1, 17, 0, 0, 999_999, tzinfo=shanghai)
    assert stamp(there) == "2026-07-01T09:00:00Z"
    assert moment("2026-07-01T09:00:00Z", "x") == there.replace(microsecond=0)


@pytest.mark.parametrize("text", ["2026-07-01", "2026-07-01T09:00:00", "2026-02-30T09:00:00Z", ""])
def test_other_moments_are_refused(text):
    with pytest.raises(DrawError, match=r"the day is .* written in UTC to the second"):
        moment(text, "the day")


@pytest.mark.parametrize(
    ("ppb", "text"),
    [(0, "0.000000000"), (1, "0.000000001"), (123_456_789, "0.123456789"), (10**9, "1.000000000")],
)
def test_billionths_as_a_decimal(ppb, text):
    assert probability_text(ppb) == text


def test_a_file_is_written_whole_and_leaves_nothing_beside(tmp_path):
    path = tmp_path / "x"
    write_whole(path, b"one")
    write_whole(path, b"two")
    assert path.read_bytes() == b"two"
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "none" / "x", b"three")
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_a_commit_that_fails_half_way_leaves_nothing(tmp_path, monkeypatch):
    def broken(*_):
        raise RuntimeError("power cut")

    monkeypatch.setattr(committing, "_record", broken)
    with pytest.raises(RuntimeError, match="power cut"):
        committed(tmp_path / "ledger", frame_file(tmp_path / "f.csv"))
    assert list((tmp_path / "ledger").iterdir()) == []


def test_of_two_commits_at_once_one_is_refused(tmp_path, monkeypatch):
    ledger, frame = tmp_path / "ledger", frame_file(tmp_path / "f.csv")
    record = committing._record

    def slow(*arguments):
        made = record(*arguments)
        monkeypatch.setattr(committing, "_record", record)
        committed(ledger, frame, "the quicker")
        return made

    monkeypatch.setattr(committing, "_record", slow)
    with pytest.raises(DrawError, match="was made by somebody else meanwhile"):
        committed(ledger, frame, "the slower")
    (entry,) = entries(ledger)
    assert entry.commit.round == "the quicker"
    assert [p.name for p in ledger.iterdir()] == ["0001"]


def test_a_commit_that_may_not_be_put_in_place_says_why(tmp_path, monkeypatch):
    """Missing rights or a full disk are not another commit."""

    def denied(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", denied)
    with pytest.raises(PermissionError):
        committed(tmp_path / "ledger", frame_file(tmp_path / "f.csv"))
    assert list((tmp_path / "ledger").iterdir()) == []


def test_a_run_cut_off_before_its_result_can_be_repeated(tmp_path):
    folder = drawn_round(tmp_path)
    whole = {p.name: p.read_bytes() for p in folder.iterdir()}
    (folder / "result.json").unlink()
    (folder / "drawn.csv").write_text("half a li")
    run(folder, SIGNATURE)
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == whole


def test_numbers_go_on_beyond_four_digits(tmp_path):
    assert [folder_name(n) for n in (1, 9999, 10_000)] == ["0001", "9999", "10000"]
    ledger, frame = tmp_path / "ledger", frame_file(tmp_path / "f.csv", many_firms(12, 1, 1))
    for name in ("a", "b", "c"):
        committed(ledger, frame, name)
    found = entries(ledger)
    assert [e.commit.ledger_number for e in found] == [1, 2, 3]
    assert [e.commit.previous_commit for e in found[1:]] == [e.commit.sha256() for e in found[:2]]
    assert chain_findings(found) == []
    assert not any(entry.has_run for entry in found)


def test_the_public_record_gives_no_firm_away(tmp_path):
    made = committed(tmp_path / "ledger", frame_file(tmp_path / "f.csv", many_firms(12, 1, 1)))
    text = made.commit.canonical().decode()
    assert "F000" not in text
    assert json.loads(text)["committed_at"] == stamp(COMMITTED)
