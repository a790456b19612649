"""Training and scoring by turns with LightGBM alone, as a file of tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd

from benchmarks import worlds
from benchmarks.models.bare import Task, of_likelihood, of_severity
from benchmarks.reasons.fast_tree_shap import seconds
from benchmarks.results import write_result
from models.examples import Examples, matrix
from models.likelihood import fit_likelihood
from models.severity import fit_severity
from risk_index import pipeline
from risk_index.scoring import BATCH_FIRMS
from risk_index.settings import load_settings
from risk_index.training import TrainingSet, folds_before, training_set

Say = Callable[[str], None]
Way = Callable[[], Any]
SCORED = BATCH_FIRMS
TOLERANCE = 1e-9


def measure(firms: int, repeats: int, say: Say) -> Path:
    """Fit on a world and score a batch, both ways by turns, and write the times."""
    folder = worlds.world(firms)
    examples, folds, plan = _training(folder)
    say(f"{len(examples):,} examples, {len(folds)} folds")
    trained, scored = {}, {}
    for name, fit, of, inputs in (
        ("likelihood", fit_likelihood, of_likelihood, plan.likelihood_inputs()),
        ("severity", fit_severity, of_severity, plan.severity_inputs()),
    ):
        say(name)

        def ours(fit: Any = fit, inputs: Any = inputs) -> Any:
            return fit(examples, inputs, folds, plan.trees, plan.seed)

        fitted = ours()
        task = of(examples, folds, fitted, plan.seed)
        trained[name] = _training_times(ours, task, fitted, repeats)
        scored[name] = _scoring_times(fitted, task, examples.X, repeats)
    sections = [
        (
            f"Training on {len(examples):,} examples of a world of {firms:,} firms: seconds of the "
            f"processor, median of {repeats} turns, and in brackets the median of times those of the trees "
            "alone in the same turn. Ours grows trees on every fold until their later rows say stop (twice "
            "where inspectors differ; four forms of severity), calibrates on later rows and grows the trees "
            "that are kept. `lgb.train` grows these trees alone, `lgb.cv` finds their number on the same "
            "folds by LightGBM's own loss.",
            pd.DataFrame(trained).rename_axis("training").reset_index(),
        ),
        (
            f"Scoring {SCORED:,} rows, as many as a batch of `rank`: rows a second of one core by the "
            "processor's time. `predict` gives the calibrated chance or amount, from the frame of features; "
            "`Booster.predict` the raw score of an array made ready.",
            pd.DataFrame(scored).rename_axis("scoring").reset_index(),
        ),
    ]
    command = f"python -m benchmarks models --firms {firms} --repeats {repeats}"
    return write_result("models", "Training and scoring beside LightGBM alone", command, sections)


def _training(folder: Path) -> tuple[Examples, list[Any], Any]:
    """Return examples, folds and plan of the fit on a world's last day."""
    day, source = (
        dt.date.fromisoformat(worlds.as_of(folder)),
        pipeline.Source(folder / "records"),
    )
    settings = load_settings(day, source.settings)
    with source.open() as records:
        training: TrainingSet = training_set(
            records, day, settings.plan, settings.law, source.sectors
        )
    seen = training.examples.take(training.examples.known_on <= np.datetime64(day, "D"))
    folds = folds_before(seen, day, training.calendar.slice_days, settings.plan)
    return seen, folds, settings.plan


def _training_times(ours: Way, task: Task, fitted: Any, repeats: int) -> dict[str, str]:
    ways: dict[str, Way] = {
        "ours, the whole fit": ours,
        "lgb.train, the trees kept": task.train,
        "lgb.cv and lgb.train": lambda: (task.cross_validate(), task.train()),
    }
    spent = _turns(ways, repeats)
    alone = spent["lgb.train, the trees kept"]
    told = {
        name: f"{median(own):.2f} ({median(a / b for a, b in zip(own, alone, strict=True)):.1f})"
        for name, own in spent.items()
    }
    gap = np.abs(task.raw(task.train()) - fitted.trees.walked(task.X)).max()
    if gap > TOLERANCE:
        raise SystemExit(f"LightGBM alone grew other trees: scores differ by {gap:.1e}")
    return told | {
        "rows": f"{len(task.X):,}",
        "columns": f"{task.X.shape[1]}",
        "folds": f"{len(task.folds)}",
        "trees kept": f"{fitted.rounds}",
        "largest difference of scores": f"{gap:.1e}",
    }


def _scoring_times(fitted: Any, task: Task, X: pd.DataFrame, repeats: int) -> dict[str, str]:
    rows = X.iloc[np.arange(SCORED) % len(X)].reset_index(drop=True)
    array = matrix(rows, fitted.columns)
    booster = lgb.Booster(model_str=fitted.trees.text)
    name = "Booster.predict, one thread"
    spent = _turns(
        {
            "ours, predict": lambda: fitted.predict(rows),
            "ours, raw scores": lambda: fitted.trees.raw(array),
            name: lambda: booster.predict(array, raw_score=True, num_threads=1),
        },
        repeats,
    )
    return {
        way: f"{len(rows) / median(own):,.0f} "
        f"({median(b / a for a, b in zip(own, spent[name], strict=True)):.1f})"
        for way, own in spent.items()
    }


def _turns(ways: dict[str, Way], repeats: int) -> dict[str, list[float]]:
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            spent[name].append(seconds(way)[0])
    return spent
