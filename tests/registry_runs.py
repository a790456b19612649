"""Folders of fits that hold little: the golden model and the facts that a registry asks for."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from models.fitted import FittedModel

GOLDEN = Path(__file__).resolve().parent / "golden" / "run" / "model"


def small_run(folder: Path, seed: int) -> Path:
    """Write a fit whose model differs from another's by its seed alone."""
    golden = FittedModel.load(GOLDEN)
    model = replace(golden, meta={**golden.meta, "seed": seed})
    model.save(folder / "model")
    facts = {
        "model_version": model.version,
        "as_of": model.meta["as_of"],
        "judged_on": "2025-06-30",
        "fingerprint": {"firms": "1-a"},
        "part": "random draws",
        "metrics": [
            {"part": "random draws", "method": "index", "metric": "auc", "value": 0.7, "low": 0.6,
             "high": 0.8, "n_eff": 9.0},
            {"part": "random draws", "method": "index", "metric": "brier", "value": None, "low": None,
             "high": None, "n_eff": 9.0},
        ],
    }  # fmt: skip
    (folder / "metrics.json").write_text(json.dumps(facts), encoding="utf-8")
    return folder
