"""Firms of a registry with one penalty more, scored again as if each alone had it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from features.asof import Snapshot, snapshot_of_rows
from features.catalogue import in_use
from features.matrix import matrix
from features.records import Records
from models.fitted import FittedModel
from risk_index.index import Floats, IndexScale
from risk_index.tiers import TierRule, highest

Keys = np.ndarray
AT_ONCE = 16
"""Firms that get their penalty together: few, since each is in the rates of the others' sector."""
PLAIN = {"authority": "market", "source": "market_regulation", "category": "pricing"}
SAME = 1e-9


@dataclass(frozen=True)
class Tried:
    """A registry, its model, and the expected harm of every firm by firm_key."""

    registry: Snapshot
    model: FittedModel
    before: pd.Series

    @classmethod
    def of(cls, registry: Snapshot, model: FittedModel) -> Tried:
        """Score the registry as it is."""
        X = matrix(registry, in_use())
        return cls(registry, model, pd.Series(_harm(model, X), index=X.firm_key))

    def with_one_more(self, keys: Keys, **penalty: Any) -> pd.Series:
        """Return the expected harm of firms that have one penalty more, some at a time."""
        parts = np.array_split(keys, -(-len(keys) // AT_ONCE))
        return pd.concat([self._part(part, penalty) for part in parts])

    def alone(self, keys: Keys, **penalty: Any) -> pd.Series:
        """Return the same, one firm at a time."""
        found = [self._part(np.array([key]), penalty) for key in keys]
        return pd.concat(found) if found else pd.Series(dtype=float)

    def _part(self, keys: Keys, penalty: dict[str, Any]) -> pd.Series:
        records, day = self.registry.records, self.registry.dates[0]
        with more(records, self._rows(keys, day, **penalty)):
            spine = pd.DataFrame({"firm_key": keys, "as_of": day})
            some = snapshot_of_rows(records, spine, self.registry.law, self.registry.sectors)
            X = matrix(some, in_use())
        return pd.Series(_harm(self.model, X), index=X.firm_key)

    def _rows(self, keys: Keys, day: dt.date, days_ago: int, **details: Any) -> pd.DataFrame:
        decided = day - dt.timedelta(days=days_ago)
        ids = [f"one more {key}" for key in keys]
        days = {"decided_on": decided, "recorded_on": decided, "shared": False}
        return pd.DataFrame({"penalty_id": ids, "firm_key": keys} | PLAIN | days | details)

    def places(self, harm: Floats) -> tuple[Floats, Floats]:
        """Return percentile and number of the tier of firms among the registry as it is."""
        scale, everyone = IndexScale(**self.model.meta["scale"]), np.sort(self.before.to_numpy())
        share = 100.0 * np.searchsorted(everyone, harm, side="right") / len(everyone)
        edges = highest(scale.unclipped(everyone), TierRule())
        return share, np.searchsorted(edges, scale.unclipped(harm), side="left")


def _harm(model: FittedModel, X: pd.DataFrame) -> Floats:
    return model.likelihood.predict(X) * model.severity.predict(X)


@contextmanager
def more(records: Records, rows: pd.DataFrame) -> Iterator[None]:
    """Put penalties beside those of the working database for a while."""
    duck = records.con.con
    duck.register("one_more", rows)
    duck.execute("ALTER TABLE penalties RENAME TO penalties_as_they_are")
    try:
        duck.execute(
            "CREATE TABLE penalties AS FROM penalties_as_they_are UNION ALL BY NAME FROM one_more"
        )
        yield
    finally:
        duck.execute("DROP TABLE IF EXISTS penalties")
        duck.execute("ALTER TABLE penalties_as_they_are RENAME TO penalties")
        duck.unregister("one_more")
