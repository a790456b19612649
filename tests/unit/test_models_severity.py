"""The severity: forms compared, tails cut without breaking the reasons, a constant when it must."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from models.examples import Examples, MissingColumns
from models.folds import later_folds
from models.severity import Severity, fit_severity
from models.trees import TreeSettings

QUICK = TreeSettings(max_rounds=60, early_stopping_rounds=10, rows_in_leaf=10, num_threads=1)
DIRECTIONS = {"hazard": 1, "size": 1, "noise": 0}
SPLIT = np.datetime64("2023-01-01")


def simulated(n: int, seed: int = 0, zeros: float = 0.0, measured: float = 1.0) -> Examples:
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(n, 3)).astype("float32"), columns=list(DIRECTIONS))
    mean = np.exp(1 + X["hazard"] + 0.5 * X["size"]).to_numpy(float)
    harm = mean * rng.gamma(1.2, 1 / 1.2, n)
    harm[rng.random(n) < zeros] = 0
    violation = (rng.random(n) < 0.6).astype("int8")
    seen = (violation == 1) & (rng.random(n) < measured)
    as_of = np.datetime64("2021-01-01") + rng.integers(0, 1000, n).astype("timedelta64[D]")
    return Examples(
        X=X,
        violation=violation,
        harm=np.where(seen, harm, np.nan),
        weight=rng.choice([1.0, 3.0], n),
        as_of=as_of,
        known_on=as_of,
        controller=rng.integers(0, n, n),
    )


def fit(examples: Examples, settings: TreeSettings = QUICK) -> Severity:
    return fit_severity(
        examples, DIRECTIONS, later_folds(examples, SPLIT, 90, 3, seed=0), settings, 0
    )


@pytest.fixture(scope="module")
def examples() -> Examples:
    return simulated(3000)


@pytest.fixture(scope="module")
def fitted(examples: Examples) -> Severity:
    return fit(examples)


def test_four_forms_and_the_mean_are_compared_and_an_additive_one_is_used(
    fitted: Severity,
) -> None:
    table = fitted.comparison.set_index("form")
    assert list(table.index) == ["gamma", "log_least_squares", "ordinal", "two_step", "constant"]
    assert table.index[table["used"]].tolist() == [fitted.form]
    assert fitted.form in table.index[table["additive"]]
    additive = table[table["additive"]]
    assert additive["gamma_deviance"].idxmin() == fitted.form
    assert (table["gamma_deviance"].drop("constant") < table["gamma_deviance"]["constant"]).all()
    assert table["harm_at_10"]["constant"] == pytest.approx(0.1, abs=0.03)
    assert table["harm_at_10"][fitted.form] > 0.2


def test_reasons_sum_to_the_log_with_and_without_the_cut(
    fitted: Severity, examples: Examples
) -> None:
    extreme = examples.X.assign(hazard=np.float32(4), size=np.float32(4)).iloc[:20]
    X = pd.concat([examples.X, extreme])
    assert fitted.trees is not None
    raw = fitted.trees.raw(X.to_numpy())
    assert (raw > fitted.scale.cap).sum() >= 20
    phi = fitted.contributions(X)
    np.testing.assert_allclose(phi.sum(axis=1), fitted.log(X), atol=1e-9)
    assert np.ptp(phi[:, -1]) == 0


def test_the_cut_shrinks_shares_but_turns_none(fitted: Severity, examples: Examples) -> None:
    lower = replace(fitted, scale=replace(fitted.scale, cap=fitted.scale.cap - 0.5))
    whole, cut = fitted.contributions(examples.X), lower.contributions(examples.X)
    assert fitted.trees is not None
    over = fitted.trees.raw(examples.X.to_numpy()) > lower.scale.cap
    assert over.any()
    assert (np.sign(cut) == np.sign(whole)).all()
    assert (np.abs(cut[over, :-1]) <= np.abs(whole[over, :-1])).all()
    assert (cut[~over] == whole[~over]).all()
    np.testing.assert_allclose(cut.sum(axis=1), lower.log(examples.X), atol=1e-9)


def test_predictions_are_cut_at_a_high_percentile(fitted: Severity, examples: Examples) -> None:
    top = fitted.scale.intercept + fitted.scale.power * fitted.scale.cap
    violators = examples.take(np.isfinite(examples.harm)).X
    share = (fitted.log(violators) >= top).mean()
    assert 0.003 < share < 0.01


def test_interval_holds_the_prediction_and_most_later_harms(fitted: Severity) -> None:
    fresh = simulated(4000, seed=9)
    low, high = fitted.interval(fresh.X)
    said = fitted.predict(fresh.X)
    assert ((low <= said) & (said <= high)).all()
    measured = np.isfinite(fresh.harm)
    held = (low <= fresh.harm) & (fresh.harm <= high)
    assert 0.85 < held[measured].mean() < 0.95


def test_calibrated_in_total_on_the_later_rows(fitted: Severity, examples: Examples) -> None:
    assert fitted.later is not None
    later = examples.take(fitted.later.rows)
    assert np.isfinite(later.harm).all()
    assert (later.as_of >= SPLIT).all()
    raw = np.minimum(fitted.later.raw, fitted.scale.cap)
    said = np.exp(fitted.scale.intercept + fitted.scale.power * raw)
    assert np.average(said, weights=later.weight) == pytest.approx(
        np.average(later.harm, weights=later.weight)
    )


def test_rows_without_a_measured_violation_change_nothing() -> None:
    examples = simulated(1500, seed=2)
    kept = examples.take(np.isfinite(examples.harm))
    here, there = fit(examples), fit(kept)
    assert here.trees == there.trees
    assert here.scale == there.scale


def test_harms_of_zero_lower_every_severity_and_are_noted(fitted: Severity) -> None:
    some = simulated(3000, zeros=0.25)
    model = fit(some)
    harm = some.harm[np.isfinite(some.harm)]
    weight = some.weight[np.isfinite(some.harm)]
    share = np.average(harm == 0, weights=weight)
    assert model.notes == (
        f"{share:.1%} of measured violations did no harm: taken off every severity",
    )
    assert model.predict(some.X).mean() < 0.9 * fitted.predict(some.X).mean()
    assert fitted.notes == ()


@pytest.mark.parametrize(("rows", "measured"), [(200, 0.1), (40, 1.0), (200, 0.0)])
def test_few_measured_violations_give_one_constant(rows: int, measured: float) -> None:
    few = simulated(rows, measured=measured)
    model = fit(few)
    count = int(np.isfinite(few.harm).sum())
    assert count < 30
    assert model.form == "constant"
    assert model.notes[0].startswith(f"{count} violations with measured harm above 0")
    said, (low, high) = model.predict(few.X), model.interval(few.X)
    assert len(np.unique(said)) == 1
    assert (low <= said).all()
    assert (said <= high).all()
    phi = model.contributions(few.X)
    assert phi.shape == (rows, 4)
    assert (phi[:, :-1] == 0).all()
    np.testing.assert_allclose(np.exp(phi.sum(axis=1)), said)


def test_the_constant_is_the_mean_drawn_to_the_median_by_hand() -> None:
    few = simulated(10, seed=1)
    harm = np.full(10, np.nan)
    violation = np.zeros(10, "int8")
    violation[:4] = 1
    harm[:4] = [1.0, 3.0, 3.0, 33.0]
    few = replace(few, violation=violation, harm=harm, weight=np.ones(10))
    assert fit(few).predict(few.X)[0] == pytest.approx((40 + 5 * 3) / 9)


def test_nothing_measured_is_one_unit_of_harm() -> None:
    none = simulated(100, measured=0.0)
    assert (fit(none).predict(none.X) == 1).all()


def test_only_harms_of_zero_are_one_unit_of_harm_too() -> None:
    none = simulated(100, zeros=1.0)
    model = fit(none)
    assert model.form == "constant"
    assert np.isfinite(model.predict(none.X)).all()


def test_harm_of_one_size_is_learnt_as_such() -> None:
    examples = simulated(1500, seed=3)
    same = replace(examples, harm=np.where(np.isfinite(examples.harm), 3.0, np.nan))
    model = fit(same)
    assert model.predict(same.X) == pytest.approx(3.0, rel=0.01)
    forms = model.comparison["form"].tolist()
    assert "ordinal" not in forms
    assert "two_step" not in forms


def test_missing_columns_are_refused(fitted: Severity, examples: Examples) -> None:
    with pytest.raises(MissingColumns, match="'size'"):
        fitted.predict(examples.X.drop(columns="size"))
    with pytest.raises(MissingColumns, match="'unheard'"):
        fit_severity(examples, {"unheard": 0}, [], QUICK, 0)


def test_same_model_whatever_the_threads(
    fitted: Severity, examples: Examples, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.trees.FEWEST_ROWS_FOR_THREADS", 1)
    again = fit(examples, replace(QUICK, num_threads=2))
    assert again.trees == fitted.trees
    assert again.scale == fitted.scale
    pd.testing.assert_frame_equal(again.comparison, fitted.comparison, check_exact=True)
