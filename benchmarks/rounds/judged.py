"""A year of a policy beside the truth: burden at equal risk, what it meets, what it lets estimate."""

from __future__ import annotations

import numpy as np
import pandas as pd

STRATA = 40
"""Parts of the open firms with equal numbers, by true expected harm: what equal risk means here."""


def judged(
    truth: pd.DataFrame, older: pd.Series, chances: pd.DataFrame, seen: pd.DataFrame
) -> dict[str, float]:
    """Return the figures of one year.

    Parameters
    ----------
    truth : DataFrame
        Of the year's beginning, by firm_id.
    older : Series of bool by firm_id
        The over-cited group.
    chances : DataFrame
        ``firm_id``, ``chance``, ``drawn``.
    seen : DataFrame
        What the year's visits found.
    """
    firms = truth[truth.likelihood > 0].set_index("firm_id")
    chance = chances.set_index("firm_id").chance.astype(float).reindex(firms.index).fillna(0.0)
    known = seen[seen.violation.notna()]
    inverse = 1 / known.inclusion_probability
    mean = firms.likelihood.mean()
    return {
        "burden": burden_ratio(firms, older.reindex(firms.index), chance),
        "harm": float((chance * firms.expected_harm).sum()),
        "violations": float((chance * firms.likelihood).sum()),
        "cited": float(known.violation.sum()),
        "naive": float(known.violation.mean() - mean),
        "hajek": float((known.violation * inverse).sum() / inverse.sum() - mean)
        if inverse.notna().all()
        else float("nan"),
    }


def burden_ratio(
    firms: pd.DataFrame, older: pd.Series, chance: pd.Series, strata: int = STRATA
) -> float:
    """Return visits of compliant firms of the group over those of the others at equal expected harm.

    Each firm counts by its chance of being compliant; strata count by the group's firms in them, on both
    sides. 1 is equal treatment of equals. A stratum without firms of one side says nothing.
    """
    compliant = 1 - firms.likelihood
    stratum = pd.qcut(firms.expected_harm.rank(method="first"), strata, labels=False)
    frame = pd.DataFrame({"compliant": compliant, "visits": chance * compliant})
    sums = frame.groupby([stratum, older.astype(bool).rename("older")]).sum().unstack().dropna()
    rate = sums["visits"] / sums["compliant"]
    weight = sums["compliant"][True]
    return float(np.average(rate[True], weights=weight) / np.average(rate[False], weights=weight))
