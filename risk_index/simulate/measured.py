"""A season of a policy beside the truth: burden at equal risk, what it meets, what it lets estimate."""

from __future__ import annotations

import numpy as np
import pandas as pd

from risk_index.survey.design import Bools, Sample, effective_size
from risk_index.survey.estimators import Domain, hajek
from risk_index.survey.intervals import rate_interval

STRATA = 40
"""Parts of the open firms with equal numbers, by true expected harm: what equal risk means here."""
OFTEN = 3
"""Visits from which a firm counts as visited often."""


def judged(
    truth: pd.DataFrame, group: pd.Series, chances: pd.DataFrame, seen: pd.DataFrame
) -> dict[str, float]:
    """Return the figures of one season.

    Parameters
    ----------
    truth : DataFrame
        Of the season's beginning, by firm_id.
    group : Series of bool by firm_id
        Whose burden is measured.
    chances : DataFrame
        ``firm_id``, ``chance``, ``drawn``.
    seen : DataFrame
        What the season's visits found.
    """
    firms, chance = _of_open_firms(truth, chances)
    known = seen[seen.violation.notna()]
    mean = float(firms.likelihood.mean())
    rate, covered = design_based(seen, len(firms), mean)
    return {
        "burden": burden_ratio(firms, group.reindex(firms.index), chance),
        "harm": float((chance * firms.expected_harm).sum()),
        "violations": float((chance * firms.likelihood).sum()),
        "cited": float(known.violation.sum()),
        "naive": float(known.violation.mean() - mean),
        "hajek": rate - mean,
        "covered": covered,
    }


def most_possible(truth: pd.DataFrame, chances: pd.DataFrame) -> float:
    """Return the most expected harm that as many visits could meet in the same registry."""
    firms, chance = _of_open_firms(truth, chances)
    count = chance.sum()
    left = np.clip(count - np.arange(len(firms)), 0, 1)
    return float((np.sort(firms.expected_harm)[::-1] * left).sum())


def _of_open_firms(truth: pd.DataFrame, chances: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    firms = truth[truth.likelihood > 0].set_index("firm_id")
    chance = chances.set_index("firm_id").chance.astype(float)
    return firms, chance.reindex(firms.index).fillna(0.0)


def design_based(seen: pd.DataFrame, n_firms: int, mean: float) -> tuple[float, float]:
    """Return the product's weighted rate of violations, and whether its 95 % interval holds the mean.

    Missing where a visit's chance is not known, and where no outcome is.
    """
    answered: Bools = seen.violation.notna().to_numpy(bool)
    chance = seen.inclusion_probability.to_numpy(float)
    if not answered.any() or np.isnan(chance).any():
        return float("nan"), float("nan")
    everyone = np.ones(len(seen), dtype=bool)
    stratum = np.zeros(len(seen), dtype=np.int64)
    sample = Sample(chance, np.ones(len(seen)), stratum, answered, everyone)
    found = hajek(seen.violation.fillna(0).to_numpy(float), sample, Domain(everyone, n_firms))
    n_eff = effective_size(sample.weight)
    low, high = rate_interval(found.value, found.variance, n_eff, min(found.df, n_eff - 1))
    return found.value, float(low <= mean <= high)


def burden_ratio(
    firms: pd.DataFrame, group: pd.Series, chance: pd.Series, strata: int = STRATA
) -> float:
    """Return visits of compliant firms of the group over those of the others at equal expected harm.

    Each firm counts by its chance of being compliant; strata count by the group's firms in them, on both
    sides. 1 is equal treatment of equals. A stratum without firms of one side says nothing; missing
    where every stratum is such a one, and where no firm outside the group is visited.
    """
    compliant = 1 - firms.likelihood
    stratum = pd.qcut(firms.expected_harm.rank(method="first"), strata, labels=False)
    frame = pd.DataFrame({"compliant": compliant, "visits": chance * compliant})
    sums = frame.groupby([stratum, group.astype(bool).rename("group")]).sum().unstack().dropna()
    if sums.empty or sums.shape[1] < 4:
        return float("nan")
    rate = sums["visits"] / sums["compliant"]
    weight = sums["compliant"][True]
    others = float(np.average(rate[False], weights=weight))
    mine = float(np.average(rate[True], weights=weight))
    return mine / others if others > 0 else float("nan")
