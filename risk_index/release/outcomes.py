"""Gates on outcomes: calibration, better than an order by lot, no leak, harm found beside the champion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.examples import MissingColumns
from models.fitted import FittedModel
from models.metrics import Outcomes, Score, intervals, paired_difference
from risk_index.index import Floats
from risk_index.judgement import estimated_on
from risk_index.parts import parts
from risk_index.release.limits import Limits
from risk_index.release.verdicts import Verdict, judged, not_run
from risk_index.training import TrainingSet

UNJUDGED = "the later slice holds too few outcomes to judge a fit on"
WIDEST = 2.0
"""Times the width of the limits up to which an interval that reaches them tells anything."""
FEW = "Wait for more outcomes, above all of random draws, and fit again."


@dataclass(frozen=True, eq=False)
class LaterSlice:
    """The inspections after ``judged_on`` that both models are judged on.

    Attributes
    ----------
    X : DataFrame
        Inputs as known on that day.
    outcomes : Outcomes
        With untrimmed weights.
    part : str
        Random draws where they are enough.
    seed : int
    """

    X: pd.DataFrame
    outcomes: Outcomes
    part: str
    seed: int

    def metrics(self, model: FittedModel) -> dict[str, tuple[float, float, float]]:
        """Return value, low and high of each metric of the likelihood."""
        chance = model.likelihood.predict(self.X)
        table = intervals(self.outcomes, Score(chance, chance), seed=self.seed)
        return {str(name): (row.value, row.low, row.high) for name, row in table.iterrows()}

    def difference(
        self, first: FittedModel, second: FittedModel, metric: str
    ) -> tuple[float, float, float]:
        """Return by how much the first model's index is ahead in a metric, with its paired interval."""
        one, two = (Score(harm_of(model, self.X)) for model in (first, second))
        row = paired_difference(self.outcomes, one, two, seed=self.seed).loc[metric]
        return float(row.difference), float(row.low), float(row.high)


def later_slice(training: TrainingSet, seed: int) -> LaterSlice | None:
    """Return the leading part of what came after ``judged_on``; None where it is too small."""
    examples = training.examples
    later = examples.as_of == np.datetime64(training.calendar.judged_on, "D")
    labels = training.labels[later].reset_index(drop=True)
    outcomes = estimated_on(Outcomes.of(examples.take(later)), labels)
    found, _ = parts(labels, outcomes)
    if not found:
        return None
    part, rows = next(iter(found.items()))
    return LaterSlice(examples.X[later][rows], outcomes.take(rows), part, seed)


def harm_of(model: FittedModel, X: pd.DataFrame) -> Floats:
    """Return the expected harm of each row, shape (n,)."""
    return model.likelihood.predict(X) * model.severity.predict(X)


def calibration(
    slope: tuple[float, float, float], intercept: tuple[float, float, float], limits: Limits
) -> Verdict:
    """Refuse where slope or intercept is off, beyond chance or by an interval too wide to tell.

    Both as value, low, high. An estimate outside its limits passes only where its interval reaches them
    and is at most twice as wide as they are.
    """
    low, high, most = limits.slope_low, limits.slope_high, limits.intercept_most
    asked = ((slope, low, high), (intercept, -most, most))
    shown = all(least <= figure[1] and figure[2] <= top for figure, least, top in asked)
    return judged(
        "calibration",
        all(_holds(*one) for one in asked),
        f"slope {_figure(slope)}, intercept {_figure(intercept)}"
        f"{'' if shown else '; the slice is too small to show that both lie within the limits'}.",
        f"slope {low:g} to {high:g}, intercept {-most:g} to {most:g}; within reach of intervals at most "
        f"{WIDEST:g} times as wide",
        "See the calibration in card.md by group; look for a change of what counts as a violation, of "
        "who is drawn, or of the code that calibrates. " + FEW,
        slope,
    )


def better_than_chance(auc: tuple[float, float, float], limits: Limits) -> Verdict:
    """Refuse where the order could be one by lot."""
    return judged(
        "chance",
        bool(auc[1] > limits.least_auc),
        f"AUC {_figure(auc)}.",
        f"lower end above {limits.least_auc:g}",
        "The labels tell nothing of the inputs: check that outcomes belong to their firms and dates. "
        + FEW,
        auc,
    )


