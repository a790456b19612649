"""Committing to a round: the frame sealed, hashed and numbered before its randomness exists."""

from __future__ import annotations

import contextlib
import datetime as dt
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import risk_index
from risk_index.draw.beacon import Announced, DrandRound, too_early
from risk_index.draw.errors import DrawError
from risk_index.draw.ledger import Entry, chain_findings, entries, folder_name
from risk_index.draw.plan import COMMIT, SEALED, Commit, Method, design_of, plan_of
from risk_index.draw.ranked import described
from risk_index.draw.records import stamp
from risk_index.draw.sealed import SECRET_BYTES, SealedFrame, seal
from risk_index.frame_columns import BILLION

LONGEST_NAME = 80
LEAST_SPREAD = 10.0
"""Below this sum of pi (1 - pi) in a stratum, Pareto's inclusion probabilities are noted as approximate."""


@dataclass(frozen=True)
class Request:
    """What to commit to.

    Attributes
    ----------
    frame : Path
        The sampling frame.
    round : str
        Name of the round, used once in a ledger.
    method : str
        "pareto" or "systematic".
    beacon : DrandRound or Announced
        The randomness to come.
    ranked : Path, optional
        The ranking that the frame was made with, whose hash, model version and date are recorded.
    secret : bytes, optional
        32 bytes that the salts are made of; drawn afresh where not given.
    committed_at : datetime, optional
        The present moment where not given.
    """

    frame: Path
    round: str
    method: Method
    beacon: DrandRound | Announced
    ranked: Path | None = None
    secret: bytes | None = None
    committed_at: dt.datetime | None = None


@dataclass(frozen=True)
class Committed:
    """A commit, where it lies, and what is to be noted about it."""

    folder: Path
    commit: Commit
    notes: list[str]


def commit(ledger: Path, request: Request) -> Committed:
    """Seal a frame and add its commit to a ledger, whole or not at all.

    Raises
    ------
    DrawError
        Where the ledger is broken or goes on later than now, the round has a commit already or a name
        that is none, the randomness is due too soon, or ranking and frame are not those of their plan.
    FrameError
        Where the frame breaks a rule.
    """
    _refuse_name(request.round)
    at = stamp(request.committed_at or dt.datetime.now(dt.UTC))
    if early := too_early(request.beacon.due, at):
        raise DrawError(f"The round cannot be committed: {early}.")
    ledger.mkdir(parents=True, exist_ok=True)
    before = _checked(ledger, request.round, at)
    with _scratch(ledger) as folder:
        secret = request.secret or secrets.token_bytes(SECRET_BYTES)
        frame = seal(request.frame, folder / SEALED, secret)
        (folder / SEALED).chmod(0o600)
        record = _record(frame, request, before, at)
        (folder / COMMIT).write_bytes(record.canonical())
        place = ledger / folder_name(record.ledger_number)
        try:
            folder.rename(place)
        except OSError:
            if not place.exists():
                raise
            raise DrawError(
                f"{place} was made by somebody else meanwhile. Commit again if this round is still open."
            ) from None
    return Committed(place, record, _notes(frame, record))


def read_secret(path: Path) -> bytes:
    """Read a secret of 64 hex digits from a file.

    Raises
    ------
    DrawError
        Where it is none.
    """
    try:
        secret = bytes.fromhex(path.read_text(encoding="ascii"))
    except (UnicodeError, ValueError):
        secret = b""
    if len(secret) != SECRET_BYTES:
        raise DrawError(f"{path} holds no secret: {2 * SECRET_BYTES} hex digits are needed.")
    return secret


def _refuse_name(name: str) -> None:
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise DrawError(
            f"The round is named {name[:LONGEST_NAME]!r}, {len(name)} characters: 1 to {LONGEST_NAME} are "
            "needed, all of them printable, such as 2026Q3."
        )


def _checked(ledger: Path, name: str, at: str) -> Entry | None:
    """Return the last entry of an unbroken ledger that does not hold the round and is not later."""
    found = entries(ledger)
    if findings := chain_findings(found):
        raise DrawError("\n- ".join(["The ledger is broken; nothing is added to it:", *findings]))
    for entry in found:
        if entry.commit.round == name:
            raise DrawError(
                f"Round {name} was committed on {entry.commit.committed_at} in {entry.folder}. A round has "
                "one draw: run that one, or give the new round a name of its own."
            )
    before = found[-1] if found else None
    if before and at < before.commit.committed_at:
        raise DrawError(
            f"The commit would be dated {at}, before that of {before.folder} "
            f"({before.commit.committed_at}), and break the ledger: check the clock or --committed-at."
        )
    return before


def _record(frame: SealedFrame, request: Request, before: Entry | None, at: str) -> Commit:
    plan = plan_of(frame)
    ranked = described(request.frame, request.ranked)
    visits = sum(stratum.visits for stratum in plan.values())
    if not visits:
        raise DrawError(f"All {len(frame.ppb)} probabilities of {request.frame} are 0: no visits.")
    return Commit(
        ledger_number=before.commit.ledger_number + 1 if before else 1,
        previous_commit=before.commit.sha256() if before else None,
        round=request.round,
        committed_at=at,
        merkle_root=frame.root,
        firms=len(frame.ppb),
        ppb=sum(stratum.ppb for stratum in plan.values()),
        visits=visits,
        strata=plan,
        method=request.method,
        beacon=request.beacon,
        code_version=risk_index.__version__,
        model_version=ranked.model_version,
        as_of=ranked.as_of,
        ranked_sha256=ranked.sha256,
    )


def _notes(frame: SealedFrame, record: Commit) -> list[str]:
    notes = []
    phantoms = sum(1 for plan in record.strata.values() if plan.phantom_ppb)
    if phantoms:
        notes.append(
            f'{phantoms} strata do not add up to whole visits: a unit "no visit" fills each up, so that '
            "every firm keeps its probability"
        )
    if record.method == "pareto":
        design = design_of(frame)
        pi = frame.ppb / BILLION
        spread = np.bincount(design.stratum, pi * (1 - pi), design.n_strata)
        by_lot = design.visits > design.certain
        if few := int((by_lot & (spread < LEAST_SPREAD)).sum()):
            notes.append(
                f"{few} of {design.n_strata} strata have a sum of pi (1 - pi) below {LEAST_SPREAD:g}: there "
                "Pareto's inclusion probabilities are near the stated ones, not equal; systematic keeps them"
            )
    return notes


@contextlib.contextmanager
def _scratch(ledger: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=".draw-", dir=ledger))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
