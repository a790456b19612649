"""What several contracts read and none may change."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.contract.browsing import headless
from tests.contract.made import Made, kept, make

if TYPE_CHECKING:
    from playwright.sync_api import Browser


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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium, for one module: its event loop must not meet that of another test."""
    with headless() as found:
        yield found
