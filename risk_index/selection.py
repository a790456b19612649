"""The firms that were not inspected beside those that were: a bounded sample of the registry.

Who was not visited has no label, but is needed to tell how the visited were chosen.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import ibis
import numpy as np
import pandas as pd

from features.asof import KEYS, Snapshot, known_by, open_firms
from features.records import Records
from models.arrays import Bools, Days, Floats
from models.examples import NotEnoughLabels
from models.selection import (
    Candidates,
    Overlap,
    estimating_weights,
    fit_propensity,
    no_overlap_seen,
    overlap,
)

SAMPLE_ROWS, SAMPLE_DATES = 20_000, 10
EVERY_FIRM = "not estimable: every firm has been inspected"
EVERY_CHANCE = "not needed: the chance of every visit is known"
PLACES = ["region", "sector"]
NOT_STATED = "not stated"
PLACED = ("region_code", "sector_code", "window_days")
"""Inputs of the propensity alone: authorities choose by region and sector, and windows end early."""


def sampled_dates(dates: pd.Series, judged_on: dt.date) -> list[dt.date]:
    """Return at most ten of the dates, spread evenly, `judged_on` among them if it is one."""
    known = sorted({pd.Timestamp(day).date() for day in dates.unique()})
    places = np.linspace(0, len(known) - 1, min(SAMPLE_DATES, len(known))).round().astype(int)
    chosen = [known[place] for place in places]
    if judged_on in known and judged_on not in chosen:
        nearest = min(range(len(chosen)), key=lambda k: abs(chosen[k] - judged_on))
        chosen[nearest] = judged_on
    return sorted(chosen)


def registry_sample(
    records: Records, dates: list[dt.date], seed: int, among: ibis.Table | None = None
) -> pd.DataFrame:
    """Return at most 20,000 open firms over all dates: those of the lowest hashes of id and date.

    Parameters
    ----------
    among : ibis.Table, optional
        Firms that are asked for, by ``firm_key``; all by default.

    Returns
    -------
    DataFrame
        ``firm_key, as_of, n_open`` (open firms of that date), the same in any order of records.
    """
    parts = []
    for day in dates:
        there = _open(records, day, among)
        named = there.join(records.table("firm_keys"), "firm_key")
        digest = (ibis.literal(f"{seed}:{day}:") + named.firm_id).hexdigest("md5")
        lowest = named.mutate(digest=digest).order_by("digest").limit(SAMPLE_ROWS // len(dates))
        found = lowest.select(*KEYS).execute()
        parts.append(found.assign(n_open=int(there.count().execute())))
    sample = pd.concat(parts, ignore_index=True)
    return sample.astype({"firm_key": "int32", "as_of": "datetime64[s]"})


def _open(records: Records, day: dt.date, among: ibis.Table | None) -> ibis.Table:
    firms = open_firms(records, (day,))
    return firms if among is None else firms.semi_join(among, "firm_key")


def never_visited(records: Records, as_of: dt.date, among: ibis.Table | None = None) -> int:
    """Return how many firms open on a day, of all or of those asked for, have no visit of any kind."""
    visits = records.table("inspections")
    visits = visits.filter(known_by(visits, ibis.date(as_of)))
    return int(_open(records, as_of, among).anti_join(visits, "firm_key").count().execute())


def places(snapshot: Snapshot) -> pd.DataFrame:
    """Return the region and sector of every row as known on its date."""
    found = snapshot.known("firms").select(*KEYS, *PLACES).execute()
    return found.astype({"firm_key": "int32", "as_of": "datetime64[s]"})


def placed(rows: pd.DataFrame, horizon_days: int, as_of: dt.date) -> pd.DataFrame:
    """Return the columns `PLACED` of rows: places by number, and days in which a visit would count."""
    codes = {f"{name}_code": pd.Categorical(rows[name]).codes for name in PLACES}
    window = (pd.Timestamp(as_of) - rows.as_of).dt.days.clip(upper=horizon_days)
    return pd.DataFrame(codes | {"window_days": window}, index=rows.index).astype("float32")


@dataclass(frozen=True, eq=False)
class Selection:
    """How the labelled rows were chosen.

    Attributes
    ----------
    propensity : float64, shape (n,)
        Estimated chance of each labelled row; NaN where its chance is known or none is estimable.
    overlap : Overlap
    """

    propensity: Floats
    overlap: Overlap


@dataclass(frozen=True, eq=False)
class Seen:
    """Rows to learn the propensity from and to apply it to.

    Attributes
    ----------
    labelled : DataFrame
        Labelled rows: keys, places, controller, inclusion_probability and inputs.
    registry : DataFrame
        Sampled rows of the registry: keys, places, controller, n_open and inputs.
    inputs : list of str
    n_never : int
        Firms of the registry without any visit.
    """

    labelled: pd.DataFrame
    registry: pd.DataFrame
    inputs: list[str]
    n_never: int


def selection(seen: Seen, n_folds: int, seed: int) -> Selection:
    """Estimate the chances that are not known, and report how far visits can speak for all firms."""
    design = seen.labelled.inclusion_probability.to_numpy(np.float64)
    unknown = np.isnan(design)
    if not unknown.any():
        return _by_design(seen, EVERY_CHANCE)
    if not seen.n_never:
        return _by_design(seen, EVERY_FIRM)
    candidates = _candidates(seen, seed)
    try:
        fitted = fit_propensity(candidates, n_folds, seed)
    except NotEnoughLabels as error:
        return _by_design(seen, f"not estimable: {error}")
    propensity = np.full(len(design), np.nan)
    rows = seen.labelled[unknown]
    propensity[unknown] = fitted.chance(rows[seen.inputs], rows.controller.to_numpy(np.int64))
    weight = estimating_weights(design, propensity, days_of(seen.labelled))
    chance = fitted.chance(candidates.X, candidates.controller)
    found = overlap(design, weight, candidates, chance)
    names = [f"{place} {name}" for place in PLACES for name in _unseen(seen, place)]
    return Selection(propensity, replace(found, unseen=tuple(names)))


def _unseen(seen: Seen, place: str) -> list[str]:
    """Return the names of a kind of place in which no labelled visit had an unknown chance."""
    there = seen.registry[place].fillna(NOT_STATED)
    visited = seen.labelled[place].fillna(NOT_STATED)[seen.labelled.inclusion_probability.isna()]
    return sorted(set(there) - set(visited))


def _by_design(seen: Seen, verdict: str) -> Selection:
    design = seen.labelled.inclusion_probability.to_numpy(np.float64)
    none = np.full(len(design), np.nan)
    weight = estimating_weights(design, none, days_of(seen.labelled))
    return Selection(none, no_overlap_seen(design, weight, verdict))


def _candidates(seen: Seen, seed: int) -> Candidates:
    """Put visited rows of the sampled dates beside the sampled rows that were not visited."""
    sampled = seen.labelled.as_of.isin(seen.registry.as_of.unique())
    visited = seen.labelled[sampled & seen.labelled.inclusion_probability.isna()]
    pairs = pd.MultiIndex.from_frame(visited[list(KEYS)])
    others = seen.registry[~pd.MultiIndex.from_frame(seen.registry[list(KEYS)]).isin(pairs)]
    n_visited = others.as_of.map(visited.groupby("as_of").size()).fillna(0)
    n_others = others.as_of.map(others.groupby("as_of").size())
    kept = visited.sample(min(len(visited), SAMPLE_ROWS), random_state=seed).sort_index()
    both = pd.concat([kept, others], ignore_index=True)
    stands_for = np.r_[
        np.full(len(kept), len(visited) / max(len(kept), 1)), (others.n_open - n_visited) / n_others
    ]
    return Candidates(
        X=both[seen.inputs],
        visited=np.arange(len(both)) < len(kept),
        stands_for=stands_for,
        controller=both.controller.to_numpy(np.int64),
        unseen=_of_unseen(seen, both),
    )


def _of_unseen(seen: Seen, rows: pd.DataFrame) -> Bools:
    flags = [rows[place].fillna(NOT_STATED).isin(_unseen(seen, place)) for place in PLACES]
    return np.asarray(np.logical_or.reduce(flags), dtype=np.bool_)


def days_of(rows: pd.DataFrame) -> Days:
    """Return the as-of dates of rows, shape (n,)."""
    return rows.as_of.to_numpy("datetime64[D]")
