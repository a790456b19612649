"""The likelihood: refusals, notes, exact reasons, and nothing but data and seed in the result."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from models.examples import Examples, MissingColumns, NotEnoughLabels
from models.folds import Fold, later_folds
from models.likelihood import Likelihood, fit_likelihood
from models.trees import TreeSettings

QUICK = TreeSettings(max_rounds=40, early_stopping_rounds=10, num_threads=1)
DIRECTIONS = {"load": 1, "age": -1, "noise": 0}
SPLIT = np.datetime64("2023-01-01")


def simulated(n: int, seed: int = 0, rate: float = -1.0) -> Examples:
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        rng.normal(size=(n, 4)).astype("float32"), columns=["load", "age", "noise", "x"]
    )
    X.loc[rng.random(n) < 0.1, "age"] = np.nan
    margin = (rate + X["load"] - 0.5 * X["age"].fillna(0)).to_numpy()
    violation = (rng.random(n) < 1 / (1 + np.exp(-margin))).astype("int8")
    as_of = np.datetime64("2021-01-01") + rng.integers(0, 1000, n).astype("timedelta64[D]")
    return Examples(
        X=X,
        violation=violation,
        harm=np.where(violation == 1, 1.0, np.nan),
        weight=rng.choice([1.0, 4.0], n),
        as_of=as_of,
        known_on=as_of + np.timedelta64(60, "D"),
        controller=rng.integers(0, n // 2, n),
    )


def fit(examples: Examples, settings: TreeSettings = QUICK, seed: int = 0) -> Likelihood:
    folds = later_folds(examples, SPLIT, 90, 3, seed=0)
    return fit_likelihood(examples, DIRECTIONS, folds, settings, seed)


@pytest.fixture(scope="module")
def examples() -> Examples:
    return simulated(3000)


@pytest.fixture(scope="module")
def fitted(examples: Examples) -> Likelihood:
    return fit(examples)


def test_predictions_lie_within_their_interval(fitted: Likelihood, examples: Examples) -> None:
    chance, (low, high) = fitted.predict(examples.X), fitted.interval(examples.X)
    assert ((low >= 0) & (low <= chance) & (chance <= high) & (high <= 1)).all()
    assert np.std(chance) > 0.1


def test_reasons_sum_to_the_margin(fitted: Likelihood, examples: Examples) -> None:
    phi = fitted.contributions(examples.X)
    assert phi.shape == (3000, 4)
    np.testing.assert_allclose(phi.sum(axis=1), fitted.margin(examples.X), atol=1e-12)
    assert np.ptp(phi[:, -1]) == 0
    assert np.abs(phi[:, 0]).mean() > 5 * np.abs(phi[:, 2]).mean()


def test_later_margins_are_of_the_later_rows_once_each(
    fitted: Likelihood, examples: Examples
) -> None:
    assert fitted.later is not None
    assert fitted.later.rows.tolist() == np.flatnonzero(examples.as_of >= SPLIT).tolist()
    mine = fitted.margin(examples.X.iloc[fitted.later.rows])
    assert not np.array_equal(mine, fitted.later.raw)
    assert np.corrcoef(mine, fitted.later.raw)[0, 1] > 0.9


def test_columns_beyond_the_directions_and_their_order_do_not_matter(
    fitted: Likelihood, examples: Examples
) -> None:
    turned = examples.X[["x", "noise", "age", "load"]].assign(x=9.0)
    assert (fitted.predict(turned) == fitted.predict(examples.X)).all()
    with pytest.raises(MissingColumns, match=r"lacks 1 of the model's 3 columns, first: \['age'\]"):
        fitted.predict(examples.X.drop(columns="age"))


def test_no_rows_get_no_scores(fitted: Likelihood, examples: Examples) -> None:
    none = examples.X.iloc[:0]
    assert fitted.predict(none).shape == (0,)
    assert fitted.contributions(none).shape == (0, 4)


def test_same_data_same_model_whatever_the_threads_and_the_rows_order(
    fitted: Likelihood, examples: Examples, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.trees.FEWEST_ROWS_FOR_THREADS", 1)
    assert fit(examples, replace(QUICK, num_threads=2)).trees == fitted.trees
    shuffled = np.random.default_rng(0).permutation(len(examples))
    examples = examples.take(shuffled).take(np.argsort(shuffled))  # the caller's sort
    again = fit(examples)
    assert again.trees == fitted.trees
    assert again.calibrator.saved() == fitted.calibrator.saved()


def test_another_seed_is_another_model(fitted: Likelihood, examples: Examples) -> None:
    assert fit(examples, seed=1).trees != fitted.trees


@pytest.mark.parametrize(("rows", "rate"), [(40, 0.0), (300, -9.0), (300, 9.0)])
def test_too_few_labels_are_refused(rows: int, rate: float) -> None:
    with pytest.raises(NotEnoughLabels, match="at least 50 rows and 10 of each outcome"):
        fit(simulated(rows, rate=rate))


def test_sixty_rows_are_enough() -> None:
    few = simulated(60, seed=3)
    chance = fit(few).predict(few.X)
    assert ((chance > 0) & (chance < 1)).all()


@pytest.mark.parametrize("directions", [{}, {"load": 2}, {"load": 1, "age": None}])
def test_senseless_directions_are_refused(examples: Examples, directions: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="directions must name columns with -1, 0 or 1"):
        fit_likelihood(examples, directions, [], QUICK, 0)


def test_without_later_rows_it_says_that_drift_was_not_seen(examples: Examples) -> None:
    empty = later_folds(examples, np.datetime64("2030-01-01"), 90, 3, seed=0)
    model = fit_likelihood(examples, DIRECTIONS, empty, QUICK, 0)
    assert any("random split of controllers (3 folds" in note for note in model.notes)


def test_ordinary_fits_have_nothing_to_note(fitted: Likelihood) -> None:
    assert fitted.notes == ()


def test_columns_without_any_information_give_the_base_rate(examples: Examples) -> None:
    blank = replace(examples, X=pd.DataFrame({"c": np.ones(3000), "d": np.nan}, dtype="float32"))
    folds = later_folds(blank, SPLIT, 90, 3, seed=0)
    model = fit_likelihood(blank, {"c": 1, "d": 0}, folds, QUICK, 0)
    later = blank.take(blank.as_of >= SPLIT)
    rate = np.average(later.violation, weights=later.weight)
    assert model.predict(blank.X) == pytest.approx(rate, abs=0.01)
    assert (model.contributions(blank.X)[:, :-1] == 0).all()


def test_tuples_serve_as_folds(examples: Examples, fitted: Likelihood) -> None:
    folds = [tuple(fold) for fold in later_folds(examples, SPLIT, 90, 3, seed=0)]
    assert isinstance(later_folds(examples, SPLIT, 90, 3, seed=0)[0], Fold)
    assert fit_likelihood(examples, DIRECTIONS, folds, QUICK, 0).trees == fitted.trees


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_depth": 7},
        {"max_depth": 0},
        {"learning_rate": 0},
        {"row_share": 1.2},
        {"interval_level": 1.0},
        {"max_rounds": 0},
        {"num_threads": 0},
    ],
)
def test_senseless_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        TreeSettings(**wrong)


def test_settings_differ_by_all_but_their_threads() -> None:
    assert TreeSettings(num_threads=1) == TreeSettings(num_threads=4)
    assert TreeSettings(l2=1.0) != TreeSettings(l2=2.0)
    assert "num_threads" not in TreeSettings().saved()
