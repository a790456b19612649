"""How much memory a verb may take, and how it is shared between the records' database and the batches."""

from __future__ import annotations

import click

MEMORY = f"{__name__}.memory_gb"
"""Where the running command keeps how much memory it may take."""
LEAST_GB = 2.0
PROGRAM_GB = 0.7
"""What libraries and model take before the first record is read."""
ENGINE_SHARE = 0.5
"""Of the rest, what the database may take; it does not count all that it takes."""
BATCH_SHARE = 0.2
FIRM_BYTES = 6000
"""What a firm of the batch at work takes: matrix, evidence, shares of every feature, texts."""
PLAN_BYTES = 120
"""What a firm takes while the round is planned and ranks are given."""


def asked_gb() -> float | None:
    """Return how much memory the running command was given; None for no limit."""
    context = click.get_current_context(silent=True)
    return context.meta.get(MEMORY) if context else None


def engine_gb(memory_gb: float | None) -> float | None:
    """Return the limit of a database's memory, in GB."""
    return None if memory_gb is None else (memory_gb - PROGRAM_GB) * ENGINE_SHARE


def ranks_gb(memory_gb: float | None, n_firms: int) -> float | None:
    """Return the limit of the database that ranks firms whose plan lies in memory beside it, in GB.

    >>> ranks_gb(8, 10_000_000), ranks_gb(2, 10_000_000), ranks_gb(None, 10_000_000)
    (3.65, 1.0, None)
    """
    if memory_gb is None:
        return None
    left = memory_gb - PROGRAM_GB - n_firms * PLAN_BYTES / 1e9
    return max(LEAST_GB / 2, min(left, (memory_gb - PROGRAM_GB) * ENGINE_SHARE))


def batch_firms(memory_gb: float | None, most: int) -> int:
    """Return how many firms a batch may have, `most` at most.

    >>> batch_firms(None, 100_000), batch_firms(2, 100_000), batch_firms(8, 100_000)
    (100000, 43333, 100000)
    """
    if memory_gb is None:
        return most
    return min(most, int((memory_gb - PROGRAM_GB) * BATCH_SHARE * 1e9 / FIRM_BYTES))
