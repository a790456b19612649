"""What the models' inputs tell where the truth itself is learnt, of four fifths of all firms.

An index of these is a mark and no bound: other learners might tell more of the same inputs. What ours
lacks of it is the price of learning from visits, made where legacy enforcement went.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.model_selection import KFold, cross_val_predict

from features.catalogue import in_use
from features.matrix import batches
from features.records import Records
from risk_index import pipeline
from risk_index.settings import Settings, load_settings
from risk_index.world import load_world_settings

FOLDS = 5


def of_open_firms(
    records: Records, settings: Settings, source: pipeline.Source
) -> tuple[pd.DataFrame, pd.Series]:
    """Return the inputs of every open firm, and its identifier."""
    as_of = load_world_settings().as_of
    snapshot = pipeline.registry(records, as_of, settings, source.sectors)
    X = pd.concat(list(batches(snapshot, in_use(), 100_000)))
    ids = records.table("firms").select("firm_key", "firm_id").distinct().execute()
    return X, X.firm_key.map(ids.set_index("firm_key").firm_id)


def told(world: Path, rows: pd.DataFrame) -> pd.DataFrame:
    """Return likelihood and severity of the rows as trees tell them that learnt the truth of other firms.

    Parameters
    ----------
    world : Path
        The world's folder.
    rows : pd.DataFrame
        With ``firm_id``, ``true_likelihood`` and ``true_severity``.
    """
    source = pipeline.Source(world / "records")
    settings = load_settings(load_world_settings().as_of)
    with source.open() as records:
        X, firm_id = of_open_firms(records, settings, source)
    X = X.set_index(firm_id).loc[rows.firm_id]
    plan = settings.plan
    chance = _of_others(X, list(plan.likelihood_inputs()), logit(rows.true_likelihood))
    harm = _of_others(X, list(plan.severity_inputs()), np.log(rows.true_severity))
    return pd.DataFrame({"likelihood": expit(chance), "severity": np.exp(harm)}, index=rows.index)


def _of_others(X: pd.DataFrame, columns: Sequence[str], truth: pd.Series) -> np.ndarray:
    """Return the truth of each row as learnt from the other folds' rows."""
    trees = HistGradientBoostingRegressor(max_iter=200, random_state=0)
    folds = KFold(FOLDS, shuffle=True, random_state=0)
    return np.asarray(cross_val_predict(trees, X[list(columns)], truth, cv=folds))
