"""Penalty decisions that a second platform records as well, now and then in other words."""

from __future__ import annotations

import numpy as np

from risk_index.world.firms import NEVER, stream
from risk_index.world.history import Columns, concat, keep
from risk_index.world.settings import WorldSettings

PLATFORM = "credit_portal"
"""Source of what is recorded for the second time; it decides nothing itself."""
UNITS = 10.0
"""Factor by which a wrong fine is wrong."""


def with_repeats(penalties: Columns, settings: WorldSettings, seed: int, chunk: int) -> Columns:
    """Return the penalties with numbers, and the share that the second platform repeats.

    Its record comes later, in other brackets. Where it disagrees, it states another gravity, a fine
    of ten times the amount, or knows of no repair. ``decision_number`` is twice the number, plus one
    in the second platform's spelling.
    """
    n = len(penalties["firm_id"])
    rng = stream(seed, chunk, "repeats")
    numbered = penalties | {"decision_number": 2 * np.arange(n)}
    again = keep(numbered, rng.random(n) < settings.repeated_share)
    size = len(again["firm_id"])
    apart = np.where(rng.random(size) < settings.repeated_apart, rng.integers(0, 3, size), -1)
    again |= {
        "source": np.full(size, len(settings.sources)),
        "decision_number": again["decision_number"] + 1,
        "gravity": np.where(apart == 0, (again["gravity"] + 1) % 3, again["gravity"]),
        "fine": np.where(apart == 1, again["fine"] * UNITS, again["fine"]),
        "repaired_on": np.where(apart == 2, NEVER, again["repaired_on"]),
        "recorded_on": again["recorded_on"] + rng.integers(1, 31, size),
    }
    return concat([numbered, again])
