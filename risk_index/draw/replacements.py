"""Replacements of drawn firms that cannot be visited: next in the same sequence, each logged.

The next firm is that with the smallest q of its stratum among those neither drawn nor used before. After a
systematic draw it is the same: Pareto's q of the firms' same numbers, since a systematic draw has no next.
The log is a hash chain that begins with the hash of the result: no entry can be changed or taken out of the
middle without changing all that follow, and the newest hash is what is published.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from risk_index.draw.errors import DrawError
from risk_index.draw.frame import join_fields, split_line
from risk_index.draw.outcome import seed_of, select
from risk_index.draw.plan import REPLACEMENTS, Result
from risk_index.draw.records import write_whole
from risk_index.draw.run import Round, committed_frame, drawn_bytes, open_round, revealed_of
from risk_index.draw.sampling import pareto_q
from risk_index.draw.sealed import SealedFrame, pick_lines

COLUMNS = (
    "entry",
    "date",
    "firm_id",
    "reason",
    "person",
    "replaced_by",
    "stratum",
    "q",
    "previous_sha256",
)


@dataclass(frozen=True)
class Replacement:
    """An entry of the log; `previous` is the hash of the line before, of the result for the first."""

    entry: int
    date: str
    firm_id: str
    reason: str
    person: str
    replaced_by: str
    stratum: str
    q: str
    previous: str

    @property
    def line(self) -> str:
        """The entry as a CSV line, without line break."""
        fields = (self.date, self.firm_id, self.reason, self.person, self.replaced_by, self.stratum)
        return join_fields([str(self.entry), *fields, self.q, self.previous])

    @property
    def sha256(self) -> str:
        """Hash of the line, in hex."""
        return hashlib.sha256(self.line.encode()).hexdigest()


def replace(folder: Path, firm_id: str, reason: str, person: str, date: dt.date) -> Replacement:
    """Replace a firm that is to be visited, and log it.

    Raises
    ------
    DrawError
        Where the firm is not to be visited, the folder was altered, or no firm is left in its stratum.
    """
    drawn = open_round(folder)
    log = checked_log(drawn)
    for what, text in (("reason", reason), ("person", person)):
        if not text.strip() or not text.isprintable():
            raise DrawError(f"The {what} {text!r} says nothing or has control characters.")
    entry = _next(drawn, log, firm_id, reason.strip(), person.strip(), date)
    lines = [",".join(COLUMNS), *(old.line for old in log), entry.line, ""]
    write_whole(folder / REPLACEMENTS, "\n".join(lines).encode())
    return entry


def read_log(folder: Path) -> list[Replacement]:
    """Read the log of a round; empty where there is none.

    Raises
    ------
    DrawError
        Where the file is no such log.
    """
    path = folder / REPLACEMENTS
    if not path.exists():
        return []
    try:
        header, *lines = path.read_bytes().decode().removesuffix("\n").split("\n")
        rows = [split_line(line.encode()) for line in lines]
        log = [
            Replacement(int(row[0]), dt.date.fromisoformat(row[1]).isoformat(), *row[2:])
            for row in rows
        ]
    except (ValueError, TypeError, IndexError):
        raise DrawError(f"{path} is no log of replacements.") from None
    if header != ",".join(COLUMNS) or [entry.line for entry in log] != lines:
        raise DrawError(f"{path} is no log of replacements as `risk-index draw replace` writes it.")
    return log


def checked_log(drawn: Round) -> list[Replacement]:
    """Read the log of a round and check its chain; empty where there is none.

    Raises
    ------
    DrawError
        Where the file is no such log, or an entry was changed, moved or taken out of the middle.
    """
    log = read_log(drawn.folder)
    if problems := log_findings(drawn, log):
        raise DrawError("\n- ".join([f"{drawn.folder / REPLACEMENTS} does not hold:", *problems]))
    return log


def log_findings(drawn: Round, log: list[Replacement]) -> list[str]:
    """Return what is wrong with a log's chain; the choice of firms is checked by `choice_findings`."""
    if drawn.result is None:
        return [f"there is a log of replacements and no result in {drawn.folder}"] if log else []
    previous, findings = drawn.result.sha256(), []
    for place, entry in enumerate(log, start=1):
        if entry.entry != place:
            findings.append(
                f"replacement {entry.entry} stands in place {place}: one was left out or moved"
            )
        if entry.previous != previous:
            findings.append(
                f"replacement {entry.entry} does not hold the hash of the entry before it"
            )
        previous = entry.sha256
    return findings


