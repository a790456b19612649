"""Firms of a registry with one penalty more, scored again as if each alone had it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from models.fitted import FittedModel
from risk_index.index import Floats, IndexScale
from risk_index.release.experiments import Registry, changed
from risk_index.release.outcomes import harm_of
from risk_index.tiers import TierRule, highest

Keys = np.ndarray
AT_ONCE = 16
"""Firms that get their penalty together: few, since each is in the rates of the others' sector."""
PLAIN = {"authority": "market", "source": "market_regulation", "category": "pricing"}
SAME = 1e-9


@dataclass(frozen=True)
class Tried:
    """A registry, its model, and the expected harm of every firm by firm_key."""

    registry: Registry
    model: FittedModel
    before: pd.Series

    @classmethod
    def of(cls, registry: Registry, model: FittedModel) -> Tried:
        """Score the registry as it is."""
        harm = harm_of(model, registry.X)
        return cls(registry, model, pd.Series(harm, index=registry.firms.firm_key))

    def with_one_more(self, keys: Keys, **penalty: Any) -> pd.Series:
        """Return the expected harm of firms that have one penalty more, some at a time."""
        parts = np.array_split(keys, -(-len(keys) // AT_ONCE))
        return pd.concat([self._part(part, penalty) for part in parts])

    def alone(self, keys: Keys, **penalty: Any) -> pd.Series:
        """Return the same, one firm at a time."""
        found = [self._part(np.array([key]), penalty) for key in keys]
        return pd.concat(found) if found else pd.Series(dtype=float)

    def _part(self, keys: Keys, penalty: dict[str, Any]) -> pd.Series:
        records = self.registry.records
        duck = records.con.con
        duck.register("one_more", self._rows(keys, **penalty))
        with changed(records, "penalties", "FROM whole UNION ALL BY NAME FROM one_more"):
            X = self.registry.inputs(keys)
        duck.unregister("one_more")
        return pd.Series(harm_of(self.model, X), index=keys)

    def _rows(self, keys: Keys, days_ago: int, **details: Any) -> pd.DataFrame:
        decided = self.registry.as_of - dt.timedelta(days=days_ago)
        ids = [f"one more {key}" for key in keys]
        days = {"decided_on": decided, "recorded_on": decided, "shared": False}
        return pd.DataFrame({"penalty_id": ids, "firm_key": keys} | PLAIN | days | details)

    def places(self, harm: Floats) -> tuple[Floats, Floats]:
        """Return percentile and number of the tier of firms among the registry as it is."""
        scale, everyone = IndexScale(**self.model.meta["scale"]), np.sort(self.before.to_numpy())
        share = 100.0 * np.searchsorted(everyone, harm, side="right") / len(everyone)
        edges = highest(scale.unclipped(everyone), TierRule())
        return share, np.searchsorted(edges, scale.unclipped(harm), side="left")
