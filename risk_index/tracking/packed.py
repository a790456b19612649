"""A fit as a model of MLflow: our own text and JSON, a signature, an example; no code, no pickle."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from models.fitted import FittedModel
from risk_index.errors import UserError
from risk_index.tracking.runs import versions_of
from risk_index.tracking.served import COLUMNS, MODULE, inputs_of

FIT = "fit"
PARTS = ("model", "judged", "metrics.json", "distributions.json", "card.md")
"""What of a fit's folder is registered; all but the model may be missing."""
NEEDS = (
    "lightgbm", "mlflow", "numpy", "pandas", "pydantic", "pyyaml", "scikit-learn", "scipy", "shap",
    "statsmodels", "venn-abers",
)  # fmt: skip
"""Libraries that serving needs, at the versions of the fit; the project itself is not on PyPI."""
WRAPPING = {
    "MLmodel", "conda.yaml", "python_env.yaml", "requirements.txt", "input_example.json",
    "serving_input_example.json", "registered_model_meta",
}  # fmt: skip
"""What MLflow puts around a model."""
ENDINGS = {".txt", ".json", ".md"}


class ForeignModelError(UserError):
    """A downloaded model holds something that no fit writes."""


@contextmanager
def packed(run: Path) -> Iterator[Path]:
    """Give a folder in MLflow's form of a model, made from the folder of a fit."""
    model = FittedModel.load(run / "model")
    with tempfile.TemporaryDirectory(prefix="risk-index-") as name:
        held, out = Path(name) / FIT, Path(name) / "served"
        held.mkdir()
        for part in PARTS:
            if (run / part).is_dir():
                shutil.copytree(run / part, held / part)
            elif (run / part).is_file():
                shutil.copy(run / part, held / part)
        _save(model, held, out)
        yield out


def _save(model: FittedModel, held: Path, out: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow 3.17 warns of its own types, and of pandas 3
        import mlflow.pyfunc  # late, since it is slow

        mlflow.pyfunc.save_model(
            out,
            loader_module=MODULE,
            data_path=str(held),
            signature=signature(model),
            input_example=example(model),
            pip_requirements=versions_of(NEEDS),
        )


def signature(model: FittedModel) -> Any:
    """Return inputs and outputs as MLflow checks them (a ``ModelSignature``)."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    return ModelSignature(
        inputs=Schema([ColSpec("float", name) for name in inputs_of(model)]),
        outputs=Schema([ColSpec("double", name) for name in COLUMNS]),
    )


def example(model: FittedModel) -> pd.DataFrame:
    """Return one made-up firm without any record, every input 0."""
    return pd.DataFrame(0.0, index=[0], columns=list(inputs_of(model)), dtype="float32")


def unpacked(folder: Path) -> Path:
    """Return the fit within a downloaded model, after a look at all that came with it.

    Nothing of it is run: files are text and JSON by their names and their first bytes, and MLflow is
    told to load it by this project's own module.

    Raises
    ------
    ForeignModelError
        Naming what is not ours.
    """
    foreign = [
        str(path.relative_to(folder)) for path in files_of(folder) if not _ours(path, folder)
    ]
    if foreign:
        raise ForeignModelError(
            f"the registered model holds {len(foreign)} files that no fit writes, first: {foreign[:3]}. "
            "It was not made by this program: do not load it, and ask who registered it."
        )
    flavour = yaml.safe_load((folder / "MLmodel").read_text(encoding="utf-8"))["flavors"]
    wanted = {"loader_module": MODULE, "code": None, "data": f"data/{FIT}"}
    found = {key: flavour.get("python_function", {}).get(key) for key in wanted}
    if found != wanted or set(flavour) != {"python_function"}:
        raise ForeignModelError(
            f"the registered model would be loaded by {found['loader_module']}, not by {MODULE}: it was "
            "not made by this program; do not load it, and ask who registered it."
        )
    return folder / "data" / FIT


def files_of(folder: Path) -> list[Path]:
    """Return every file under a folder, in order."""
    return sorted(Path(at) / name for at, _, names in os.walk(folder) for name in names)


def _ours(path: Path, folder: Path) -> bool:
    """Tell whether a file is one that a fit or MLflow writes, and text."""
    parts = path.relative_to(folder).parts
    if len(parts) == 1:
        return parts[0] in WRAPPING and is_text(path)
    return parts[0] == "data" and path.suffix in ENDINGS and is_text(path)


def is_text(path: Path) -> bool:
    """Tell whether a file is UTF-8 text without control signs; a pickle or an archive is none."""
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return False
    return not any(sign < " " and sign not in "\t\n\r" for sign in text)
