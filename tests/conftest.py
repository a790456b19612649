"""What every test shares: reproducible Hypothesis runs, no telemetry, the real registries."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent

os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

# `ci`: the same examples in every run, and a slow machine is no failure.
# `explore`: fresh and many examples, by hand: HYPOTHESIS_PROFILE=explore make test
settings.register_profile(
    "ci",
    derandomize=True,
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


# shap 0.51 and mlflow 3.17 speak to matplotlib 3.11 and SQLAlchemy 2.1 in the way of earlier ones
OUTDATED = (
    r"ignore:The set_\w+ function will be deprecated:PendingDeprecationWarning",
    r"ignore:The ``noload`` loader strategy is deprecated:DeprecationWarning",
    r"ignore:.*Any type hint is inferred as AnyType:UserWarning",  # mlflow of its own types
)


def pytest_configure(config: pytest.Config) -> None:
    for line in OUTDATED:
        config.addinivalue_line("filterwarnings", line)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real registries (`toronto`, `chicago`), which are not part of the project."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no real registries beside the checkout (../shared/data)")
    return folder
