"""Toronto's inspections of 2011, ranked with what was known by the end of 2010."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from features.asof import snapshot_of_rows
from features.catalogue import FEATURES
from features.labels import labels
from features.mapping import load_mapping
from features.matrix import matrix
from features.records import open_records
from models.metrics import Outcomes, Score, measure, paired_difference
from risk_index.settings import CONFIGS, load_sectors, load_settings
from risk_index.training import fit_models, training_set

AS_OF = dt.date(2010, 12, 31)


@dataclass(frozen=True)
class Judged:
    outcomes: Outcomes
    likelihood: Score
    index: Score
    decayed_rate: Score


@pytest.fixture(scope="module")
def judged(shared_data: Path) -> Judged:
    """Fit by the end of 2010 and score every premises visited in 2011."""
    settings, sectors = load_settings(AS_OF), load_sectors()
    mapping = load_mapping(CONFIGS / "mappings" / "toronto")
    with open_records(shared_data / "toronto", mapping) as records:
        training = training_set(records, AS_OF, settings.plan, settings.law, sectors)
        later = labels(records, (AS_OF,), 365, AS_OF + dt.timedelta(days=365))
        X = matrix(snapshot_of_rows(records, later, settings.law, sectors), FEATURES)
    rows = X.merge(later, on=["firm_key", "as_of"])
    days = training.calendar
    model = fit_models(training.examples, AS_OF, days.slice_days, settings.plan)
    chance = model.likelihood.predict(rows)
    found = rows.violations_fading_730d.to_numpy(float)
    visits = rows.inspections_fading_730d.to_numpy(float)
    rate = training.examples.violation.mean()
    return Judged(
        Outcomes(
            rows.violation.to_numpy(float), rows.harm.fillna(0.0).to_numpy(float),
            np.ones(len(rows)), rows.firm_key.to_numpy(np.int64)),
        Score(chance, chance),
        Score(chance * model.severity.predict(rows)),
        Score((found + 2 * rate) / (visits + 2)),
    )  # fmt: skip


def test_the_likelihood_orders_and_is_calibrated(judged: Judged) -> None:
    metrics = measure(judged.outcomes, judged.likelihood)
    assert metrics["rows"] > 4000
    assert metrics["auc"] >= 0.70
    assert 0.9 <= metrics["calibration_slope"] <= 1.1


def test_it_beats_the_decayed_rate_beyond_chance(judged: Judged) -> None:
    gain = paired_difference(judged.outcomes, judged.likelihood, judged.decayed_rate)
    assert gain.loc["auc", "low"] > 0


def test_the_index_finds_more_harm_than_the_decayed_rate(judged: Judged) -> None:
    gain = paired_difference(judged.outcomes, judged.index, judged.decayed_rate)
    assert gain.loc["harm_at_10", "first"] >= 1.15 * gain.loc["harm_at_10", "second"]
    assert gain.loc["harm_at_10", "low"] > 0


def test_no_auc_that_only_a_leak_could_give(judged: Judged) -> None:
    assert measure(judged.outcomes, judged.likelihood)["auc"] < 0.80
