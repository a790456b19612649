"""How MLflow serves a registered model: it names this module, which reads text and JSON.

The artefact holds no code. MLflow's form "models from code" was left aside, since it runs a script that
came with the download (docs/decisions/0025-model-registry-and-gates.md).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from models.fitted import FittedModel
from risk_index.index import IndexScale

MODULE = "risk_index.tracking.served"
MODEL = "model"
COLUMNS = ("likelihood", "severity", "expected_harm", "index")


class Served:
    """A fitted model as MLflow calls it: a feature matrix in, four numbers a firm out."""

    def __init__(self, model: FittedModel) -> None:
        self.model = model
        self.scale = IndexScale(**model.meta["scale"])

    def predict(self, model_input: pd.DataFrame) -> pd.DataFrame:
        """Return likelihood, severity, expected harm and index (0 to 100) of each row.

        Parameters
        ----------
        model_input : DataFrame, shape (n, p)
            Features in float32 by name (docs/features.md); NaN where there is no value.
        """
        chance = self.model.likelihood.predict(model_input)
        harm = self.model.severity.predict(model_input)
        values = np.column_stack([chance, harm, chance * harm, self.scale.index(chance * harm)])
        return pd.DataFrame(values, columns=list(COLUMNS), index=model_input.index)


def inputs_of(model: FittedModel) -> tuple[str, ...]:
    """Return the inputs of both models, those of the likelihood first, each once."""
    return tuple(dict.fromkeys([*model.likelihood.columns, *model.severity.columns]))


def _load_pyfunc(path: str) -> Served:
    """Read the model of a registered fit, each file checked against its SHA-256; MLflow calls this."""
    return Served(FittedModel.load(Path(path) / MODEL))
