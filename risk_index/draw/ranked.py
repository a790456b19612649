"""The ranking that a frame was made with: found beside it, described, and held to the plan of its round."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path

from risk_index.digest import file_sha256
from risk_index.draw.errors import DrawError
from risk_index.ranked_rows import columns_of

FRAME_END, RANKED_END, PLAN_END = ".frame.csv", ".csv", ".round.json"
REMEDY = (
    "name the one that `risk-index rank` wrote with this frame by --ranked, or move this file away"
)


@dataclass(frozen=True)
class Ranked:
    """What a commit records of a ranking; nothing of it where there is none."""

    sha256: str | None = None
    model_version: str | None = None
    as_of: str | None = None


def ranking_beside(frame: Path) -> Path | None:
    """Return the ranking beside a frame, STEM.csv beside STEM.frame.csv, if there is one."""
    ranked = _beside(frame, RANKED_END)
    return ranked if ranked and ranked.is_file() else None


def described(frame: Path, ranked: Path | None) -> Ranked:
    """Return what is recorded of the ranking of a frame, after comparing both with the plan beside it.

    Raises
    ------
    DrawError
        Where the file is no ranking, or ranking or frame are not those of STEM.round.json.
    """
    found = Ranked(file_sha256(ranked), *_first_row(ranked)) if ranked else Ranked()
    plan = _beside(frame, PLAN_END)
    if plan and plan.is_file():
        said = _planned(plan)
        _refuse_another(frame, file_sha256(frame), said.get("frame_sha256"), plan)
        if ranked:
            _refuse_another(ranked, found.sha256, said.get("ranked_sha256"), plan)
    return found


def _beside(frame: Path, end: str) -> Path | None:
    stem = frame.name.removesuffix(FRAME_END)
    return None if stem == frame.name else frame.with_name(stem + end)


def _first_row(ranked: Path) -> tuple[str, str]:
    """Return model version and as-of date of a ranking, as its first row states them."""
    try:
        with ranked.open(encoding="utf-8-sig", newline="") as stream:
            rows = csv.reader(stream)
            row = dict(zip(columns_of(next(rows, [])), next(rows, []), strict=False))
    except (UnicodeDecodeError, csv.Error):
        row = {}
    version, as_of = row.get("model_version"), row.get("as_of")
    if not version or not as_of:
        raise DrawError(
            f"{ranked} is no ranking: its first row states no model_version and no as_of; {REMEDY}."
        )
    return version, as_of


def _planned(plan: Path) -> dict[str, object]:
    try:
        said = json.loads(plan.read_bytes())
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise DrawError(f"{plan} is no plan of a round: take it as `risk-index rank` wrote it.")
    return said


def _refuse_another(path: Path, found: str | None, planned: object, plan: Path) -> None:
    if planned is not None and found != planned:
        raise DrawError(
            f"{path} is not the file of {plan.name}: its SHA-256 is {found}, {planned} was planned. One of "
            "the two was changed or is of another round; take all three as one `risk-index rank` wrote them."
        )
