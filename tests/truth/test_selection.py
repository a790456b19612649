"""Visits that were aimed at risk: weights bring the registry's rate back, and blind spots are named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.records import Records, open_records
from models.selection import Candidates, estimating_weights, fit_propensity
from risk_index.learners import drawn
from risk_index.settings import load_sectors, load_settings
from risk_index.training import Plan, TrainingSet, training_set
from risk_index.world import load_world_settings, write_world

BIASED = {"directed_share": 0.15, "directed_penalty_weight": 1.5, "directed_reporting_weight": 3.0}
FIRMS, SEED = 6000, 1
BLIND = "110105"
SETTLED = ("2018-07-01", "2023-07-01")
"""Dates old enough that no visit of theirs still deters on the day that the truth speaks of."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry whose legacy visits went where penalties had been reported."""
    folder = tmp_path_factory.mktemp("selection") / "world"
    write_world(folder, FIRMS, SEED, load_world_settings(**BIASED))
    return folder


@contextmanager
def opened(records: Path) -> Iterator[tuple[Records, Plan]]:
    day = load_world_settings().as_of
    plan = replace(load_settings(day).plan, grid_months=6, history_years=8, n_folds=2)
    with open_records(records, today=day) as found:
        yield found, plan


def learnt(records: Records, plan: Plan) -> TrainingSet:
    day = load_world_settings().as_of
    return training_set(records, day, plan, load_settings(day).law, load_sectors())


@pytest.fixture(scope="module")
def training(world: Path) -> tuple[TrainingSet, pd.DataFrame]:
    """What a fit learns from, and the firms' ids and days of registration by key."""
    with opened(world / "records") as (records, plan):
        firms = records.table("firms").select("firm_key", "firm_id", "registered_on").distinct()
        return learnt(records, plan), firms.execute()


def test_weights_bring_back_the_rate_that_aimed_visits_miss(
    world: Path, training: tuple[TrainingSet, pd.DataFrame]
) -> None:
    """By true likelihoods, so that what is left is selection and no chance of the outcome."""
    found, firms = training
    truth = pd.read_parquet(world / "truth.parquet")[["firm_id", "likelihood"]]
    old = firms[pd.to_datetime(firms.registered_on) < SETTLED[0]].merge(truth, on="firm_id")
    labels = found.labels
    design, propensity = (
        labels[name].to_numpy(float) for name in ("inclusion_probability", "propensity")
    )
    weight = estimating_weights(design, propensity, found.examples.as_of)
    rows = labels.assign(weight=weight).merge(old, on="firm_key")
    rows = rows[(rows.as_of >= SETTLED[0]) & (rows.as_of < SETTLED[1])]
    aimed = rows[rows.inclusion_probability.isna()]
    true = old.likelihood.mean()
    naive = aimed.likelihood.mean()
    weighted = np.average(aimed.likelihood, weights=aimed.weight)
    planned = np.average(rows.likelihood, weights=rows.weight)
    print(f"true {true:.4f}, naive {naive:.4f}, weighted {weighted:.4f}, all planned {planned:.4f}")
    assert naive > true + 0.02
    assert abs(weighted - true) < 0.5 * (naive - true)
    assert abs(planned - true) < 0.35 * (naive - true)


def test_complaints_and_follow_ups_enter_no_label_and_no_weight(
    world: Path, training: tuple[TrainingSet, pd.DataFrame], tmp_path: Path
) -> None:
    """Give them absurd chances: nothing that is learnt from or estimated with knows of them.

    All rows stand in another order besides, which the sample of the registry must not know either.
    """
    found = training[0]
    assert not found.labels.selection.isin(["complaint", "follow_up"]).any()
    for file in (world / "records").glob("*.parquet"):
        pd.read_parquet(file).sample(frac=1.0, random_state=4).to_parquet(tmp_path / file.name)
    visits = pd.read_parquet(tmp_path / "inspections.parquet")
    triggered = visits.selection.isin(["complaint", "follow_up"])
    assert triggered.sum() > 500
    visits.loc[triggered, "inclusion_probability"] = 0.0001
    visits.to_parquet(tmp_path / "inspections.parquet")
    with opened(tmp_path) as (records, plan):
        again = learnt(records, plan)
    pd.testing.assert_frame_equal(again.labels, found.labels)
    assert (again.examples.weight == found.examples.weight).all()
    assert again.overlap == found.overlap


