"""One firm checks itself: true proofs hold, forged ones and bent results are refused."""

from __future__ import annotations

import hashlib
import json
import shutil

import pytest

from risk_index.draw.beacon import drand_round
from risk_index.draw.commit import Request, commit
from risk_index.draw.errors import DrawError
from risk_index.draw.proof import prove
from risk_index.draw.verify import firm_report
from tests.property import naive_draw as naive
from tests.spec.draw_rounds import (
    COMMITTED,
    ROUND,
    SECRET,
    committed,
    drawn_round,
    edit_json,
    frame_file,
    many_firms,
)

LINES = many_firms(120)


@pytest.fixture(scope="module")
def honest_ledger(tmp_path_factory):
    """Three rounds: Pareto, systematic, and Pareto again."""
    tmp = tmp_path_factory.mktemp("honest")
    for name, method in (("r1", "pareto"), ("r2", "systematic"), ("r3", "pareto")):
        folder = drawn_round(tmp, LINES, method, name)
        (tmp / f"{name}.json").write_bytes(prove(folder, "F00007").canonical())
    return tmp / "ledger"


@pytest.fixture
def ledger(honest_ledger, tmp_path):
    """A copy that a test may spoil."""
    return shutil.copytree(honest_ledger, tmp_path / "ledger")


def firm_findings(ledger, folder="0001", change=None):
    name = {"0001": "r1", "0002": "r2", "0003": "r3"}[folder]
    proof = ledger.parent / "proof.json"
    original = ledger.parent / f"{name}.json"
    shutil.copy(original, proof)
    if change:
        edit_json(proof, change)
    return "\n".join(firm_report(ledger, proof).findings)


@pytest.fixture
def proofs(honest_ledger, ledger):
    for name in ("r1", "r2", "r3"):
        shutil.copy(honest_ledger.parent / f"{name}.json", ledger.parent)
    return ledger


@pytest.mark.parametrize("folder", ["0001", "0002", "0003"])
def test_a_firms_proof_holds_with_public_records_alone(proofs, folder):
    (proofs / folder / "frame.sealed.csv").unlink()
    (proofs / folder / "drawn.csv").unlink()
    assert firm_findings(proofs, folder) == ""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda p: p.update(row=p["row"].replace("F00007", "F00008")), "Merkle root differs"),
        (lambda p: p.update(row=p["row"].replace(",C1,", ",C1,1")), "Merkle root differs"),
        (lambda p: p.update(salt="0" * 64), "Merkle root differs"),
        (lambda p: p.update(index=8), "Merkle root differs"),
        (lambda p: p.update(index=1000), "Merkle root differs"),
        (lambda p: p["path"].pop(), "Merkle root differs"),
        (lambda p: p["path"].append("0" * 64), "Merkle root differs"),
        (lambda p: p.update(commit_sha256="0" * 64), "No commit in"),
        (lambda p: p.update(drawn=not p["drawn"], arm=None), "the proof says"),
        (lambda p: p.update(number="0.5"), "the proof says 0.5"),
        (lambda p: p.update(arm="floor"), "the proof says"),
    ],
)
@pytest.mark.parametrize("folder", ["0001", "0002"])
def test_a_forged_proof_is_refused(proofs, folder, change, said):
    try:
        text = firm_findings(proofs, folder, change)
    except DrawError as error:
        text = str(error)
    assert said in text


def test_a_proof_of_another_round_is_refused(proofs):
    own = json.loads((proofs / "0003" / "commit.json").read_text())
    edited = naive.H(naive.canonical(own)).hex()
    text = firm_findings(proofs, "0001", lambda p: p.update(commit_sha256=edited))
    assert "the proof says" in text


def test_a_result_that_was_bent_is_refused_by_the_firm(proofs):
    edit_json(proofs / "0001" / "result.json", lambda r: r.update(seed="0" * 64))
    assert "the seed is not the hash of this commit" in firm_findings(proofs)
    edit_json(proofs / "0002" / "result.json", lambda r: r["strata"].pop("S1"))
    assert "the result has no stratum S1" in firm_findings(proofs, "0002")


@pytest.mark.parametrize("last_q", ["x", "", "nan", "inf", "-1.0", "1 "])
def test_a_last_q_that_is_no_number_is_refused(proofs, last_q):
    edit_json(proofs / "0001" / "result.json", lambda r: r["strata"]["S1"].update(last_q=last_q))
    with pytest.raises(DrawError, match=r"is no result\.json: strata\.S1\.last_q"):
        firm_findings(proofs)


def test_a_number_too_long_to_be_read_is_refused(proofs):
    with pytest.raises(DrawError, match=r"is no proof\.json: number"):
        firm_findings(proofs, "0002", lambda p: p.update(number="9" * 5000))


def test_a_list_that_says_other_than_the_proof_is_refused(proofs):
    listed = proofs / "0001" / "drawn.csv"
    head, *rows = listed.read_text(encoding="utf-8").splitlines(keepends=True)
    forged = "".join([head, *rows, "F00007,S1,S1,C1,index,1,0.1,99\n"])
    if any(row.startswith("F00007,") for row in rows):
        forged = "".join([head, *(row for row in rows if not row.startswith("F00007,"))])
    listed.write_text(forged, encoding="utf-8")
    assert "drawn.csv was edited" in firm_findings(proofs)
    digest = hashlib.sha256(forged.encode()).hexdigest()
    edit_json(proofs / "0001" / "result.json", lambda r: r.update(drawn_sha256=digest))
    assert "drawn.csv says other than the proof about F00007" in firm_findings(proofs)


def test_a_proof_before_the_run_shows_the_place_in_the_frame(tmp_path):
    folder = committed(tmp_path / "ledger", frame_file(tmp_path / "f.csv", LINES)).folder
    proof = prove(folder, "F00007")
    assert (proof.drawn, proof.arm, proof.number) == (None, None, None)
    path = tmp_path / "proof.json"
    path.write_bytes(proof.canonical())
    assert firm_report(folder, path).findings == []
    edit_json(path, lambda p: p.update(drawn=True))
    assert firm_report(folder, path).findings == [
        "the proof speaks of a draw, and there is no result"
    ]


def test_siblings_do_not_give_away_a_neighbours_probability(tmp_path):
    """Without the salt a row could be guessed: with it, the right row alone gives another hash."""
    folder = committed(tmp_path / "ledger", frame_file(tmp_path / "f.csv", LINES)).folder
    sibling = prove(folder, "F00006").path[0]
    neighbour = LINES[7]
    assert sibling == naive.leaf_of(neighbour, naive.salt_of(SECRET, "F00007")).hex()
    assert sibling != naive.H(b"\x00", neighbour.encode()).hex()


def test_salts_differ_between_commits_without_a_given_secret(tmp_path):
    frame = frame_file(tmp_path / "f.csv", LINES)
    roots = set()
    for name in ("a", "b"):
        request = Request(frame, name, "pareto", drand_round(ROUND), None, None, COMMITTED)
        roots.add(commit(tmp_path / "ledger", request).commit.merkle_root)
    assert len(roots) == 2
