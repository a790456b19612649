"""What each piece of learning from a selected sample adds or costs: fitted again without it, paired."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd

from benchmarks.real.cities import City
from benchmarks.real.judged import Judged, Say
from benchmarks.real.probe import gathered
from benchmarks.real.tables import REPLICATES, outcomes
from features import assembly, compiled
from features.reporting import REPORTING
from models.examples import Examples
from models.metrics import Score, paired_difference
from models.selection import fitting_weights
from risk_index import pipeline
from risk_index.selection import days_of
from risk_index.settings import load_settings
from risk_index.training import LIKELIHOOD, SEVERITY, Plan, TrainingSet, fit_models, shared_by

COMPARED = {"auc": "AUC", "harm_at_5": "harm at 5 %", "harm_at_10": "harm at 10 %"}
AT_FULL_REPORTING = tuple(f.name for f in REPORTING if f.name in LIKELIHOOD | SEVERITY)
Scores = dict[str, Score]


def pieces(
    city: City, source: pipeline.Source, judged: Judged, earlier: Path | None, say: Say
) -> pd.DataFrame:
    """Return, a piece a row, by how much the fit with it is better than the one without.

    Parameters
    ----------
    earlier : Path, optional
        ``ranked.csv`` of an earlier version on the same day.
    """
    say(f"{city.name}: fitting without each piece")
    whole, rows = None, []
    for name, scores in _without_each(city, source, judged):
        if whole is None:
            whole = scores
        else:
            rows.append({"without": name} | _gains(judged, whole, scores))
    assert whole is not None
    if earlier is not None:
        rows.append(
            {"without": "all of it: the earlier version"} | _earlier(judged, whole, earlier)
        )
    return pd.DataFrame(rows)


def _without_each(
    city: City, source: pipeline.Source, judged: Judged
) -> Iterator[tuple[str, Scores]]:
    """Yield the scores of the fit as it is, then of those that lack a piece, where that changes a fit."""
    plan = load_settings(city.as_of).plan
    training, firms = gathered(city, source)
    examples, days = training.examples, training.calendar

    def scores(learnt: Examples, seen: pd.DataFrame = firms, by: Plan = plan) -> Scores:
        model = fit_models(learnt, days.as_of, days.slice_days, by)
        X = seen.loc[judged.rows.firm_id]
        chance = model.likelihood.predict(X)
        return {"likelihood": Score(chance, chance),
                "index": Score(chance * model.severity.predict(X))}  # fmt: skip

    yield "nothing", scores(examples)
    if examples.inspector is not None and len(np.unique(examples.inspector)) > 1:
        yield "strictness of inspectors", scores(replace(examples, inspector=None))
    if len(np.unique(examples.controller)) < len(np.unique(_firm_keys(training))):
        alone = replace(examples, controller=_firm_keys(training))
        yield "controllers kept on one side", scores(alone)
    if examples.X[list(AT_FULL_REPORTING)].nunique().gt(1).any():
        yield (
            "penalties at full reporting",
            scores(examples, by=replace(plan, without=AT_FULL_REPORTING)),
        )
    with _own_outcomes_left_in():
        again, there = gathered(city, source)
        yield "own outcomes left out of the sector's rates", scores(again.examples, there)
    yield "weight 1 for visits of unknown chance (propensity)", scores(_by_propensity(training))


def _firm_keys(training: TrainingSet) -> np.ndarray:
    return training.labels.firm_key.to_numpy(np.int64)


def _by_propensity(training: TrainingSet) -> Examples:
    found = training.labels
    design, propensity = (
        found[name].to_numpy(np.float64) for name in ("inclusion_probability", "propensity")
    )
    weight = fitting_weights(design, propensity, days_of(found)) / shared_by(found)
    return replace(training.examples, weight=weight)


@contextmanager
def _own_outcomes_left_in() -> Iterator[None]:
    left_in = mock.patch.object(assembly, "without_own", lambda rows: rows)
    with left_in, mock.patch.dict(compiled._compiled, clear=True):  # kept queries leave them out
        yield


def _earlier(judged: Judged, whole: Scores, ranked: Path) -> dict[str, str]:
    rows = pd.read_csv(ranked, dtype={"firm_id": str}, encoding="utf-8-sig").set_index("firm_id")
    rows = rows.loc[judged.rows.firm_id]
    chance = rows.likelihood.to_numpy(np.float64)
    before = {"likelihood": Score(chance, chance),
              "index": Score(rows.expected_harm.to_numpy(np.float64))}  # fmt: skip
    return _gains(judged, whole, before)


def _gains(judged: Judged, whole: Scores, without: Scores) -> dict[str, str]:
    """Return the fit with it less the fit without: the likelihood's AUC, the harm that the index finds."""
    found = {
        name: paired_difference(
            outcomes(judged.rows, minor=False), whole[name], without[name], REPLICATES
        )
        for name in whole
    }
    cells = {}
    for metric, title in COMPARED.items():
        row = found["likelihood" if metric == "auc" else "index"].loc[metric]
        cells[title] = f"{row['difference']:+.3f} ({row['low']:+.3f} to {row['high']:+.3f})"
    return cells
