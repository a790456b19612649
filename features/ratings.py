"""Regional ratings, each scheme on its own scale, read by what inspections found at such scores.

A visit is paired with the rating of each scheme that was known before its day. The curves
(`features/scales.py`) are learnt once per as-of date from visits known by then, four times: a firm's
value comes from the curve that has not seen the firms of its own fold, so its own outcomes are not in
it. A firm without a rating has a relative risk of 1: neither better nor worse.
"""

from __future__ import annotations

from functools import partial

import ibis
import numpy as np
import pandas as pd
from ibis import ir

from features.asof import KEYS, Snapshot, as_of_days, days_between, known_by
from features.compiled import prepared
from features.feature import Count, Feature, Largest, where
from features.scales import LEAST_OUTCOMES, PLACES, Better, Scheme, curves, places
from features.sector import planned_and_judged
from features.working import written

BASIS = "The scheme's own regional measures; opinions on classified supervision by credit risk (SAMR Xin 2022 No. 6)"
FOLDS = 4
VALID_DAYS = 1095
"""An older rating is not read."""
NOT_COMPARABLE = "rating not comparable: outcomes say too little of its scheme"
_MAP = {
    "as_of": "date", "scheme": "string", "fold": "int64", "lowest": "float64", "highest": "float64",
    "risk": "float64", "relative": "float64", "comparable": "boolean",
}  # fmt: skip
_CELL = ["as_of", "scheme", "score"]
COUNTS = [f"{kind}{fold}" for kind in "ny" for fold in range(FOLDS)]
"""Judged visits (n) and violations (y) of each fold's firms."""


