"""Pictures of a fit, drawn without a screen: calibration, capture, learning curve, what drives it.

Their words stay words in the files (SVG), so that whoever shows them can put those of another language in
their place, in the reader's own fonts: `risk_index.report.drawn`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shap
from matplotlib import rc_context
from matplotlib.figure import Figure

from features.catalogue import BY_NAME
from models.fitted import FittedModel
from risk_index.index import Floats
from risk_index.judgement import Judgement

DRAWN = {
    "calibration": ("Calibration on the later date", "predicted likelihood", "violations found"),
    "capture": ("What visits in the order of the ranking find", "share of visits", "share found"),
    "learning_curve": ("Learning curve", "rows learnt from", "AUC on the later date"),
    "drivers_likelihood": ("What moves the likelihood", "mean |SHAP| in log-odds", ""),
}
"""Title and axes of each picture."""
RANDOM_ORDER = "random order"
GAINS = (
    ("violation", "likelihood", "violations, by likelihood"),
    ("harm", "expected_harm", "harm, by index"),
)
"""Lines of the capture curve: what is found, in the order of what, and what to call it."""
AS_TEXT: dict[Any, str] = {"svg.fonttype": "none", "svg.hashsalt": "risk-index"}
"""Words as words, and the same bytes each time."""
SHAP_ROWS = 1000
_BINS = 10


def draw_pictures(
    judgement: Judgement, model: FittedModel, X: pd.DataFrame, folder: Path
) -> list[str]:
    """Write the pictures as SVG files into `folder` and return their names."""
    folder.mkdir(parents=True, exist_ok=True)
    figures = {"drivers_likelihood": drivers(model, X)}
    if not judgement.scored.empty:
        figures["calibration"] = calibration(judgement.scored)
        figures["capture"] = capture(judgement.scored)
    if not judgement.curve.empty:
        figures["learning_curve"] = learning(judgement.curve)
    with rc_context(AS_TEXT):
        for name, figure in figures.items():
            figure.savefig(folder / f"{name}.svg", metadata={"Creator": None, "Date": None})
    return sorted(figures)


def every_word() -> list[str]:
    """Return the words of all pictures but the names of inputs."""
    words = [word for words in DRAWN.values() for word in words if word]
    return [*words, RANDOM_ORDER, *(label for _, _, label in GAINS)]


def _axes(name: str, width: float = 6.0) -> tuple[Figure, object]:
    figure = Figure(figsize=(width, 4.2), layout="constrained")
    axes = figure.add_subplot()
    axes.set(**dict(zip(("title", "xlabel", "ylabel"), DRAWN[name], strict=True)))
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def calibration(scored: pd.DataFrame) -> Figure:
    """Draw found against predicted rates in ten bins of equal weight."""
    ordered = scored.sort_values("likelihood")
    reached = ordered.weight.cumsum() / ordered.weight.sum()
    place = np.minimum((reached * _BINS).astype(int), _BINS - 1)
    weighed = ordered.assign(
        p=ordered.likelihood * ordered.weight, y=ordered.violation * ordered.weight
    )
    sums = weighed.groupby(place)[["p", "y", "weight"]].sum()
    predicted, found = sums.p / sums.weight, sums.y / sums.weight
    error = 1.96 * np.sqrt(found * (1 - found) / weighed.groupby(place).size())
    figure, axes = _axes("calibration")
    top = float(max(predicted.max(), (found + error).max())) * 1.05
    axes.plot([0, top], [0, top], color="0.7", lw=1, zorder=1)  # type: ignore[attr-defined]
    axes.errorbar(predicted, found, yerr=error, fmt="o", color="C0")  # type: ignore[attr-defined]
    return figure


def capture(scored: pd.DataFrame) -> Figure:
    """Draw the share of violations and of harm found against the share of visits."""
    figure, axes = _axes("capture")
    axes.plot([0, 1], [0, 1], color="0.7", lw=1, label=RANDOM_ORDER)  # type: ignore[attr-defined]
    for amount, by, label in GAINS:
        x, y = _gains(scored, by, amount)
        axes.plot(x, y, label=label)  # type: ignore[attr-defined]
    axes.legend(frameon=False)  # type: ignore[attr-defined]
    return figure


def _gains(scored: pd.DataFrame, by: str, amount: str) -> tuple[Floats, Floats]:
    ordered = scored.sort_values(by, ascending=False, kind="stable")
    gained = (ordered[amount] * ordered.weight).cumsum()
    visits = ordered.weight.cumsum() / ordered.weight.sum()
    return np.r_[0.0, visits], np.r_[0.0, gained / max(gained.iloc[-1], 1e-300)]


def learning(curve: pd.DataFrame) -> Figure:
    """Draw the AUC on the later date against the rows learnt from."""
    known = curve.dropna(subset="auc")
    figure, axes = _axes("learning_curve")
    error = [known.auc - known.auc_low, known.auc_high - known.auc]
    axes.errorbar(known.rows, known.auc, yerr=error, fmt="o-")  # type: ignore[attr-defined]
    return figure


def drivers(model: FittedModel, X: pd.DataFrame) -> Figure:
    """Draw mean absolute SHAP values of the likelihood's margin on a sample of firms."""
    sample = X.iloc[np.linspace(0, len(X) - 1, min(SHAP_ROWS, len(X))).astype(int)]
    columns = list(model.likelihood.columns)
    values = shap.TreeExplainer(model.likelihood.trees.booster).shap_values(sample[columns])
    strength = pd.Series(np.abs(np.asarray(values)).mean(axis=0), index=columns).nlargest(15)[::-1]
    figure, axes = _axes("drivers_likelihood", width=8.5)
    axes.barh([BY_NAME[name].title for name in strength.index], strength)  # type: ignore[attr-defined]
    return figure
