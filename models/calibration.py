"""From a margin to a chance: beta calibration, with a Venn-Abers interval around it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.optimize import minimize

from models.arrays import Bools, Floats

PRIOR_PRECISION = 4.0
MOST_GROUPS = 2000
LEAST_FOR_INTERVAL = 50


@dataclass(frozen=True, eq=False)
class Calibrator:
    """A non-decreasing map from margin (log-odds) to probability, in plain numbers.

    Parameters
    ----------
    a, b, c : float
        logit P = a log p - b log(1 - p) + c with p the margin's own probability; a, b >= 0.
    knots, low, high : float64, shape (k,)
        Step functions of the margin: from knots[i] on, the Venn-Abers pair is low[i], high[i].
    rows : int
        Later rows that the interval rests on.
    """

    a: float
    b: float
    c: float
    knots: Floats = field(repr=False)
    low: Floats = field(repr=False)
    high: Floats = field(repr=False)
    rows: int

    def probability(self, margin: Floats) -> Floats:
        """Return calibrated probabilities, shape (n,)."""
        return _sigmoid(_logit(margin, self.a, self.b, self.c))

    def interval(self, margin: Floats) -> tuple[Floats, Floats]:
        """Return low and high, each of shape (n,), with the calibrated probability inside."""
        at = np.clip(np.searchsorted(self.knots, margin, side="right") - 1, 0, None)
        chance = self.probability(margin)
        return np.minimum(self.low[at], chance), np.maximum(self.high[at], chance)

    def saved(self) -> dict[str, Any]:
        """Return the calibrator as plain numbers."""
        arrays = {name: getattr(self, name).tolist() for name in ("knots", "low", "high")}
        return {"a": self.a, "b": self.b, "c": self.c, "rows": self.rows, **arrays}

    @classmethod
    def restored(cls, saved: dict[str, Any]) -> Calibrator:
        """Build the calibrator from what `saved` returned."""
        arrays = {name: np.array(saved[name], dtype=float) for name in ("knots", "low", "high")}
        return cls(a=saved["a"], b=saved["b"], c=saved["c"], rows=saved["rows"], **arrays)


def fit_calibrator(margin: Floats, violation: Floats, weight: Floats, seed: int) -> Calibrator:
    """Fit on rows that the model has not learnt from, better of later dates.

    Beta calibration (Kull, Silva Filho and Flach, 2017) by weighted maximum likelihood under
    a, b >= 0, which keeps it monotone, and a normal prior of precision 4 at a = b = 1: a few rows
    leave the margin as it is, many overrule it. The interval is inductive Venn-Abers (Vovk, Petej
    and Fedorova, 2015). Its guarantee is for exchangeable rows: where weights differ, it is
    computed on a subset drawn with chance proportional to weight (seeded).

    Parameters
    ----------
    margin, violation, weight : shape (n,)
    seed : int
        For the subset; used only if weights differ.
    """
    a, b, c = _fit_beta(margin, violation.astype(np.float64), weight)
    kept = _exchangeable(weight, seed)
    knots, low, high = _venn_abers(margin[kept], violation[kept])
    return Calibrator(a=a, b=b, c=c, knots=knots, low=low, high=high, rows=int(kept.sum()))


def _logit(margin: Floats, a: float, b: float, c: float) -> Floats:
    return np.asarray(b * np.logaddexp(0, margin) - a * np.logaddexp(0, -margin) + c)


def _sigmoid(logit: Floats) -> Floats:
    return np.asarray(np.exp(-np.logaddexp(0, -logit)))


def _fit_beta(margin: Floats, y: Floats, weight: Floats) -> tuple[float, float, float]:
    w = weight / weight.mean()
    left, right = -np.logaddexp(0, -margin), np.logaddexp(0, margin)

    def objective(abc: Floats) -> tuple[float, Floats]:
        logit = abc[0] * left + abc[1] * right + abc[2]
        off = w * (_sigmoid(logit) - y)
        loss = (w * (np.logaddexp(0, logit) - y * logit)).sum()
        ridge = PRIOR_PRECISION * (abc[:2] - 1)
        slope = np.array([(off * left).sum(), (off * right).sum(), off.sum()])
        slope[:2] += ridge
        return (loss + (ridge * (abc[:2] - 1)).sum() / 2) / len(y), slope / len(y)

    found = minimize(
        objective,
        np.array([1.0, 1.0, 0.0]),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, None), (0, None), (-30, 30)],
        options={"ftol": 1e-14, "gtol": 1e-9, "maxiter": 500},
    )
    a, b, c = (float(value) for value in found.x)
    return a, b, c


def _exchangeable(weight: Floats, seed: int) -> Bools:
    chance = weight / weight.max()
    kept = np.random.default_rng(seed).random(len(weight)) < chance
    too_few = kept.sum() < min(LEAST_FOR_INTERVAL, len(weight))
    return np.ones(len(weight), dtype=np.bool_) if too_few else kept


def _venn_abers(margin: Floats, violation: Floats) -> tuple[Floats, Floats, Floats]:
    knots = np.unique(np.quantile(margin, np.linspace(0, 1, MOST_GROUPS), method="lower"))
    group = knots[np.searchsorted(knots, margin, side="right") - 1]
    with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
        from venn_abers.venn_abers import calc_p0p1  # its import turns NumPy's warnings off

        warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)  # its last slope is 0/0

        p0, p1, _ = calc_p0p1(np.column_stack([-group, group]), violation.astype(np.float64))
    low, high = p0[1:, 1], p1[:-1, 1]
    steps = np.r_[True, (np.diff(low) != 0) | (np.diff(high) != 0)]
    return knots[steps], np.clip(low[steps], 0, 1), np.clip(high[steps], 0, 1)
