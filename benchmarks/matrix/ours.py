"""The matrix as this project computes it: in batches as `rank` does, and in one frame as a fit does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pandas as pd

from benchmarks.matrix.compared import Features
from features.asof import Law, Snapshot, snapshot_of_registry
from features.matrix import batches, matrix
from features.records import Records
from risk_index.scoring import BATCH_FIRMS
from risk_index.settings import load_sectors


def registry_on(records: Records, day: dt.date) -> Snapshot:
    """Return the snapshot of every open firm, with the law of 2026."""
    return snapshot_of_registry(records, day, Law(), load_sectors())


def in_batches(records: Records, as_of: pd.Timestamp, features: Features) -> Iterator[pd.DataFrame]:
    """Yield the matrix as `rank` takes it, a batch of firms at a time."""
    yield from batches(registry_on(records, as_of.date()), features, BATCH_FIRMS)


def for_a_fit(records: Records, as_of: pd.Timestamp, features: Features) -> Iterator[pd.DataFrame]:
    """Yield the matrix of all open firms in one frame, as a fit takes that of its examples."""
    yield matrix(registry_on(records, as_of.date()), features)
