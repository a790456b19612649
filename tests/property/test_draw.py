"""The draw equals its second writing, and its invariants hold for any frame."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
import random
import tempfile
from fractions import Fraction
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from risk_index.draw.beacon import drand_round
from risk_index.draw.commit import Request, commit
from risk_index.draw.proof import Proof, proof_findings, prove
from risk_index.draw.public_numbers import DRAW, STEPS, numbers, odd_steps
from risk_index.draw.records import read_record
from risk_index.draw.run import open_round, run
from risk_index.draw.sampling import Design, pareto, pareto_q, systematic
from risk_index.draw.verify import verify
from tests.property import naive_draw as naive
from tests.spec.draw_rounds import (
    AT,
    COMMITTED,
    HEADER,
    RANDOMNESS,
    ROUND,
    SECRET,
    SIGNATURE,
    line,
)

WHOLE = 10**9
ids = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=8)
chances = st.one_of(st.sampled_from([0, 1, WHOLE - 1, WHOLE]), st.integers(0, WHOLE))


@st.composite
def frames(draw):
    """Lines of a frame: any identifiers, few strata, chances of any sum, at least one above 0."""
    names = draw(st.lists(ids, min_size=1, max_size=25, unique=True))
    strata = st.sampled_from(["s", "市,场", 't"', "u|v"])
    rows = []
    for name in names:
        ppb = draw(chances)
        rows.append(line(name, draw(strata), ppb, draw(st.integers(0, ppb))))
    return [*rows, line("the last one", "s", 7, 3)] if "the last one" not in names else rows


def drawn(folder, lines, method):
    frame = Path(folder) / "frame.csv"
    frame.write_text("\n".join([HEADER, *lines, ""]), encoding="utf-8", newline="\n")
    request = Request(frame, "r", method, drand_round(ROUND), None, SECRET, COMMITTED)
    made = commit(Path(folder) / "ledger", request).folder
    run(made, SIGNATURE)
    return made


def contents(folder):
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir())}


@settings(max_examples=40)
@given(frames(), st.sampled_from(["pareto", "systematic"]))
def test_the_draw_equals_its_second_writing(lines, method):
    with tempfile.TemporaryDirectory() as tmp:
        folder = drawn(tmp, lines, method)
        files = contents(folder)
    frame = "\n".join([HEADER, *lines, ""])
    rows = naive.rows_of(frame)
    record = json.loads(files["commit.json"])
    leaves = [naive.leaf_of(r["line"], naive.salt_of(SECRET, r["firm_id"])) for r in rows]
    assert record["merkle_root"] == naive.tree(leaves).hex()
    assert files["commit.json"] == naive.canonical(record)
    seed = naive.H(hashlib.sha256(files["commit.json"]).digest(), bytes.fromhex(RANDOMNESS))
    assert json.loads(files["result.json"])["seed"] == seed.hex()
    listed = list(csv.DictReader(io.StringIO(files["drawn.csv"].decode(), newline="")))
    assert {
        row["firm_id"]: {"number": row["number"], "arm": row["arm"], "order": int(row["order"])}
        for row in listed
    } == naive.draw(rows, seed, method)
    assert [row["firm_id"] for row in listed] == sorted(
        (row["firm_id"] for row in listed), key=str.encode
    )


@settings(max_examples=25)
@given(frames(), st.sampled_from(["pareto", "systematic"]), st.randoms(use_true_random=False))
def test_row_order_changes_no_byte(lines, method, order):
    shuffled = list(lines)
    order.shuffle(shuffled)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        assert contents(drawn(one, lines, method)) == contents(drawn(two, shuffled, method))


@settings(max_examples=20)
@given(frames(), st.sampled_from(["pareto", "systematic"]), st.randoms(use_true_random=False))
def test_every_firm_can_check_itself_and_the_auditor_everything(lines, method, order):
    with tempfile.TemporaryDirectory() as tmp:
        folder = drawn(tmp, lines, method)
        names = [row["firm_id"] for row in naive.rows_of("\n".join([HEADER, *lines, ""]))]
        public = open_round(folder)
        for name in order.sample(names, min(4, len(names))):
            (folder.parent / "proof.json").write_bytes(prove(folder, name).canonical())
            proof = read_record(folder.parent / "proof.json", Proof)
            assert proof_findings(proof, public.commit, public.result) == []
        (folder.parent / "proof.json").unlink()
        assert verify(folder.parent, AT).findings == []


@st.composite
def designs(draw):
    """Any chances in any strata, with any numbers, equal ones among them."""
    n, n_strata = draw(st.integers(1, 60)), draw(st.integers(1, 4))
    ppb = np.array(draw(st.lists(chances, min_size=n, max_size=n)), np.int64)
    stratum = np.array(draw(st.lists(st.integers(0, n_strata - 1), min_size=n, max_size=n)))
    some = st.one_of(st.sampled_from([0, 2**63, 2**64 - 1]), st.integers(0, 2**64 - 1))
    number = np.array(draw(st.lists(some, min_size=n, max_size=n)), np.uint64)
    phantom = np.array(draw(st.lists(some, min_size=n_strata, max_size=n_strata)), np.uint64)
    starts = st.lists(st.integers(0, WHOLE - 1), min_size=n_strata, max_size=n_strata)
    return Design(ppb, stratum, n_strata), number, phantom, np.array(draw(starts), np.int64)


@given(designs(), st.sampled_from(["pareto", "systematic"]))
def test_visits_are_exact_and_bounds_hold(given_, method):
    design, number, phantom, start = given_
    found = (
        pareto(design, number, phantom)
        if method == "pareto"
        else systematic(design, number, phantom, start)
    )
    per_stratum = design.per_stratum(found.drawn) + found.phantom_drawn
    assert per_stratum.tolist() == design.visits.tolist()
    assert found.drawn[design.ppb == WHOLE].all()
    assert not found.drawn[design.ppb == 0].any()
    assert not found.phantom_drawn[design.phantom == 0].any()
    assert (design.total + design.phantom).tolist() == (design.visits * WHOLE).tolist()


@given(designs())
def test_nobody_drawn_by_lot_has_a_larger_q_than_somebody_not_drawn(given_):
    design, number, phantom, _ = given_
    found = pareto(design, number, phantom)
    lot = (design.ppb > 0) & (design.ppb < WHOLE)
    for h in range(design.n_strata):
        q, hit = (x[lot & (design.stratum == h)] for x in (found.value, found.drawn))
        if hit.any() and not hit.all():
            assert q[hit].max() <= q[~hit].min()
        if lot[design.stratum == h].any():
            assert (q[hit] <= found.last[h]).all()
            assert (q[~hit] >= found.last[h]).all()


@given(st.integers(0, 2**64 - 1), st.integers(1, WHOLE - 1))
def test_q_is_what_any_language_with_ieee_doubles_gives(x, p):
    q = pareto_q(np.array([x], np.uint64), np.array([p])).item()
    assert q == naive.q_of(x, p)
    exact = naive.exact_q(x, p)
    assert abs(Fraction(q) - exact) <= exact * Fraction(2, 2**52)


@given(st.integers(0, 2**64 - 1))
def test_u_is_exact_and_inside_the_unit_interval(x):
    u = odd_steps(np.array([x], np.uint64)).item() / 2.0 ** (STEPS + 1)
    assert 0 < u < 1
    assert Fraction(u) == Fraction(2 * (x >> 12) + 1, 2**53)
    assert abs(u - x / 2**64) <= 2.0**-52


def test_numbers_are_spread_evenly():
    """64 bins of 64,000 numbers: chi-square within its 99.9 % range."""
    some = numbers(bytes(32), DRAW, [str(i).encode() for i in range(64_000)])
    counts = np.bincount((some >> np.uint64(58)).astype(int), minlength=64)
    assert 32 < ((counts - 1000) ** 2 / 1000).sum() < 104


def test_replay_gives_the_same_bytes_at_any_moment(tmp_path):
    lines = [line(f"F{i}", "s", 10**8, 10**7) for i in range(30)]
    random.Random(1).shuffle(lines)
    for name in "ab":
        (tmp_path / name).mkdir()
    one, two = (drawn(tmp_path / name, lines, "pareto") for name in "ab")
    assert contents(one) == contents(two)
    assert run(two, SIGNATURE, dt.datetime(2040, 1, 1, tzinfo=dt.UTC)).drawn == 3
