"""Why a firm has its index: signed points of exact SHAP that sum to its distance from 50.

The index is ``50 + k (log p + log S - log average)``. The severity's log is a sum of its columns'
contributions as it stands. The likelihood's margin m is a sum too, and ``log p`` is a monotone
function of m: every contribution to m is worth the same ``(log p - log p0) / (m - m0)`` points, the slope
of the secant from the model's starting point (m0, p0) to the firm, so that the points still add up.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.catalogue import BY_NAME
from models.fitted import FittedModel
from risk_index.facts import fact, reads
from risk_index.index import Floats, IndexScale
from risk_index.texts import ENGLISH, Texts

REASON = "{topic}: {fact}: {points}"
OF_OTHERS = ("sector", "controller's other firms")
"""Topics that rest on other firms' records: nothing of them is the firm's to check or change."""
START = "starting point"
"""Points of a firm about which the models know nothing, the same for every firm."""
_NEAR = 1e-6
Places = npt.NDArray[np.intp]


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


@dataclass(frozen=True)
class Reason:
    """A topic, the fact that weighs most on the side of its points, and the topic's points."""

    topic: str
    fact: str
    points: float

    def told(self, texts: Texts = ENGLISH) -> str:
        """Return it as one sentence.

        >>> Reason("penalties", "2 serious penalties in force since 2024-05-12", 6.12).told()
        'penalties: 2 serious penalties in force since 2024-05-12: +6.1'
        """
        points, topic = f"{self.points:+.1f}", texts.say(self.topic)
        return texts.say(REASON, topic=topic, fact=self.fact, points=points)


def leading(
    found: Points, X: pd.DataFrame, as_of: dt.date, texts: Texts = ENGLISH, count: int | None = 3
) -> list[list[Reason]]:
    """Return for every firm the `count` topics of most points; None for all of them.

    Topics that a firm can check or change come before those of others' records, each by size.

    Parameters
    ----------
    X : DataFrame, one row a firm
        The matrix with the columns of `features.evidence.recorded`.
    """
    places = [zip(*column, strict=True) for column in _places(found, X, as_of, texts, count)]
    return [[Reason(*cells) for cells in best] for best in zip(*places, strict=True)]


def sentences(
    found: Points, X: pd.DataFrame, as_of: dt.date, texts: Texts = ENGLISH, count: int = 3
) -> list[list[str]]:
    """Return what :func:`leading` finds in words: one list a place, of one sentence a firm."""
    told = texts.say(REASON)
    return [
        [
            told.format(topic=topic, fact=said, points=f"{points:+.1f}")
            for topic, said, points in zip(map(texts.say, topics), facts, totals, strict=True)
        ]
        for topics, facts, totals in _places(found, X, as_of, texts, count)
    ]


def _places(
    found: Points, X: pd.DataFrame, as_of: dt.date, texts: Texts, count: int | None
) -> Iterator[tuple[list[str], list[str], list[float]]]:
    """Yield every firm's topic, fact and points of one place after the other."""
    table = found.by_topic().drop(columns=START)
    names, totals = list(table.columns), table.to_numpy()
    order = np.argsort(-np.abs(totals), axis=1, kind="stable")[:, :count]
    others = np.array([name in OF_OTHERS for name in names])
    order = np.take_along_axis(order, np.argsort(others[order], axis=1, kind="stable"), axis=1)
    heads = np.column_stack([_head(found, topic) for topic in names])
    for best in order.T:
        rows = np.arange(len(best))
        facts = _facts(found.names, heads[rows, best], X, as_of, texts)
        yield [names[i] for i in best], facts, totals[rows, best].tolist()


def _facts(
    names: Sequence[str], heads: Places, X: pd.DataFrame, as_of: dt.date, texts: Texts
) -> list[str]:
    """Return for every firm the sentence on its feature; firms of the same values share one."""
    told = np.empty(len(heads), dtype=object)
    for head in np.unique(heads):
        feature, rows = BY_NAME[names[head]], np.flatnonzero(heads == head)
        read = list(reads(feature))
        cells = np.ascontiguousarray(X[read].to_numpy(dtype=np.float64)[rows])
        keys = cells.view(f"V{cells[:1].nbytes}").ravel().tolist()
        said = {
            key: fact(feature, dict(zip(read, row, strict=True)).__getitem__, as_of, texts)
            for key, row in dict(zip(keys, cells.tolist(), strict=True)).items()
        }
        told[rows] = [said[key] for key in keys]
    return told.tolist()


def _head(found: Points, topic: str) -> Places:
    """Return for every firm the place of the topic's feature with most points on the side of its total."""
    inside = np.array([i for i, name in enumerate(found.names) if BY_NAME[name].topic == topic])
    values = found.values[:, inside]
    side = np.where(values.sum(axis=1) < 0, -1.0, 1.0)
    return inside[(values * side[:, None]).argmax(axis=1)]