def test_learning_from_draws_alone_inherits_no_aimed_visit(
    world: Path, training: tuple[TrainingSet, pd.DataFrame]
) -> None:
    with opened(world / "records") as (records, plan):
        random = learnt(records, replace(plan, learn_from="random"))
    assert (training[0].labels.selection != "random").sum() > 500
    assert (random.labels.selection == "random").all()
    assert len(random.labels) > 100


def test_a_region_that_nobody_inspected_is_named(world: Path, tmp_path: Path) -> None:
    for file in (world / "records").glob("*.parquet"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    firms = pd.read_parquet(tmp_path / "firms.parquet")
    there = firms[firms.region == BLIND].firm_id
    visits = pd.read_parquet(tmp_path / "inspections.parquet")
    visits[~visits.firm_id.isin(there)].to_parquet(tmp_path / "inspections.parquet")
    with opened(tmp_path) as (records, plan):
        found = learnt(records, plan).overlap
    assert found is not None
    assert f"region {BLIND}" in found.unseen
    assert found.share_unlike == pytest.approx(there.nunique() / firms.firm_id.nunique(), abs=0.03)
    assert found.verdict.startswith("no overlap: 1")


def test_a_registry_of_inspected_firms_alone_has_no_overlap_to_estimate(
    world: Path, tmp_path: Path
) -> None:
    visits = pd.read_parquet(world / "records" / "inspections.parquet")
    for file in (world / "records").glob("*.parquet"):
        table = pd.read_parquet(file)
        if "firm_id" in table.columns:
            table = table[table.firm_id.isin(visits.firm_id)]
        table.to_parquet(tmp_path / file.name)
    with opened(tmp_path) as (records, plan):
        found = learnt(records, plan)
    assert found.overlap is not None
    assert found.overlap.verdict == "not estimable: every firm has been inspected"
    assert found.labels.propensity.isna().all()


def test_a_planted_selection_is_recovered() -> None:
    rng = np.random.default_rng(3)
    n = 60_000
    X = pd.DataFrame(rng.normal(size=(n, 4)), columns=list("abcd"), dtype="float32")
    chance = 1 / (1 + np.exp(3.5 - 1.2 * X.a.to_numpy(float) - 0.8 * (X.b.to_numpy(float) > 1)))
    visited = rng.random(n) < chance
    others = np.flatnonzero(~visited & (rng.random(n) < 0.2))
    rows = np.r_[np.flatnonzero(visited), others]
    stands_for = np.r_[np.ones(visited.sum()), np.full(len(others), (~visited).sum() / len(others))]
    among = Candidates(
        X.iloc[rows], visited[rows], stands_for, rows, np.zeros(len(rows), dtype=bool)
    )
    fitted = fit_propensity(among, 3, 0).chance(X, np.arange(n))
    assert np.corrcoef(np.log(fitted), np.log(chance))[0, 1] > 0.95
    assert fitted.mean() == pytest.approx(chance.mean(), rel=0.05)
    violation = rng.random(n) < 1 / (1 + np.exp(2 - X.a.to_numpy(float)))
    day = np.full(visited.sum(), np.datetime64("2024-01-01", "D"))
    weight = estimating_weights(np.full(visited.sum(), np.nan), fitted[visited], day)
    true, naive = violation.mean(), violation[visited].mean()
    assert naive > true + 0.08
    assert np.average(violation[visited], weights=weight) == pytest.approx(true, abs=0.02)


def test_too_many_examples_are_those_of_controllers_drawn_whole(
    world: Path, training: tuple[TrainingSet, pd.DataFrame]
) -> None:
    """Every input and label of theirs is what it is beside all others: the registry stays whole."""
    every = training[0]
    with opened(world / "records") as (records, plan):
        some = learnt(records, replace(plan, most_examples=len(every.examples) // 4))
        day = some.calendar.as_of
        few, more = (set(drawn(records, day, s).execute().firm_key) for s in (0.1, some.share))
    assert few < more
    assert set(some.labels.firm_key) < more
    wanted = np.isin(every.examples.controller, np.unique(some.examples.controller))
    assert 0.1 < some.share < 0.25
    assert wanted.mean() == pytest.approx(some.share, rel=0.1)
    keys = ["as_of", "firm_key", "inspection_id", "violation", "harm"]
    same = every.labels.loc[wanted, keys].reset_index(drop=True)
    pd.testing.assert_frame_equal(some.labels[keys], same)
    X = every.examples.X[wanted].reset_index(drop=True)
    pd.testing.assert_frame_equal(some.examples.X, X, check_exact=True)
    assert some.overlap is not None
    assert some.overlap.rows == wanted.sum()
    assert every.share == 1
