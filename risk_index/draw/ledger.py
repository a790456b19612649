"""The ledger: numbered commits, each holding the hash of the one before.

An authority that commits twice and publishes the draw it likes better would have to skip a number, name a
round twice, or leave a commit without its draw. All three show.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from pathlib import Path

from risk_index.draw.beacon import too_early
from risk_index.draw.errors import DrawError
from risk_index.draw.plan import COMMIT, RESULT, Commit
from risk_index.draw.records import moment, read_record

NUMBERED = "[0-9]{4,}"


@dataclass(frozen=True)
class Entry:
    """A numbered folder of a ledger and its commit."""

    folder: Path
    commit: Commit

    @property
    def has_run(self) -> bool:
        """Whether a result lies in the folder."""
        return (self.folder / RESULT).is_file()


def entries(ledger: Path) -> list[Entry]:
    """Return the numbered folders in order.

    Raises
    ------
    DrawError
        Where there is no such ledger or a commit cannot be read.
    """
    if not ledger.is_dir():
        raise DrawError(
            f"{ledger} is no folder: name the ledger that `risk-index draw commit` wrote to."
        )
    folders = [p for p in ledger.iterdir() if re.fullmatch(NUMBERED, p.name) and p.is_dir()]
    return [
        Entry(folder, read_record(folder / COMMIT, Commit))
        for folder in sorted(folders, key=lambda p: (int(p.name), p.name))
    ]


def folder_name(number: int) -> str:
    """Return the folder of a number in its ledger."""
    return f"{number:04d}"


def chain_findings(found: list[Entry]) -> list[str]:
    """Return skipped numbers, broken links, repeated rounds, and commits before their time."""
    findings = []
    for place, entry in enumerate(found):
        commit, name = entry.commit, entry.folder.name
        before = found[place - 1].commit if place else None
        if name != folder_name(commit.ledger_number):
            findings.append(f"{name}: its commit has ledger number {commit.ledger_number}")
        expected = before.ledger_number + 1 if before else 1
        if commit.ledger_number != expected:
            findings.append(
                f"{name}: number {folder_name(expected)} is missing before it; a commit without its draw may "
                "have been put aside"
            )
        elif commit.previous_commit != (before.sha256() if before else None):
            findings.append(
                f"{name}: it does not hold the hash of the commit before it; one of the two is not the one "
                "that was published"
            )
        if before and commit.committed_at < before.committed_at:
            findings.append(f"{name}: it is dated before the commit with the number before it")
        findings += [f"{name}: {text}" for text in own_findings(commit)]
    return findings + _repeated(found)


def unrun_findings(found: list[Entry], at: dt.datetime) -> list[str]:
    """Return commits whose randomness was due by a moment and that have no result."""
    return [
        f"{entry.folder.name}: round {entry.commit.round} was committed, its randomness was due "
        f"{entry.commit.beacon.due}, and it has no result; a draw may have been thrown away"
        for entry in found
        if not entry.has_run and moment(entry.commit.beacon.due, "due") <= at
    ]


def stray_findings(ledger: Path) -> list[str]:
    """Return folders that hold a commit and have no number of the ledger."""
    return [
        f"{path.name}: a commit lies here outside the numbers of the ledger"
        for path in sorted(ledger.iterdir())
        if not re.fullmatch(NUMBERED, path.name) and (path / COMMIT).is_file()
    ]


def own_findings(commit: Commit) -> list[str]:
    """Return what is wrong with a commit taken by itself: its beacon's time, its notice, its sums."""
    early = too_early(commit.beacon.due, commit.committed_at)
    findings = commit.beacon.problems() + ([early] if early else [])
    plans = commit.strata.values()
    for what, total, parts in (
        ("firms", commit.firms, sum(plan.firms for plan in plans)),
        ("billionths", commit.ppb, sum(plan.ppb for plan in plans)),
        ("visits", commit.visits, sum(plan.visits for plan in plans)),
    ):
        if total != parts:
            findings.append(f"it states {total} {what}, its strata add up to {parts}")
    return findings


def _repeated(found: list[Entry]) -> list[str]:
    """Return rounds that were committed more than once."""
    first: dict[str, str] = {}
    findings = []
    for entry in found:
        name = first.setdefault(entry.commit.round, entry.folder.name)
        if name != entry.folder.name:
            findings.append(
                f"{entry.folder.name}: round {entry.commit.round} was committed before, in {name}; a round "
                "has one draw"
            )
    return findings
