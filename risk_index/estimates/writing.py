"""``estimates.csv`` and its summary: written whole or not at all, safe to open in a spreadsheet."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pandas as pd

from risk_index.estimates.quantities import HARM, RATE
from risk_index.estimates.table import COLUMNS
from risk_index.ranked_rows import defused
from risk_index.ranking import refuse_other_file

DECIMALS = {
    "estimate": 6,
    "low": 6,
    "high": 6,
    "standard_error": 6,
    "design_effect": 3,
    "n_firms": 1,
    "n_eff": 1,
}
TEXT = ("round", "scope", "value", "arm", "quantity", "estimator", "note")
SHOWN = ("difference", "Hajek", "naive")
FIRST_BYTES = f'"{COLUMNS[0]}","{COLUMNS[1]}","{COLUMNS[2]}"'.encode("utf-8-sig")


def write_estimates(table: pd.DataFrame, out: Path) -> None:
    """Write the table of estimates as CSV: UTF-8 with BOM, texts in quotes.

    Raises
    ------
    UserError
        Where `out` is a folder, or a file that is no table of estimates.
    """
    refuse_other(out)
    out = out.resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    shown = table.assign(**{name: table[name].round(places) for name, places in DECIMALS.items()})
    shown = shown.assign(**{name: [defused(text) for text in shown[name]] for name in TEXT})
    with tempfile.TemporaryDirectory(prefix=".estimates-", dir=out.parent) as name:
        beside = Path(name) / out.name
        shown.to_csv(beside, index=False, quoting=2, lineterminator="\r\n", encoding="utf-8-sig")
        beside.replace(out)


def refuse_other(out: Path) -> None:
    """Refuse to write over a folder or a file that is no table of estimates."""
    refuse_other_file(out, FIRST_BYTES, "table of estimates", "estimates.csv")


def summary(table: pd.DataFrame) -> list[str]:
    """Return a line each for the registry's rate and harm, the naive mean beside."""
    whole = table[(table.scope == "all") & (table.arm == "both")]
    whole = whole[whole["round"] == whole["round"].iloc[0]]
    return [_line(whole[whole.quantity == quantity], quantity) for quantity in (RATE, HARM)]


def _line(rows: pd.DataFrame, quantity: str) -> str:
    told = []
    for row in rows[rows.estimator.isin(SHOWN)].itertuples():
        if pd.isna(row.estimate):
            return f"{quantity}: {row.note}"
        doubt = "" if pd.isna(row.low) else f" ({row.low:.4f} to {row.high:.4f})"
        told.append(f"{row.estimator} {row.estimate:.4f}{doubt}")
    first = rows.iloc[0]
    size = f"{first.n_outcome} of {first.n_planned} outcomes, n_eff {first.n_eff:.0f}"
    return f"{quantity}: {', '.join(told)}; {size}"
