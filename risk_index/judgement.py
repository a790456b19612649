"""How good is it: the fit repeated at an earlier date and judged on what came after.

The models are fitted anew with what was known on `calendar.judged_on` and judged on the first planned
inspection after it, as a regulator would have met it; the simple rivals learn from the same rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from models.baselines import Baseline, ColumnScore, LogisticBaseline, RuleLadder
from models.examples import Examples, NotEnoughLabels
from models.fitted import FittedModel
from models.folds import Fold
from models.likelihood import Likelihood, fit_likelihood
from models.metrics import Outcomes, Score, intervals, learning_curve, measure, paired_difference
from models.scorecard import PointsScorecard
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
FEWEST_JUDGED, FEWEST_VIOLATIONS = 50, 10
CURVE_SHARES = (0.1, 0.3, 1.0)


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
        One row per method and metric: method, metric, value, low, high (95 % intervals from
        resampling controllers).
    differences : DataFrame
        Index and likelihood against each rival: method, rival, metric, difference, low, high.
    curve : DataFrame
        Learning curve of the likelihood.
    scored : DataFrame
        Rows judged: violation, harm, likelihood, expected_harm.
    notes : tuple of str
        Why something is missing.
    """

    table: pd.DataFrame
    differences: pd.DataFrame
    curve: pd.DataFrame
    scored: pd.DataFrame
    notes: tuple[str, ...]

    def value(self, method: str, metric: str) -> float:
        """Return one metric; NaN where it was not measured."""
        if self.table.empty:
            return float("nan")
        found = self.table[(self.table.method == method) & (self.table.metric == metric)].value
        return float(found.iloc[0]) if len(found) else float("nan")


def judge(training: TrainingSet, plan: Plan) -> Judgement:
    """Fit on the past of ``calendar.judged_on`` and measure on what came after."""
    examples, days = training.examples, training.calendar
    on = np.datetime64(days.judged_on, "D")
    past, later = examples.known_on <= on, examples.as_of == on
    outcomes = replace(
        Outcomes.of(examples.take(later)), weight=np.ones(int(later.sum()))
    )
    if too_few := _too_few(outcomes, days):
        return _nothing(too_few)
    try:
        model = fit_models(examples, days.judged_on, days.slice_days, plan)
    except NotEnoughLabels as error:
        return _nothing(
            f"not judged: on {days.judged_on} the models could not have been fitted ({error})"
        )
    X = examples.X[later]
    scores = _scores(model, X) | _rival_scores(examples.take(past), X, plan)
    ours = (LIKELIHOOD_NAME, INDEX_NAME)
    table = [_measured(name, outcomes, score, plan.seed) for name, score in scores.items()]
    differences = [
        _compared(mine, rival, outcomes, scores, plan.seed)
        for mine in ours
        for rival in scores
        if rival not in ours
    ]
    fold = Fold(np.flatnonzero(past), np.flatnonzero(later))
    return Judgement(
        pd.concat(table, ignore_index=True),
        pd.concat(differences, ignore_index=True),
        _curve(training, fold, plan),
        _scored(outcomes, scores),
        (),
    )


def _too_few(outcomes: Outcomes, days: Calendar) -> str:
    """Return why nothing can be judged; empty where it can."""
    n, hits = len(outcomes.violation), outcomes.violation.sum()
    if n >= FEWEST_JUDGED and min(hits, n - hits) >= FEWEST_VIOLATIONS:
        return ""
    return (
        f"not judged: {n} inspections with {hits:.0f} violations after {days.judged_on} are too few"
    )


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
    return Judgement(none, none, none, none, (note,))


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


def _measured(name: str, outcomes: Outcomes, score: Score, seed: int) -> pd.DataFrame:
    table = intervals(outcomes, score, seed=seed).reset_index(names="metric")
    counts = measure(outcomes, score)
    extra = pd.DataFrame(
        [
            {"metric": key, "value": counts[key]}
            for key in ("rows", "violations", "base_rate", "n_eff")
        ]
    )
    return pd.concat([extra, table]).assign(method=name)[
        ["method", "metric", "value", "low", "high"]
    ]


def _compared(
    mine: str, rival: str, outcomes: Outcomes, scores: dict[str, Score], seed: int
) -> pd.DataFrame:
    table = paired_difference(outcomes, scores[mine], scores[rival], seed=seed)
    return table.reset_index(names="metric").assign(method=mine, rival=rival)[
        ["method", "rival", "metric", "first", "second", "difference", "low", "high"]
    ]


def _curve(training: TrainingSet, fold: Fold, plan: Plan) -> pd.DataFrame:
    """Learn from growing shares of the controllers, always judged on the same later rows."""
    days = training.calendar

    def fit(part: Examples) -> Likelihood:
        folds = folds_before(part, days.judged_on, days.slice_days, plan)
        return fit_likelihood(part, plan.likelihood_inputs(), folds, plan.trees, plan.seed)

    return learning_curve(
        fit, lambda fitted, X: fitted.margin(X), training.examples, [fold], CURVE_SHARES, plan.seed
    )
