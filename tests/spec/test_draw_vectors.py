"""The published vectors are what the package makes, and what a second writing from the page makes."""

from __future__ import annotations

import csv
import io
import json
import unicodedata

import pytest

from tests.property import naive_draw as naive
from tests.spec.draw_vectors import FILE, vectors

PUBLISHED = json.loads(FILE.read_text(encoding="utf-8"))
SECRET = bytes.fromhex(PUBLISHED["secret"])
ROWS = naive.rows_of("\n".join(PUBLISHED["frame"]))


@pytest.fixture(params=range(3), ids=["announced", "systematic", "drand"])
def published(request):
    return PUBLISHED["rounds"][request.param]


def test_the_package_makes_the_published_vectors():
    assert vectors() == PUBLISHED


def test_the_vectors_show_every_case():
    firms = [firm for r in PUBLISHED["rounds"] for firm in r["firms"].values()]
    assert {(firm["drawn"], firm["arm"]) for firm in firms} == {
        (True, "floor"), (True, "index"), (False, None),
    }  # fmt: skip
    strata = [
        s for r in PUBLISHED["rounds"] for s in json.loads(r["result.json"])["strata"].values()
    ]
    assert {s["no_visit"] for s in strata} == {True, False}


def test_commits_are_canonical_and_chained():
    before = None
    for r in PUBLISHED["rounds"]:
        record = json.loads(r["commit.json"])
        assert naive.canonical(record).decode() == r["commit.json"]
        assert naive.H(r["commit.json"].encode()).hex() == r["commit_sha256"]
        assert record["previous_commit"] == before
        before = r["commit_sha256"]


def test_salts_leaves_and_root_follow_the_page(published):
    leaves = []
    for row in ROWS:
        firm = published["firms"][row["firm_id"]]
        salt = naive.salt_of(SECRET, row["firm_id"])
        leaves.append(naive.leaf_of(row["line"], salt))
        assert (salt, leaves[-1].hex()) == (firm["salt"], firm["leaf"])
    assert naive.tree(leaves).hex() == json.loads(published["commit.json"])["merkle_root"]


def test_a_path_follows_the_rfc(published):
    leaves = [bytes.fromhex(published["firms"][row["firm_id"]]["leaf"]) for row in ROWS]
    proof = published["a proof"]
    path = [sibling.hex() for sibling in naive.audit_path(proof["index"], leaves)]
    assert proof["path"] == path
    assert proof["row"] == ROWS[proof["index"]]["line"]


def test_randomness_and_seed_follow_the_page(published):
    beacon = json.loads(published["commit.json"])["beacon"]
    if beacon["kind"] == "drand":
        randomness = naive.H(bytes.fromhex(published["revealed"]))
    else:
        assert beacon["form"] == "numbers"
        text = unicodedata.normalize("NFKC", published["revealed"])
        digits = "".join(c if c in "0123456789" else " " for c in text).split()
        randomness = naive.H(" ".join(str(int(d)) for d in digits).encode())
    assert published["randomness"] == randomness.hex()
    own = bytes.fromhex(published["commit_sha256"])
    assert published["seed"] == naive.H(own, randomness).hex()


def test_the_firms_drawn_follow_the_page(published):
    method = json.loads(published["commit.json"])["method"]
    expected = naive.draw(ROWS, bytes.fromhex(published["seed"]), method)
    listed = list(csv.DictReader(io.StringIO(published["drawn.csv"], newline="")))
    assert {row["firm_id"] for row in listed} == set(expected)
    chances = {row["firm_id"]: int(row["probability_ppb"]) for row in ROWS}
    for row in listed:
        assert row["number"] == expected[row["firm_id"]]["number"]
        assert row["arm"] == expected[row["firm_id"]]["arm"]
        assert int(row["order"]) == expected[row["firm_id"]]["order"]
        assert round(float(row["inclusion_probability"]) * 1e9) == chances[row["firm_id"]]
    for firm, said in published["firms"].items():
        assert said["drawn"] == (firm in expected)


def test_the_result_holds_the_hash_of_the_list(published):
    result = json.loads(published["result.json"])
    assert result["drawn_sha256"] == naive.H(published["drawn.csv"].encode()).hex()
    assert result["commit_sha256"] == published["commit_sha256"]
