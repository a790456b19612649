"""What an audit has before it: random draws as the model saw them, and firms of the registry today.

The draws are the examples whose inspection was random with a known chance, one row an inspection, as of
the last date before it. All rows are scored and explained by trees that never saw their controller.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from models.arrays import Bools, Floats, Rows
from models.examples import Examples
from models.fitted import FittedModel
from risk_index.fairness.attributions import BACKGROUND_ROWS, interventional
from risk_index.fairness.burden import Budget, equal_mass
from risk_index.fairness.evidence import EvidenceError, Sample
from risk_index.fairness.refits import Firms, Recipe, Refit
from risk_index.fairness.strata import legitimate_risk
from risk_index.training import TrainingSet

MOST_EXAMPLES = 60_000


@dataclass(frozen=True, eq=False)
class Case:
    """Rows of an audit: the random draws first, then firms of the registry.

    Attributes
    ----------
    recipe : Recipe
        How the release was fitted.
    example_firm : int64
        Firm of each of the recipe's examples.
    release : Refit
        The release's own inputs, fitted crosswise.
    firms : Firms, n rows
    sample : Sample, n rows
        For the statistical legs.
    severity, harm : float64, shape (n,)
        Harm of a violation by the release; harm found where drawn, else 0.
    registry : bool, shape (n,)
        Which rows are firms of the registry.
    risk : float64, shape (n,)
        Honest chance of a violation, learnt from random draws; the release's where there are none.
    stratum : int64, shape (n,)
        Ten strata of honest expected harm.
    budget : Budget
    seed : int
    notes : tuple of str
        What could not be measured, and why.
    """

    recipe: Recipe
    example_firm: Rows
    release: Refit
    firms: Firms
    sample: Sample
    severity: Floats
    harm: Floats
    registry: Bools
    risk: Floats
    stratum: Rows
    budget: Budget
    seed: int
    notes: tuple[str, ...] = ()

    @property
    def drawn(self) -> Bools:
        """Which rows are random draws with an outcome, shape (n,)."""
        return self.sample.drawn

    @property
    def inputs(self) -> list[str]:
        """Inputs of the likelihood."""
        return self.sample.inputs

    def frequencies(self, likelihood: Floats) -> Floats:
        """Return inspections a year under a likelihood, registry and draws apart, shape (n,).

        The draws stand for the registry with their design weights.
        """
        harm = likelihood * self.severity
        frequency = np.empty(len(harm))
        frequency[self.registry] = self.budget.frequency(harm[self.registry])
        if self.drawn.any():
            weight = self.sample.weight[self.drawn]
            frequency[self.drawn] = self.budget.frequency(harm[self.drawn], weight)
        return frequency


def open_case(
    training: TrainingSet, firms: Firms, model: FittedModel, budget: Budget, seed: int
) -> Case:
    """Put an audit's rows together.

    Parameters
    ----------
    training : TrainingSet
        What the release was fitted on.
    firms : Firms
        Of the registry on the day of the fit.
    """
    kept = _kept(training.examples, seed)
    whole = Recipe(training.examples, model.likelihood, seed, len(training.examples))
    recipe = whole if kept.all() else whole.on(kept)
    example_firm = training.labels.firm_key.to_numpy(np.int64)[kept]
    release = recipe.refit()
    draws, draw_rows = random_draws(training)
    rows = _stacked(draws, firms)
    n_drawn = len(draws.firm_key)
    drawn = np.arange(len(rows.X)) < n_drawn
    sample = explained(release, rows, drawn, training, draw_rows, seed)
    severity = model.severity.predict(rows.X)
    risk, notes = _honest(sample, seed)
    harm = np.zeros(len(rows.X))
    harm[:n_drawn] = np.nan_to_num(training.examples.harm[draw_rows])
    stratum = equal_mass(risk * severity)
    return Case(
        recipe=recipe,
        example_firm=example_firm,
        release=release,
        firms=rows,
        sample=sample,
        severity=severity,
        harm=harm,
        registry=~drawn,
        risk=risk,
        stratum=stratum,
        budget=budget,
        seed=seed,
        notes=notes,
    )


def random_draws(training: TrainingSet) -> tuple[Firms, Rows]:
    """Return the random draws with a known chance and an outcome, and their rows in the examples."""
    labels = training.labels
    random = (labels.selection == "random") & labels.inclusion_probability.notna()
    latest = ~labels.duplicated("inspection_id", keep="last")
    at = np.flatnonzero(random & latest)
    keys = labels.firm_key.to_numpy(np.int64)[at]
    X = training.examples.X.iloc[at].reset_index(drop=True)
    return Firms(X, keys, training.examples.controller[at]), at


def _kept(examples: Examples, seed: int) -> Bools:
    """Tell which examples refits learn from: those of a share of the controllers if there are many."""
    if len(examples) <= MOST_EXAMPLES:
        return np.ones(len(examples), dtype=np.bool_)
    names = np.unique(examples.controller)
    drawn = np.random.default_rng(seed).random(len(names)) < MOST_EXAMPLES / len(examples)
    return np.isin(examples.controller, names[drawn])


def _chosen(n: int, most: int, seed: int) -> Rows:
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, most, replace=False))


def _stacked(draws: Firms, firms: Firms) -> Firms:
    X = pd.concat([draws.X, firms.X[draws.X.columns]], ignore_index=True)
    return Firms(
        X, np.r_[draws.firm_key, firms.firm_key], np.r_[draws.controller, firms.controller]
    )


def explained(
    release: Refit, rows: Firms, drawn: Bools, training: TrainingSet, at: Rows, seed: int
) -> Sample:
    """Return the sample of the statistical legs: margins and their exact shares, fold by fold."""
    columns = list(release.columns)
    matrix = rows.X[columns].to_numpy(np.float32)
    of_draws = np.flatnonzero(drawn) if drawn.any() else np.arange(len(rows.X))
    background = of_draws[_chosen(len(of_draws), BACKGROUND_ROWS, seed)]
    fold, phi = release.folds(rows.controller), np.empty((len(matrix), len(columns) + 1))
    for k, trees in enumerate(release.trees):
        phi[fold == k] = interventional(trees.booster, matrix[fold == k], matrix[background])
    base = float(phi[:, -1].mean())
    chance = release.likelihood.calibrator.probability(phi.sum(axis=1))
    nan = np.full(len(matrix), np.nan)
    violation, weight = nan.copy(), nan.copy()
    violation[drawn] = training.examples.violation[at]
    weight[drawn] = 1.0 / training.labels.inclusion_probability.to_numpy(float)[at]
    return Sample(
        X=rows.X[columns],
        margin=base + phi[:, :-1].sum(axis=1),
        phi=pd.DataFrame(phi[:, :-1], columns=columns),
        base=base,
        likelihood=chance,
        drawn=drawn,
        violation=violation,
        weight=weight,
        controller=rows.controller,
    )


def _honest(sample: Sample, seed: int) -> tuple[Floats, tuple[str, ...]]:
    try:
        return expit(legitimate_risk(sample, seed=seed)), ()
    except EvidenceError as error:
        note = (
            f"{error}; strata of risk are those of the model itself, so that what the model adds to "
            "a group's risk cannot show as burden at equal risk"
        )
        return sample.likelihood, (note,)
