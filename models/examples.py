"""Training examples: what was known of a firm on a day, and what an inspection then found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.arrays import Bools, Days, Floats, Labels, Rows, Singles

LEAST_ROWS = 50
LEAST_OF_EACH = 10


class ExamplesError(ValueError):
    """The arrays do not describe one set of examples."""


class NotEnoughLabels(ValueError):  # noqa: N818
    """Too few inspected firms, or too few of one outcome, to fit a model on."""


class MissingColumns(ValueError):  # noqa: N818
    """A matrix lacks columns that the model was fitted on."""


@dataclass(frozen=True, eq=False)
class Examples:
    """One row a (firm, as-of date) whose next inspection has been seen.

    Parameters
    ----------
    X : DataFrame, shape (n, p), every column float32
        Features as known on the as-of date. NaN means "no value"; infinity is refused.
    violation : int8, shape (n,)
        1 if the inspection found a violation, else 0.
    harm : float64, shape (n,)
        Harm in the units of the rubric; NaN where there was no violation or it was not measured.
    weight : float64, shape (n,)
        1 / inclusion probability, or 1. Finite and above 0.
    as_of, known_on : datetime64[D], shape (n,)
        The day the features speak of, and the day the label became known (never earlier).
    controller : int64, shape (n,)
        Number of the group that controls the firm: all its firms stay on one side of a split.
    inspector : int64, shape (n,), optional
        Number of the group of inspectors that made the labelled visit, -1 unknown. Never an input.
    visit : int64, shape (n,), optional
        Number of the labelled visit; each row is a visit of its own where it is not given.

    Raises
    ------
    ExamplesError
        Naming the field, the rule and how many rows break it.
    """

    X: pd.DataFrame
    violation: Labels
    harm: Floats
    weight: Floats
    as_of: Days
    known_on: Days
    controller: Rows
    inspector: Rows | None = None
    visit: Rows | None = None

    def __post_init__(self) -> None:
        _check_shapes(self)
        _check_matrix(self.X)
        _check_values(self)

    def __len__(self) -> int:
        return len(self.violation)

    def take(self, rows: Bools | Rows) -> Examples:
        """Return the chosen rows, by mask of shape (n,) or by position, in the order asked for."""
        at = np.asarray(rows)
        if at.dtype == np.bool_:
            at = np.flatnonzero(at)
        given = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "X"}
        arrays = {name: array[at] for name, array in given.items() if array is not None}
        return Examples(X=self.X.iloc[at], **arrays)


def _check_shapes(examples: Examples) -> None:
    n = len(examples.X)
    dtypes = {"violation": "int8", "harm": "float64", "weight": "float64", "controller": "int64"}
    dtypes |= {"inspector": "int64", "visit": "int64"}
    optional = [name for name in ("inspector", "visit") if getattr(examples, name) is not None]
    for name in ("violation", "harm", "weight", "as_of", "known_on", "controller", *optional):
        array, wanted = getattr(examples, name), dtypes.get(name, "datetime64[D]")
        if not isinstance(array, np.ndarray):
            raise ExamplesError(f"{name} is a {type(array).__name__}: give a NumPy array")
        if array.shape != (n,):
            raise ExamplesError(
                f"{name} has shape {array.shape}, but X has {n} rows: give shape ({n},)"
            )
        if str(array.dtype) != wanted:
            raise ExamplesError(f"{name} is {array.dtype}: give {wanted}")


def _check_matrix(X: pd.DataFrame) -> None:
    if X.columns.has_duplicates:
        twice = list(X.columns[X.columns.duplicated()][:3])
        raise ExamplesError(f"X names a column twice: {twice}")
    wrong = [f"{name} ({dtype})" for name, dtype in X.dtypes.items() if dtype != np.float32]
    if wrong:
        raise ExamplesError(f"{len(wrong)} columns of X are not float32, first: {wrong[:3]}")
    infinite = [name for name in X if np.isinf(X[name].to_numpy()).any()]
    if infinite:
        raise ExamplesError(f"X is infinite in {len(infinite)} columns, first: {infinite[:3]}")


def _check_values(examples: Examples) -> None:
    found = examples.violation == 1
    measured = ~np.isnan(examples.harm)
    rules = {
        "violation must be 0 or 1": ~np.isin(examples.violation, (0, 1)),
        "harm must be NaN where violation is 0": measured & ~found,
        "harm must be finite and not negative": measured
        & ~((examples.harm >= 0) & (examples.harm < np.inf)),
        "weight must be finite and above 0": ~((examples.weight > 0) & (examples.weight < np.inf)),
        "as_of must be a day": np.isnat(examples.as_of),
        "known_on must be a day": np.isnat(examples.known_on),
        "known_on must not be before as_of": examples.known_on < examples.as_of,
    }
    for rule, broken in rules.items():
        if broken.any():
            first = np.flatnonzero(broken)[:3].tolist()
            raise ExamplesError(f"{rule}: {broken.sum()} of {len(broken)} rows, first {first}")


def require_labels(violation: NDArray[np.int8]) -> None:
    """Refuse fewer than 50 labelled rows, or fewer than 10 of either outcome.

    Raises
    ------
    NotEnoughLabels
        With the counts, and what is needed.
    """
    n, found = len(violation), int((violation == 1).sum())
    if n < LEAST_ROWS or min(found, n - found) < LEAST_OF_EACH:
        raise NotEnoughLabels(
            f"{n} inspected rows, {found} with a violation and {n - found} without: a fit needs at "
            f"least {LEAST_ROWS} rows and {LEAST_OF_EACH} of each outcome. Take in more years of "
            f"inspections, or rank by a published rule ladder until there are enough."
        )


def matrix(X: pd.DataFrame, columns: Sequence[str]) -> Singles:
    """Return the named columns of X, in that order, as float32 of shape (n, len(columns)).

    Raises
    ------
    MissingColumns
        If X lacks any of them.
    """
    absent = [name for name in columns if name not in X.columns]
    if absent:
        raise MissingColumns(
            f"the matrix lacks {len(absent)} of the model's {len(columns)} columns, first: "
            f"{absent[:3]}. Build it from the same catalogue of features as the fit."
        )
    return np.asarray(X[list(columns)].to_numpy(dtype=np.float32))
