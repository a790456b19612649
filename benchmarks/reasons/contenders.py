"""Ways to the same Shapley values, each a function of the rows; and larger trees to try them on."""

from __future__ import annotations

from collections.abc import Callable

import lightgbm as lgb
import numpy as np
import shap

from models.arrays import Floats, Singles
from models.explain import check_additive, contributions
from models.trees import Trees

Way = Callable[[Singles], Floats]
OURS, LOOPS, PLAIN, BEFORE, LIGHTGBM, SHAP = (
    "ours, sums checked",
    "ours, compiled loops alone",
    "ours, plain look-ups alone",
    "pred_contrib, sums checked",
    "pred_contrib",
    "shap.TreeExplainer",
)
SLOW = {BEFORE, LIGHTGBM, SHAP}


def ways(trees: Trees) -> dict[str, Way]:
    """Return the contenders by name, ready to go, without the base value."""
    tables = trees.path_tables
    assert tables is not None

    def by_lightgbm(X: Singles) -> Floats:
        return np.asarray(trees.booster.predict(X, pred_contrib=True, num_threads=1))

    def checked(X: Singles) -> Floats:
        phi = by_lightgbm(X)
        check_additive(phi, trees.raw(X))
        return phi[:, :-1]

    explainer = shap.TreeExplainer(trees.booster, feature_perturbation="tree_path_dependent")
    return {
        OURS: lambda X: contributions(trees, X)[:, :-1],
        LOOPS: lambda X: tables.loops.contributions(X)[:, :-1],
        PLAIN: lambda X: tables.plain_contributions(X)[:, :-1],
        BEFORE: checked,
        LIGHTGBM: lambda X: by_lightgbm(X)[:, :-1],
        SHAP: explainer.shap_values,
    }


def larger_trees(X: Singles, margin: Floats, n_trees: int) -> Trees:
    """Grow trees of 31 leaves and depth 6, the most allowed, on outcomes drawn by the margin."""
    rng = np.random.default_rng(1)
    y = (rng.random(len(X)) < 1 / (1 + np.exp(-margin))).astype(float)
    params = {"objective": "binary", "num_leaves": 31, "max_depth": 6, "learning_rate": 0.03,
              "feature_fraction": 0.5, "verbosity": -1, "num_threads": 1, "seed": 1,
              "deterministic": True, "force_row_wise": True}  # fmt: skip
    return Trees.of(lgb.train(params, lgb.Dataset(X, y), n_trees))
