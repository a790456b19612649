"""The only room that knows MLflow: runs of fits, and the registry of models.

A server that does not answer is asked twice and then told about; nothing that was fitted waits for it.
"""

import os

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")

from risk_index.tracking.places import said
from risk_index.tracking.registry import (
    CHALLENGER,
    CHAMPION,
    Registered,
    Registry,
    RegistryError,
)
from risk_index.tracking.runs import FAILURES, KEPT, log_fit, named, of_facts, versions

__all__ = [
    "CHALLENGER",
    "CHAMPION",
    "FAILURES",
    "KEPT",
    "Registered",
    "Registry",
    "RegistryError",
    "log_fit",
    "named",
    "of_facts",
    "said",
    "versions",
]
