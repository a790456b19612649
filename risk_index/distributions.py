"""How inputs and index are spread on a day: kept with a fit, to be held against those of a later day.

A fit keeps bins, not firms: tenths of each input over the registry, the share without a value, and
quantiles of the values other than 0, by which a changed unit shows. Random draws are of unequal chance, so
each counts for the firms it stands for, 1 / its chance: another rule of drawing moves nothing.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.catalogue import in_use
from models.fitted import FittedModel
from models.metrics import kish
from risk_index.errors import UserError
from risk_index.index import Floats, IndexScale
from risk_index.parts import is_draw
from risk_index.survey.design import Sample, effective_size
from risk_index.survey.estimators import Domain, hajek
from risk_index.survey.intervals import rate_interval
from risk_index.training import TrainingSet

MOST_FIRMS = 20_000
TENTHS = np.arange(1, 10) / 10
TWENTIETHS = np.arange(1, 20) / 20
INDEX, DRAWS = "index", "index on random draws"
DRAWN_DAYS = 365
_ODD = np.uint64(0x9E3779B97F4A7C15)


class DistributionsError(UserError):
    """A file of distributions cannot be read."""


@dataclass(frozen=True)
class Spread:
    """How one number is spread over firms.

    Attributes
    ----------
    n : float
        Firms looked at; where they count by weights, Kish's effective number of them.
    edges : tuple of float
        Upper ends of the bins but the last; each bin holds its upper end.
    shares : tuple of float
        Shares of firms by bin; the last is that of firms without a value.
    quantiles : tuple of float
        Twentieths of the values other than 0; empty where there are none.
    n_quantiles : int
        Values that those rest on.
    """

    n: float
    edges: tuple[float, ...]
    shares: tuple[float, ...]
    quantiles: tuple[float, ...] = ()
    n_quantiles: int = 0

    @classmethod
    def of(
        cls,
        values: Floats,
        edges: tuple[float, ...] | None = None,
        weight: Floats | None = None,
    ) -> Spread:
        """Take the spread of values, shape (n,); in tenths of their own unless `edges` are given.

        Parameters
        ----------
        weight : shape (n,), optional
            For how many firms each value stands; all alike by default.
        """
        even = np.ones(len(values)) if weight is None else weight
        known = np.isfinite(values)
        if edges is None:
            edges = _tenths(values[known], even[known])
        place = np.searchsorted(np.array(edges), values[known], side="left")
        inside = np.bincount(place, even[known], minlength=len(edges) + 1)
        shares = np.r_[inside, even[~known].sum()] / max(even.sum(), 1e-300)
        other = values[known & (values != 0)]
        quantiles = tuple(np.quantile(other, TWENTIETHS).tolist()) if len(other) else ()
        n = kish(even) if len(values) else 0.0
        return cls(n, edges, tuple(shares.tolist()), quantiles, len(other))


@dataclass(frozen=True)
class DrawnRate:
    """Share of all firms with a violation, as the random draws of a year tell it.

    Attributes
    ----------
    draws, violations : int
        What was drawn, and what was found.
    rate, variance, df : float
        Hajek's estimate with weights 1 / chance, its variance over draws, and the degrees of freedom.
    n_eff : float
        Kish's effective number of draws.
    """

    draws: int
    violations: int
    rate: float
    variance: float
    df: float
    n_eff: float

    @classmethod
    def of(cls, violation: Floats, chance: Floats) -> DrawnRate | None:
        """Estimate it from draws and their chances, shape (n,) each; None where there is no draw."""
        n = len(violation)
        if not n:
            return None
        every = np.ones(n, dtype=np.bool_)
        sample = Sample(chance, np.ones(n), np.zeros(n, dtype=np.int64), every, every)
        mean = hajek(violation.astype(np.float64), sample, Domain(every, float((1 / chance).sum())))
        size = effective_size(sample.weight)
        return cls(n, int(violation.sum()), mean.value, mean.variance, mean.df, size)

    def interval(self, level: float) -> tuple[float, float]:
        """Return the interval of the rate at a level, such as 0.95."""
        return rate_interval(self.rate, self.variance, self.n_eff, self.df, level)

    @property
    def told(self) -> str:
        """The rate with its 95 % interval, for people."""
        low, high = self.interval(0.95)
        return f"{self.rate:.1%} [{low:.1%}, {high:.1%}]"


@dataclass(frozen=True)
class Tally:
    """How often each value occurs, in two digits: what two fits can be compared by without firms.

    Attributes
    ----------
    values : tuple of float
        Rounded to two digits, rising.
    counts : tuple of float
        Firms with each value, or for which those with it stand.
    missing : float
        Firms without a value.
    n_eff : float or None
        Kish's effective number, where firms count by weights.
    """

    values: tuple[float, ...]
    counts: tuple[float, ...]
    missing: float = 0
    n_eff: float | None = None

    @classmethod
    def of(cls, values: Floats, weight: Floats | None = None) -> Tally:
        """Count values, shape (n,), each by its weight where there is one.

        >>> Tally.of(np.array([12.34, 12.0, 0.0, np.nan]))
        Tally(values=(0.0, 12.0), counts=(1, 2), missing=1, n_eff=None)
        """
        known = np.isfinite(values)
        exact, where = np.unique(values[known], return_inverse=True)
        rounded = np.char.mod("%.1e", exact).astype(np.float64) if len(exact) else exact
        found, at = np.unique(rounded, return_inverse=True)
        if weight is None:
            counts = np.bincount(at[where], minlength=len(found))
            return cls(tuple(found.tolist()), tuple(counts.tolist()), int((~known).sum()))
        sums = np.bincount(at[where], weight[known], minlength=len(found))
        missing, n_eff = float(weight[~known].sum()), kish(weight) if len(weight) else 0.0
        return cls(tuple(found.tolist()), tuple(sums.tolist()), missing, n_eff)

    def spread(self, edges: tuple[float, ...] | None = None) -> Spread:
        """Return the spread of the values, rounded as they are."""
        values, counts = np.r_[self.values, np.nan], np.r_[self.counts, self.missing]
        if self.n_eff is None:
            return Spread.of(np.repeat(values, counts.astype(int)), edges)
        return replace(Spread.of(values, edges, counts), n=self.n_eff)


@dataclass(frozen=True)
class Distributions:
    """Spreads by input, of the index, and of the index among random draws.

    Attributes
    ----------
    spreads : dict of name to Spread
    drawn : DrawnRate or None
        What the random draws of the year before the day found; None where there were none.
    tallies : dict of name to Tally
        The same numbers in two digits; empty in the file of an older fit.
    """

    spreads: dict[str, Spread]
    drawn: DrawnRate | None = None
    tallies: dict[str, Tally] = field(default_factory=dict)

    def as_json(self) -> str:
        """Return it as JSON text, a line a tally."""
        plain = asdict(self)
        tallies = ",\n".join(
            f"  {json.dumps(name)}: {json.dumps(tally, allow_nan=False, separators=(',', ':'))}"
            for name, tally in plain.pop("tallies").items()
        )
        rest = json.dumps(plain, indent=1, allow_nan=False).removesuffix("\n}")
        return f'{rest},\n "tallies": {{\n{tallies}\n }}\n}}\n'


def read_distributions(path: Path) -> Distributions:
    """Read what `Distributions.as_json` wrote.

    Raises
    ------
    DistributionsError
        Where the file is none.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        spreads = {name: _spread(saved) for name, saved in content.pop("spreads").items()}
        tallies = {name: _tally(saved) for name, saved in content.pop("tallies", {}).items()}
        drawn = content.pop("drawn")
        return Distributions(spreads, DrawnRate(**drawn) if drawn else None, tallies, **content)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DistributionsError(f"{path} holds no distributions of a fit: {error}") from error


