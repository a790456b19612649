"""Why a firm has its index: signed points of exact SHAP that sum to its distance from 50.

The index is ``50 + k (log p + log S - log average)``. The severity's log is a sum of its columns'
contributions as it stands. The likelihood's margin m is a sum too, and ``log p`` is a monotone
function of m: every contribution to m is worth the same ``(log p - log p0) / (m - m0)`` points, the slope
of the secant from the model's starting point (m0, p0) to the firm, so that the points still add up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.catalogue import BY_NAME
from features.feature import Feature
from models.fitted import FittedModel
from risk_index.index import Floats, IndexScale

START = "starting point"
"""Points of a firm about which the models know nothing, the same for every firm."""
_NEAR = 1e-6


@dataclass(frozen=True)
class Points:
    """Points of the index by feature.

    Attributes
    ----------
    names : tuple of str
        Features, shape (p,).
    values : ndarray, shape (n, p)
        Signed points.
    start : float
        Points that every firm starts from; ``values.sum(axis=1) + start`` = index - 50, unclipped.
    """

    names: tuple[str, ...]
    values: Floats
    start: float

    def by_topic(self) -> pd.DataFrame:
        """Return the points added up by topic, with the starting point; shape (n, topics + 1)."""
        topics = [BY_NAME[name].topic for name in self.names]
        order = list(dict.fromkeys(topics))
        columns = {
            topic: self.values[:, [t == topic for t in topics]].sum(axis=1) for topic in order
        }
        return pd.DataFrame({**columns, START: np.full(len(self.values), self.start)})


def points(model: FittedModel, X: pd.DataFrame, scale: IndexScale) -> Points:
    """Return every firm's points by feature."""
    likelihood, severity = model.likelihood, model.severity
    phi, psi = likelihood.contributions(X), severity.contributions(X)
    if not len(X):
        return Points(likelihood.columns, np.zeros((0, len(likelihood.columns))), 0.0)
    base = phi[:1, -1]
    margin = phi.sum(axis=1)
    log_p0 = float(np.log(likelihood.calibrator.probability(base))[0])
    worth = _secant(likelihood, margin, float(base[0]), log_p0)
    names = tuple(dict.fromkeys([*likelihood.columns, *severity.columns]))
    place = {name: i for i, name in enumerate(names)}
    values = np.zeros((len(X), len(names)))
    values[:, [place[name] for name in likelihood.columns]] += phi[:, :-1] * worth[:, None]
    values[:, [place[name] for name in severity.columns]] += psi[:, :-1]
    start = log_p0 + float(psi[0, -1]) - float(np.log(scale.average_harm))
    return Points(names, values * scale.points_per_log, start * scale.points_per_log)


def _secant(likelihood: object, margin: Floats, base: float, log_p0: float) -> Floats:
    """Return (log p - log p0) / (m - m0), and the slope at m0 where m is m0."""
    chance = likelihood.calibrator.probability  # type: ignore[attr-defined]
    far = margin - base
    near = np.abs(far) < _NEAR
    step = np.where(near, _NEAR, far)
    return (np.log(chance(base + step)) - log_p0) / step


def leading(found: Points, X: pd.DataFrame, count: int = 3) -> list[list[str]]:
    """Return for every firm the `count` topics of most points, as short texts."""
    table = found.by_topic().drop(columns=START)
    names, totals = list(table.columns), table.to_numpy()
    order = np.argsort(-np.abs(totals), axis=1, kind="stable")[:, :count]
    heads = [_head(found, topic) for topic in names]
    cells = {name: X[name].to_numpy(dtype=np.float64) for name in found.names}
    return [
        [
            reason(names[place], totals[row, place], BY_NAME[head], cells[head][row])
            for place, head in ((place, heads[place][row]) for place in best)
        ]
        for row, best in enumerate(order)
    ]


def _head(found: Points, topic: str) -> Sequence[str]:
    """Return for every firm the feature of the topic with most points."""
    inside = [i for i, name in enumerate(found.names) if BY_NAME[name].topic == topic]
    best = np.abs(found.values[:, inside]).argmax(axis=1)
    return [found.names[inside[i]] for i in best]


def reason(topic: str, total: float, feature: Feature, value: float) -> str:
    """Return one reason: topic, its points, and the fact that weighs most in it.

    >>> reason("sector", 3.21, BY_NAME["hazard_class"], 4.0)
    'sector +3.2: hazard class of the sector 4 (class 1-5)'
    """
    known = "not known" if np.isnan(value) else f"{_shown(value)} ({feature.unit})"
    return f"{topic} {total:+.1f}: {feature.title} {known}"


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) or abs(value) >= 1000 else f"{value:.3g}"
