"""A commit to randomness that was known already: every way of checking a round refuses it.

The forger names a drand round of the past and writes a later `due` beside it. Whoever checks must know when
the round was due, whatever the commit says.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from risk_index.draw import run as running
from risk_index.draw.errors import DrawError
from risk_index.draw.proof import prove
from risk_index.draw.verify import firm_report, round_report, verify
from tests.spec.draw_rounds import (
    AT,
    ROUND,
    SIGNATURE,
    committed,
    edit_json,
    frame_file,
    many_firms,
)

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "check_draw.py"
SAID = f"round {ROUND} is due 2023-09-15T11:00:03Z, not 2023-09-20T00:00:00Z"


def known_for_days(commit):
    """The signature was public on 15 September; the commit is of the 19th."""
    commit.update(committed_at="2023-09-19T00:00:00Z")
    commit["beacon"].update(due="2023-09-20T00:00:00Z")


def too_late(commit):
    """Honest about the round, and committed after it."""
    commit.update(committed_at="2023-09-15T12:00:00Z")


def forged(tmp_path, monkeypatch, change):
    """A round that a forger's own tool has run; return it and a firm's proof."""
    folder = committed(tmp_path / "ledger", frame_file(tmp_path / "f.csv", many_firms(41))).folder
    edit_json(folder / "commit.json", change)
    with monkeypatch.context() as tool:
        tool.setattr(running, "_due", lambda *_: None)
        running.run(folder, SIGNATURE)
    proof = tmp_path / "proof.json"
    proof.write_bytes(prove(folder, "F00002").canonical())
    return folder, proof


def script(folder, proof):
    command = [sys.executable, "-I", "-S", SCRIPT, proof, folder / "commit.json"]
    return subprocess.run([*command, folder / "result.json"], capture_output=True, text=True)


def test_it_is_not_run(tmp_path):
    folder = committed(tmp_path / "ledger", frame_file(tmp_path / "f.csv")).folder
    edit_json(folder / "commit.json", known_for_days)
    with pytest.raises(DrawError, match=f"The commit is void: {SAID}"):
        running.run(folder, SIGNATURE)
    assert sorted(p.name for p in folder.iterdir()) == ["commit.json", "frame.sealed.csv"]


@pytest.mark.parametrize("sealed", [True, False])
@pytest.mark.parametrize(
    ("change", "said"), [(known_for_days, SAID), (too_late, "at least 10 minutes must lie between")]
)
def test_no_check_lets_it_pass(tmp_path, monkeypatch, change, said, sealed):
    folder, proof = forged(tmp_path, monkeypatch, change)
    if not sealed:
        (folder / "frame.sealed.csv").unlink()
    for report in (
        round_report(folder),
        verify(folder.parent, AT),
        firm_report(folder, proof),
        firm_report(folder.parent, proof),
    ):
        (finding,) = report.findings
        assert said in finding


def test_the_firms_script_works_the_time_out_itself(tmp_path, monkeypatch):
    folder, proof = forged(tmp_path, monkeypatch, known_for_days)
    done = script(folder, proof)
    assert done.returncode == 1
    assert "'time': False" in done.stdout
    assert done.stdout.count("False") == 1 + done.stdout.count("drawn False")
