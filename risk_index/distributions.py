"""How inputs and index are spread on a day: kept with a fit, held against those of a later day.

A fit keeps bins, not firms: tenths of each input over the registry, the share without a value, and
quantiles of the values other than 0, by which a changed unit shows.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import chi2, entropy, fisher_exact

from features.catalogue import in_use
from models.fitted import FittedModel
from risk_index.errors import UserError
from risk_index.index import Floats, IndexScale
from risk_index.parts import is_draw
from risk_index.training import TrainingSet

MOST_FIRMS = 20_000
TENTHS = np.arange(1, 10) / 10
TWENTIETHS = np.arange(1, 20) / 20
LEAST_SHARE = 1e-4
"""Share that an empty bin counts with, so that the PSI stays finite."""
NOISE_LEVEL = 0.999
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
    n : int
        Firms looked at.
    edges : tuple of float
        Upper ends of the bins but the last; each bin holds its upper end.
    shares : tuple of float
        Shares of firms by bin; the last is that of firms without a value.
    quantiles : tuple of float
        Twentieths of the values other than 0; empty where there are none.
    n_quantiles : int
        Values that those rest on.
    """

    n: int
    edges: tuple[float, ...]
    shares: tuple[float, ...]
    quantiles: tuple[float, ...] = ()
    n_quantiles: int = 0

    @classmethod
    def of(cls, values: Floats, edges: tuple[float, ...] | None = None) -> Spread:
        """Take the spread of values, shape (n,); in tenths of their own unless `edges` are given."""
        known = values[np.isfinite(values)]
        if edges is None:
            edges = tuple(np.unique(np.quantile(known, TENTHS)).tolist()) if len(known) else ()
        place = np.searchsorted(np.array(edges), known, side="left")
        counts = np.r_[np.bincount(place, minlength=len(edges) + 1), len(values) - len(known)]
        other = known[known != 0]
        quantiles = tuple(np.quantile(other, TWENTIETHS).tolist()) if len(other) else ()
        return cls(
            len(values),
            edges,
            tuple((counts / max(len(values), 1)).tolist()),
            quantiles,
            len(other),
        )


@dataclass(frozen=True)
class Tally:
    """How often each value occurs, in two digits: what two fits can be compared by without firms.

    Attributes
    ----------
    values : tuple of float
        Rounded to two digits, rising.
    counts : tuple of int
        Firms with each value.
    missing : int
        Firms without a value.
    """

    values: tuple[float, ...]
    counts: tuple[int, ...]
    missing: int = 0

    @classmethod
    def of(cls, values: Floats) -> Tally:
        """Count values, shape (n,).

        >>> Tally.of(np.array([12.34, 12.0, 0.0, np.nan]))
        Tally(values=(0.0, 12.0), counts=(1, 2), missing=1)
        """
        exact, n = np.unique(values[np.isfinite(values)], return_counts=True)
        rounded = np.char.mod("%.1e", exact).astype(np.float64) if len(exact) else exact
        found, at = np.unique(rounded, return_inverse=True)
        counts = np.bincount(at, weights=n, minlength=len(found)).astype(int)
        known = int(counts.sum())
        return cls(tuple(found.tolist()), tuple(counts.tolist()), len(values) - known)

    def told(self) -> Floats:
        """Return the values again, rounded as they are; NaN for those missing."""
        return np.r_[np.repeat(self.values, self.counts), np.full(self.missing, np.nan)]


@dataclass(frozen=True)
class Distributions:
    """Spreads by input, of the index, and of the index among random draws.

    Attributes
    ----------
    spreads : dict of name to Spread
    draws, violations : int
        Random draws of the year before the day, and violations they found.
    tallies : dict of name to Tally
        The same numbers in two digits; empty in the file of an older fit.
    """

    spreads: dict[str, Spread]
    draws: int = 0
    violations: int = 0
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
        return Distributions(spreads, tallies=tallies, **content)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DistributionsError(f"{path} holds no distributions of a fit: {error}") from error


