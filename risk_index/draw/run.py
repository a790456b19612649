"""Running a committed round once its randomness is revealed."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from pathlib import Path

from risk_index.draw.beacon import Revealed, too_early
from risk_index.draw.errors import DrawError
from risk_index.draw.outcome import outcome, seed_of
from risk_index.draw.plan import COMMIT, DRAWN, RESULT, SEALED, Commit, Result, plan_of
from risk_index.draw.records import moment, now, read_record, stamp, write_whole
from risk_index.draw.sealed import SealedFrame, read_sealed


@dataclass(frozen=True)
class Round:
    """A folder of a round with its commit and, once it has run, its result."""

    folder: Path
    commit: Commit
    result: Result | None

    @property
    def sealed(self) -> Path:
        """File of the sealed frame."""
        return self.folder / SEALED


def open_round(folder: Path) -> Round:
    """Read the public records in a folder.

    Raises
    ------
    DrawError
        Where there is no commit, or a result that is none.
    """
    commit = read_record(folder / COMMIT, Commit)
    result = read_record(folder / RESULT, Result) if (folder / RESULT).exists() else None
    return Round(folder, commit, result)


def run(folder: Path, value: str, at: dt.datetime | None = None) -> Result:
    """Draw, and write ``drawn.csv`` and ``result.json``.

    Parameters
    ----------
    folder : Path
        Folder of the commit.
    value : str
        The signature of the drand round, or what the announced source revealed.
    at : datetime, optional
        The present moment where not given.

    Raises
    ------
    DrawError
        Where the randomness is not that of the commit, the folder was altered, or the round has run with
        other randomness.
    """
    drawn = open_round(folder)
    _due(drawn.commit, at or now())
    revealed = drawn.commit.beacon.reveal(value)
    if drawn.result and drawn.result.revealed != revealed.value:
        raise DrawError(
            f"{folder} has run already, with {drawn.result.revealed}. A round is drawn once: "
            "`risk-index draw verify` checks it."
        )
    frame = committed_frame(drawn, revealed)
    made = outcome(drawn.commit, frame, drawn.sealed, revealed)
    if drawn.result and drawn.result != made.result:
        raise DrawError(
            f"{folder / RESULT} is not what this round gives: it was altered after the run."
        )
    write_whole(folder / DRAWN, made.drawn)
    write_whole(folder / RESULT, made.result.canonical())
    return made.result


def revealed_of(drawn: Round) -> Revealed:
    """Return what was revealed, checked against the commit.

    Raises
    ------
    DrawError
        Where the round has not run, or the randomness is not that of its beacon.
    """
    if drawn.result is None:
        raise DrawError(f"{drawn.folder} has no {RESULT}: run the round first.")
    revealed = drawn.commit.beacon.reveal(drawn.result.revealed)
    if revealed.value != drawn.result.revealed:
        raise DrawError(
            f"{drawn.folder / RESULT}: the revealed value is not in its announced form."
        )
    return revealed


def committed_frame(drawn: Round, revealed: Revealed | None = None) -> SealedFrame:
    """Read the sealed frame and check it against the commit; with randomness, also the numbers.

    Raises
    ------
    DrawError
        Where it is not the frame that was committed to.
    """
    seed = seed_of(drawn.commit, revealed) if revealed else None
    frame = read_sealed(drawn.sealed, seed)
    if problem := frame_problem(drawn.commit, frame):
        raise DrawError(f"{drawn.sealed} is not the frame of {COMMIT}: {problem}.")
    return frame


def drawn_bytes(drawn: Round) -> bytes:
    """Return ``drawn.csv``, checked against the result.

    Raises
    ------
    DrawError
        Where the round has not run, or the file is missing or not that of its result.
    """
    path = drawn.folder / DRAWN
    if drawn.result is None:
        raise DrawError(f"{drawn.folder} has no {RESULT}: run the round first.")
    if not path.is_file():
        raise DrawError(f"{path} is missing: take the file as the draw left it.")
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != drawn.result.drawn_sha256:
        raise DrawError(
            f"{path} was edited: its SHA-256 is not that of {RESULT}. Take the file as the draw left it."
        )
    return data


def frame_problem(commit: Commit, frame: SealedFrame) -> str | None:
    """Return in what a frame differs from the commit, or None."""
    if len(frame.ppb) != commit.firms:
        return f"it has {len(frame.ppb)} firms, {commit.firms} were committed to"
    if frame.root != commit.merkle_root:
        return (
            f"its Merkle root is {frame.root[:16]}..., {commit.merkle_root[:16]}... was committed to; a row, "
            "a probability, a salt or the order was changed"
        )
    if plan_of(frame) != commit.strata:
        return "the totals of its strata are not those of the commit"
    return None


def _due(commit: Commit, at: dt.datetime) -> None:
    if wrong := commit.beacon.problems():
        raise DrawError(f"The commit is void: {wrong[0]}.")
    if early := too_early(commit.beacon.due, commit.committed_at):
        raise DrawError(f"The commit is void: {early}.")
    if at < moment(commit.beacon.due, "due"):
        raise DrawError(
            f"The randomness of round {commit.round} is due {commit.beacon.due}; it is {stamp(at)} now."
        )
