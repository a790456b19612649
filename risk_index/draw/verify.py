"""Checking a ledger, a round or one firm, from what was published."""

from __future__ import annotations

import csv
import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from risk_index.draw.errors import DrawError
from risk_index.draw.ledger import (
    chain_findings,
    entries,
    own_findings,
    stray_findings,
    unrun_findings,
)
from risk_index.draw.outcome import outcome, seed_of
from risk_index.draw.plan import COMMIT, DRAWN, Commit, Result
from risk_index.draw.proof import Proof, proof_findings
from risk_index.draw.records import now, read_record
from risk_index.draw.replacements import choice_findings, log_findings, read_log
from risk_index.draw.run import Round, drawn_bytes, frame_problem, open_round, revealed_of
from risk_index.draw.sealed import read_sealed


@dataclass(frozen=True)
class Report:
    """What was checked and what was found wrong.

    Attributes
    ----------
    checked : list of str
        What was looked at, and what could not be.
    findings : list of str
        What is wrong; empty if all holds.
    """

    checked: list[str]
    findings: list[str]


def verify(place: Path, at: dt.datetime | None = None) -> Report:
    """Check a ledger with all its rounds, or the folder of one round.

    Rounds are drawn anew where the sealed frame is there (an auditor's check); else only what is public is
    checked: the chain of commits, the beacon, the seed, the hashes.
    """
    if (place / COMMIT).exists():
        return round_report(place)
    found = entries(place)
    if not found:
        raise DrawError(f"{place} holds no numbered round.")
    reports = [round_report(entry.folder) for entry in found]
    checked = [f"ledger of {len(found)} commits"] + [line for r in reports for line in r.checked]
    own = [line for r in reports for line in r.findings]
    chain = stray_findings(place) + chain_findings(found) + unrun_findings(found, at or now())
    return Report(checked, list(dict.fromkeys(chain + own)))


def round_report(folder: Path) -> Report:
    """Check one round as far as its folder allows."""
    checked: list[str] = []
    findings: list[str] = []
    try:
        drawn = open_round(folder)
        findings += own_findings(drawn.commit)
        if drawn.sealed.exists():
            findings += _with_frame(drawn)
            checked.append("frame sealed" + (", drawn anew" if drawn.result else ", not run yet"))
        else:
            findings += _public(drawn)
            checked.append(
                "public records only; whole draw not repeated, the sealed frame is not here"
            )
    except DrawError as error:
        findings.append(str(error))
    name = folder.resolve().name
    return Report([f"{name}: {x}" for x in checked], [f"{name}: {x}" for x in findings])


def firm_report(place: Path, proof_file: Path) -> Report:
    """Check a firm's proof against the public records in a round's folder or a ledger.

    Where ``drawn.csv`` lies beside them, the list of the firms drawn is checked to say the same.
    """
    proof = read_record(proof_file, Proof)
    folder = place if (place / COMMIT).exists() else _folder_of(place, proof)
    drawn = open_round(folder)
    findings = own_findings(drawn.commit) + proof_findings(proof, drawn.commit, drawn.result)
    if drawn.result and (folder / DRAWN).exists() and not findings:
        findings = _listed(proof, drawn)
    checked = [f"{folder.resolve().name}: row of the frame" + (", draw" if drawn.result else "")]
    if drawn.result and drawn.commit.method == "systematic":
        checked.append(
            "the billionths before this firm are taken from the proof; only an auditor can check them"
        )
    return Report(checked, findings)


def _with_frame(drawn: Round) -> list[str]:
    """Repeat a round from its sealed frame."""
    if drawn.result is None:
        problem = frame_problem(drawn.commit, read_sealed(drawn.sealed))
        return [problem] if problem else log_findings(drawn, read_log(drawn.folder))
    revealed = revealed_of(drawn)
    seed = seed_of(drawn.commit, revealed)
    frame = read_sealed(drawn.sealed, seed)
    if problem := frame_problem(drawn.commit, frame):
        return [f"the frame is not the one committed to: {problem}"]
    expected = outcome(drawn.commit, frame, drawn.sealed, revealed)
    findings = _differences(drawn.result, expected.result) + _drawn_edited(drawn)
    log = read_log(drawn.folder)
    findings += log_findings(drawn, log)
    return findings or choice_findings(drawn, frame, seed, log)


def _public(drawn: Round) -> list[str]:
    """Check what needs no frame."""
    log = read_log(drawn.folder)
    if drawn.result is None:
        return log_findings(drawn, log)
    return (
        _claims(drawn.commit, drawn.result, drawn) + _drawn_edited(drawn) + log_findings(drawn, log)
    )


def _claims(commit: Commit, result: Result, drawn: Round) -> list[str]:
    """Return what a result says that its commit and beacon do not bear out."""
    revealed = revealed_of(drawn)
    findings = []
    for what, said, right in (
        ("commit hash", result.commit_sha256, commit.sha256()),
        ("round", result.round, commit.round),
        ("method", result.method, commit.method),
        ("randomness", result.randomness, revealed.randomness.hex()),
        ("seed", result.seed, seed_of(commit, revealed).hex()),
        ("number of strata", len(result.strata), len(commit.strata)),
    ):
        if said != right:
            findings.append(f"the {what} of the result is {said}, {right} follows from the commit")
    for name, plan in commit.strata.items():
        got = result.strata.get(name)
        if got is None or got.drawn + got.no_visit != plan.visits:
            findings.append(
                f"stratum {name} was to have {plan.visits} visits, the result has others"
            )
    return findings


def _differences(said: Result, right: Result) -> list[str]:
    """Return the fields in which a result differs from the draw repeated."""
    pairs = zip(said.model_dump().items(), right.model_dump().values(), strict=True)
    return [
        f"{name} of the result is {_short(value)}, drawing anew gives {_short(other)}"
        for (name, value), other in pairs
        if value != other
    ]


def _drawn_edited(drawn: Round) -> list[str]:
    """Return whether the list of firms is another than that of the result."""
    try:
        drawn_bytes(drawn)
    except DrawError as error:
        return [str(error)]
    return []


def _listed(proof: Proof, drawn: Round) -> list[str]:
    """Return where the list of firms drawn says other than a proof."""
    try:
        data = drawn_bytes(drawn)
    except DrawError as error:
        return [str(error)]
    firm_id = next(csv.reader([proof.row]))[0]
    rows = {row["firm_id"]: row for row in csv.DictReader(data.decode().split("\n"))}
    listed = rows.get(firm_id)
    if (listed is not None) != proof.drawn or (listed and listed["arm"] != proof.arm):
        return [f"{DRAWN} says other than the proof about {firm_id}"]
    return []


def _folder_of(ledger: Path, proof: Proof) -> Path:
    for entry in entries(ledger):
        if entry.commit.sha256() == proof.commit_sha256:
            return entry.folder
    raise DrawError(
        f"No commit in {ledger} has the hash {proof.commit_sha256} that the proof names: it is of another "
        "round or another ledger."
    )


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 80 else text[:77] + "..."
