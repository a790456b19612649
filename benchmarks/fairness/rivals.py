"""What else is in use for finding proxies, scored on the same worlds: the higher, the more suspect.

* correlation: absolute Pearson correlation of input and attribute; flagged above a cut.
* aequitas: `CorrelationSuppression` of aequitas 1.1 drops inputs whose correlation ratio with the
  attribute is 0.5 or more. For a number and two groups the ratio is the absolute correlation; of an
  input with missing values it is NaN, which is never dropped.
* SHAP gap: mean difference in SHAP value between the groups, without regard to risk. The gap at equal
  risk, which is our own F2 alone, stands beside it.
* equal treatment: a classifier of SHAP values on the attribute (Mougan et al., 2023). Where its AUC
  is no better than permutations no input is suspect; else each is scored by its coefficient.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from models.arrays import Floats, Singles
from risk_index.fairness.evidence import Contrast, Sample
from risk_index.fairness.treatment import equal_treatment

AEQUITAS_CUT = 0.5


def scores(sample: Sample, contrast: Contrast) -> pd.DataFrame:
    """Return one row an input with every rival's score."""
    X, a = sample.X.to_numpy(), contrast.a
    phi = sample.phi.to_numpy()
    return pd.DataFrame(
        {
            "attribute": contrast.attribute,
            "input": sample.inputs,
            "correlation": [_correlation(X[:, k], a) for k in range(X.shape[1])],
            "aequitas": [_ratio(X[:, k], a) for k in range(X.shape[1])],
            "shap_gap": phi[a == 1].mean(axis=0) - phi[a == 0].mean(axis=0),
            "equal_treatment": _equal_treatment(phi, contrast),
        }
    )


def _correlation(x: Singles, a: Floats) -> float:
    known = ~np.isnan(x)
    return abs(float(np.corrcoef(x[known], a[known])[0, 1]))


def _ratio(x: Singles, a: Floats) -> float:
    return 0.0 if np.isnan(x).any() else _correlation(x, a)


def _equal_treatment(phi: Floats, contrast: Contrast) -> Floats:
    everyone = np.zeros(len(phi), dtype=np.int64)
    if not equal_treatment(phi, contrast, everyone).met:
        return np.zeros(phi.shape[1])
    scaled = StandardScaler().fit_transform(phi)
    return np.abs(LogisticRegression(max_iter=200).fit(scaled, contrast.a).coef_[0])
