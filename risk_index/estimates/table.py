"""The table of estimates: registry, regions and sectors; both arms together and each; all rounds and each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from risk_index.estimates.quantities import HARM, RATE, TOTAL, Least, Part, part_rows
from risk_index.estimates.stacked import RoundSample, Stacked, members, stack
from risk_index.survey.design import Floats, Sample
from risk_index.survey.estimators import Domain

COLUMNS = (
    "round", "scope", "value", "arm", "quantity", "estimator", "estimate", "low", "high", "standard_error",
    "design_effect", "n_firms", "n_planned", "n_visited", "n_outcome", "n_violations", "n_eff", "note",
)  # fmt: skip
ALL_ROUNDS = "all"
AMOUNTS = ("estimate", "low", "high", "standard_error")


def estimate_rounds(
    rounds: Sequence[RoundSample],
    sector_level: int = 1,
    least: Least | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Estimate violation rate and harm of the registry, its regions and its sectors.

    Parameters
    ----------
    rounds : sequence of RoundSample
        One or more. Of several, each is estimated for the registry, all together for every domain.
    sector_level : int
        Steps of a sector's path to group by: of GB/T 4754 1 is the section, 2 the division.
    least : Least, optional
        Below it the note says "insufficient data" and the numbers are missing.
    level : float
        Of the intervals.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`. Rates are shares; harm is in harm units, per firm and round or in total per
        round; ``n_firms`` is the mean number over the rounds.
    """
    least = least or Least()
    several = len(rounds) > 1
    whole = stack(rounds, sector_level)
    rows = list(_rows(whole, ALL_ROUNDS if several else rounds[0].name, least, level))
    for one in rounds if several else ():
        rows += _rows(stack([one], sector_level).registry_only(), one.name, least, level)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _rows(whole: Stacked, name: str, least: Least, level: float) -> Iterator[dict[str, Any]]:
    for scope, value, arm in whole.places():
        for part in _parts(whole, scope, value, arm):
            head = {"round": name, "scope": scope, "value": value, "arm": arm}
            n_firms = part.domain.n_firms / whole.n_rounds
            told = list(part_rows(part, least, level))
            for row in told + [_total(row, n_firms) for row in told if part.quantity == HARM]:
                yield head | row | {"n_firms": n_firms}


def _total(row: dict[str, Any], n_firms: float) -> dict[str, Any]:
    """Turn a mean per firm into the total of a round."""
    amounts = {name: row[name] * n_firms for name in AMOUNTS if name in row}
    return row | amounts | {"quantity": TOTAL}


def _parts(whole: Stacked, scope: str, value: str, arm: str) -> Iterator[Part]:
    """Yield the rate and the harm of a domain in an arm."""
    totals = whole.totals.loc[(scope, value, "floor" if arm == "floor" else "both")]
    rows = whole.drawn
    rows = rows if arm == "both" else rows[(rows.arm == arm) | ~rows.real]
    inside = members(rows, scope, value)
    found = rows.violation.to_numpy(float)
    harm = np.where(found == 1, rows.harm.to_numpy(float), found)
    likelihood, expected = rows.likelihood.to_numpy(float), rows.expected_harm.to_numpy(float)
    severity = np.divide(expected, likelihood, out=np.zeros(len(rows)), where=likelihood > 0)
    counts = _counts(rows[inside]) | {"n_without": int(totals.n_without)}
    for quantity, y, most, predicted, total in (
        (RATE, found, np.ones(len(rows)), likelihood, totals.likelihood),
        (HARM, harm, severity, expected, totals.expected_harm),
    ):
        sample = _sample(rows, arm, y)
        domain = Domain(inside, float(totals.n_firms))
        mean = float(total / totals.n_firms)
        yield Part(quantity, arm, y, most, predicted, mean, sample, domain, counts)


def _counts(rows: pd.DataFrame) -> dict[str, int]:
    return {
        "n_planned": len(rows),
        "n_visited": int(rows.visited.sum()),
        "n_replaced": int(rows.replaced.sum()),
        "n_violations": int((rows.violation == 1).sum()),
    }


def _sample(rows: pd.DataFrame, arm: str, y: Floats) -> Sample:
    probability = rows.probability.to_numpy(float)
    floor = rows.floor.to_numpy(float)
    return Sample(
        probability=probability,
        share=floor / probability if arm == "floor" else np.ones(len(rows)),
        stratum=rows.cell.to_numpy(np.int64),
        answered=np.isfinite(y),
        real=rows.real.to_numpy(bool),
    )
