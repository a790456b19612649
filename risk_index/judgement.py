"""How good is it: the fit repeated at an earlier date and judged on what came after.

The models are fitted anew with what was known on `calendar.judged_on` and judged on the first planned
inspection after it, as a regulator would have met it; the simple rivals learn from the same rows.
Random draws of known chance stand for all firms and lead where they are enough.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from models.arrays import Bools, Floats
from models.baselines import Baseline, ColumnScore, LogisticBaseline, RuleLadder
from models.examples import Examples, NotEnoughLabels
from models.fitted import FittedModel
from models.folds import Fold
from models.likelihood import Likelihood, fit_likelihood
from models.metrics import Outcomes, Score, intervals, learning_curve, measure, paired_difference
from models.scorecard import PointsScorecard
from models.selection import estimating_weights
from risk_index.calibration_groups import calibration_by_group, groups_of
from risk_index.parts import parts
from risk_index.progress import steps
from risk_index.scoring import completeness
from risk_index.selection import days_of
from risk_index.training import (
    Calendar,
    Plan,
    TrainingSet,
    fit_models,
    folds_before,
)

LADDER = (
    ("black_lists", 1.0, 4.0),
    ("penalties_serious", 1.0, 3.0),
    ("penalties_moderate", 1.0, 2.0),
    ("irregularities", 1.0, 1.0),
    ("violations_1y", 1.0, 2.0),
    ("violations_3y", 1.0, 1.0),
    ("permit_kinds_lapsed", 1.0, 1.0),
    ("hazard_class", 4.0, 1.0),
)
"""Rules in the manner of the four classes of SAMR Xin 2022 No. 6 (points of this project)."""
LIKELIHOOD_NAME, INDEX_NAME = "likelihood", "index"
CURVE_SHARES = (0.1, 0.3, 1.0)
STEPS = 6
"""Fit, rivals, metrics, differences, learning curve, groups."""


def rivals(plan: Plan) -> tuple[Baseline, ...]:
    """Return the simple methods that are judged beside the model, always."""
    columns = tuple(plan.likelihood_inputs())
    return (
        ColumnScore("sector_rate", "sector_rate"),
        ColumnScore("own_smoothed_rate", "violation_rate"),
        ColumnScore("own_decayed_rate", "violation_rate_730d"),
        RuleLadder.of("rule_ladder", LADDER),
        PointsScorecard(name="points_scorecard", columns=columns),
        LogisticBaseline(columns=columns),
    )


@dataclass(frozen=True)
class Judgement:
    """Metrics on a later date.

    Attributes
    ----------
    table : DataFrame
        One row per part, method and metric: part, method, metric, value, low, high (95 % intervals from
        resampling controllers), n_eff (Kish's effective number of rows that the value rests on).
    differences : DataFrame
        Index and likelihood against each rival: part, method, rival, metric, difference, low, high.
    curve : DataFrame
        Learning curve of the likelihood, judged on the leading part.
    scored : DataFrame
        Rows of the leading part: violation, harm, weight, likelihood, expected_harm.
    groups : DataFrame
        Calibration of the likelihood by region, sector group and completeness on the leading part.
    part : str
        The leading part: random draws where they are enough; empty where nothing was judged.
    notes : tuple of str
        Why something is missing, or why random draws do not lead.
    model : FittedModel or None
        The one judged, fitted on what was known on ``calendar.judged_on``.
    """

    table: pd.DataFrame
    differences: pd.DataFrame
    curve: pd.DataFrame
    scored: pd.DataFrame
    groups: pd.DataFrame
    part: str
    notes: tuple[str, ...]
    model: FittedModel | None = None

    def value(self, method: str, metric: str) -> float:
        """Return one metric on the leading part; NaN where it was not measured."""
        if self.table.empty:
            return float("nan")
        rows = self.table[self.table.part == self.part]
        found = rows[(rows.method == method) & (rows.metric == metric)].value
        return float(found.iloc[0]) if len(found) else float("nan")


def judge(training: TrainingSet, plan: Plan) -> Judgement:
    """Fit on the past of ``calendar.judged_on`` and measure on what came after.

    Every number is an estimate, so its weights are not trimmed.
    """
    examples, days = training.examples, training.calendar
    on = np.datetime64(days.judged_on, "D")
    past, later = examples.known_on <= on, examples.as_of == on
    labels = training.labels[later].reset_index(drop=True)
    outcomes = estimated_on(Outcomes.of(examples.take(later)), labels)
    found, notes = parts(labels, outcomes)
    if not found:
        return _nothing(_too_few(outcomes, days))
    with steps("judging", STEPS, "steps") as done:
        try:
            model = fit_models(examples, days.judged_on, days.slice_days, plan)
        except NotEnoughLabels as error:
            return _nothing(
                f"not judged: on {days.judged_on} the models could not have been fitted ({error})"
            )
        done(1)
        X = examples.X[later]
        scores = _scores(model, X) | _rival_scores(examples.take(past), X, plan)
        done(1)
        measured = _of_all_parts(outcomes, scores, found, plan.seed, done)
        weight = np.ones(len(examples))
        weight[later] = outcomes.weight
        leading = np.flatnonzero(later)[next(iter(found.values()))]
        curve = _curve(training, Fold(np.flatnonzero(past), leading), plan, weight)
        done(1)
        of_leading = _of_leading(outcomes, scores, labels, X, found, plan.seed)
        return Judgement(*measured, curve, **of_leading, notes=notes, model=model)


def _of_all_parts(
    outcomes: Outcomes,
    scores: dict[str, Score],
    found: dict[str, Bools],
    seed: int,
    done: Callable[[int], object],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return metrics and differences on every part."""
    table = _of_parts(_measured, outcomes, scores, found, seed)
    done(1)
    differences = _of_parts(_compared, outcomes, scores, found, seed)
    done(1)
    return table, differences


def _of_leading(
    outcomes: Outcomes,
    scores: dict[str, Score],
    labels: pd.DataFrame,
    X: pd.DataFrame,
    found: dict[str, Bools],
    seed: int,
) -> dict[str, Any]:
    """Return what is given on the leading part alone: the rows judged, and groups of them."""
    part, rows = next(iter(found.items()))
    complete = completeness(labels, X)
    groups = groups_of(labels.region[rows], labels.sector[rows], complete[rows])
    chance = scores[LIKELIHOOD_NAME].rank[rows]
    return {
        "part": part,
        "scored": _scored(outcomes, scores)[rows].reset_index(drop=True),
        "groups": calibration_by_group(outcomes.take(rows), chance, groups, seed),
    }


def estimated_on(outcomes: Outcomes, labels: pd.DataFrame) -> Outcomes:
    """Return outcomes with the untrimmed weights of their visits."""
    design = labels.inclusion_probability.to_numpy(np.float64)
    propensity = labels.propensity.to_numpy(np.float64)
    return replace(outcomes, weight=estimating_weights(design, propensity, days_of(labels)))


def _too_few(outcomes: Outcomes, days: Calendar) -> str:
    n, hits = len(outcomes.violation), outcomes.violation.sum()
    return (
        f"not judged: {n} inspections with {hits:.0f} violations after {days.judged_on} are too few"
    )


def _of_parts(
    table: Callable[[Outcomes, dict[str, Score], int], list[pd.DataFrame]],
    outcomes: Outcomes,
    scores: dict[str, Score],
    found: dict[str, Bools],
    seed: int,
) -> pd.DataFrame:
    """Put the tables of all parts below one another, the leading part first."""
    tables = []
    for part, rows in found.items():
        of_part = {name: score.take(rows) for name, score in scores.items()}
        whole = pd.concat(table(outcomes.take(rows), of_part, seed), ignore_index=True)
        whole.insert(0, "part", part)
        tables.append(whole)
    return pd.concat(tables, ignore_index=True)


def _scored(outcomes: Outcomes, scores: dict[str, Score]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "violation": outcomes.violation,
            "harm": outcomes.harm,
            "weight": outcomes.weight,
            "likelihood": scores[LIKELIHOOD_NAME].rank,
            "expected_harm": scores[INDEX_NAME].rank,
        }
    )


