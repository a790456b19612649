"""Metrics: tiny tables worked out by hand, scikit-learn as oracle, ties that never see outcomes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    log_loss,
    roc_auc_score,
)

from models.capture import share_captured
from models.examples import Examples, NotEnoughLabels
from models.folds import Fold
from models.metrics import (
    Outcomes,
    Score,
    intervals,
    kish,
    learning_curve,
    measure,
    paired_difference,
    resampled_weights,
)


def outcomes_of(
    violation: list[int],
    harm: list[float] | None = None,
    weight: list[float] | None = None,
    controller: list[int] | None = None,
) -> Outcomes:
    n = len(violation)
    return Outcomes(
        violation=np.array(violation, float),
        harm=np.array(harm if harm is not None else violation, float),
        weight=np.array(weight if weight is not None else [1.0] * n),
        controller=np.array(controller if controller is not None else range(n)),
    )


def test_auc_and_average_precision_by_hand() -> None:
    # order: 1 0 1 0; of the four (violation, clean) pairs three stand right
    found = measure(outcomes_of([1, 0, 1, 0]), np.array([4.0, 3.0, 2.0, 1.0]))
    assert found["auc"] == 0.75
    assert found["average_precision"] == pytest.approx((1 / 1 + 2 / 3) / 2)


def test_weights_count_as_copies_of_rows() -> None:
    rng = np.random.default_rng(0)
    violation, copies = rng.integers(0, 2, 60), rng.integers(1, 5, 60)
    score = rng.integers(0, 8, 60) / 10 + 0.05
    harm = violation * rng.gamma(1, 3, 60)
    weighted = outcomes_of(violation.tolist(), harm.tolist(), copies.astype(float).tolist())
    again = np.repeat(np.arange(60), copies)
    copied = outcomes_of(violation[again].tolist(), harm[again].tolist())
    here = measure(weighted, Score(score, score))
    there = measure(copied, Score(score[again], score[again]))
    same = [name for name in here if name not in ("rows", "violations", "n_eff")]
    assert {name: here[name] for name in same} == pytest.approx({k: there[k] for k in same})


def test_shares_found_by_hand() -> None:
    # 20 visits; a tenth of them are the two highest scores, a twentieth the highest
    violation = [1, 0, 1, 1] + [0] * 15 + [1]
    harm = [30.0, 0, 10, 5] + [0] * 15 + [5]
    found = measure(outcomes_of(violation, harm), np.arange(20.0)[::-1])
    assert found["violations_at_5"] == 0.25
    assert found["violations_at_10"] == 0.25
    assert found["violations_at_20"] == 0.75
    assert found["harm_at_5"] == 0.6
    assert found["harm_at_20"] == 0.9
    assert found["lift_at_20"] == pytest.approx(0.75 / 0.2)


def test_a_budget_that_ends_within_a_row_takes_part_of_it() -> None:
    share = share_captured(np.array([3.0, 2.0, 1.0]), np.array([6.0, 3.0, 1.0]), np.ones(3), 0.5)
    assert share == pytest.approx((6 + 3 / 2) / 10)


def test_ties_take_the_expectation_over_random_orders() -> None:
    # one firm above the rest, then nine alike, three of them in violation
    violation = np.array([0, 1, 0, 0, 1, 0, 0, 1, 0, 0])
    score = np.array([5.0] + [1.0] * 9)
    found = measure(outcomes_of(violation.tolist()), score)
    rng, expected = np.random.default_rng(0), []
    for _ in range(4000):
        order = np.lexsort([rng.random(10), -score])
        expected.append(violation[order][:2].sum() / 3)
    assert found["violations_at_20"] == pytest.approx(1 / 9)
    assert np.mean(expected) == pytest.approx(1 / 9, abs=0.01)


def test_equal_scores_find_what_chance_finds() -> None:
    violation = [1, 1, 0, 0, 0, 0, 0, 0, 0, 0]
    for order in (violation, violation[::-1]):
        found = measure(outcomes_of(order), np.ones(10))
        assert found["auc"] == 0.5
        assert found["violations_at_10"] == pytest.approx(0.1)
        assert found["average_precision"] == pytest.approx(0.2)


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=8, max_size=60).filter(
        lambda rows: 0 < sum(row[0] for row in rows) < len(rows)
    )
)
def test_scikit_learn_agrees_on_unit_weights(rows: list[tuple[bool, int]]) -> None:
    y = np.array([int(row[0]) for row in rows])
    p = np.array([0.05 + 0.15 * row[1] for row in rows])
    found = measure(outcomes_of(y.tolist()), Score(p, p))
    assert found["auc"] == pytest.approx(roc_auc_score(y, p))
    assert found["average_precision"] == pytest.approx(average_precision_score(y, p))
    assert found["brier"] == pytest.approx(brier_score_loss(y, p))
    assert found["log_loss"] == pytest.approx(log_loss(y, p))


def test_scikit_learn_agrees_on_weights_and_recalibration() -> None:
    rng = np.random.default_rng(1)
    p = rng.beta(1, 4, 400)
    y = (rng.random(400) < p**1.3).astype(int)
    weight = rng.gamma(2, 1, 400)
    found = measure(outcomes_of(y.tolist(), weight=weight.tolist()), Score(p, p))
    logit = np.log(p / (1 - p))[:, None]
    model = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10)
    model.fit(logit, y, sample_weight=weight)
    assert found["auc"] == pytest.approx(roc_auc_score(y, p, sample_weight=weight))
    assert found["calibration_slope"] == pytest.approx(model.coef_[0, 0], abs=1e-6)
    assert found["calibration_intercept"] == pytest.approx(model.intercept_[0], abs=1e-6)


def test_calibration_error_by_hand() -> None:
    # two groups of ten rows: said 0.2, happened 0.4; said 0.6, happened 0.6
    p = np.array([0.2] * 10 + [0.6] * 10)
    y = [1] * 4 + [0] * 6 + [1] * 6 + [0] * 4
    found = measure(outcomes_of(y), Score(p, p))
    assert found["calibration_error"] == pytest.approx(0.1)
    assert found["observed_to_expected"] == pytest.approx(10 / 8)


def test_metrics_that_cannot_be_computed_are_nan() -> None:
    only = measure(outcomes_of([1, 1, 1]), Score(np.arange(3.0), np.array([0.2, 0.3, 0.4])))
    assert np.isnan(only["auc"])
    assert np.isnan(only["calibration_slope"])
    flat = measure(outcomes_of([1, 0, 1]), Score(np.ones(3), np.full(3, 0.5)))
    assert np.isnan(flat["calibration_slope"])
    split = measure(outcomes_of([1, 0, 0]), Score(np.ones(3), np.array([0.9, 0.2, 0.1])))
    assert np.isnan(split["calibration_slope"])


def test_refusals() -> None:
    with pytest.raises(ValueError, match="1 of 3 scores are NaN"):
        measure(outcomes_of([1, 0, 1]), np.array([1.0, np.nan, 2.0]))
    with pytest.raises(ValueError, match="between 0 and 1"):
        measure(outcomes_of([1, 0, 1]), Score(np.ones(3), np.array([0.1, 1.2, 0.3])))


def test_kish() -> None:
    assert kish(np.ones(7)) == 7
    assert kish(np.array([1.0, 1.0, 2.0])) == pytest.approx(16 / 6)


def test_resampling_draws_whole_controllers() -> None:
    outcomes = outcomes_of([1, 0] * 50, controller=[k // 4 for k in range(100)])
    (weight,) = resampled_weights(outcomes, 40, seed=0)
    by_controller = weight.reshape(40, 25, 4)
    assert (by_controller == by_controller[:, :, :1]).all()
    assert (by_controller[:, :, 0].sum(axis=1) == 25).all()


def test_resampling_is_the_same_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = outcomes_of([1, 0] * 50)
    whole = np.concatenate(list(resampled_weights(outcomes, 30, seed=5)))
    monkeypatch.setattr("models.metrics.BLOCK", 700)
    blocks = list(resampled_weights(outcomes, 30, seed=5))
    assert [len(block) for block in blocks] == [7, 7, 7, 7, 2]
    assert (np.concatenate(blocks) == whole).all()


def simulated(n: int, seed: int) -> tuple[Outcomes, np.ndarray]:
    rng = np.random.default_rng(seed)
    p = rng.beta(1.5, 5, n)
    y = (rng.random(n) < p).astype(int)
    harm = y * rng.gamma(1, 3, n)
    return outcomes_of(y.tolist(), harm.tolist(), controller=rng.integers(0, n // 2, n).tolist()), p


def test_intervals_hold_the_value_and_rows_may_come_in_any_order() -> None:
    outcomes, p = simulated(600, 0)
    table = intervals(outcomes, Score(p, p), replicates=200)
    inside = table.drop("calibration_error")  # resampling adds noise to an error in absolute terms
    assert ((inside["low"] <= inside["value"]) & (inside["value"] <= inside["high"])).all()
    order = np.random.default_rng(1).permutation(600)
    fields = ("violation", "harm", "weight", "controller")
    shuffled = Outcomes(**{name: getattr(outcomes, name)[order] for name in fields})
    again = intervals(shuffled, Score(p[order], p[order]), replicates=200)
    np.testing.assert_allclose(again.to_numpy(), table.to_numpy(), rtol=1e-9)


def test_too_few_replicates_that_can_be_computed_leave_the_interval_empty() -> None:
    # one violation in one of ten controllers: absent from a third of replicates; no two outcomes
    rare = outcomes_of([1] + [0] * 9)
    assert intervals(rare, np.arange(10.0)).loc["auc", "low"] >= 0
    none = intervals(outcomes_of([0] * 10), np.arange(10.0))
    assert none.loc["auc", ["value", "low", "high"]].isna().all()


def test_paired_difference_is_narrower_than_two_intervals_apart() -> None:
    outcomes, p = simulated(800, 2)
    worse = p + np.random.default_rng(3).normal(0, 0.05, 800)
    paired = paired_difference(outcomes, p, worse, replicates=200)
    one, two = intervals(outcomes, p, 200), intervals(outcomes, worse, 200)
    width = paired["high"] - paired["low"]
    assert width["auc"] < (one["high"] - one["low"])["auc"]
    assert paired.loc["auc", "difference"] == pytest.approx(
        one.loc["auc", "value"] - two.loc["auc", "value"]
    )
    assert paired.loc["auc", "low"] > 0


def test_a_score_does_not_differ_from_itself_and_order_turns_the_sign() -> None:
    outcomes, p = simulated(300, 4)
    itself = paired_difference(outcomes, Score(p, p), Score(p, p), replicates=50)
    assert (itself[["difference", "low", "high"]] == 0).all(axis=None)
    other = np.sqrt(p) * np.random.default_rng(0).random(300)
    there = paired_difference(outcomes, p, other, replicates=50)
    back = paired_difference(outcomes, other, p, replicates=50)
    np.testing.assert_allclose(there["low"], -back["high"])


def examples_of(outcomes: Outcomes, p: np.ndarray) -> Examples:
    as_of = np.full(len(p), "2024-01-01", "datetime64[D]")
    violation = outcomes.violation.astype("int8")
    return Examples(
        X=pd.DataFrame({"p": p.astype("float32")}),
        violation=violation,
        harm=np.where(violation == 1, outcomes.harm, np.nan),
        weight=outcomes.weight,
        as_of=as_of,
        known_on=as_of,
        controller=outcomes.controller.astype("int64"),
    )


def test_learning_curve_grows_within_controllers() -> None:
    outcomes, p = simulated(600, 5)
    examples = examples_of(outcomes, p)
    seen: list[set[float]] = []

    def fit(part: Examples) -> float:
        if len(part) < 50:
            raise NotEnoughLabels("few")
        seen.append(set(part.X["p"]))
        return len(part) / 1000

    def score(model: float, X: pd.DataFrame) -> np.ndarray:
        return model * X["p"].to_numpy(float)

    folds = [Fold(np.arange(0, 400), np.arange(400, 600))]
    curve = learning_curve(fit, score, examples, folds, [0.05, 0.3, 1.0], replicates=50)
    assert curve["share"].tolist() == [0.05, 0.3, 1.0]
    assert curve["auc"].isna().tolist() == [True, False, False]
    assert seen[0] < seen[1]
    assert curve["rows"].iloc[-1] == 400
    assert 0.2 < curve["rows"].iloc[1] / 400 < 0.4
    whole = measure(Outcomes.of(examples.take(np.arange(400, 600))), p[400:])
    assert curve["auc"].iloc[-1] == pytest.approx(whole["auc"])
