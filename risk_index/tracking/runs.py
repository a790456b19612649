"""Every fit is a run in MLflow: parameters, data fingerprint, metrics with intervals, environment, files.

The store is a SQLite file in the run's own folder unless a tracking address is given.
"""

from __future__ import annotations

import json
import logging
import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from alembic.util import CommandError
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from sqlalchemy.exc import SQLAlchemyError

import risk_index
from risk_index.tracking.places import odd_port, shown

FAILURES = (MlflowException, OSError, SQLAlchemyError, CommandError, ImportError)
"""What a missing, broken or driverless store raises."""
LOGGED = (
    "model", "judged", "pictures", "metrics.json", "distributions.json", "card.md", "card.html",
)  # fmt: skip
"""What of a fit's folder goes into the store: rejected rows and ids of firms stay where they are."""
EXPERIMENT = "risk-index"
LONGEST_VALUE = 500
STORE, ARTEFACTS = "mlflow.db", "mlflow-artefacts"
KEPT = (STORE, ARTEFACTS)
"""What a new fit in the same folder keeps: the runs of the earlier ones."""
SHAPING = (
    "duckdb", "ibis-framework", "lightgbm", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy",
    "statsmodels", "venn-abers",
)  # fmt: skip
"""Libraries whose versions stand on the card; every other one stands in ``environment.txt``."""
ENVIRONMENT = "environment.txt"
SQLITE = "sqlite:///"


def log_fit(
    run: Path,
    params: Mapping[str, object],
    metrics: Mapping[str, float],
    tags: Mapping[str, str],
    tracking_uri: str | None = None,
) -> str:
    """Record a fit with what of its folder is `LOGGED`; return the run's id.

    Parameters
    ----------
    run : Path
        Folder of the fit.
    params, metrics, tags
        Settings, figures and fingerprints of the fit. Metrics that are not finite are left out.
    tracking_uri : str, optional
        Address of a tracking server; ``RUN/mlflow.db`` by default.
    """
    client = client_of(tracking_uri or f"{SQLITE}{run / STORE}")
    experiment = _experiment(client)
    run_id = client.create_run(experiment, tags={"mlflow.runName": run.name}).info.run_id
    client.log_batch(
        run_id,
        metrics=[
            Metric(name, value, 0, 0) for name, value in metrics.items() if abs(value) < 1e300
        ],
        params=[Param(name, str(value)[:LONGEST_VALUE]) for name, value in params.items()],
        tags=[RunTag(name, value[:LONGEST_VALUE]) for name, value in tags.items()],
    )
    client.log_text(run_id, environment(), ENVIRONMENT)
    for path in (run / name for name in LOGGED):
        if path.is_dir():
            client.log_artifacts(run_id, str(path), path.name)
        elif path.is_file():
            client.log_artifact(run_id, str(path))
    client.set_terminated(run_id)
    return str(run_id)


def of_facts(facts: Mapping[str, Any]) -> tuple[dict[str, float], dict[str, str]]:
    """Return metrics, each with the ends of its interval, and tags from the facts of a fit."""
    metrics: dict[str, float] = {}
    for row in facts["metrics"]:
        name = named(row, facts["part"])
        ends = {"": row["value"], "_low": row["low"], "_high": row["high"]}
        metrics |= {name + end: float(v) for end, v in ends.items() if v is not None}
    tags = {
        "model_version": facts["model_version"],
        "as_of": facts["as_of"],
        "data": json.dumps(facts["fingerprint"]),
    }
    return metrics, tags


def named(row: Mapping[str, object], leading: str) -> str:
    """Return the name of a metric: that of its part comes first unless the part leads."""
    name = f"{row['method']}_{row['metric']}"
    return name if row["part"] == leading else f"{row['part']}_{name}".replace(" ", "_")


def environment() -> str:
    """Return Python, the machine's system and every installed library with its version, a line each."""
    libraries = {f"{d.metadata['Name']}=={d.version}" for d in distributions()}
    system = f"# Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    return "\n".join([system, *sorted(libraries, key=str.lower)]) + "\n"


def versions_of(names: Iterable[str]) -> list[str]:
    """Return ``name==version`` of the installed libraries among `names`, in their order."""
    found = {d.metadata["Name"].lower(): d.version for d in distributions()}
    return [f"{name}=={found[name]}" for name in names if name in found]


def versions() -> dict[str, str]:
    """Return the versions of this program, of Python and of the libraries that shape a fit."""
    found = dict(line.split("==") for line in versions_of(SHAPING))
    return {"risk_index": risk_index.__version__, "python": platform.python_version()} | found


def client_of(address: str) -> MlflowClient:
    """Return a client of a tracking address, runs and registry in one place.

    Raises
    ------
    MlflowException
        Where the address cannot be one; what else is wrong shows when it is asked.
    """
    if odd_port(address):
        raise MlflowException(f"the port in {shown(address)} is no number")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("mlflow").setLevel(logging.CRITICAL)  # a failure is raised, and told once
    if address.startswith(SQLITE):
        Path(address.removeprefix(SQLITE)).parent.mkdir(parents=True, exist_ok=True)
    return MlflowClient(address, registry_uri=address)


def _experiment(client: MlflowClient) -> str:
    """Return the experiment; files of a SQLite store lie beside it."""
    found = client.get_experiment_by_name(EXPERIMENT)
    if found is not None:
        return str(found.experiment_id)
    location, address = None, client.tracking_uri
    if address.startswith(SQLITE):
        beside = Path(address.removeprefix(SQLITE)).resolve().parent / ARTEFACTS
        location = beside.as_uri()
    return str(client.create_experiment(EXPERIMENT, artifact_location=location))