def _nothing(note: str) -> Judgement:
    none = pd.DataFrame()
    return Judgement(none, none, none, none, none, "", (note,))


def _scores(model: FittedModel, X: pd.DataFrame) -> dict[str, Score]:
    chance = model.likelihood.predict(X)
    return {
        LIKELIHOOD_NAME: Score(chance, chance),
        INDEX_NAME: Score(chance * model.severity.predict(X)),
    }


def _rival_scores(past: Examples, X: pd.DataFrame, plan: Plan) -> dict[str, Score]:
    scores = {}
    for rival in rivals(plan):
        values = rival.fit(past).score(X)
        scores[rival.name] = Score(values, values if rival.is_probability else None)
    return scores


def _measured(outcomes: Outcomes, scores: dict[str, Score], seed: int) -> list[pd.DataFrame]:
    return [_measured_one(name, outcomes, score, seed) for name, score in scores.items()]


def _measured_one(name: str, outcomes: Outcomes, score: Score, seed: int) -> pd.DataFrame:
    table = intervals(outcomes, score, seed=seed).reset_index(names="metric")
    counts = measure(outcomes, score)
    extra = pd.DataFrame(
        [{"metric": key, "value": counts[key]} for key in ("rows", "violations", "n_eff")]
    )
    columns = ["method", "metric", "value", "low", "high", "n_eff"]
    return pd.concat([extra, table]).assign(method=name, n_eff=counts["n_eff"])[columns]


def _compared(outcomes: Outcomes, scores: dict[str, Score], seed: int) -> list[pd.DataFrame]:
    ours = (LIKELIHOOD_NAME, INDEX_NAME)
    rivals = [name for name in scores if name not in ours]
    return [_compared_one(one, other, outcomes, scores, seed) for one in ours for other in rivals]


def _compared_one(
    mine: str, rival: str, outcomes: Outcomes, scores: dict[str, Score], seed: int
) -> pd.DataFrame:
    table = paired_difference(outcomes, scores[mine], scores[rival], seed=seed)
    return table.reset_index(names="metric").assign(method=mine, rival=rival)[
        ["method", "rival", "metric", "first", "second", "difference", "low", "high"]
    ]


def _curve(training: TrainingSet, fold: Fold, plan: Plan, weight: Floats) -> pd.DataFrame:
    """Learn from growing shares of the controllers, always judged on the same later rows."""
    days = training.calendar

    def fit(part: Examples) -> Likelihood:
        folds = folds_before(part, days.judged_on, days.slice_days, plan)
        return fit_likelihood(part, plan.likelihood_inputs(), folds, plan.trees, plan.seed)

    return learning_curve(
        fit,
        lambda fitted, X: fitted.margin(X),
        training.examples,
        [fold],
        CURVE_SHARES,
        plan.seed,
        weight=weight,
    )
