"""The script that a firm runs: short, standard library alone, and as strict as the package."""

from __future__ import annotations

import ast
import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from risk_index.draw.proof import prove
from risk_index.draw.run import run
from tests.spec.draw_rounds import (
    FIRMS,
    committed,
    drawn_round,
    edit_json,
    frame_file,
    lottery,
    many_firms,
)

DOCS = Path(__file__).resolve().parents[2] / "docs"
SCRIPT = DOCS / "check_draw.py"
FIRM = "F00002"


def check(folder, proof):
    """Run the very script in a process of its own, without this environment's packages."""
    command = [sys.executable, "-I", "-S", SCRIPT, proof, folder / "commit.json"]
    return subprocess.run([*command, folder / "result.json"], capture_output=True, text=True)


def proof_of(folder, firm):
    path = folder.parent.parent / "proof.json"
    path.write_bytes(prove(folder, firm).canonical())
    return path


def test_the_script_is_short_and_needs_the_standard_library_only():
    text = SCRIPT.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 40
    nodes = list(ast.walk(ast.parse(text)))
    names = {a.name for node in nodes if isinstance(node, ast.Import) for a in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    assert names <= sys.stdlib_module_names


def test_the_page_shows_the_very_script():
    page = (DOCS / "check-your-own-draw.md").read_text(encoding="utf-8")
    assert f"```python\n{SCRIPT.read_text(encoding='utf-8')}```\n" in page


@pytest.mark.parametrize("method", ["pareto", "systematic"])
def test_the_script_agrees_on_every_kind_of_firm(tmp_path, method):
    folder = drawn_round(tmp_path, None, method)
    with (folder / "drawn.csv").open(encoding="utf-8", newline="") as stream:
        drawn = {row["firm_id"]: row for row in csv.DictReader(stream)}
    for firm in ("A1", "A3", "A4", "A5", "B1", 'C "1", Ltd'):
        assert firm in {name for name, *_ in FIRMS}
        done = check(folder, proof_of(folder, firm))
        assert done.returncode == 0, done.stdout + done.stderr
        arm = drawn[firm]["arm"] if firm in drawn else None
        number = drawn[firm]["number"] if firm in drawn else prove(folder, firm).number
        assert f"{firm}: number {number}, drawn {firm in drawn}, arm {arm};" in done.stdout
        assert "False" not in done.stdout.split("checks that hold:")[1]


def test_the_script_checks_an_announced_event(tmp_path):
    frame = frame_file(tmp_path / "f.csv", many_firms(41))
    folder = committed(tmp_path / "ledger", frame, beacon=lottery()).folder
    run(folder, "03 11 19 24 30 33 + 07")
    done = check(folder, proof_of(folder, FIRM))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 11 19 24 30 33 7" in done.stdout


@pytest.mark.parametrize("size", [1, 2, 3, 5, 6, 7, 11])
def test_the_script_walks_trees_of_any_size(tmp_path, size):
    lines = [row.replace("F0", f"F{h}") for h in range(2) for row in many_firms(7, 1, 1)][:size]
    folder = drawn_round(tmp_path, lines)
    for row in {lines[0], lines[size // 2], lines[-1]}:
        assert check(folder, proof_of(folder, row.split(",")[0])).returncode == 0


TAMPERED = [
    ("proof.json", lambda p: p.update(row=p["row"].replace(FIRM, "F00003")), "row in frame"),
    ("proof.json", lambda p: p.update(row=p["row"] + "0"), "row in frame"),
    ("proof.json", lambda p: p.update(salt="0" * 64), "row in frame"),
    ("proof.json", lambda p: p.update(index=p["index"] + 1), "row in frame"),
    ("proof.json", lambda p: p["path"].reverse(), "row in frame"),
    ("proof.json", lambda p: p["path"].pop(), "row in frame"),
    ("proof.json", lambda p: p["path"].append("0" * 64), "row in frame"),
    ("proof.json", lambda p: p.update(number="1.0"), "number"),
    ("proof.json", lambda p: p.update(drawn=not p["drawn"]), "number"),
    ("proof.json", lambda p: p.update(arm="other"), "number"),
    ("proof.json", lambda p: p.update(commit_sha256="0" * 64), "same commit"),
    ("result.json", lambda r: r.update(commit_sha256="0" * 64), "same commit"),
    ("result.json", lambda r: r.update(seed="0" * 64), "seed"),
    ("result.json", lambda r: r.update(randomness="0" * 64), "seed"),
    ("result.json", lambda r: r.update(revealed="ab" * 48), "seed"),
    ("commit.json", lambda c: c.update(merkle_root="0" * 64), "same commit"),
    ("commit.json", lambda c: c["beacon"].update(round=1), "same commit"),
    ("commit.json", lambda c: c["beacon"].update(round=1), "time"),
    ("commit.json", lambda c: c["beacon"].update(due="2023-09-15T11:00:00Z"), "time"),
    ("commit.json", lambda c: c.update(committed_at="2020-01-01T00:00:00Z"), "same commit"),
]


@pytest.mark.parametrize(("name", "change", "failed"), TAMPERED)
def test_the_script_refuses_what_was_changed(tmp_path, name, change, failed):
    folder = drawn_round(tmp_path, many_firms(41))
    proof = proof_of(folder, FIRM)
    edit_json(proof if name == "proof.json" else folder / name, change)
    done = check(folder, proof)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"'{failed}': False" in done.stdout


def test_the_script_refuses_a_last_q_that_lets_the_firm_in_or_out(tmp_path):
    folder = drawn_round(tmp_path, many_firms(41))
    proof = proof_of(folder, FIRM)
    drawn = json.loads(proof.read_text())["drawn"]
    moved = "0.0" if drawn else "1e300"
    edit_json(
        folder / "result.json", lambda r: [s.update(last_q=moved) for s in r["strata"].values()]
    )
    assert "'number': False" in check(folder, proof).stdout
