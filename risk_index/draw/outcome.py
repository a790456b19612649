"""What follows from a commit, its sealed frame and the revealed randomness: one result and no other."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from risk_index.draw.beacon import Revealed
from risk_index.draw.frame import Whole, join_fields, split_line
from risk_index.draw.plan import Arm, Commit, Method, Result, StratumResult, design_of
from risk_index.draw.public_numbers import (
    ARM,
    PHANTOM,
    START,
    VISIT,
    below,
    draw_seed,
    number,
    numbers,
)
from risk_index.draw.sampling import Design, Selection, pareto, systematic
from risk_index.draw.sealed import SealedFrame, pick_lines
from risk_index.frame_columns import BILLION

DRAWN_COLUMNS = (
    "firm_id",
    "stratum",
    "region",
    "sector",
    "arm",
    "number",
    "inclusion_probability",
    "order",
)


@dataclass(frozen=True)
class Outcome:
    """The result record and the text of ``drawn.csv``."""

    result: Result
    drawn: bytes


def seed_of(commit: Commit, revealed: Revealed) -> bytes:
    """Return the seed of a round."""
    return draw_seed(commit.sha256(), revealed.randomness)


def select(frame: SealedFrame, method: Method, seed: bytes) -> Selection:
    """Draw from a frame that was read with the seed."""
    design = design_of(frame)
    names = [name.encode() for name in frame.strata]
    phantoms = numbers(seed, PHANTOM, names)
    if method == "pareto":
        return pareto(design, frame.number, phantoms)
    return systematic(design, frame.number, phantoms, starts(seed, names))


def starts(seed: bytes, strata: list[bytes]) -> Whole:
    """Return the first billionth of each stratum's systematic draw."""
    return np.array([below(number(seed, START, name), BILLION) for name in strata], np.int64)


def arm(seed: bytes, firm_id: bytes, ppb: int, floor: int) -> Arm:
    """Return the arm of a drawn firm: "floor" with chance floor / ppb, by a number of its own."""
    return "floor" if below(number(seed, ARM, firm_id), ppb) < floor else "index"


def outcome(commit: Commit, frame: SealedFrame, sealed: Path, revealed: Revealed) -> Outcome:
    """Return the outcome of a round.

    Parameters
    ----------
    commit : Commit
        The published record.
    frame : SealedFrame
        The frame, read with the seed.
    sealed : Path
        Its file, for the rows of the firms drawn.
    revealed : Revealed
        What the beacon revealed.
    """
    seed = seed_of(commit, revealed)
    selection = select(frame, commit.method, seed)
    rows = _rows(frame, selection, sealed, seed)
    drawn = "\n".join([",".join(DRAWN_COLUMNS), *map(join_fields, rows), ""]).encode()
    result = Result(
        ledger_number=commit.ledger_number,
        round=commit.round,
        commit_sha256=commit.sha256(),
        revealed=revealed.value,
        randomness=revealed.randomness.hex(),
        seed=seed.hex(),
        method=commit.method,
        drawn=len(rows),
        floor_arm=sum(row[4] == "floor" for row in rows),
        strata=_strata(frame, selection, commit.method, seed),
        drawn_sha256=hashlib.sha256(drawn).hexdigest(),
    )
    return Outcome(result, drawn)


def value_text(selection: Selection, place: int, ppb: int) -> str:
    """Return q or the billionths before a firm as text; empty for a firm not drawn by lot."""
    return repr(selection.value[place].item()) if 0 < ppb < BILLION else ""


def probability_text(ppb: int) -> str:
    """Return billionths as a decimal with nine places."""
    return f"{ppb // BILLION}.{ppb % BILLION:09d}"


def _rows(
    frame: SealedFrame, selection: Selection, sealed: Path, seed: bytes
) -> list[tuple[str, ...]]:
    """Return the rows of ``drawn.csv``, in byte order of firm_id."""
    places = np.flatnonzero(selection.drawn).tolist()
    lines = [split_line(line) for line in pick_lines(sealed, places)]
    ids = [line[0].encode() for line in lines]
    visit = np.empty(len(ids), np.int64)
    visit[np.argsort(numbers(seed, VISIT, ids), kind="stable")] = np.arange(1, len(ids) + 1)
    ppb, floor = frame.ppb[places].tolist(), frame.floor[places].tolist()
    return [
        (
            *lines[i][:4],
            arm(seed, ids[i], ppb[i], floor[i]),
            value_text(selection, places[i], ppb[i]),
            probability_text(ppb[i]),
            str(visit[i]),
        )
        for i in range(len(places))
    ]


def _strata(
    frame: SealedFrame, selection: Selection, method: Method, seed: bytes
) -> dict[str, StratumResult]:
    design: Design = design_of(frame)
    drawn = design.per_stratum(selection.drawn)
    first = starts(seed, [name.encode() for name in frame.strata]).tolist()
    by_lot = (design.visits > design.certain).tolist()
    found = {}
    for h, name in enumerate(frame.strata):
        last, by_start = None, None
        if by_lot[h] and method == "pareto":
            last = repr(selection.last[h].item())
        elif by_lot[h]:
            by_start = first[h]
        found[name] = StratumResult(
            drawn=int(drawn[h]),
            no_visit=bool(selection.phantom_drawn[h]),
            last_q=last,
            start=by_start,
        )
    return found
