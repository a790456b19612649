"""Score the registry batch by batch: chances, harms, intervals and reasons of every open firm."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pandas as pd

from features.asof import Snapshot
from features.catalogue import in_use
from features.matrix import batches
from models.fitted import FittedModel
from models.refits import refit_scores
from risk_index.index import Floats, IndexScale
from risk_index.particulars import Particulars, particulars
from risk_index.reasons import Points, points, sentences
from risk_index.texts import ENGLISH, Texts

BATCH_FIRMS = 100_000
ADDITIVITY_TOLERANCE = 0.01
Progress = Callable[[int], object]
Item = TypeVar("Item")
UNSTATED = {
    "name": "no name on record",
    "sector": "no sector on record",
    "region": "no region on record",
}
THINGS = (
    "sector",
    "region",
    "day of registration",
    "registered capital",
    "employees or size class",
    "a permit",
    "an inspection with its outcome",
)
"""What a firm's data are complete with."""
NEVER_INSPECTED = "no planned inspection with an outcome on record"
NOT_MEASURED = "tier_stability not measured"


@dataclass(frozen=True)
class Telling:
    """How reasons and notes are told: as of which day, from which evidence, in which language."""

    as_of: dt.date
    evidence: pd.DataFrame
    texts: Texts


@dataclass(frozen=True)
class Batch:
    """One batch of scored firms.

    Attributes
    ----------
    rows : DataFrame, one row a firm
        For the ranking.
    topics : DataFrame, one row a firm
        ``firm_id`` and its points by topic.
    refits : DataFrame, one row a firm
        ``firm_key`` and the index before clipping by each refit, ``refit_0`` and so on, float32.
    """

    rows: pd.DataFrame
    topics: pd.DataFrame
    refits: pd.DataFrame


def expected_harm(
    snapshot: Snapshot, model: FittedModel, look: Callable[[pd.DataFrame], None] | None = None
) -> Floats:
    """Return the expected harm of every firm of the snapshot, without reasons; shape (n,).

    `look` is shown every batch of the matrix.
    """
    parts = []
    for X in batches(snapshot, in_use(), BATCH_FIRMS):
        if look:
            look(X)
        parts.append(model.likelihood.predict(X) * model.severity.predict(X))
    return np.concatenate(parts) if parts else np.zeros(0)


def score(
    snapshot: Snapshot,
    model: FittedModel,
    scale: IndexScale,
    progress: Progress | None = None,
    texts: Texts = ENGLISH,
    size: int = BATCH_FIRMS,
    start: int = 0,
) -> Generator[Batch]:
    """Yield scored batches in the order of the firms' ids, reasons and notes in the texts' language.

    A batch has `size` firms at most; those whose key is below `start` are left out.

    Raises
    ------
    ArithmeticError
        Where reasons do not sum to the distance from 50 within 0.01 points.
    """
    for X, stated in ahead(_stated(snapshot, size, start)):
        telling = Telling(snapshot.dates[0], stated.evidence, texts)
        yield scored(stated.details, X, model, scale, telling)
        if progress:
            progress(len(X))


def _stated(
    snapshot: Snapshot, size: int, start: int
) -> Iterator[tuple[pd.DataFrame, Particulars]]:
    """Yield the matrix of one batch after the other with what is on record of its firms."""
    look = particulars(snapshot)
    for X in batches(snapshot, in_use(), size, start):
        if len(X):
            yield X, look(X)


def ahead(items: Iterator[Item]) -> Generator[Item]:
    """Yield the items; the next one is made meanwhile, in a thread of its own.

    The database makes a batch while the models score the one before it.
    """
    with ThreadPoolExecutor(1) as worker:
        coming = worker.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = worker.submit(next, items, None)
            yield item


def scored(
    details: pd.DataFrame,
    X: pd.DataFrame,
    model: FittedModel,
    scale: IndexScale,
    telling: Telling,
) -> Batch:
    """Return chances, harms, intervals, reasons and notes of the firms of one batch."""
    likelihood, severity = model.likelihood.predict(X), model.severity.predict(X)
    again = list(refit_scores(model.refits, model.likelihood, model.severity, X))
    p_low, p_high = _chances(model.likelihood.interval(X), [chance for chance, _ in again])
    s_low, s_high = model.severity.interval(X)
    harm = likelihood * severity
    found = points(model, X, scale)
    check_sum(found, scale.unclipped(harm) - scale.average_points)
    reasons = sentences(found, telling.evidence, telling.as_of, telling.texts)
    rows = details.assign(
        likelihood=likelihood,
        likelihood_low=p_low,
        likelihood_high=p_high,
        severity=severity,
        severity_low=s_low,
        severity_high=s_high,
        expected_harm=harm,
        index=scale.index(harm),
        unclipped=scale.unclipped(harm),
        index_low=scale.index(p_low * s_low),
        index_high=scale.index(p_high * s_high),
        completeness=completeness(details, X),
        notes=notes(details, X, len(model.refits), telling.texts),
        **{f"reason_{n + 1}": reasons[n] if n < len(reasons) else "" for n in range(3)},
    )
    topics = pd.concat([details[["firm_id"]], found.by_topic()], axis=1)
    refits = {
        f"refit_{k}": scale.unclipped(harm).astype(np.float32) for k, (_, harm) in enumerate(again)
    }
    return Batch(rows, topics, details[["firm_key"]].assign(**refits))


def _chances(venn_abers: tuple[Floats, Floats], refits: list[Floats]) -> tuple[Floats, Floats]:
    """Return the interval that holds both the Venn-Abers one and 90 % of the refits."""
    low, high = venn_abers
    if not refits:
        return low, high
    least, most = np.quantile(refits, (0.05, 0.95), axis=0)
    return np.minimum(low, least), np.maximum(high, most)


def check_sum(found: Points, distance: Floats) -> None:
    """Raise where the points of a firm do not sum to its distance from 50 before clipping."""
    gap = np.abs(found.values.sum(axis=1) + found.start - distance)
    if gap.max(initial=0.0) > ADDITIVITY_TOLERANCE:
        raise ArithmeticError(f"reasons miss the index by {gap.max():.4f} points")


def completeness(details: pd.DataFrame, X: pd.DataFrame) -> Floats:
    """Return the share of seven things that is on record: what the index rests on."""
    return np.mean([flag.to_numpy() for flag in on_record(details, X).values()], axis=0)


def on_record(details: pd.DataFrame, X: pd.DataFrame) -> dict[str, pd.Series]:
    """Return which firms have each of seven things on record."""
    flags = (
        details["sector"].notna(),
        details["region"].notna(),
        X.firm_age_days.notna(),
        X.registered_capital.notna(),
        X.employees.notna() | X.size_class.notna(),
        X.permits_ever > 0,
        X.inspections > 0,
    )
    return dict(zip(THINGS, flags, strict=True))


def notes(
    details: pd.DataFrame, X: pd.DataFrame, n_refits: int, texts: Texts = ENGLISH
) -> list[str]:
    """Return what a reader of a row must know: why cells are empty, and what is not on record."""
    said = {UNSTATED[name]: details[name].isna() for name in UNSTATED}
    said[NEVER_INSPECTED] = ~(X.inspections > 0)
    said |= {feature.note: X[feature.name] > 0 for feature in in_use() if feature.note}
    said[NOT_MEASURED] = pd.Series(n_refits == 0, index=X.index)
    words = [texts.say(message) for message in said]
    flags = np.column_stack([flag.to_numpy(dtype=bool) for flag in said.values()])
    return [
        texts.separator.join(word for word, true in zip(words, row, strict=True) if true)
        for row in flags
    ]
