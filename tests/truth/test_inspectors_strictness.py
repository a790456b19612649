"""Where strictness is known, its spread is found, and a fit speaks of an average inspector."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from models.examples import Examples
from models.folds import later_folds
from models.likelihood import TOO_FEW_INSPECTORS, Likelihood, fit_likelihood
from models.strictness import fit_strictness
from models.trees import TreeSettings

SETTINGS = TreeSettings(learning_rate=0.1, num_leaves=8, max_depth=4, num_threads=1)
DIRECTIONS = {"load": 1, "district": 0, "noise": 0}
SPLIT = np.datetime64("2023-01-01")
DISTRICTS, INSPECTORS = 8, 40


def world(
    n: int, seed: int, spread: float, own_district: bool = False
) -> tuple[Examples, np.ndarray]:
    """Visits with the true chance at an average inspector; inspectors go anywhere, or keep a district."""
    rng = np.random.default_rng(seed)
    load, district = rng.gamma(0.5, 2, n), rng.integers(0, DISTRICTS, n)
    X = pd.DataFrame({"load": load, "district": district, "noise": rng.normal(size=n)})
    margin = -2.2 + 0.4 * load + 0.3 * np.cos(district)
    strict = spread * rng.normal(size=INSPECTORS)
    inspector = rng.integers(0, INSPECTORS, n)
    if own_district:
        inspector = district * (INSPECTORS // DISTRICTS) + inspector // DISTRICTS
    violation = (rng.random(n) < expit(margin + strict[inspector])).astype("int8")
    as_of = np.datetime64("2021-01-01") + rng.integers(0, 1000, n).astype("timedelta64[D]")
    examples = Examples(
        X=X.astype("float32"),
        violation=violation,
        harm=np.where(violation == 1, 1.0, np.nan),
        weight=np.ones(n),
        as_of=as_of,
        known_on=as_of + np.timedelta64(30, "D"),
        controller=np.arange(n),
        inspector=inspector.astype(np.int64),
    )
    return examples, expit(margin)


def fitted(examples: Examples) -> Likelihood:
    folds = later_folds(examples, SPLIT, 90, 3, seed=0)
    return fit_likelihood(examples, DIRECTIONS, folds, SETTINGS, seed=0)


@pytest.mark.parametrize("own_district", [False, True])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_spread_is_found_with_its_interval(seed: int, own_district: bool) -> None:
    examples, _ = world(8000, seed, 0.6, own_district)
    found = fitted(examples).strictness
    assert found is not None
    assert found.is_there
    assert found.low < 0.6 < found.high
    assert found.high - found.low < 0.5
    assert abs(found.effects.mean()) < 0.2


def test_the_interval_holds_the_true_spread_in_nineteen_of_twenty() -> None:
    held, widths, rng = 0, [], np.random.default_rng(3)
    for _ in range(60):
        margin, inspector = rng.normal(-2, 0.8, 2500), rng.integers(0, 50, 2500)
        chance = expit(margin + 0.5 * rng.normal(size=50)[inspector])
        outcome = (rng.random(2500) < chance).astype(float)
        found = fit_strictness(margin, outcome, inspector, np.arange(2500))
        held += found.low <= 0.5 <= found.high
        widths.append(found.high - found.low)
    assert 51 <= held <= 60  # 57 expected; 50 and fewer has a chance below 0.0003
    assert np.mean(widths) < 0.5  # and not by saying nothing


def test_where_inspectors_do_not_differ_the_fit_is_the_same_to_the_last_bit() -> None:
    examples, _ = world(6000, 2, 0.0)
    with_them, without = fitted(examples), fitted(replace(examples, inspector=None))
    assert with_them.strictness is not None
    assert not with_them.strictness.is_there
    assert with_them.trees == without.trees


def test_strict_inspectors_in_one_place_do_not_make_its_firms_risky() -> None:
    """Strict inspectors go where noise is high: the fit that knows them tells noise from risk."""
    examples, _ = world(8000, 4, 0.0)
    rng = np.random.default_rng(4)
    noise = examples.X.noise.to_numpy(float)
    rank = np.argsort(np.argsort(noise + rng.normal(size=len(noise))))
    inspector = (rank * INSPECTORS // len(noise)).astype(np.int64)
    strict = np.linspace(-1, 1, INSPECTORS)
    load, district = (examples.X[name].to_numpy(float) for name in ("load", "district"))
    truth = expit(-2.2 + 0.4 * load + 0.3 * np.cos(district))
    violation = rng.random(len(noise)) < expit(np.log(truth / (1 - truth)) + strict[inspector])
    biased = replace(
        examples, inspector=inspector, violation=violation.astype("int8"),
        harm=np.where(violation, 1.0, np.nan),
    )  # fmt: skip
    fits = {"with": fitted(biased), "without": fitted(replace(biased, inspector=None))}
    said = {name: fit.margin(biased.X) for name, fit in fits.items()}
    pull = {name: np.corrcoef(margin, noise)[0, 1] for name, margin in said.items()}
    auc = {name: _auc(margin, truth) for name, margin in said.items()}
    assert pull["with"] < 0.75 * pull["without"]
    assert auc["with"] > auc["without"]


def _auc(margin: np.ndarray, truth: np.ndarray) -> float:
    """AUC that outcomes of the true chances would have on average."""
    both = np.r_[np.ones(len(truth)), np.zeros(len(truth))]
    return roc_auc_score(both, np.r_[margin, margin], sample_weight=np.r_[truth, 1 - truth])


def test_the_overall_rate_holds_and_reasons_still_add_up() -> None:
    examples, truth = world(8000, 5, 0.8)
    fit = fitted(examples)
    assert fit.strictness is not None
    assert fit.strictness.is_there
    said = fit.predict(examples.X)
    assert said.mean() == pytest.approx(examples.violation.mean(), rel=0.1)
    assert _auc(said, truth) > _auc(truth, truth) - 0.02
    shares = fit.contributions(examples.X[:50])
    assert shares.sum(axis=1) == pytest.approx(fit.margin(examples.X[:50]), abs=1e-6)


def test_few_inspectors_are_left_alone_and_it_is_said() -> None:
    examples, _ = world(3000, 6, 0.8)
    few = replace(examples, inspector=examples.inspector % 4)
    fit = fitted(few)
    assert fit.strictness is None
    assert TOO_FEW_INSPECTORS in fit.notes


def test_unknown_inspectors_have_no_offset_and_rows_of_one_visit_count_once() -> None:
    rng = np.random.default_rng(7)
    margin, inspector = rng.normal(-1, 1, 2000), rng.integers(0, 20, 2000)
    effect = 0.6 * rng.normal(size=20)
    outcome = (rng.random(2000) < expit(margin + effect[inspector])).astype(float)
    once = fit_strictness(margin, outcome, inspector, np.arange(2000))
    again = fit_strictness(
        *(np.repeat(a, 3) for a in (margin, outcome, inspector, np.arange(2000)))
    )
    assert again.spread == pytest.approx(once.spread, abs=1e-6)
    assert once.offset(np.array([-1, 3])).tolist() == [0.0, once.effects[3]]
