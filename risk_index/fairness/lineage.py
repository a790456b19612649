"""Direct use (F0): inputs that read an audited column of the records, or are a function of an attribute.

Which input reads a column is found by experiment: the column's values change places between rows of a
small synthetic registry, and an input reads the column if any firm's value of it moves. So nothing
depends on how a feature was written: Ibis expression, SQL or pandas.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from features.asof import snapshot_of_registry
from features.catalogue import in_use
from features.matrix import matrix
from features.reading import quoted
from features.records import Records, open_records
from risk_index.fairness.config import FairnessConfig
from risk_index.settings import load_sectors, load_settings
from risk_index.world import load_world_settings, write_world

PROBE_FIRMS, PROBE_SEED = 400, 1
LEAST_IN_CELL = 5
LEAST_OFF = 30
EXPLAINED, BY_CHANCE = 0.99, 0.5
"""Share of an input's entropy that the attribute explains in a function of it, and at most by chance."""


@dataclass(frozen=True)
class DirectUse:
    """An input that follows from an attribute.

    Attributes
    ----------
    name, attribute : str
        The input and the attribute.
    how : str
        ``reads TABLE.COLUMN`` or ``function of the attribute``.
    basis : str
        Legal basis of a declared exemption; empty where there is none: then it stops the release.
    """

    name: str
    attribute: str
    how: str
    basis: str

    @property
    def exempt(self) -> bool:
        """Whether it is declared legitimate by law."""
        return bool(self.basis)


def direct_use(
    config: FairnessConfig,
    inputs: Sequence[str],
    X: pd.DataFrame,
    raw: pd.DataFrame,
    readers: dict[str, tuple[str, ...]],
) -> list[DirectUse]:
    """Return every direct use of an attribute by a model's inputs.

    Parameters
    ----------
    inputs : sequence of str
        Inputs of the likelihood or the severity.
    X, raw : DataFrame, shape (n, ...)
        Inputs and attributes (before bands) of the same firms.
    readers : dict
        From :func:`readers_of`.
    """
    found = {}
    for attribute, entry in config.attributes.items():
        for name in readers.get(entry.records, ()) if entry.measure == "value" else ():
            if name in inputs:
                found[name, attribute] = f"reads {entry.records}"
    for attribute in raw.columns:
        codes = _codes(raw[attribute])
        for name in inputs:
            if (name, attribute) not in found and is_function(X[name], codes, raw[attribute]):
                found[name, str(attribute)] = "function of the attribute"
    return [
        DirectUse(name, attribute, how, config.exemption(name, attribute))
        for (name, attribute), how in found.items()
    ]


def is_function(x: pd.Series, codes: NDArray[np.int64], values: pd.Series | None = None) -> bool:
    """Tell whether an input takes one value wherever the attribute does, and is not constant.

    In cells of at least 5 firms the attribute explains 99 % of the input's entropy, and not half of it
    when it changes places between firms; or their ranks agree. An input of which fewer than 30 firms
    differ from its commonest value says too little either way.

    Parameters
    ----------
    x : Series, shape (n,)
        The input.
    codes : int64, shape (n,)
        The attribute's values by number, -1 unknown.
    values : Series, optional
        The attribute itself, to compare ranks: of a number only some values come often.
    """
    cell = np.bincount(codes[codes >= 0], minlength=1)
    inside = (codes >= 0) & (cell[np.maximum(codes, 0)] >= LEAST_IN_CELL)
    if inside.sum() >= LEAST_OFF and _explains(_codes(x)[inside], codes[inside]):
        return True
    return values is not None and _same_order(x, values)


def _explains(x: NDArray[np.int64], codes: NDArray[np.int64]) -> bool:
    counts = np.bincount(x + 1)
    whole = _entropy(counts)
    if counts.sum() - counts.max() < LEAST_OFF or whole == 0:
        return False
    shuffled = np.random.default_rng(0).permutation(codes)
    return bool(
        1 - _within(x, codes) / whole >= EXPLAINED and 1 - _within(x, shuffled) / whole < BY_CHANCE
    )


def _within(x: NDArray[np.int64], codes: NDArray[np.int64]) -> float:
    """Return the conditional entropy of x given the codes, in nats."""
    pairs = np.unique(codes.astype(np.int64) * (int(x.max()) + 2) + x + 1, return_counts=True)[1]
    return _entropy(pairs) - _entropy(np.bincount(codes))


def _entropy(counts: NDArray[np.int64]) -> float:
    share = counts[counts > 0] / counts.sum()
    return float(-(share * np.log(share)).sum())


def _codes(values: pd.Series) -> NDArray[np.int64]:
    return np.asarray(pd.factorize(values)[0], dtype=np.int64)


def _same_order(x: pd.Series, values: pd.Series) -> bool:
    numbers = pd.to_numeric(values, errors="coerce")
    both = numbers.notna().to_numpy() & x.notna().to_numpy()
    if both.sum() < LEAST_OFF or x[both].nunique() < 2 or numbers[both].nunique() < 2:
        return False
    if both.sum() - x[both].value_counts().iloc[0] < LEAST_OFF:
        return False
    ranks = np.corrcoef(x[both].rank(), numbers[both].rank())[0, 1]
    return bool(abs(ranks) >= 0.999)


def readers_of(columns: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the inputs that read each column (``table.column``) of the records."""
    return dict(_readers(tuple(sorted(set(columns) - {""}))))


@cache
def _readers(columns: tuple[str, ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Find readers once a process: they depend on the code alone."""
    if not columns:
        return ()
    world = load_world_settings()
    settings, sectors = load_settings(world.as_of), load_sectors()
    with tempfile.TemporaryDirectory(prefix="risk-index-lineage-") as name:
        folder = Path(name) / "world"
        write_world(folder, PROBE_FIRMS, PROBE_SEED, world)
        with open_records(folder, today=world.as_of) as records:
            snapshot = snapshot_of_registry(records, world.as_of, settings.law, sectors)
            before, found = matrix(snapshot, in_use()), []
            for column in columns:
                with _moved(records, column):
                    found.append((column, _changed(before, matrix(snapshot, in_use()))))
    return tuple(found)


@contextmanager
def _moved(records: Records, column: str) -> Iterator[None]:
    """Let the values of a column change places between rows of the working database."""
    table, _, name = column.partition(".")
    rows = records.con.con.sql(f"FROM {quoted(table)}").to_arrow_table()
    order = np.random.default_rng(0).permutation(len(rows))
    moved = rows.set_column(rows.column_names.index(name), name, rows[name].take(order))
    try:
        _replace(records, table, moved)
        yield
    finally:
        _replace(records, table, rows)


def _replace(records: Records, table: str, rows: pa.Table) -> None:
    duck = records.con.con
    duck.register("incoming", rows)
    duck.execute(f"CREATE OR REPLACE TABLE {quoted(table)} AS FROM incoming")
    duck.unregister("incoming")


def _changed(before: pd.DataFrame, after: pd.DataFrame) -> tuple[str, ...]:
    names = [feature.name for feature in in_use()]
    return tuple(name for name in names if not before[name].equals(after[name]))
