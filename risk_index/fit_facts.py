"""What stands in ``metrics.json``: the facts of a fit, that its card, report and runs are written from."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import pandas as pd

from features.asof import Snapshot
from features.quality import Quality
from features.rates import reporting_rates
from models.fitted import FittedModel
from risk_index.judgement import Judgement
from risk_index.training import TrainingSet


def facts_of_fit(
    quality: Quality,
    model: FittedModel,
    training: TrainingSet,
    judgement: Judgement,
    snapshot: Snapshot,
) -> dict[str, Any]:
    """Return the facts of a fit on the registry of its day, ready for JSON."""
    days = training.calendar
    return {
        "as_of": days.as_of.isoformat(),
        "judged_on": days.judged_on.isoformat(),
        "horizon_days": days.horizon_days,
        "model_version": model.version,
        "n_firms": int(snapshot.spine.count().execute()),
        "n_examples": len(training.examples),
        "share_of_controllers": training.share,
        "n_inspections": int(training.labels.inspection_id.nunique()),
        "average_harm": model.meta["scale"]["average_harm"],
        "severity_form": model.severity.form,
        "rounds": {"likelihood": model.likelihood.rounds, "severity": model.severity.rounds},
        "inspectors": _inspectors(model),
        "notes": _notes(model, training, judgement),
        "fingerprint": quality.fingerprint,
        "records": [
            {"table": table.table, "n_read": table.n_read, "n_accepted": table.n_accepted}
            for table in quality.tables
        ],
        "identity": quality.identity,
        "settings": model.meta["settings"],
        "part": judgement.part,
        "overlap": _overlap(training),
        **_judged(judgement),
        "severity_comparison": _plain(model.severity.comparison),
        "reporting_rates": _rates_in_use(snapshot),
    }


def _judged(judgement: Judgement) -> dict[str, list[dict[str, Any]]]:
    """Return the tables of a judgement."""
    return {
        "metrics": _plain(judgement.table),
        "differences": _plain(judgement.differences),
        "calibration_by_group": _plain(judgement.groups),
        "learning_curve": _plain(judgement.curve),
    }


def _overlap(training: TrainingSet) -> dict[str, Any] | None:
    """Return how far the visits can speak for the registry; None where that was not asked."""
    found = training.overlap
    return None if found is None else _plain(pd.DataFrame([asdict(found)]))[0]


def _inspectors(model: FittedModel) -> dict[str, Any] | None:
    """Return how much inspectors differ, without naming anybody; None where it was not measured."""
    found = model.likelihood.strictness
    return None if found is None else found.summary()


def _rates_in_use(snapshot: Snapshot) -> list[dict[str, Any]]:
    """Return what share of its penalties each source passes on, by region, and how that is known."""
    rates = reporting_rates(snapshot).drop(columns="as_of")
    return _plain(rates.round({"reporting_rate": 4, "low": 4, "high": 4}))


def _notes(model: FittedModel, training: TrainingSet, judgement: Judgement) -> list[str]:
    names = model.meta["without"]
    said = [f"left out of both models by order: {', '.join(names)}"] if names else []
    if training.share < 1:
        said.append(
            f"learnt from {training.share:.2%} of controllers, drawn by hash (most_examples)"
        )
    return [*said, *judgement.notes, *model.likelihood.notes, *model.severity.notes]


def _plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
    rows = frame.to_dict("records")
    return [
        {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in row.items()}
        for row in rows
    ]
