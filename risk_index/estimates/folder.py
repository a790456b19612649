"""What a draw's folder holds, checked against its public records: frame, firms drawn, replacements."""

from __future__ import annotations

import datetime as dt
import io

import numpy as np
import pandas as pd

from risk_index.draw.plan import DRAWN, SEALED
from risk_index.draw.replacements import checked_log
from risk_index.draw.run import Round, committed_frame, drawn_bytes
from risk_index.errors import UserError
from risk_index.frame_columns import BILLION, FRAME_COLUMNS

FORMS = {
    "probability_ppb": "int64",
    "floor_ppb": "int64",
    "likelihood": float,
    "expected_harm": float,
}


class RoundError(UserError):
    """A draw's folder, or the days of its visits, cannot be used."""


def read_frame(drawn: Round) -> pd.DataFrame:
    """Read the sampling frame of a draw, one row a firm.

    Raises
    ------
    DrawError
        Where it is missing or not the frame that was committed to; so its rows keep the rules of a frame.
    """
    committed_frame(drawn)
    return pd.read_csv(
        drawn.sealed,
        usecols=list(FRAME_COLUMNS),
        dtype={name: FORMS.get(name, str) for name in FRAME_COLUMNS},
        keep_default_na=False,
        encoding="utf-8",
    )


def read_drawn(drawn: Round, frame: pd.DataFrame) -> pd.DataFrame:
    """Read the firms drawn: ``firm_id, arm``.

    Raises
    ------
    DrawError
        Where the round has not run, or ``drawn.csv`` is not the file of its result.
    RoundError
        Where a firm stands there twice, is not in the frame, had no chance, or no chance in its arm; or
        where a stratum has more or fewer firms than its chances sum to.
    """
    path, data = drawn.folder / DRAWN, drawn_bytes(drawn)
    rows = pd.read_csv(
        io.BytesIO(data), usecols=["firm_id", "arm"], dtype=str, keep_default_na=False
    )
    _refuse(rows.firm_id.duplicated(), rows.firm_id, f"{path}: firms that stand there twice")
    known = rows.merge(frame, on="firm_id", how="left")
    rule = f"{path}: firms that {SEALED} does not hold with a chance above 0"
    _refuse(~(known.probability_ppb > 0), rows.firm_id, rule)
    possible = (known.arm == "index") | ((known.arm == "floor") & (known.floor_ppb > 0))
    _refuse(
        ~possible, rows.firm_id, f"{path}: arm is neither index nor, with floor_ppb above 0, floor"
    )
    due = frame.groupby("stratum").probability_ppb.sum() / BILLION
    _refuse_other_size(known.stratum.value_counts(), due, f"{path}")
    return rows


def replaced_by(drawn: Round, as_of: dt.date) -> dict[str, str]:
    """Return the firm visited in the end, by the firm that it replaced or whose replacement it did.

    Only what was logged by the as-of date counts.

    Raises
    ------
    DrawError
        Where the log is none, or an entry was changed, moved or taken out.
    """
    instead: dict[str, str] = {}
    for entry in reversed(checked_log(drawn)):
        if dt.date.fromisoformat(entry.date) <= as_of:
            instead[entry.firm_id] = instead.get(entry.replaced_by, entry.replaced_by)
    return instead


def _refuse_other_size(drawn: pd.Series, due: pd.Series, where: str) -> None:
    """Refuse strata of another size than drawn: firms left out would look like firms not chosen."""
    have = drawn.reindex(due.index, fill_value=0)
    wrong = (have < np.floor(due)) | (have > np.ceil(due))
    if wrong.any():
        first = wrong.idxmax()
        raise RoundError(
            f"{where}: {int(wrong.sum())} strata hold another number of firms than their chances sum to, "
            f"first {first!r} with {have[first]} of {due[first]:g}: take the file as the draw left it"
        )


def _refuse(wrong: pd.Series, firms: pd.Series, rule: str) -> None:
    if wrong.any():
        raise RoundError(
            f"{rule}: {int(wrong.sum())} rows, first {', '.join(firms[wrong].head(3))}"
        )
