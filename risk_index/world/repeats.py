"""Penalty decisions that a second platform records as well, now and then in other words."""

from __future__ import annotations

import numpy as np

from risk_index.world.firms import NEVER, Array, Firms, stream
from risk_index.world.history import Columns, concat, keep
from risk_index.world.settings import WorldSettings

PLATFORM = "credit_portal"
"""Source of what is recorded for the second time; it decides nothing itself."""
UNITS = 10.0
"""Factor by which a wrong fine is wrong."""
STEP = (5**0.5 - 1) / 2
"""Spreads a firm's decisions of different days over its luck."""


def with_repeats(penalties: Columns, settings: WorldSettings, seed: int, firms: Firms) -> Columns:
    """Return the penalties with numbers, and the share that the second platform repeats.

    Its record comes later, in other brackets. Where it disagrees, it states another gravity, a fine
    of ten times the amount, or knows of no repair. ``decision_number`` is twice the number, plus one
    in the second platform's spelling. What becomes of a decision hangs on its firm and day, not on
    other decisions.
    """
    numbered = penalties | {"decision_number": 2 * np.arange(len(penalties["firm_id"]))}

    def luck(name: str, rows: Columns) -> Array:
        of_firm = stream(seed, firms.chunk, f"repeats {name}").random(len(firms))
        return (of_firm[rows["firm_id"]] + STEP * rows["decided_on"]) % 1.0

    again = keep(numbered, luck("whether", numbered) < settings.repeated_share)
    differs = luck("apart", again) < settings.repeated_apart
    apart = np.where(differs, (3 * luck("how", again)).astype(int), -1)
    again |= {
        "source": np.full(len(apart), len(settings.sources)),
        "decision_number": again["decision_number"] + 1,
        "gravity": np.where(apart == 0, (again["gravity"] + 1) % 3, again["gravity"]),
        "fine": np.where(apart == 1, again["fine"] * UNITS, again["fine"]),
        "repaired_on": np.where(apart == 2, NEVER, again["repaired_on"]),
        "recorded_on": again["recorded_on"] + 1 + (30 * luck("delay", again)).astype(int),
    }
    return concat([numbered, again])
