"""Every fit is a run in MLflow: parameters, data fingerprint, metrics, pictures, both models.

The only module that knows MLflow. The store is a SQLite file in the run's own folder unless a tracking
address is given.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

FAILURES = (MlflowException, OSError)
"""What a missing or failing store raises."""
EXPERIMENT = "risk-index"
LONGEST_VALUE = 500
KEPT = ("mlflow.db", "mlflow-artefacts")
"""What a new fit in the same folder keeps: the runs of the earlier ones."""


def log_fit(
    run: Path,
    params: Mapping[str, object],
    metrics: Mapping[str, float],
    tags: Mapping[str, str],
    tracking_uri: str | None = None,
) -> str:
    """Record a fit and everything in its folder; return the run's id.

    Parameters
    ----------
    run : Path
        Folder of the fit; its files, but for the store itself, become artefacts.
    params, metrics, tags
        Settings, figures and fingerprints of the fit. Metrics that are not finite are left out.
    tracking_uri : str, optional
        Address of a tracking server; ``RUN/mlflow.db`` by default.
    """
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("mlflow").setLevel(logging.CRITICAL)  # a failure is raised, and told once
    client = MlflowClient(tracking_uri or f"sqlite:///{run / 'mlflow.db'}")
    experiment = _experiment(client, None if tracking_uri else run / "mlflow-artefacts")
    run_id = client.create_run(experiment, tags={"mlflow.runName": run.name}).info.run_id
    client.log_batch(
        run_id,
        metrics=[
            Metric(name, value, 0, 0) for name, value in metrics.items() if abs(value) < 1e300
        ],
        params=[Param(name, str(value)[:LONGEST_VALUE]) for name, value in params.items()],
        tags=[RunTag(name, value[:LONGEST_VALUE]) for name, value in tags.items()],
    )
    for path in sorted(run.iterdir()):
        if not path.name.startswith("mlflow"):
            (
                client.log_artifacts(run_id, str(path), path.name)
                if path.is_dir()
                else client.log_artifact(run_id, str(path))
            )
    client.set_terminated(run_id)
    return str(run_id)


def named(row: Mapping[str, object], leading: str) -> str:
    """Return the name of a metric: that of its part comes first unless the part leads."""
    name = f"{row['method']}_{row['metric']}"
    return name if row["part"] == leading else f"{row['part']}_{name}".replace(" ", "_")


def _experiment(client: MlflowClient, artefacts: Path | None) -> str:
    found = client.get_experiment_by_name(EXPERIMENT)
    if found is not None:
        return str(found.experiment_id)
    location = None if artefacts is None else artefacts.resolve().as_uri()
    return str(client.create_experiment(EXPERIMENT, artifact_location=location))