def leak(auc: tuple[float, float, float], carried: pd.Series, limits: Limits) -> Verdict:
    """Refuse what is too good to be true, or carried by one input alone.

    Parameters
    ----------
    carried : Series
        Share of the likelihood's contributions by input.
    """
    first = str(carried.index[0]) if len(carried) else "none"
    share = float(carried.iloc[0]) if len(carried) else 0.0
    return judged(
        "leak",
        bool(auc[0] <= limits.most_auc and share <= limits.most_one_input),
        f"AUC {_figure(auc)}; of the contributions {share:.0%} are those of {first}.",
        f"AUC up to {limits.most_auc:g}, one input up to {limits.most_one_input:.0%}",
        f"Look at {first}: is it recorded only after the visit it predicts, with an earlier "
        "recorded_on? Mend the records, or fit again --without it.",
        (share,),
    )


def harm(difference: tuple[float, float, float], limits: Limits, found: str = "harm") -> Verdict:
    """Refuse where the challenger finds less harm: by more than the margin, or beyond chance and margin.

    `difference`: challenger less champion in the share of harm found, value, low, high; of violations
    where no harm was measured.
    """
    value, low, high = difference
    worse = high < 0 and low < -limits.harm_margin
    shown = low >= -limits.harm_margin
    return judged(
        "harm",
        bool(value >= -limits.harm_margin and not worse),
        f"of the {found}, {limits.harm_share:.0%} of visits find {_figure(difference, '+')} more than by the "
        f"champion{'' if shown else '; the slice is too small to show that it is no less'}.",
        f"no less than {-limits.harm_margin:g}",
        "Compare learning curve, inputs and settings with the champion's. " + FEW,
        difference,
    )


def carried_by_input(model: FittedModel, X: pd.DataFrame) -> pd.Series:
    """Return each input's share of the likelihood's contributions, the greatest first."""
    phi = np.abs(model.likelihood.contributions(X)[:, :-1]).mean(axis=0)
    total = phi.sum()
    if not total:
        return pd.Series(dtype=np.float64)
    shares = pd.Series(phi / total, index=list(model.likelihood.columns))
    return shares.sort_values(ascending=False, kind="stable")


def on_outcomes(
    later: LaterSlice | None,
    challenger: FittedModel | None,
    champion: FittedModel | None,
    carried: pd.Series,
    limits: Limits,
    why: str,
) -> list[Verdict]:
    """Return the verdicts on outcomes; `why` says why there is no champion to compare with."""
    if later is None or challenger is None:
        return [not_run(name, UNJUDGED) for name in ("calibration", "chance", "leak", "harm")]
    found = later.metrics(challenger)
    slope, intercept = found["calibration_slope"], found["calibration_intercept"]
    verdicts = [
        calibration(slope, intercept, limits),
        better_than_chance(found["auc"], limits),
        leak(found["auc"], carried, limits),
    ]
    return [*verdicts, _harm_beside(later, challenger, champion, limits, why)]


def _harm_beside(
    later: LaterSlice,
    challenger: FittedModel,
    champion: FittedModel | None,
    limits: Limits,
    why: str,
) -> Verdict:
    if champion is None:
        return not_run("harm", why)
    found = "harm" if later.outcomes.harm.any() else "violations"
    metric = f"{found}_at_{round(100 * limits.harm_share)}"
    try:
        return harm(later.difference(challenger, champion, metric), limits, found)
    except MissingColumns as error:
        return not_run("harm", f"the champion asks for inputs that are no more: {error}")


def _holds(figure: tuple[float, float, float], low: float, high: float) -> bool:
    """Tell whether a value lies between two, or its interval reaches them and is not far wider."""
    value, least, most = figure
    if low <= value <= high:
        return True
    return bool(most - least <= WIDEST * (high - low) and least <= high and most >= low)


def _figure(figure: tuple[float, float, float], sign: str = "") -> str:
    value, low, high = figure
    return f"{value:{sign}.3f} [{low:{sign}.3f}, {high:{sign}.3f}]"
