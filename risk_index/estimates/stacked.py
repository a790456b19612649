"""Rounds put on top of one another: one population of firms in rounds, one sample with known chances.

Rounds are independent draws given their frames, so a stratum of each round is a stratum of the whole, and
variances add up. The mean over all rounds counts every firm of every round once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from features.sector import sector_path
from risk_index.frame_columns import BILLION

SCOPES = {"all": "", "region": "region", "sector": "group"}
"""Scopes of estimates, and the column that parts firms."""
ARMS = ("both", "floor", "index")


@dataclass(frozen=True)
class RoundSample:
    """A round's frame and the firms drawn from it, with what was found.

    Attributes
    ----------
    name : str
        Number of the round.
    frame : DataFrame
        ``firm_id, stratum, region, sector, probability_ppb, floor_ppb, likelihood, expected_harm``; one
        row a firm.
    drawn : DataFrame
        ``firm_id, arm`` (floor or index), ``visited`` (bool), ``violation`` (0, 1 or missing), ``harm``
        (harm units or missing), ``replaced`` (bool: another firm was visited instead).
    """

    name: str
    frame: pd.DataFrame
    drawn: pd.DataFrame


@dataclass(frozen=True)
class Stacked:
    """Rounds as one population.

    Attributes
    ----------
    n_rounds : int
        How many.
    drawn : DataFrame
        One row a firm drawn in a round: what `RoundSample.drawn` has, its frame's columns, ``group`` (the
        sector's), ``cell`` (code of round and stratum), ``probability``, ``floor`` and ``real`` (False
        for a unit "no visit").
    totals : DataFrame
        By ``scope, value, arm``: ``n_firms, likelihood, expected_harm`` summed over the firms of all
        rounds that had a chance in the arm, and ``n_without``, the number of those that had none.
    """

    n_rounds: int
    drawn: pd.DataFrame
    totals: pd.DataFrame

    def registry_only(self) -> Stacked:
        """Return the same without regions and sectors."""
        return replace(self, totals=self.totals.loc[["all"]])

    def places(self) -> list[tuple[str, str, str]]:
        """Return scope, value and arm of every estimate, in order; the index arm is that of both."""
        known = [(str(scope), str(value), str(arm)) for scope, value, arm in self.totals.index]
        index = [(scope, value, "index") for scope, value, arm in known if arm == "both"]
        scopes, arms = ("all", "region", "sector"), ("both", "floor", "index")
        return sorted(
            known + index,
            key=lambda place: (scopes.index(place[0]), place[1], arms.index(place[2])),
        )


def stack(rounds: Sequence[RoundSample], sector_level: int) -> Stacked:
    """Put rounds together; sectors are grouped by the first `sector_level` steps of their code's path."""
    frame = pd.concat([one.frame.assign(round=one.name) for one in rounds], ignore_index=True)
    frame = frame.sort_values(["round", "firm_id"], ignore_index=True)
    frame["cell"] = frame.groupby(["round", "stratum"], sort=True).ngroup()
    frame["group"] = _groups(frame.sector, sector_level)
    frame["region"] = frame.region.fillna("")
    drawn = pd.concat([one.drawn.assign(round=one.name) for one in rounds], ignore_index=True)
    drawn = drawn.merge(frame, on=["round", "firm_id"], how="left", validate="1:1")
    drawn["real"] = True
    drawn = pd.concat([drawn, _no_visits(frame, drawn)], ignore_index=True)
    drawn["probability"] = drawn.probability_ppb / BILLION
    drawn["floor"] = drawn.floor_ppb / BILLION
    return Stacked(len(rounds), drawn.sort_values(["round", "firm_id"]), _totals(frame))


def _groups(sectors: pd.Series, level: int) -> pd.Series:
    known = {code: sector_path(code)[:level][-1] for code in sectors.dropna().unique() if code}
    return sectors.map(known).fillna("")


def _no_visits(frame: pd.DataFrame, drawn: pd.DataFrame) -> pd.DataFrame:
    """Return the units "no visit" that were drawn in strata whose chances sum to no whole number."""
    total = frame.groupby("cell").probability_ppb.sum()
    short = -total % BILLION
    count = drawn.groupby("cell").size().reindex(total.index, fill_value=0)
    chosen = short.index[(short > 0) & (count < (total + short) // BILLION)]
    return pd.DataFrame(
        {
            "round": "",
            "firm_id": "",
            "arm": "",
            "visited": False,
            "replaced": False,
            "cell": chosen,
            "probability_ppb": short[chosen].to_numpy(),
            "floor_ppb": short[chosen].to_numpy(),
            "region": "",
            "group": "",
            "real": False,
        }
    )


def _totals(frame: pd.DataFrame) -> pd.DataFrame:
    """Sum firms and predictions over the registry, its regions and its sectors, for both arms."""
    parts = []
    for arm, chance in (("both", frame.probability_ppb), ("floor", frame.floor_ppb)):
        for scope, column in SCOPES.items():
            value = frame[column] if column else pd.Series("", index=frame.index)
            reached = frame[chance > 0]
            sums = reached[["likelihood", "expected_harm"]].groupby(value).sum()
            sums["n_firms"] = reached.groupby(value).size()
            sums["n_without"] = (chance <= 0).groupby(value).sum()
            parts.append(sums.rename_axis("value").reset_index().assign(scope=scope, arm=arm))
    return pd.concat(parts, ignore_index=True).set_index(["scope", "value", "arm"])


def members(drawn: pd.DataFrame, scope: str, value: str) -> np.ndarray:
    """Tell which rows belong to a domain; shape (n,)."""
    column = SCOPES[scope]
    inside = (drawn[column] == value) if column else pd.Series(True, index=drawn.index)
    return (inside & drawn.real).to_numpy(bool)
