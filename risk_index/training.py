"""Features meet models: examples from records, both fits, and a judgement on a later date."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from features.asof import KEYS, Law, SectorClass, snapshot_of_rows
from features.catalogue import FEATURES, in_use
from features.labels import labelling, labels
from features.matrix import matrix
from features.records import Records
from models.examples import Examples, NotEnoughLabels
from models.fitted import FittedModel
from models.folds import Fold, later_folds
from models.likelihood import fit_likelihood
from models.selection import Overlap, fitting_weights
from models.severity import fit_severity
from models.trees import TreeSettings
from risk_index.errors import UserError
from risk_index.learners import controllers, drawn
from risk_index.progress import steps
from risk_index.selection import (
    PLACED,
    Seen,
    days_of,
    never_visited,
    placed,
    places,
    registry_sample,
    sampled_dates,
    selection,
)

LIKELIHOOD = {f.name: f.likelihood for f in FEATURES if f.likelihood is not None}
SEVERITY = {f.name: f.severity for f in FEATURES if f.severity is not None}
SLICES_IN_HISTORY = 7
SHORTEST_SLICE_DAYS = 60


@dataclass(frozen=True)
class Plan:
    """How training looks at the past.

    Attributes
    ----------
    horizon_days : int
        Window of the label after each as-of date, where the history is long enough.
    grid_months : int
        Step between as-of dates.
    history_years : int
        How far back they go.
    n_folds : int
        Parts of controllers, so that none is on both sides of a judgement.
    n_refits : int
        Refits on resampled controllers, by which the tiers' stability is measured.
    n_slices : int
        Later slices, back to back, on which rounds and calibration are chosen.
    seed : int
        For folds, columns and rows of trees.
    trees : TreeSettings
        How trees are grown.
    without : tuple of str
        Features that neither model may use, such as those that an audit found to stand for something
        else.
    weigh_by : "design" or "propensity"
        Whether visits of unknown chance weigh 1 while models learn, or by their propensity.
    learn_from : "planned" or "random"
        Whether all planned visits give labels, or only those that were drawn at random.
    most_examples : int
        About so many examples at most; where visits give more, controllers are drawn by hash.
    """

    horizon_days: int = 365
    grid_months: int = 3
    history_years: int = 10
    n_folds: int = 3
    n_refits: int = 20
    n_slices: int = 3
    seed: int = 20260101
    trees: TreeSettings = field(
        default_factory=lambda: TreeSettings(num_leaves=8, max_depth=4, feature_share=0.4)
    )
    without: tuple[str, ...] = ()
    weigh_by: str = "design"
    learn_from: str = "planned"
    most_examples: int = 500_000

    def likelihood_inputs(self) -> dict[str, int]:
        """Return the inputs of the likelihood, each with its direction."""
        return self._left(LIKELIHOOD)

    def severity_inputs(self) -> dict[str, int]:
        """Return the inputs of the severity, each with its direction."""
        return self._left(SEVERITY)

    def _left(self, inputs: dict[str, int]) -> dict[str, int]:
        unknown = [name for name in self.without if name not in LIKELIHOOD | SEVERITY]
        if unknown:
            raise UserError(
                f"--without: {len(unknown)} of {len(self.without)} names are no input of a model, "
                f"first: {unknown[:3]}. docs/features.md lists them."
            )
        return {name: sign for name, sign in inputs.items() if name not in self.without}


@dataclass(frozen=True)
class Calendar:
    """When training looks at the registry.

    Attributes
    ----------
    as_of : date
        Day of the fit: nothing recorded later is seen.
    dates : tuple of date
        As-of dates of the examples, oldest first, all before `as_of`.
    horizon_days : int
        Window of the label after each date; it ends early where the fit's day comes first.
    slice_days : int
        Length of a later slice and of the gap before it: the horizon, or a seventh of a short history.
    judged_on : date
        The date whose labels are kept for judging a fit made on that very day.
    """

    as_of: dt.date
    dates: tuple[dt.date, ...]
    horizon_days: int
    slice_days: int
    judged_on: dt.date


def calendar(records: Records, as_of: dt.date, plan: Plan) -> Calendar:
    """Lay the training dates on a grid that ends at the as-of date.

    A short history is judged on slices shorter than the horizon.
    """
    first = first_inspection(records, as_of)
    history_days = (as_of - first).days
    months = plan.grid_months
    slice_days = min(plan.horizon_days, max(SHORTEST_SLICE_DAYS, history_days // SLICES_IN_HISTORY))
    earliest = max(first, as_of - dt.timedelta(days=round(365.25 * plan.history_years)))
    back = range(1, 12 * 41 // months)
    grid = [(pd.Timestamp(as_of) - pd.DateOffset(months=months * step)).date() for step in back]
    dates = tuple(sorted(day for day in grid if day >= earliest))
    if not dates:
        raise NotEnoughLabels(
            f"inspections: the first known one is of {first}, too close to {as_of}: "
            f"the history is shorter than one step of {months} months. Take a later as-of date."
        )
    aim = as_of - dt.timedelta(days=slice_days)
    judged_on = max((day for day in dates if day <= aim), default=dates[0])
    return Calendar(as_of, dates, plan.horizon_days, slice_days, judged_on)


def first_inspection(records: Records, as_of: dt.date) -> dt.date:
    """Return the day of the first inspection with an outcome known by the as-of date."""
    visits = records.table("inspections")
    known = visits.filter(visits.recorded_on <= as_of, visits.violation.notnull())
    first = known.inspected_on.min().execute()
    if first is None or pd.isna(first):
        raise NotEnoughLabels(
            f"inspections: no inspection with a recorded outcome by {as_of}; the models learn from "
            "outcomes. Add inspections with violation 0 or 1, or take a later as-of date."
        )
    return pd.Timestamp(first).date()


@dataclass(frozen=True)
class TrainingSet:
    """Examples and the labels they come from, row by row.

    Attributes
    ----------
    labels : DataFrame
        Of `features.labels`, with controller, region, sector, and propensity: the estimated chance
        of visits whose chance is not known.
    overlap : Overlap or None
        How far the visits can speak for the registry.
    share : float
        Of all controllers, that the examples are of.
    """

    examples: Examples
    labels: pd.DataFrame
    calendar: Calendar
    overlap: Overlap | None = None
    share: float = 1.0


def training_set(
    records: Records, as_of: dt.date, plan: Plan, law: Law, sectors: tuple[SectorClass, ...]
) -> TrainingSet:
    """Build the examples: firms on past dates with what the next planned inspection found."""
    days = calendar(records, as_of, plan)
    only = plan.learn_from == "random"
    share = share_of_controllers(records, days, plan)
    among = drawn(records, as_of, share) if share < 1 else None
    found = labels(records, days.dates, days.horizon_days, as_of, only, among)
    if found.empty:
        kind = "drawn at random" if only else "of a planned kind"
        raise NotEnoughLabels(
            f"inspections: none {kind} within {days.horizon_days} days after one of the "
            f"{len(days.dates)} dates from {days.dates[0]} to {days.dates[-1]}."
        )
    dates = sampled_dates(found.as_of, days.judged_on)
    sample = registry_sample(records, dates, plan.seed, among)
    pairs = pd.concat([found[list(KEYS)], sample[list(KEYS)]])
    rows = _known_of(records, days, pairs, law, sectors)
    labelled = _in_order(rows.merge(found, on=list(KEYS), how="inner", validate="1:1"))
    registry = _in_order(rows.merge(sample, on=list(KEYS), how="inner", validate="1:1"))
    names = [feature.name for feature in in_use()]
    seen = Seen(labelled, registry, [*names, *PLACED], never_visited(records, as_of, among))
    chosen = selection(seen, plan.n_folds, plan.seed)
    found = labelled.drop(columns=[*names, *PLACED]).assign(propensity=chosen.propensity)
    examples = _examples(labelled[names], found, plan)
    return TrainingSet(examples, found, days, chosen.overlap, share)


def share_of_controllers(records: Records, days: Calendar, plan: Plan) -> float:
    """Return the share of controllers whose visits give about as many examples as are wanted at most.

    A visit gives one example at most for every date of the grid within the horizon before it.
    """
    visits = labelling(records, days.as_of, plan.learn_from == "random")
    visits = visits.filter(visits.inspected_on > days.dates[0])
    per_visit = math.ceil(days.horizon_days / (365.25 / 12 * plan.grid_months))
    return min(1.0, plan.most_examples / max(int(visits.count().execute()) * per_visit, 1))


def _known_of(
    records: Records,
    days: Calendar,
    pairs: pd.DataFrame,
    law: Law,
    sectors: tuple[SectorClass, ...],
) -> pd.DataFrame:
    """Return what was known of firms on dates: features, place, controller, length of the window."""
    snapshot = snapshot_of_rows(records, pairs, law, sectors)
    with steps("features", len(pairs), "rows") as done:
        rows = matrix(snapshot, in_use(), done)
    rows = rows.merge(places(snapshot), on=list(KEYS), validate="1:1")
    rows = rows.merge(controllers(records, days.as_of, snapshot.spine), on="firm_key")
    return pd.concat([rows, placed(rows, days.horizon_days, days.as_of)], axis=1)


def _in_order(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.sort_values(["as_of", "firm_key"], ignore_index=True)


def _examples(X: pd.DataFrame, found: pd.DataFrame, plan: Plan) -> Examples:
    design, propensity = (
        found[name].to_numpy(np.float64) for name in ("inclusion_probability", "propensity")
    )
    if plan.weigh_by == "design":
        propensity = np.full(len(found), np.nan)
    weight = fitting_weights(design, propensity, days_of(found))
    return Examples(
        X=X,
        violation=found.violation.to_numpy(np.int8),
        harm=np.where(found.violation == 1, found.harm, np.nan),
        weight=weight / shared_by(found),
        as_of=days_of(found),
        known_on=found.known_on.to_numpy("datetime64[D]"),
        controller=found.controller.to_numpy(np.int64),
        inspector=pd.factorize(found.inspectors, sort=True)[0].astype(np.int64),
        visit=pd.factorize(found.inspection_id, sort=True)[0].astype(np.int64),
    )


def shared_by(rows: pd.DataFrame) -> np.ndarray:
    """Return the number of examples whose label is the same inspection; shape (n,)."""
    return rows.groupby("inspection_id").inspection_id.transform("size").to_numpy(float)


def fit_models(
    examples: Examples,
    known_by: dt.date,
    slice_days: int,
    plan: Plan,
    progress: Callable[[int], object] = lambda models: None,
) -> FittedModel:
    """Fit likelihood and severity on what was known by a day; rounds and calibration on later rows.

    `progress` is told of each of the two when it is done: nobody knows the rounds of one beforehand.
    """
    seen = examples.take(examples.known_on <= np.datetime64(known_by, "D"))
    folds = folds_before(seen, known_by, slice_days, plan)
    likelihood = fit_likelihood(seen, plan.likelihood_inputs(), folds, plan.trees, plan.seed)
    progress(1)
    severity = fit_severity(seen, plan.severity_inputs(), folds, plan.trees, plan.seed)
    progress(1)
    return FittedModel(likelihood, severity)


def folds_before(examples: Examples, known_by: dt.date, slice_days: int, plan: Plan) -> list[Fold]:
    """Return folds whose later rows lie in the slices before a day, newest first.

    A slice's later rows have both as-of date and label in it. The rows to learn from end one slice
    before it, with their labels known when it begins, and come from other controllers.
    """
    folds = []
    for number in range(1, plan.n_slices + 1):
        start = np.datetime64(known_by, "D") - np.timedelta64(number * slice_days, "D")
        within = examples.known_on <= start + np.timedelta64(slice_days, "D")
        parts = later_folds(examples, start, slice_days, plan.n_folds, plan.seed)
        folds += [Fold(part.train, part.later[within[part.later]]) for part in parts]
    return folds
