"""From the seasons of all runs to a figure a policy, with its interval over worlds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
import pandas as pd
from scipy.stats import t

from risk_index.simulate.policies import NOBODY, ORACLE, UNIFORM

LEVEL = 0.95
Rows: TypeAlias = pd.DataFrame
Yardsticks = Mapping[str, Rows]
"""Seasons of nobody, uniform and oracle in the same world."""


def _times(column: str) -> Callable[[Rows, Yardsticks], float]:
    return lambda rows, yard: _ratio(rows[column].sum(), yard[UNIFORM][column].sum())


def _mean(column: str) -> Callable[[Rows, Yardsticks], float]:
    return lambda rows, yard: float(rows[column].mean())


def _last(column: str) -> Callable[[Rows, Yardsticks], float]:
    return lambda rows, yard: float(rows[column].iloc[-1])


def _ratio(above: float, below: float) -> float:
    return float(above / below) if below > 0 else float("nan")


def _regret(rows: Rows, yard: Yardsticks) -> float:
    return 1 - _ratio(rows.harm.sum(), yard[ORACLE].harm.sum())


def _averted(rows: Rows, yard: Yardsticks) -> float:
    return 1 - _ratio(rows.harm_after.sum(), yard[NOBODY].harm_after.sum())


FIGURES: Mapping[str, Callable[[Rows, Yardsticks], float]] = {
    "violations_times": _times("violations"),
    "harm_times": _times("harm"),
    "hit_rate": lambda rows, yard: _ratio(rows.cited.sum(), rows.visits.sum()),
    "of_possible": lambda rows, yard: _ratio(rows.harm.sum(), rows.most_harm.sum()),
    "regret": _regret,
    "averted": _averted,
    "naive": _mean("naive"),
    "design_based": _mean("hajek"),
    "covered": _mean("covered"),
    "burden_older_first": lambda rows, yard: float(rows.burden_older.iloc[0]),
    "burden_older": _last("burden_older"),
    "burden_reporting": _last("burden_reporting"),
    "never": _last("never"),
    "often": _last("often"),
}
"""Figures of a policy in one world, from its seasons; sums and means run over seasons.

violations_times, harm_times: what the truth expects at the firms visited, over what uniform meets.
hit_rate: visits that found a violation. of_possible: harm met over the most that as many visits could
have met in the same registry. regret: 1 less harm met over what the oracle met. averted: by how much less
true expected harm stood in the registry after each season than with no planned visit, as a share.
naive, design_based: rate of violations by the visits less the true one; covered: share of seasons
whose 95 % interval holds the truth. burden_*: at equal true risk, in the first and the last season.
never, often: firms open at the beginning that no planned visit met, and that three or more met.
"""


SHARES = ("hit_rate", "of_possible", "covered", "never", "often")
"""Figures between 0 and 1, whose intervals end there."""


def by_world(rows: Rows) -> pd.DataFrame:
    """Return every figure by scenario, policy and seed, from the seasons of all runs."""
    found = []
    for (scenario, seed), world in rows.groupby(["scenario", "seed"], sort=False):
        played = {str(name): part.sort_values("season") for name, part in world.groupby("policy")}
        for policy, part in played.items():
            values = {name: figure(part, played) for name, figure in FIGURES.items()}
            found.append({"scenario": scenario, "policy": policy, "seed": seed, **values})
    return pd.DataFrame(found)


def over_worlds(worlds: pd.DataFrame) -> pd.DataFrame:
    """Return a row a scenario, policy and figure: mean over worlds, 95 % interval, deviation, worlds.

    The interval is Student's, of the mean, cut at 0 and 1 for shares; it is missing where there is one
    world.
    """
    long = worlds.melt(["scenario", "policy", "seed"], var_name="figure").dropna(subset="value")
    groups = long.groupby(["scenario", "policy", "figure"], sort=False).value
    found = groups.agg(mean="mean", sd="std", worlds="size").reset_index()
    half = t.ppf((1 + LEVEL) / 2, np.maximum(found.worlds - 1, 1)) * found.sd
    half = half / np.sqrt(found.worlds)
    found = found.assign(low=found["mean"] - half, high=found["mean"] + half)
    ends, shares = found[["low", "high"]], found.figure.isin(SHARES)
    return found.assign(**ends.where(~shares, ends.clip(0, 1)))
