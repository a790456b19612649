"""What the audit's statistics work on: a sample of firms with attributions, and audited attributes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import rankdata

from models.arrays import Bools, Floats, Rows

Kind = Literal["binary", "categorical", "continuous"]
LEAST_IN_GROUP = 100
JOINED = " + "
"""Between inputs that act together."""
CROSS = " x "
"""Between the parts of an intersection, in its name and in those of its cells."""
SD_A_UNIT = 2.0  # a balanced binary attribute's 0 and 1 are two standard deviations apart


class EvidenceError(ValueError):
    """The arrays do not describe one sample of firms."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Firms as the model sees them, and what the random draw found of some of them.

    Parameters
    ----------
    X : DataFrame, shape (n, p), every column float32
        The model's inputs; NaN means "no value". No audited attribute is among them.
    margin : float64, shape (n,)
        Log-odds of the model's likelihood before calibration.
    phi : DataFrame, shape (n, p), columns as X
        Contribution of each input to the margin (SHAP values).
    base : float
        The margin that contributions start from: `base + phi.sum(axis=1)` is the margin.
    likelihood : float64, shape (n,)
        The calibrated chance of a violation.
    drawn : bool, shape (n,)
        Whether the firm was drawn at random, with a known chance, and its outcome is recorded.
    violation : float64, shape (n,)
        1 or 0 where drawn, NaN elsewhere.
    weight : float64, shape (n,)
        1 / inclusion probability where drawn (above 0), NaN elsewhere.
    controller : int64, shape (n,), or None
        Whose outcomes may go together; None: each row stands for itself.

    Raises
    ------
    EvidenceError
        Naming the field, the rule and how many rows break it.
    """

    X: pd.DataFrame
    margin: Floats
    phi: pd.DataFrame
    base: float
    likelihood: Floats
    drawn: Bools
    violation: Floats
    weight: Floats
    controller: Rows | None = None

    def __post_init__(self) -> None:
        _check_shapes(self)
        _check_draw(self)

    def __len__(self) -> int:
        return len(self.margin)

    @property
    def inputs(self) -> list[str]:
        """Names of the model's inputs, in the order of X."""
        return list(self.X.columns)

    def take(self, rows: Bools | Rows) -> Sample:
        """Return the chosen rows, by mask of shape (n,) or by position, in the order asked for."""
        at = positions(rows)
        chosen = {f.name: getattr(self, f.name) for f in fields(self)}
        for name, value in chosen.items():
            if isinstance(value, pd.DataFrame):
                chosen[name] = value.iloc[at].reset_index(drop=True)
            elif isinstance(value, np.ndarray):
                chosen[name] = value[at]
        return Sample(**chosen)


@dataclass(frozen=True, eq=False)
class Attribute:
    """An audited attribute of the same firms, in the same order. Never an input of the model.

    Parameters
    ----------
    name : str
    kind : "binary", "categorical" or "continuous"
    values : shape (n,)
        Binary: float64, 1 in the group, 0 outside, NaN unknown. Categorical: text, None unknown.
        Continuous: float64, NaN unknown.
    adverse : tuple
        Whose burden is watched. Binary: (1,) the group, (0,) the others, () both ways.
        Categorical: the levels watched; () every level. Continuous: (1,) the high end, (-1,) the
        low end, () both.
    """

    name: str
    kind: Kind
    values: NDArray[Any]
    adverse: tuple[str | int, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: Bools | Rows) -> Attribute:
        """Return the attribute of the chosen rows."""
        return Attribute(self.name, self.kind, self.values[positions(rows)], self.adverse)


@dataclass(frozen=True, eq=False)
class Contrast:
    """One comparison that an attribute stands for: a group against all others, or low to high.

    Parameters
    ----------
    attribute, level : str
        `level` is "" for a binary or continuous attribute, else the group compared to the rest.
    kind : "binary" or "continuous"
    a : float64, shape (n,)
        1 or 0; or normal scores, of which one unit is two standard deviations. NaN unknown.
    sign : -1, 0 or 1
        Adverse direction: a gap of this sign burdens those watched; 0 means that either does.
    """

    attribute: str
    level: str
    kind: Literal["binary", "continuous"]
    a: Floats
    sign: int = 1

    @property
    def name(self) -> str:
        """Attribute and level in words: "ownership=state", "size"."""
        return f"{self.attribute}={self.level}" if self.level else self.attribute

    @property
    def known(self) -> Bools:
        """Rows whose attribute is known, shape (n,)."""
        return ~np.isnan(self.a)

    def take(self, rows: Bools | Rows) -> Contrast:
        """Return the contrast of the chosen rows."""
        return replace(self, a=self.a[positions(rows)])


