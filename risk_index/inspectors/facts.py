"""Reading ``schedule.json`` back: checked against the round's result and against the files beside it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from risk_index.digest import file_sha256
from risk_index.draw.plan import RESULT
from risk_index.draw.records import Hex32
from risk_index.errors import UserError
from risk_index.inspectors.schedule import ELIGIBLE, FACTS, SCHEDULE


class Load(BaseModel):
    """An inspector of the roster and the most visits they may make."""

    model_config = ConfigDict(frozen=True, strict=True)
    inspector_id: str
    max_visits: int | None


class Facts(BaseModel):
    """What later steps need of ``schedule.json``; the rest of it is for readers."""

    model_config = ConfigDict(frozen=True, strict=True)
    format: Literal[2]
    seed: Hex32
    starts: dt.date
    weeks: int
    inspectors_per_visit: int
    revisit_months: int
    roster_sha256: Hex32
    past_sha256: Hex32 | None
    replacements: int
    replacements_sha256: Hex32 | None
    schedule_sha256: Hex32
    eligible_sha256: Hex32
    loads: tuple[Load, ...]

    @property
    def max_visits(self) -> dict[str, int | None]:
        """Most visits of every inspector of the roster; None: no limit."""
        return {load.inspector_id: load.max_visits for load in self.loads}


def read_facts(folder: Path, seed: bytes) -> Facts:
    """Read the facts of a schedule.

    Parameters
    ----------
    folder : Path
        Folder of the round.
    seed : bytes
        Seed of the round's result.

    Raises
    ------
    UserError
        Where the file is missing, broken or of another seed, or the files beside it are not its own.
    """
    file = folder / FACTS
    if not file.is_file():
        raise UserError(
            f"{file} does not exist: assign inspectors first (`risk-index draw assign`)."
        )
    try:
        facts = Facts.model_validate_json(file.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "file"
        raise UserError(
            f"{file} cannot be used: {where}: {first['msg']}. Take the file as it was written."
        ) from None
    if facts.seed != seed.hex():
        raise UserError(
            f"{file} has the seed {facts.seed[:16]}..., {RESULT} has {seed.hex()[:16]}...: it is of another "
            "round or was altered. Take the file as it was written."
        )
    for name, stated in ((SCHEDULE, facts.schedule_sha256), (ELIGIBLE, facts.eligible_sha256)):
        if file_sha256(folder / name) != stated:
            raise UserError(f"{folder / name} is not the file of {FACTS}: it was altered.")
    return facts
