"""The seed of a round that was run, checked against its commit."""

from __future__ import annotations

from pathlib import Path

from risk_index.draw import outcome
from risk_index.draw.errors import DrawError
from risk_index.draw.plan import RESULT
from risk_index.draw.run import drawn_bytes, open_round, revealed_of


def seed_of(folder: Path) -> bytes:
    """Return the public seed of a round that was run.

    Raises
    ------
    DrawError
        Where it has not run, the seed is not that of commit and randomness, or ``drawn.csv`` is not the
        file of the result.
    """
    drawn = open_round(folder)
    seed = outcome.seed_of(drawn.commit, revealed_of(drawn))
    if drawn.result and drawn.result.seed != seed.hex():
        raise DrawError(
            f"{folder / RESULT} has another seed than commit and randomness give: it was altered. "
            "Take the file as the draw left it."
        )
    drawn_bytes(drawn)
    return seed
