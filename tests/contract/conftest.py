"""What several contracts read and none may change."""

from __future__ import annotations

import pytest

from tests.contract.made import Made, make


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A small world with every step taken."""
    return make(tmp_path_factory.mktemp("ranking"))
