"""The proof for one firm: its row, its salt, its path to the root, and what the draw did with it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, StringConstraints

from risk_index.draw import merkle
from risk_index.draw.beacon import Revealed
from risk_index.draw.errors import DrawError
from risk_index.draw.frame import FORMS, split_line
from risk_index.draw.outcome import arm, seed_of, select, value_text
from risk_index.draw.plan import RULE, Arm, Commit, Method, Result, StratumResult
from risk_index.draw.public_numbers import DRAW, START, below, number
from risk_index.draw.records import Hex32, Record, read_record, write_whole
from risk_index.draw.run import Round, committed_frame, open_round, revealed_of
from risk_index.draw.sampling import pareto_q
from risk_index.draw.sealed import SealedFrame, find_line
from risk_index.frame_columns import BILLION

LONGEST_NUMBER = 40
"""More characters than any q or number of billionths has."""
SAID = {True: "drawn", False: "not drawn", None: "not run yet"}


class Proof(Record):
    """What a firm is given.

    ``row`` is the firm's line of the frame; ``salt`` completes it to the line that was hashed; ``path`` holds
    the sibling hashes up to the root. ``drawn``, ``arm`` and ``number`` (q, or the billionths before the
    firm) are null before the run; arm is null too for a firm not drawn.
    """

    rule: Literal["risk-index-draw-1"] = RULE
    ledger_number: int
    round: str
    commit_sha256: Hex32
    row: str
    salt: Hex32
    index: Annotated[int, Field(ge=0)]
    path: list[Hex32]
    drawn: bool | None
    arm: Arm | None
    number: Annotated[str, StringConstraints(max_length=LONGEST_NUMBER)] | None

    @property
    def leaf(self) -> bytes:
        """Hash of the sealed line."""
        return merkle.leaf_hash(f"{self.row},{self.salt}".encode())


def prove(folder: Path, firm_id: str) -> Proof:
    """Make the proof of one firm; before the run, of its place in the frame alone.

    Raises
    ------
    DrawError
        Where the firm is not in the frame, or the folder was altered.
    """
    drawn = open_round(folder)
    revealed = revealed_of(drawn) if drawn.result else None
    frame = committed_frame(drawn, revealed)
    found = find_line(drawn.sealed, firm_id)
    if found is None:
        raise DrawError(
            f"{firm_id} is not in the frame of round {drawn.commit.round} ({drawn.commit.firms} firms): it "
            "had no chance of being drawn."
        )
    place, line = found
    row, _, salt = line.decode().rpartition(",")
    hit, its_arm, value = _fate(drawn, frame, place, firm_id, revealed)
    return Proof(
        ledger_number=drawn.commit.ledger_number,
        round=drawn.commit.round,
        commit_sha256=drawn.commit.sha256(),
        row=row,
        salt=salt,
        index=place,
        path=[sibling.hex() for sibling in merkle.path(frame.leaves, place)],
        drawn=hit,
        arm=its_arm,
        number=value,
    )


def write_proof(proof: Proof, out: Path) -> None:
    """Write a proof; over an earlier proof, but over no other file.

    Raises
    ------
    DrawError
        Where `out` exists and is no proof.
    """
    if out.exists():
        try:
            read_record(out, Proof)
        except DrawError:
            raise DrawError(f"{out} exists and is no proof: name a new file by --out.") from None
    write_whole(out, proof.canonical())


def _fate(
    drawn: Round, frame: SealedFrame, place: int, firm_id: str, revealed: Revealed | None
) -> tuple[bool | None, Arm | None, str | None]:
    """Return whether a firm was drawn, its arm and its number; nothing before the run."""
    if revealed is None:
        return None, None, None
    seed = seed_of(drawn.commit, revealed)
    selection = select(frame, drawn.commit.method, seed)
    ppb, floor = int(frame.ppb[place]), int(frame.floor[place])
    hit = bool(selection.drawn[place])
    its_arm = arm(seed, firm_id.encode(), ppb, floor) if hit else None
    return hit, its_arm, value_text(selection, place, ppb)


def proof_findings(proof: Proof, commit: Commit, result: Result | None) -> list[str]:
    """Return what is wrong with a firm's proof, from public records alone; empty if it holds.

    Under Pareto the firm recomputes its own luck in full. Under the systematic draw it takes the billionths
    before it from the proof; whether those are right only an auditor with the whole frame can tell.
    """
    if proof.commit_sha256 != commit.sha256():
        return ["the proof is about another commit than this one"]
    path = [bytes.fromhex(sibling) for sibling in proof.path]
    root = merkle.root_from_path(proof.leaf, proof.index, commit.firms, path)
    if root is None or root.hex() != commit.merkle_root:
        return [
            "the row, the salt or the path is not what was committed to: the Merkle root differs"
        ]
    row = _row(proof)
    if row is None:
        return ["the row is not in the form of a frame"]
    if result is None:
        return [] if proof.drawn is None else ["the proof speaks of a draw, and there is no result"]
    if result.commit_sha256 != proof.commit_sha256 or result.method != commit.method:
        return ["the result is of another commit than this one"]
    return _luck_findings(proof, row, commit, result)


@dataclass(frozen=True)
class _Row:
    """What the draw needs of a firm's row."""

    firm_id: bytes
    stratum: str
    ppb: int
    floor: int


def _row(proof: Proof) -> _Row | None:
    try:
        values = split_line(proof.row.encode())
    except ValueError:
        return None
    forms = zip(FORMS, values, strict=False)
    if len(values) != len(FORMS) or not all(re.fullmatch(form, value) for form, value in forms):
        return None
    return _Row(values[0].encode(), values[1], int(values[4]), int(values[5]))


def _luck_findings(proof: Proof, row: _Row, commit: Commit, result: Result) -> list[str]:
    revealed = commit.beacon.reveal(result.revealed)
    seed = seed_of(commit, revealed)
    if result.randomness != revealed.randomness.hex() or result.seed != seed.hex():
        return ["the seed is not the hash of this commit and this randomness"]
    stratum = result.strata.get(row.stratum)
    if stratum is None:
        return [f"the result has no stratum {row.stratum}"]
    hit, value = _luck(row, proof, seed, commit.method, stratum)
    its_arm = arm(seed, row.firm_id, row.ppb, row.floor) if hit else None
    findings = []
    if value != proof.number:
        findings.append(f"its number is {value or 'none'}, the proof says {proof.number or 'none'}")
    if hit != proof.drawn:
        findings.append(f"it was {SAID[hit]}, the proof says {SAID[proof.drawn]}")
    elif its_arm != proof.arm:
        findings.append(f"its arm is {its_arm}, the proof says {proof.arm}")
    return findings


def _luck(
    row: _Row, proof: Proof, seed: bytes, method: Method, stratum: StratumResult
) -> tuple[bool, str]:
    """Return whether a firm was drawn, and its number."""
    if not 0 < row.ppb < BILLION:
        return row.ppb == BILLION, ""
    if method == "pareto":
        own = np.array([number(seed, DRAW, row.firm_id)], np.uint64)
        q = pareto_q(own, np.array([row.ppb])).item()
        return q <= float(stratum.last_q or "nan"), repr(q)
    said = proof.number or ""
    before = int(said) if said.isdecimal() else 0
    start = below(number(seed, START, row.stratum.encode()), BILLION)
    return (start - before) % BILLION < row.ppb, str(before)
