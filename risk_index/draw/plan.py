"""The public records of a round: what is fixed before the draw, and what came out of it."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from risk_index.draw.beacon import Beacon
from risk_index.draw.frame import DECIMAL
from risk_index.draw.records import Hex32, Record, Stamp
from risk_index.draw.sampling import Design
from risk_index.draw.sealed import SealedFrame
from risk_index.frame_columns import BILLION

RULE: Final = "risk-index-draw-1"
"""The rule of hashing and drawing; another rule gets another name."""
COMMIT, RESULT, DRAWN = "commit.json", "result.json", "drawn.csv"
SEALED, REPLACEMENTS = "frame.sealed.csv", "replacements.csv"
Count = Annotated[int, Field(ge=0)]
Method = Literal["pareto", "systematic"]
Arm = Literal["floor", "index"]


class StratumPlan(Record):
    """A stratum before the draw: firms, those certain and those excluded, billionths and visits."""

    firms: Count
    certain: Count
    excluded: Count
    ppb: Count
    visits: Count
    phantom_ppb: Count


class Commit(Record):
    """What is published before the randomness exists."""

    rule: Literal["risk-index-draw-1"] = RULE
    ledger_number: Annotated[int, Field(ge=1)]
    previous_commit: Hex32 | None
    round: Annotated[str, Field(min_length=1, max_length=80)]
    committed_at: Stamp
    merkle_root: Hex32
    firms: Annotated[int, Field(ge=1)]
    ppb: Count
    visits: Count
    strata: dict[str, StratumPlan]
    method: Method
    beacon: Beacon
    code_version: str
    model_version: str | None
    as_of: str | None
    ranked_sha256: Hex32 | None


class StratumResult(Record):
    """A stratum after the draw.

    ``last_q`` is the largest q drawn by lot (Pareto), ``start`` the first billionth (systematic);
    ``no_visit`` whether the phantom unit was drawn.
    """

    drawn: Count
    no_visit: bool
    last_q: Annotated[str, StringConstraints(pattern=f"^(?:{DECIMAL})$")] | None
    start: Annotated[int, Field(ge=0, lt=BILLION)] | None


class Result(Record):
    """What is published after the field work."""

    rule: Literal["risk-index-draw-1"] = RULE
    ledger_number: Annotated[int, Field(ge=1)]
    round: str
    commit_sha256: Hex32
    revealed: str
    randomness: Hex32
    seed: Hex32
    method: Method
    drawn: Count
    floor_arm: Count
    strata: dict[str, StratumResult]
    drawn_sha256: Hex32


def design_of(frame: SealedFrame) -> Design:
    """Return whom to draw from."""
    return Design(frame.ppb, frame.stratum, len(frame.strata))


def plan_of(frame: SealedFrame) -> dict[str, StratumPlan]:
    """Return the public totals of each stratum."""
    design = design_of(frame)
    counts = zip(
        frame.strata,
        design.per_stratum(design.ppb >= 0),
        design.certain,
        design.per_stratum(design.ppb == 0),
        design.total,
        design.visits,
        design.phantom,
        strict=True,
    )
    return {
        name: StratumPlan(
            firms=int(firms),
            certain=int(certain),
            excluded=int(excluded),
            ppb=int(ppb),
            visits=int(visits),
            phantom_ppb=int(phantom),
        )
        for name, firms, certain, excluded, ppb, visits, phantom in counts
    }