def choice_findings(
    drawn: Round, frame: SealedFrame, seed: bytes, log: list[Replacement]
) -> list[str]:
    """Return entries that do not name the next firm of the sequence; needs the whole frame."""
    findings: list[str] = []
    done: list[Replacement] = []
    for entry in log:
        try:
            expected = _chosen(drawn, frame, seed, done, entry.firm_id)
        except DrawError as error:
            findings.append(f"replacement {entry.entry}: {error}")
        else:
            if (entry.replaced_by, entry.stratum, entry.q) != expected:
                findings.append(
                    f"replacement {entry.entry}: next in the sequence was {expected[0]}, "
                    f"not {entry.replaced_by}"
                )
        done.append(entry)
    return findings


def visited(drawn: Round, log: list[Replacement]) -> dict[str, str]:
    """Return the firms to be visited and their strata: those drawn, less replaced, plus replacing ones.

    Raises
    ------
    DrawError
        Where ``drawn.csv`` is not the one of the result.
    """
    rows = csv.DictReader(drawn_bytes(drawn).decode().split("\n"))
    firms = {row["firm_id"]: row["stratum"] for row in rows}
    for entry in log:
        firms.pop(entry.firm_id, None)
        firms[entry.replaced_by] = entry.stratum
    return firms


def _next(
    drawn: Round, log: list[Replacement], firm_id: str, reason: str, person: str, date: dt.date
) -> Replacement:
    revealed = revealed_of(drawn)
    frame = committed_frame(drawn, revealed)
    by, stratum, q = _chosen(drawn, frame, seed_of(drawn.commit, revealed), log, firm_id)
    previous = log[-1].sha256 if log else _result(drawn).sha256()
    return Replacement(
        len(log) + 1, date.isoformat(), firm_id, reason, person, by, stratum, q, previous
    )


def _chosen(
    drawn: Round, frame: SealedFrame, seed: bytes, log: list[Replacement], firm_id: str
) -> tuple[str, str, str]:
    """Return the firm that replaces another, its stratum and its q."""
    firms = visited(drawn, log)
    if firm_id not in firms:
        raise DrawError(f"{firm_id} is not to be visited in round {drawn.commit.round}.")
    stratum = firms[firm_id]
    in_stratum = (frame.stratum == frame.strata.index(stratum)) & (frame.ppb > 0)
    places = np.flatnonzero(in_stratum & ~select(frame, drawn.commit.method, seed).drawn)
    q = pareto_q(frame.number[places], frame.ppb[places])
    nearest = np.argsort(q, kind="stable")[: len(log) + 1]
    value = dict(zip(places[nearest].tolist(), q[nearest].tolist(), strict=True))
    lines = pick_lines(drawn.sealed, sorted(value))
    names = {place: split_line(line)[0] for place, line in zip(sorted(value), lines, strict=True)}
    used = {entry.replaced_by for entry in log}
    for place in places[nearest].tolist():
        if names[place] not in used:
            return names[place], stratum, repr(value[place])
    raise DrawError(
        f"Stratum {stratum} has {int(in_stratum.sum())} firms with a chance, and all are drawn or were used: "
        f"none is left to replace {firm_id}. The visit is lost; record it as such."
    )


def _result(drawn: Round) -> Result:
    if drawn.result is None:
        raise DrawError(f"{drawn.folder} has not run: nobody is drawn who could be replaced.")
    return drawn.result
