"""The gate on repetition: the same examples give the same model, to the last byte."""

from __future__ import annotations

from dataclasses import replace

from models.fitted import MANIFEST, FittedModel
from models.refits import Refits
from risk_index.release.verdicts import Verdict, judged
from risk_index.training import Plan, TrainingSet, fit_models


def repeated(model: FittedModel, training: TrainingSet, plan: Plan) -> Verdict:
    """Fit once more on the same examples and refuse where anything differs; refits are left out."""
    days = training.calendar
    plan = replace(plan, without=tuple(model.meta["without"]))
    again = fit_models(training.examples, days.as_of, days.slice_days, plan)
    files = [replace(one, meta={}, refits=Refits()).files() for one in (model, again)]
    first, second = files
    other = [n for n in first if first[n] != second.get(n) and n != MANIFEST]
    return judged(
        "repeated",
        not other,
        f"fitted once more, {'the same bytes' if not other else f'other bytes in {other}'}.",
        "the same bytes",
        "Something in the fit hangs on chance, threads or clock: find it before anything is promoted.",
        (float(len(other)),),
    )
