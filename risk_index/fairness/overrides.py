"""Overrides by officers: who moved which firms to another tier, by group, state-owned firms apart."""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from risk_index.errors import UserError
from risk_index.fairness.attributes import group_of, levels
from risk_index.fairness.evidence import Attribute
from risk_index.ranked_rows import armed

NEEDED = ("firm_id", "officer", "from_tier", "to_tier", "decided_on", "reason")
TIERS = "ABCD"
LEAST_OVERRIDES = 10


class OverridesError(UserError):
    """The override log cannot be used as it is."""


def read_overrides(path: Path) -> pd.DataFrame:
    """Read the log: one row an override, tiers A to D, every one with an officer and a reason.

    Raises
    ------
    OverridesError
        Naming the rule, the rows and what to do.
    """
    try:
        log = pd.read_csv(path, dtype=str, encoding="utf-8-sig").fillna("").map(armed)
    except (OSError, ValueError, EOFError, zlib.error) as error:
        raise OverridesError(f"{path} cannot be read ({error}). Save it as UTF-8 CSV.") from error
    if absent := [name for name in NEEDED if name not in log.columns]:
        raise OverridesError(
            f"{path}: missing columns {', '.join(absent)}; needed: {', '.join(NEEDED)}. Add them."
        )
    rules = {
        "from_tier and to_tier must be A, B, C or D": ~(
            log.from_tier.isin(list(TIERS)) & log.to_tier.isin(list(TIERS))
        ),
        "officer and reason must be stated": (log.officer.str.strip() == "")
        | (log.reason.str.strip() == ""),
        "decided_on must be a day as YYYY-MM-DD": pd.to_datetime(
            log.decided_on, format="%Y-%m-%d", errors="coerce"
        ).isna(),
    }
    for rule, broken in rules.items():
        if broken.any():
            rows = (np.flatnonzero(broken)[:3] + 1).tolist()
            ids = ", ".join(log.firm_id[broken].head(3))
            raise OverridesError(
                f"{path}: {int(broken.sum())} x {rule} (rows {rows}, first: {ids}). "
                "Complete the log and audit again."
            )
    return log


def counted(
    log: pd.DataFrame, firm_id: pd.Series, as_of: dt.date
) -> tuple[pd.DataFrame, list[str]]:
    """Return the overrides of the firms compared that were decided by a day, and notes on the others.

    Parameters
    ----------
    firm_id : Series
        Firms compared: at most 20,000 of the registry.
    """
    late = pd.to_datetime(log.decided_on).dt.date > as_of
    outside = ~late & ~log.firm_id.isin(set(firm_id.astype(str)))
    notes = [
        f"{int(rows.sum())} overrides are not counted: {why} (first: "
        f"{', '.join(log.firm_id[rows].head(3))}). {remedy}"
        for rows, why, remedy in (
            (late, f"decided after {as_of}, the day of the fit", "Audit a later fit for them."),
            (outside, "their firms are not among those compared", "Check firm_id, or see the log."),
        )
        if rows.any()
    ]
    return log[~late & ~outside], notes


def by_group(
    log: pd.DataFrame, firm_id: pd.Series, attributes: Iterable[Attribute]
) -> pd.DataFrame:
    """Return by group how many firms were overridden, and what share of overrides lowered the tier.

    Parameters
    ----------
    log : DataFrame
        From :func:`read_overrides`.
    firm_id : Series, shape (n,)
        Firms of the registry, in the order of the attributes.

    Returns
    -------
    DataFrame
        attribute, group, n_firms, overrides, rate (a firm), lowered, lowered_low, lowered_high (95 %,
        Wilson), note. Groups of fewer than 10 overrides have no share.
    """
    down = log.to_tier < log.from_tier
    counts = pd.DataFrame({"all": 1, "down": down.astype(int)}).groupby(log.firm_id).sum()
    counts = counts.reindex(firm_id.astype(str)).fillna(0).to_numpy()
    rows = []
    for attribute in attributes:
        group = group_of(attribute)
        for name in levels(attribute):
            inside = group == name
            total, lowered = counts[inside].sum(axis=0)
            rows.append(_row(attribute.name, name, int(inside.sum()), int(total), int(lowered)))
    return pd.DataFrame(rows)


def _row(attribute: str, group: str, n: int, total: int, lowered: int) -> dict[str, object]:
    row: dict[str, object] = {
        "attribute": attribute,
        "group": group,
        "n_firms": n,
        "overrides": total,
        "rate": total / n if n else float("nan"),
    }
    if total < LEAST_OVERRIDES:
        nan = float("nan")
        note = f"insufficient data: {total} overrides, {LEAST_OVERRIDES} needed"
        return row | {"lowered": nan, "lowered_low": nan, "lowered_high": nan, "note": note}
    low, high = proportion_confint(lowered, total, method="wilson")
    return row | {"lowered": lowered / total, "lowered_low": low, "lowered_high": high, "note": ""}
