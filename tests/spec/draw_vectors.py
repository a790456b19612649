"""The published test vectors: `python -m tests.spec.draw_vectors` writes docs/draw-test-vectors.json anew.

Do so only with a new name of the rule: the vectors are what others test their checkers against.
"""

from __future__ import annotations

import csv
import json
import tempfile
from pathlib import Path
from typing import Any

import risk_index
from risk_index.draw.beacon import Announced, drand_round
from risk_index.draw.plan import RULE
from risk_index.draw.proof import prove
from risk_index.draw.run import run
from tests.spec.draw_rounds import (
    FIRMS,
    NUMBERS,
    REVEALED,
    ROUND,
    SECRET,
    SIGNATURE,
    committed,
    frame_file,
)

FILE = Path(__file__).resolve().parents[2] / "docs" / "draw-test-vectors.json"
CODE_VERSION = "0.1.0"


def vectors() -> dict[str, Any]:
    """Return two rounds on one small frame, as the package makes them."""
    before = risk_index.__version__
    risk_index.__version__ = CODE_VERSION
    try:
        with tempfile.TemporaryDirectory() as tmp:
            return _vectors(Path(tmp))
    finally:
        risk_index.__version__ = before


def _vectors(tmp: Path) -> dict[str, Any]:
    frame = frame_file(tmp / "frame.csv")
    event = Announced(text=NUMBERS, form="numbers", due="2023-09-15T11:00:03Z")
    ledger, rounds = tmp / "ledger", []
    for name, method, beacon, value in (
        ("first", "pareto", event, REVEALED),
        ("second", "systematic", drand_round(ROUND), SIGNATURE),
        ("third", "pareto", drand_round(ROUND), SIGNATURE),
    ):
        folder = committed(ledger, frame, name, method, beacon).folder
        run(folder, value)
        rounds.append(_round(folder, value))
    return {
        "rule": RULE,
        "explained_in": "check-your-own-draw.md",
        "signature_from": "drand quicknet round 657413, documentation of the PyPI package drand-verify 0.2.1",
        "frame": frame.read_text(encoding="utf-8").splitlines(),
        "secret": SECRET.hex(),
        "rounds": rounds,
    }


def _round(folder: Path, value: str) -> dict[str, Any]:
    commit = (folder / "commit.json").read_text(encoding="utf-8")
    proofs = [prove(folder, firm) for firm, *_ in FIRMS]
    result = (folder / "result.json").read_text(encoding="utf-8")
    drawn = (folder / "drawn.csv").read_text(encoding="utf-8")
    return {
        "commit.json": commit,
        "commit_sha256": proofs[0].commit_sha256,
        "revealed": value,
        "randomness": json.loads(result)["randomness"],
        "seed": json.loads(result)["seed"],
        "firms": {
            next(csv.reader([p.row]))[0]: {
                "salt": p.salt, "leaf": p.leaf.hex(), "number": p.number, "drawn": p.drawn, "arm": p.arm,
            }
            for p in proofs
        },
        "drawn.csv": drawn,
        "result.json": result,
        "a proof": json.loads(proofs[-1].canonical()),
    }  # fmt: skip


if __name__ == "__main__":
    text = json.dumps(vectors(), indent=1, ensure_ascii=False)
    FILE.write_text(text + "\n", encoding="utf-8")