def _spread(saved: dict[str, Any]) -> Spread:
    lists = {name: tuple(saved[name]) for name in ("edges", "shares", "quantiles")}
    return Spread(**{**saved, **lists})


def _tally(saved: dict[str, Any]) -> Tally:
    return Tally(**{**saved, **{name: tuple(saved[name]) for name in ("values", "counts")}})


@dataclass
class RegistrySample:
    """At most 20,000 firms of the registry, the same whatever batches they come in."""

    rows: pd.DataFrame = field(default_factory=pd.DataFrame)

    def look(self, X: pd.DataFrame) -> None:
        """Take what belongs to the sample from a batch."""
        both = pd.concat([self.rows, X], ignore_index=True)
        turn = both.firm_key.to_numpy(np.uint64) * _ODD
        kept = np.sort(np.argsort(turn, kind="stable")[:MOST_FIRMS])
        self.rows = both.iloc[kept].reset_index(drop=True)


def distributions(
    sample: RegistrySample, model: FittedModel, training: TrainingSet
) -> Distributions:
    """Return the spreads of a fit on its day."""
    X, drawn = sample.rows, last_draws(training)
    rows, chance = training.examples.X[drawn], chances(training, drawn)
    values = {feature.name: _column(X, feature.name) for feature in in_use()}
    values[INDEX] = index_of(model, X)
    weights = {DRAWS: 1 / chance}
    if len(rows):
        values[DRAWS] = index_of(model, rows)
    return Distributions(
        {n: Spread.of(column, weight=weights.get(n)) for n, column in values.items()},
        DrawnRate.of(training.examples.violation[drawn], chance),
        {n: Tally.of(column, weights.get(n)) for n, column in values.items()},
    )


def index_of(model: FittedModel, X: pd.DataFrame) -> Floats:
    """Return the index before clipping of each row, shape (n,)."""
    if not len(X):
        return np.zeros(0)
    harm = model.likelihood.predict(X) * model.severity.predict(X)
    return IndexScale(**model.meta["scale"]).unclipped(harm)


def last_draws(training: TrainingSet) -> np.ndarray:
    """Tell which examples are the random draws of the year before the fit, each visit once."""
    labels = training.labels
    since = np.datetime64(training.calendar.as_of, "D") - np.timedelta64(DRAWN_DAYS, "D")
    late = pd.to_datetime(labels.inspected_on).to_numpy("datetime64[D]") > since
    latest = ~labels.duplicated("inspection_id", keep="last").to_numpy()
    return np.asarray(is_draw(labels) & late & latest)


def chances(training: TrainingSet, drawn: np.ndarray) -> Floats:
    """Return the chance by which each of the random draws came, shape (n,)."""
    return training.labels.inclusion_probability.to_numpy(np.float64)[drawn]


def _tenths(values: Floats, weight: Floats) -> tuple[float, ...]:
    """Return the values below which tenths of the weight lie, each once."""
    if not len(values):
        return ()
    if (weight == weight[0]).all():
        return tuple(np.unique(np.quantile(values, TENTHS)).tolist())
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order]) / weight.sum()
    at = np.minimum(np.searchsorted(reached, TENTHS), len(values) - 1)
    return tuple(np.unique(values[order][at]).tolist())


def _column(X: pd.DataFrame, name: str) -> Floats:
    return X[name].to_numpy(np.float64) if name in X else np.zeros(0)
