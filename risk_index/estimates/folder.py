"""What a draw's folder holds, checked: the sealed frame, the firms drawn, replacements."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from risk_index.errors import UserError
from risk_index.water_filling import BILLION

FRAME, DRAWN, REPLACEMENTS = "frame.sealed.csv", "drawn.csv", "replacements.csv"
FRAME_TEXT = ("firm_id", "stratum", "region", "sector")
FRAME_NUMBERS = ("probability_ppb", "floor_ppb", "likelihood", "expected_harm")


class RoundError(UserError):
    """A draw's folder, or the days of its visits, cannot be used."""


def read_frame(folder: Path) -> pd.DataFrame:
    """Read the sampling frame of a draw, one row a firm.

    Raises
    ------
    RoundError
        Where columns are missing, numbers are none, or chances lie outside their bounds.
    """
    path = folder / FRAME
    text = _read(path, FRAME_TEXT + FRAME_NUMBERS)
    _refuse(text.firm_id.duplicated(), text.firm_id, f"{path}: firms that stand there twice")
    frame = text[list(FRAME_TEXT)].copy()
    for name in FRAME_NUMBERS:
        numbers = pd.to_numeric(text[name], errors="coerce")
        whole = name.endswith("_ppb")
        wrong = ~np.isfinite(numbers) | (whole & (numbers % 1 != 0))
        _refuse(wrong, text.firm_id, f"{path}: {name} is no {'whole ' if whole else ''}number")
        frame[name] = numbers.astype("int64") if whole else numbers
    floor, chance = frame.floor_ppb, frame.probability_ppb
    wrong = (floor < 0) | (floor > chance) | (chance > BILLION)
    _refuse(wrong, text.firm_id, f"{path}: not 0 <= floor_ppb <= probability_ppb <= {BILLION}")
    return frame


def read_drawn(folder: Path, frame: pd.DataFrame) -> pd.DataFrame:
    """Read the firms drawn: ``firm_id, arm``.

    Raises
    ------
    RoundError
        Where a firm stands there twice, is not in the frame, had no chance, or no chance in its arm; or
        where a stratum has more or fewer firms than its chances sum to.
    """
    path = folder / DRAWN
    drawn = _read(path, ("firm_id", "arm"))[["firm_id", "arm"]]
    firms = drawn.firm_id
    _refuse(firms.duplicated(), firms, f"{path}: firms that stand there twice")
    known = drawn.merge(frame, on="firm_id", how="left")
    rule = f"{path}: firms that {FRAME} does not hold with a chance above 0"
    _refuse(~(known.probability_ppb > 0), firms, rule)
    possible = (known.arm == "index") | ((known.arm == "floor") & (known.floor_ppb > 0))
    _refuse(~possible, firms, f"{path}: arm is neither index nor, with floor_ppb above 0, floor")
    _refuse_other_size(known.stratum, frame, path)
    return drawn


def _refuse_other_size(drawn: pd.Series, frame: pd.DataFrame, path: Path) -> None:
    """Refuse strata of another size than drawn: firms left out would look like firms not chosen."""
    due = frame.groupby("stratum").probability_ppb.sum() / BILLION
    have = drawn.value_counts().reindex(due.index, fill_value=0)
    wrong = (have < np.floor(due)) | (have > np.ceil(due))
    if wrong.any():
        first = wrong.idxmax()
        raise RoundError(
            f"{path}: {int(wrong.sum())} strata hold another number of firms than their chances sum to, "
            f"first {first!r} with {have[first]} of {due[first]:g}: take the file as the draw left it"
        )


def read_replacements(folder: Path) -> dict[str, str]:
    """Return the firm visited in the end, by the firm that it replaced or whose replacement it did."""
    path = folder / REPLACEMENTS
    if not path.exists():
        return {}
    rows = _read(path, ("firm_id", "replaced_by"))
    instead: dict[str, str] = {}
    for replaced, by in zip(reversed(rows.firm_id), reversed(rows.replaced_by), strict=True):
        instead[replaced] = instead.get(by, by)
    return instead


def _read(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    if not path.is_file():
        raise RoundError(f"{path} is missing: name the folder of a draw that was run and unsealed")
    try:
        text = pd.read_csv(
            path,
            dtype=str,
            keep_default_na=False,
            encoding="utf-8-sig",
            usecols=columns.__contains__,
        )
    except (ValueError, pd.errors.ParserError) as error:
        raise RoundError(f"{path} is no CSV file in UTF-8: {error}") from None
    missing = [name for name in columns if name not in text]
    if missing:
        raise RoundError(f"{path}: columns {', '.join(missing)} are missing")
    return text


def _refuse(wrong: pd.Series, firms: pd.Series, rule: str) -> None:
    if wrong.any():
        raise RoundError(
            f"{rule}: {int(wrong.sum())} rows, first {', '.join(firms[wrong].head(3))}"
        )
