"""What several contracts read and none may change."""

from __future__ import annotations

import fcntl

import pytest

from tests.contract.made import Made, kept, make


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Made:
    """A small world with every step taken, by whichever worker asks first."""
    if not hasattr(request.config, "workerinput"):
        return make(tmp_path_factory.mktemp("ranking"))
    folder = tmp_path_factory.getbasetemp().parent / "made"
    folder.mkdir(exist_ok=True)
    with folder.with_name("made.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return kept(folder) or make(folder)