def _spread(saved: dict[str, Any]) -> Spread:
    lists = {name: tuple(saved[name]) for name in ("edges", "shares", "quantiles")}
    return Spread(**{**saved, **lists})


def _tally(saved: dict[str, Any]) -> Tally:
    return Tally(tuple(saved["values"]), tuple(saved["counts"]), saved["missing"])


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
    rows = training.examples.X[drawn]
    values = {feature.name: _column(X, feature.name) for feature in in_use()}
    values[INDEX] = index_of(model, X)
    if len(rows):
        values[DRAWS] = index_of(model, rows)
    return Distributions(
        {name: Spread.of(column) for name, column in values.items()},
        int(drawn.sum()),
        int(training.examples.violation[drawn].sum()),
        {name: Tally.of(column) for name, column in values.items()},
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


def shifts(
    before: Distributions, after: dict[str, np.ndarray], inputs: set[str]
) -> dict[str, tuple[float, float]]:
    """Return the PSI, and that of chance, of each input that a model reads, and of the index.

    Parameters
    ----------
    after : dict of name to float64 of shape (n,)
        Values of today; the index by the champion, among random draws, too.
    """
    found = {}
    for name in [*sorted(inputs), INDEX, DRAWS]:
        old, values = before.spreads.get(name), after.get(name)
        if old is None or values is None or not len(values) or not old.n:
            continue
        new = Spread.of(values, old.edges)
        found[name] = (psi(old, new), psi_of_chance(old, new))
    return found


def shifts_between(
    before: Distributions, after: Distributions, inputs: set[str]
) -> dict[str, tuple[float, float]]:
    """Return the same from what two fits kept, in two digits; the index of each is by its own model."""
    rounded = {name: Spread.of(tally.told()) for name, tally in before.tallies.items()}
    today = {name: tally.told() for name, tally in after.tallies.items()}
    return shifts(Distributions(rounded), today, inputs)


def chance_of_rates(before: Distributions, after: Distributions) -> float:
    """Return how likely the rates on random draws differ so much where they are one (Fisher's test)."""
    table = [[one.violations, one.draws - one.violations] for one in (before, after)]
    return float(fisher_exact(table)[1])


def psi(before: Spread, after: Spread) -> float:
    """Return the population stability index, the sum of both relative entropies (in nats).

    `after` must have the bins of `before`.
    """
    p, q = (np.maximum(np.array(s.shares), LEAST_SHARE) for s in (before, after))
    return float(entropy(p, q) + entropy(q, p))


def psi_of_chance(before: Spread, after: Spread) -> float:
    """Return the PSI that two samples of one distribution pass once in a thousand times.

    Of such samples, the PSI is about ``(1/n + 1/m)`` times chi-square with a degree of freedom less than
    bins (Yurdakul and Naranjo 2020, Journal of Risk Model Validation).
    """
    bins = int((np.maximum(before.shares, after.shares) > 0).sum())
    if bins < 2:
        return 0.0
    each = 1 / max(before.n, 1) + 1 / max(after.n, 1)
    return float(each * chi2.ppf(NOISE_LEVEL, bins - 1))


def factor(before: Spread, after: Spread) -> tuple[float, float]:
    """Return by what constant the values other than 0 were multiplied, and how uneven that is.

    The median ratio of the twentieths, and the greatest over the least ratio among the middle ones;
    NaN where either has none or they differ in sign.
    """
    if not before.quantiles or not after.quantiles:
        return float("nan"), float("nan")
    ratio = np.array(after.quantiles) / np.array(before.quantiles)
    middle = ratio[4:-4]
    if (ratio <= 0).any():
        return float("nan"), float("nan")
    return float(np.median(ratio)), float(middle.max() / middle.min())


def _column(X: pd.DataFrame, name: str) -> Floats:
    return X[name].to_numpy(np.float64) if name in X else np.zeros(0)