def fold_of(firm_id: ir.StringValue) -> ir.IntegerValue:
    """Return a firm's fold, 0 to 3: the first hexadecimal digit of its id's MD5, over 4."""
    digit = ibis.literal("0123456789abcdef").find(firm_id.hexdigest("md5").left(1))
    return (digit // FOLDS).cast("int64")


def publish_maps(snapshot: Snapshot) -> ibis.Table:
    """Write the curves of every as-of date into the working database, for all batches."""
    return written(snapshot.records.con, "rating_maps", rating_maps(snapshot), _MAP)


def rating_maps(snapshot: Snapshot) -> pd.DataFrame:
    """Return one row per (as_of, scheme, fold, step): what the scores of the step mean.

    ``lowest`` and ``highest`` score of the step (a place among the scheme's ratings); ``risk``, ``relative`` (see `features.scales.Curve`);
    ``comparable``: whether the scheme has outcomes enough for a curve of its own. The outcomes of the
    fold's own firms are not in it.
    """
    cells = prepared(snapshot, _ratings)().merge(
        prepared(snapshot, _outcomes)(), how="left", on=_CELL
    )
    cells[COUNTS] = cells[COUNTS].fillna(0).astype("int64")
    days = [_of_day(day) for _, day in _placed(cells).groupby("as_of", sort=True)]
    return pd.concat(days) if days else pd.DataFrame(columns=list(_MAP))


def _placed(cells: pd.DataFrame) -> pd.DataFrame:
    """Sum the counts of every date and scheme by place among the scheme's ratings."""
    scheme = ["as_of", "scheme"]
    cells = cells.sort_values([*scheme, "score"])
    place = cells.groupby(scheme).rated.transform(lambda rated: places(rated.to_numpy()))
    sums = {column: (column, "sum") for column in (*COUNTS, "rated", "lower", "higher")}
    return (
        cells.assign(place=place)
        .groupby([*scheme, "place"], as_index=False)
        .agg(lowest=("score", "min"), highest=("score", "max"), **sums)
    )


def _of_day(placed: pd.DataFrame) -> pd.DataFrame:
    """Calibrate the schemes of one date, once for the firms of each fold."""
    parts = [part for _, part in placed.groupby("scheme", sort=True)]
    at = [part.place.to_numpy() for part in parts]
    steps = []
    for fold, schemes in enumerate(zip(*map(_by_fold, parts), strict=True)):
        found = list(zip(curves(schemes), at, strict=True))
        steps.append(placed.assign(
            fold=fold,
            risk=np.concatenate([curve.risk[place] for curve, place in found]),
            relative=np.concatenate([curve.relative[place] for curve, place in found]),
            comparable=np.repeat([curve.comparable for curve, _ in found], [len(a) for a in at]),
        )[list(_MAP)])  # fmt: skip
    return pd.concat(steps)


def _by_fold(placed: pd.DataFrame) -> list[Scheme]:
    """Return a scheme once for each fold, without the outcomes of the fold's firms."""
    counts = np.zeros((PLACES, 1 + len(COUNTS)), dtype=np.int64)
    counts[placed.place] = placed[["rated", *COUNTS]]
    rated, visits, violations = np.split(counts, [1, 1 + FOLDS], axis=1)
    lower, higher = int(placed.lower.sum()), int(placed.higher.sum())
    better: Better = "" if lower == higher else "lower" if lower > higher else "higher"
    return [
        Scheme(
            rated=rated[:, 0],
            visits=visits.sum(axis=1) - visits[:, fold],
            violations=violations.sum(axis=1) - violations[:, fold],
            better=better,
            enough=int(visits.sum()) >= LEAST_OUTCOMES,
        )
        for fold in range(FOLDS)
    ]


def _ratings(snapshot: Snapshot) -> ibis.Table:
    """Count the known ratings by as-of date, scheme and score, and what they state to be better."""
    rows = snapshot.known_anywhere("ratings")
    stated = {
        name: (rows.better == name).fill_null(False).ifelse(1, 0).sum()
        for name in ("lower", "higher")
    }
    return rows.group_by(_CELL).aggregate(rated=ibis._.count(), **stated)


def _outcomes(snapshot: Snapshot) -> ibis.Table:
    """Count judged visits and violations by as-of date, scheme, score and fold of the firm."""
    cell = ["scheme", "score", "recorded_on", "superseded_on"]
    rows = _paired(snapshot)
    daily = rows.group_by(cell).aggregate(
        **{
            f"{kind}{fold}": (rows.fold == fold).ifelse(value, 0).sum().cast("int64")
            for kind, value in (("n", 1), ("y", rows.violation.cast("int64")))
            for fold in range(FOLDS)
        }
    )
    known = daily.cross_join(as_of_days(snapshot.dates))
    known = known.filter(known_by(known, known.as_of))
    sums = {c: known[c].sum() for c in daily.columns if c not in cell}
    return known.group_by(_CELL).aggregate(**sums)


def _paired(snapshot: Snapshot) -> ibis.Table:
    """Return judged visits, each with the latest rating of every scheme known before its day."""
    visits = snapshot.records.table("inspections")
    visits = visits.filter(planned_and_judged(visits)).select(
        "firm_key", "inspection_id", "inspected_on", "violation", "recorded_on", "superseded_on",
        fold=fold_of(visits.firm_id))  # fmt: skip
    ratings = snapshot.records.table("ratings").select(
        "firm_key", "scheme", "score", "rated_on", known_from="recorded_on",
        known_to="superseded_on")  # fmt: skip
    day_before = visits.inspected_on - ibis.interval(days=1)
    rows = visits.inner_join(
        ratings,
        [
            visits.firm_key == ratings.firm_key,
            ratings.known_from < visits.inspected_on,
            ratings.rated_on < visits.inspected_on,
            ratings.known_to.isnull() | (ratings.known_to > day_before),
        ],
    )
    rows = rows.filter(days_between(rows.rated_on, rows.inspected_on) < VALID_DAYS)
    one_visit = ["firm_key", "inspection_id", "recorded_on", "scheme"]
    latest = ibis.window(group_by=one_visit, order_by=ibis.desc("rated_on"))
    return rows.mutate(place=ibis.row_number().over(latest)).filter(ibis._.place == 0)


def ratings_read(snapshot: Snapshot, maps: ibis.Table) -> ibis.Table:
    """Return the latest rating of each firm, not older than three years, with what it means.

    Adds ``risk``, ``relative`` and ``comparable`` of its scheme's curve.
    """
    rows = snapshot.events("ratings", "rated_on")
    rows = rows.filter(rows.age_days < VALID_DAYS)
    latest = ibis.window(group_by=list(KEYS), order_by=[ibis.desc("rated_on"), "scheme"])
    rows = rows.mutate(place=ibis.row_number().over(latest)).filter(ibis._.place == 0)
    rows = rows.mutate(fold=fold_of(rows.firm_id))
    joined = rows.inner_join(
        maps,
        [
            rows.as_of == maps.as_of,
            rows.scheme == maps.scheme,
            rows.fold == maps.fold,
            rows.score >= maps.lowest,
            rows.score <= maps.highest,
        ],
    )
    return joined.drop(*(c for c in joined.columns if c.endswith("_right")))


_rating = partial(Feature, topic="regional ratings", table="ratings", basis=BASIS)

RATINGS: tuple[Feature, ...] = (
    _rating("rating_risk", "violation rate of firms with such a rating", "rate",
            measure=Largest("risk"), if_none=float("nan"), likelihood=None),
    _rating("rating_relative_risk", "violation rate at such a rating, over that of all ratings of the scheme", "times",
            measure=Largest("relative"), if_none=1.0, likelihood=1),
    _rating("ratings_not_comparable", "rating of a scheme that outcomes say too little of", "count",
            measure=Count(where(comparable=False)), likelihood=None, note=NOT_COMPARABLE),
)  # fmt: skip