def positions(rows: Bools | Rows) -> Rows:
    """Return positions for a mask or for positions."""
    at = np.asarray(rows)
    return np.flatnonzero(at) if at.dtype == np.bool_ else at.astype(np.int64)


def contrasts(attribute: Attribute, least: int = LEAST_IN_GROUP) -> list[Contrast]:
    """Return what an attribute is compared by, leaving out groups of fewer than `least` firms.

    A group is left out, too, if fewer than `least` firms are outside it. An attribute of which
    no comparison is left has too few firms to be audited; the caller says so.
    """
    if attribute.kind == "continuous":
        values = np.asarray(attribute.values, dtype=np.float64)
        scores = normal_scores(values)
        sign = int(attribute.adverse[0]) if attribute.adverse else 0
        return [Contrast(attribute.name, "", "continuous", scores, sign)] if len(scores) else []
    if attribute.kind == "binary":
        values = np.asarray(attribute.values, dtype=np.float64)
        watched = [int(v) for v in attribute.adverse]
        sign = 0 if len(watched) != 1 else 1 if watched[0] else -1
        return _large_enough([Contrast(attribute.name, "", "binary", values, sign)], least)
    return _large_enough(_one_against_rest(attribute), least)


def normal_scores(values: Floats) -> Floats:
    """Return normal scores of the ranks over two; NaN stays, ties share a score.

    A unit is then two standard deviations, as between the groups of a balanced binary attribute.
    Empty if fewer than two values differ.
    """
    known = ~np.isnan(values)
    if len(np.unique(values[known])) < 2:
        return np.empty(0)
    scores = np.full(len(values), np.nan)
    scores[known] = ndtri(rankdata(values[known]) / (known.sum() + 1)) / SD_A_UNIT
    return scores


def _one_against_rest(attribute: Attribute) -> list[Contrast]:
    text = pd.Series(attribute.values, dtype=object)
    unknown = text.isna().to_numpy()
    watched: Sequence[str] = [str(v) for v in attribute.adverse]
    levels = sorted(str(level) for level in text[~unknown].unique())
    found = []
    for level in levels:
        inside = (text.astype(str) == level).to_numpy() & ~unknown
        a = np.where(unknown, np.nan, inside.astype(np.float64))
        if not watched or level in watched:
            found.append(Contrast(attribute.name, level, "binary", a, 1))
    return found


def _large_enough(found: list[Contrast], least: int) -> list[Contrast]:
    return [c for c in found if min((c.a == 1).sum(), (c.a == 0).sum()) >= least]


def _check_shapes(sample: Sample) -> None:
    n = len(sample.X)
    for name in ("margin", "likelihood", "drawn", "violation", "weight"):
        shape = getattr(sample, name).shape
        if shape != (n,):
            raise EvidenceError(f"{name} has shape {shape}, but X has {n} rows: give ({n},)")
    if sample.controller is not None and sample.controller.shape != (n,):
        raise EvidenceError(f"controller has shape {sample.controller.shape}: give ({n},)")
    if list(sample.phi.columns) != list(sample.X.columns) or len(sample.phi) != n:
        raise EvidenceError("phi must have the rows and columns of X, in the same order")
    if sample.X.columns.has_duplicates:
        raise EvidenceError("X names a column twice")


def _check_draw(sample: Sample) -> None:
    outcome, weight = sample.violation[sample.drawn], sample.weight[sample.drawn]
    rules = {
        "violation must be 0 or 1 where drawn": ~np.isin(outcome, (0, 1)),
        "violation must be NaN where not drawn": ~np.isnan(sample.violation[~sample.drawn]),
        "weight must be finite and above 0 where drawn": ~((weight > 0) & np.isfinite(weight)),
        "margin must be finite": ~np.isfinite(sample.margin),
        "likelihood must be between 0 and 1": ~(
            (sample.likelihood >= 0) & (sample.likelihood <= 1)
        ),
    }
    for rule, broken in rules.items():
        if broken.any():
            first = np.flatnonzero(broken)[:3].tolist()
            raise EvidenceError(f"{rule}: {broken.sum()} of {len(broken)} rows, first {first}")
