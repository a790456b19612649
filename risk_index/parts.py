"""The parts of the inspections that metrics are given on, and which of them leads.

Random draws of known chance stand for all firms. All planned visits are more, and some of them were
chosen by a rule that nobody wrote down, so their weights rest on an estimated chance.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from models.arrays import Bools
from models.metrics import Outcomes, kish

RANDOM, PLANNED = "random draws", "all planned visits"
FEWEST_JUDGED, FEWEST_VIOLATIONS = 50, 10
"""Least effective number, and least number of either outcome, that metrics are given on."""
NO_DRAWS = (
    "no visit of the judged ones was a random draw with a known chance: metrics hold for firms like "
    "those inspected, as far as weights can tell"
)


def is_draw(labels: pd.DataFrame) -> Bools:
    """Tell which labelled rows are random draws with a known chance, shape (n,)."""
    drawn = (labels.selection == "random") & labels.inclusion_probability.notna()
    return drawn.to_numpy(np.bool_)


def too_few(outcomes: Outcomes) -> bool:
    """Tell whether outcomes are too few to give a metric on."""
    n, hits = len(outcomes.violation), outcomes.violation.sum()
    if not n or min(hits, n - hits) < FEWEST_VIOLATIONS:
        return True
    return kish(outcomes.weight) < FEWEST_JUDGED


def parts(labels: pd.DataFrame, outcomes: Outcomes) -> tuple[dict[str, Bools], tuple[str, ...]]:
    """Return the parts that are big enough, the leading one first, and what to say of it.

    Random draws lead if their effective number is 50 and they hold 10 of either outcome.
    """
    draws = is_draw(labels)
    every = np.ones(len(draws), dtype=np.bool_)
    found = {
        name: rows
        for name, rows in ((RANDOM, draws), (PLANNED, every))
        if not (name == PLANNED and draws.all()) and not too_few(outcomes.take(rows))
    }
    if RANDOM in found or not found:
        return found, ()
    if not draws.any():
        return found, (NO_DRAWS,)
    of_draws = outcomes.take(draws)
    return found, (
        f"random draws are too few to lead: {draws.sum()} (effective number "
        f"{kish(of_draws.weight):.0f}) with {of_draws.violation.sum():.0f} violations; from an effective "
        f"number of {FEWEST_JUDGED} and {FEWEST_VIOLATIONS} of either outcome on they do. Metrics are those "
        "of all planned visits and hold for firms like those inspected, as far as weights can tell",
    )


def of_part(facts: Mapping[str, Any], part: str | None = None) -> list[dict[str, Any]]:
    """Return the rows of ``metrics.json`` of a part; of the leading part by default."""
    wanted = part or facts["part"]
    return [row for row in facts["metrics"] if row["part"] == wanted]
