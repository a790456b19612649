"""A world whose truth is known: what of the harm the first rows of the ranking hold."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from features.asof import snapshot_of_registry
from features.catalogue import in_use
from features.matrix import matrix
from features.records import open_records
from risk_index.demo import harm_captured
from risk_index.settings import load_sectors, load_settings
from risk_index.training import fit_models, training_set
from risk_index.world import load_world_settings, write_world


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fit on a world of 20,000 firms; return its ranking and the truth."""
    folder = tmp_path_factory.mktemp("known") / "world"
    world = load_world_settings()
    write_world(folder, 20_000, 31, world)
    as_of: dt.date = world.as_of
    settings, sectors = load_settings(as_of), load_sectors()
    with open_records(folder / "records", today=as_of) as records:
        training = training_set(records, as_of, settings.plan, settings.law, sectors)
        X = matrix(snapshot_of_registry(records, as_of, settings.law, sectors), in_use())
        ids = records.table("firm_keys").execute()
    model = fit_models(training.examples, as_of, training.calendar.slice_days, settings.plan)
    ranked = X[["firm_key"]].merge(ids, on="firm_key", validate="1:1")
    ranked["likelihood"] = model.likelihood.predict(X)
    ranked["expected_harm"] = ranked.likelihood * model.severity.predict(X)
    ranked["rank"] = ranked.expected_harm.rank(ascending=False, method="first")
    return ranked, pd.read_parquet(folder / "truth.parquet")


def test_the_first_rows_hold_most_of_the_harm_that_an_oracle_would_find(
    scored: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    found, best = harm_captured(*scored, share=0.05)
    assert found >= 0.80 * best


def test_the_likelihood_is_right_on_average_and_in_order(
    scored: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    both = scored[0].merge(scored[1], on="firm_id", suffixes=("", "_true"))
    assert both.likelihood.mean() == pytest.approx(both.likelihood_true.mean(), rel=0.1)
    assert both.likelihood.corr(both.likelihood_true, method="spearman") > 0.7
    ordered = both.sort_values("likelihood").likelihood_true.to_numpy()
    tenths = [part.mean() for part in np.array_split(ordered, 10)]
    assert (np.diff(tenths) > 0).all()
