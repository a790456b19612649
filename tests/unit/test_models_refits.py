"""Both models grown again on resampled controllers: the same for any order, wide where little was seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.examples import Examples
from models.fitted import FittedModel
from models.folds import later_folds
from models.likelihood import Likelihood, fit_likelihood
from models.refits import Refits, fit_refits, refit_scores
from models.severity import Severity, fit_severity
from tests.unit.test_models_fitted import QUICK, simulated

Release = tuple[Examples, Likelihood, Severity]


@pytest.fixture(scope="module")
def release() -> Release:
    examples = simulated()
    signs = {name: int(name == "c") for name in examples.X.columns}
    folds = later_folds(examples, np.datetime64("2023-01-01"), 90, 3, seed=0)
    likelihood = fit_likelihood(examples, signs, folds, QUICK, 0)
    return examples, likelihood, fit_severity(examples, signs, folds, QUICK, 0)


@pytest.fixture(scope="module")
def refits(release: Release) -> Refits:
    return fit_refits(*release, count=8, seed=1)


def harms(refits: Refits, release: Release) -> np.ndarray:
    examples, likelihood, severity = release
    return np.array([harm for _, harm in refit_scores(refits, likelihood, severity, examples.X)])


def test_refits_scatter_around_the_release(release: Release, refits: Refits) -> None:
    examples, likelihood, severity = release
    own = likelihood.predict(examples.X) * severity.predict(examples.X)
    found = harms(refits, release)
    assert found.shape == (8, len(examples))
    assert len({one.tobytes() for one in found}) == 8
    assert np.corrcoef(np.log(found.mean(axis=0)), np.log(own))[0, 1] > 0.97
    assert 0.8 < found.mean() / own.mean() < 1.25


def test_a_refit_is_the_same_at_every_run_and_for_any_number_of_refits(release: Release) -> None:
    examples, likelihood, severity = release
    one = fit_refits(examples, likelihood, severity, 2, seed=1)
    again = fit_refits(examples, likelihood, severity, 2, seed=1)
    assert [t.text for t in one.likelihood] == [t.text for t in again.likelihood]
    assert [t.text for t in one.severity] == [t.text for t in again.severity]
    # the first refits are the same whatever the number of refits
    more = fit_refits(examples, likelihood, severity, 3, seed=1)
    assert [t.text for t in more.likelihood[:2]] == [t.text for t in one.likelihood]


def test_firms_of_one_controller_are_drawn_together(release: Release) -> None:
    """With two controllers some refits see one of them alone, and learn its rate."""
    examples, likelihood, severity = release
    halves = replace(examples, controller=(examples.X["c"].to_numpy() > 0).astype(np.int64))
    found = harms(fit_refits(halves, likelihood, severity, 8, seed=1), release)
    together = harms(fit_refits(examples, likelihood, severity, 8, seed=1), release)
    assert found.mean(axis=1).min() < 0.5 * together.mean(axis=1).min()


def test_directions_hold_in_every_refit(release: Release, refits: Refits) -> None:
    examples, likelihood, severity = release
    more = examples.X.assign(c=examples.X["c"] + 0.5)
    higher = np.array([harm for _, harm in refit_scores(refits, likelihood, severity, more)])
    assert (higher >= harms(refits, release)).all()


def test_a_constant_severity_is_left_as_it_is(release: Release) -> None:
    examples, likelihood, _ = release
    unmeasured = replace(examples, harm=np.full(len(examples), np.nan))
    folds = later_folds(unmeasured, np.datetime64("2023-01-01"), 90, 3, seed=0)
    constant = fit_severity(unmeasured, likelihood.directions, folds, QUICK, 0)
    found = fit_refits(unmeasured, likelihood, constant, 2, seed=1)
    assert found.severity == ()
    assert harms(found, (unmeasured, likelihood, constant)).max() <= 1.0


def test_refits_are_saved_with_the_model(release: Release, refits: Refits, tmp_path: Path) -> None:
    _, likelihood, severity = release
    alone = FittedModel(likelihood, severity)
    model = replace(alone, refits=refits)
    assert model.version != alone.version
    model.save(tmp_path / "m")
    loaded = FittedModel.load(tmp_path / "m", num_threads=1)
    assert (harms(loaded.refits, release) == harms(refits, release)).all()
    assert loaded.version == model.version
    alone.save(tmp_path / "m")
    assert len(FittedModel.load(tmp_path / "m").refits) == 0
