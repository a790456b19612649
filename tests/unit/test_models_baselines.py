"""Baselines: one shape of call, scores worked out by hand, nothing learnt from later rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from models.baselines import (
    Baseline,
    ColumnScore,
    LogisticBaseline,
    Rule,
    RuleLadder,
    later_scores,
)
from models.examples import Examples, MissingColumns, NotEnoughLabels
from models.folds import later_folds
from models.scorecard import PointsScorecard


def simulated(n: int = 3000, seed: int = 0) -> Examples:
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "load": rng.gamma(0.3, 5, n),
            "rate": rng.beta(2, 6, n),
            "hole": np.where(rng.random(n) < 0.3, np.nan, rng.normal(size=n)),
            "flat": 1.0,
            "empty": np.nan,
        },
        dtype="float32",
    )
    margin = -2 + np.log1p(X["load"]) + 2 * X["rate"] + X["hole"].isna()
    violation = (rng.random(n) < 1 / (1 + np.exp(-margin))).to_numpy("int8")
    as_of = np.datetime64("2021-01-01") + rng.integers(0, 1000, n).astype("timedelta64[D]")
    return Examples(
        X=X,
        violation=violation,
        harm=np.where(violation == 1, 1.0, np.nan),
        weight=rng.choice([1.0, 2.0], n),
        as_of=as_of,
        known_on=as_of,
        controller=np.arange(n),
    )


ALL: list[Baseline] = [
    ColumnScore("sector_rate", "rate", is_probability=True),
    RuleLadder.of("ladder", [("load", 1, 10), ("load", 5, 10), ("rate", 0.3, 5)]),
    LogisticBaseline(),
    PointsScorecard(),
]


@pytest.mark.parametrize("baseline", ALL, ids=lambda baseline: baseline.name)
def test_each_is_fitted_then_scores_later_firms_better_than_chance(baseline: Baseline) -> None:
    fresh = simulated(seed=1)
    score = baseline.fit(simulated()).score(fresh.X)
    assert score.shape == (3000,)
    assert score.dtype == np.float64
    assert roc_auc_score(fresh.violation, score) > 0.55
    if baseline.is_probability:
        assert ((score >= 0) & (score <= 1)).all()


@pytest.mark.parametrize("baseline", ALL, ids=lambda baseline: baseline.name)
def test_row_order_moves_no_score(baseline: Baseline) -> None:
    examples, fresh = simulated(), simulated(seed=1)
    order = np.random.default_rng(0).permutation(len(examples))
    here = baseline.fit(examples).score(fresh.X)
    there = baseline.fit(examples.take(order)).score(fresh.X.iloc[order])
    np.testing.assert_allclose(there, here[order], rtol=1e-9)


@pytest.mark.parametrize("baseline", ALL[2:], ids=lambda baseline: baseline.name)
def test_too_few_labels_are_refused(baseline: Baseline) -> None:
    with pytest.raises(NotEnoughLabels, match="40 inspected rows"):
        baseline.fit(simulated(40))


@pytest.mark.parametrize("baseline", ALL, ids=lambda baseline: baseline.name)
def test_missing_columns_are_named(baseline: Baseline) -> None:
    examples = simulated()
    scorer = baseline.fit(examples)
    with pytest.raises(MissingColumns, match="rate"):
        scorer.score(examples.X.drop(columns="rate"))


def test_column_score_by_hand() -> None:
    X = pd.DataFrame({"days": [3.0, np.nan, 10.0]}, dtype="float32")
    assert ColumnScore("d", "days").score(X).tolist() == [3, 0, 10]
    assert ColumnScore("d", "days", sign=-1, if_none=99).score(X).tolist() == [-3, -99, -10]


def test_rule_ladder_by_hand() -> None:
    rules = (Rule("n", 1, 5), Rule("n", 3, 10), Rule("days", 30, 2, below=True))
    X = pd.DataFrame({"n": [0, 1, 3, np.nan], "days": [30, 31, 5, np.nan]}, dtype="float32")
    assert RuleLadder("ladder", rules).score(X).tolist() == [2, 5, 17, 0]


def test_logistic_regression_is_calibrated_where_the_world_is_its_own() -> None:
    examples, fresh = simulated(20_000), simulated(20_000, seed=1)
    score = LogisticBaseline().fit(examples).score(fresh.X)
    for low, high in ((0, 0.3), (0.3, 0.6), (0.6, 1)):
        inside = (score >= low) & (score < high)
        assert score[inside].mean() == pytest.approx(fresh.violation[inside].mean(), abs=0.03)


def test_scorecard_gives_whole_points_and_its_card_gives_the_same_scores() -> None:
    examples, fresh = simulated(), simulated(200, seed=1)
    scorer = PointsScorecard(bins=4, most_columns=2).fit(examples)
    card = scorer.card()
    assert card["column"].nunique() == 2
    assert (card["points"] == card["points"].round()).all()
    by_hand = np.zeros(200)
    for row in card.itertuples():
        values = fresh.X[row.column].fillna(-np.inf).to_numpy(float)
        lowest = np.isneginf(row.above) & np.isneginf(values)
        by_hand += row.points * (lowest | ((values > row.above) & (values <= row.up_to)))
    assert (scorer.score(fresh.X) == by_hand).all()


def test_scorecard_points_rise_with_risk_and_double_the_odds() -> None:
    card = PointsScorecard(columns=("load",)).fit(simulated(20_000)).card()
    assert (np.diff(card["points"]) > 0).all()
    fresh = simulated(20_000, seed=1)
    score = PointsScorecard(columns=("load",), points_to_double=10).fit(simulated(20_000))
    points = score.score(fresh.X)
    odds = pd.Series(fresh.violation).groupby(points).mean().pipe(lambda p: p / (1 - p))
    doubled = np.polyfit(odds.index, np.log2(odds), 1)[0] * 10
    assert doubled == pytest.approx(1, abs=0.2)


def test_scorecard_skips_columns_that_say_the_same() -> None:
    examples = simulated()
    twice = replace(examples, X=examples.X.assign(again=examples.X["load"] * 2))
    columns = set(PointsScorecard().fit(twice).card()["column"])
    assert len(columns & {"load", "again"}) == 1
    assert not columns & {"flat", "empty"}


def test_scorecard_of_one_constant_column_scores_all_alike() -> None:
    examples = simulated()
    assert np.ptp(PointsScorecard(columns=("flat",)).fit(examples).score(examples.X)) == 0


def test_later_scores_come_from_fits_that_never_saw_the_row() -> None:
    examples = simulated()
    folds = later_folds(examples, np.datetime64("2023-01-01"), 90, 3, seed=0)
    rows, scores = later_scores(LogisticBaseline(), examples, folds)
    assert rows.tolist() == np.flatnonzero(examples.as_of >= np.datetime64("2023-01-01")).tolist()
    turned = examples.violation.copy()
    turned[folds[0].later] = 1 - turned[folds[0].later]
    harm = np.where(turned == 1, 1.0, np.nan)
    again = later_scores(LogisticBaseline(), replace(examples, violation=turned, harm=harm), folds)
    mine = np.isin(rows, folds[0].later)
    assert (scores[mine] == again[1][mine]).all()
