"""Equal risk: a legitimate risk score, learnt crosswise from the random draw, cut into strata."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler

from models.arrays import Floats, Rows
from risk_index.fairness.evidence import EvidenceError, Sample

FOLDS = 5
FEWEST_STRATA, MOST_STRATA = 5, 10
DRAWN_PER_STRATUM = 150
LEAST_VIOLATIONS = 2 * FOLDS
RIDGE = 0.05  # inverse strength of the penalty on standardised contributions, a row


def legitimate_risk(sample: Sample, columns: Sequence[str] | None = None, seed: int = 0) -> Floats:
    """Return log-odds of a violation learnt from random-draw outcomes, shape (n,), cross-fitted.

    A ridge logistic regression of outcome on the contributions of the legitimate inputs: how the
    model bends an input is kept, how much it weighs is learnt again from outcomes that no officer
    chose. A drawn firm's score comes from folds without it; that of the others is the mean of all.

    Parameters
    ----------
    columns : inputs held to be legitimate; None means all
    seed : chooses the folds

    Raises
    ------
    EvidenceError
        With fewer than 10 drawn firms of either outcome.
    """
    names = list(columns) if columns is not None else sample.inputs
    drawn = np.flatnonzero(sample.drawn)
    outcome = sample.violation[drawn].astype(np.int64)
    _require_outcomes(outcome)
    scaler = StandardScaler().fit(sample.phi[names].to_numpy()[drawn])
    Z = scaler.transform(sample.phi[names].to_numpy())
    scores = np.zeros((FOLDS, len(sample)))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    owner = np.full(len(sample), -1)
    for k, (train, test) in enumerate(folds.split(drawn, outcome)):
        owner[drawn[test]] = k
        scores[k] = _fit(Z[drawn[train]], outcome[train], sample.weight[drawn[train]], Z)
    return np.where(owner >= 0, scores[owner, np.arange(len(sample))], scores.mean(axis=0))


def strata(risk: Floats, n_drawn: int) -> Rows:
    """Return each firm's stratum of equal risk, 0 upwards, shape (n,): 5 to 10 quantile bins."""
    n_strata = int(np.clip(n_drawn // DRAWN_PER_STRATUM, FEWEST_STRATA, MOST_STRATA))
    return np.asarray(pd.qcut(risk, n_strata, labels=False, duplicates="drop"), dtype=np.int64)


def _fit(Z: Floats, outcome: Rows, weight: Floats, everyone: Floats) -> Floats:
    model = LogisticRegression(C=RIDGE, max_iter=200)
    model.fit(Z, outcome, sample_weight=weight / weight.mean())
    return np.asarray(model.decision_function(everyone), dtype=np.float64)


def _require_outcomes(outcome: Rows) -> None:
    found = int(outcome.sum())
    if min(found, len(outcome) - found) < LEAST_VIOLATIONS:
        raise EvidenceError(
            f"the random draw has {len(outcome)} outcomes, {found} of them violations: equal risk "
            f"cannot be told with fewer than {LEAST_VIOLATIONS} of either kind"
        )
