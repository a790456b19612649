"""Gates on who is where: firms that leave the capacity, and sentinel firms that fall."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from risk_index.index import Floats
from risk_index.ranking import percentile, tie_break
from risk_index.release.limits import Limits
from risk_index.release.verdicts import Verdict, judged, not_run

NAMED = 3


@dataclass(frozen=True, eq=False)
class BothRanked:
    """Firms of the registry with their expected harm by both models, shape (n,) each."""

    firm_id: pd.Series
    champion: Floats
    challenger: Floats


def churn(both: BothRanked, capacity: float, limits: Limits) -> Verdict:
    """Refuse where too many of the firms within capacity change.

    Parameters
    ----------
    capacity : float
        Share of the firms that are visited in a year.
    """
    count = max(1, round(capacity * len(both.firm_id)))
    old, new = (_first(both.firm_id, harm, count) for harm in (both.champion, both.challenger))
    left = len(set(old) - set(new)) / count
    return judged(
        "churn",
        left <= limits.most_churn,
        f"{left:.0%} of the {count} firms within capacity leave the list.",
        f"up to {limits.most_churn:.0%}",
        "Compare the drivers of both models; where the change is meant, a person promotes: "
        "risk-index model promote.",
        (left,),
    )


def sentinels(both: BothRanked, limits: Limits) -> Verdict:
    """Refuse where a firm that is surely in need of visits falls far."""
    watched = limits.sentinel_firms or _first(both.firm_id, both.champion, int(limits.sentinels))
    at = np.flatnonzero(both.firm_id.isin(list(watched)))
    if not len(at):
        return not_run("sentinels", "no sentinel firm is open on the day")
    fallen = percentile(both.champion)[at] - percentile(both.challenger)[at]
    far = at[fallen > limits.sentinel_points]
    worst = at[int(np.argmax(fallen))]
    named = f" ({', '.join(both.firm_id.iloc[far[:NAMED]])})" if len(far) else ""
    return judged(
        "sentinels",
        not len(far),
        f"{len(far)} of {len(at)} sentinel firms fall by more than {limits.sentinel_points:g} points"
        f"{named}; the farthest, {both.firm_id.iloc[worst]}, by {fallen.max():.1f}.",
        f"none by more than {limits.sentinel_points:g} percentile points",
        "See what is known of these firms: are records lost, or is the model blind to them?",
        (float(fallen.max()),),
    )


def _first(firm_id: pd.Series, harm: Floats, count: int) -> tuple[str, ...]:
    """Return the firms of greatest expected harm; equals in an order that no outcome decides."""
    rows = pd.DataFrame({"firm_id": firm_id.to_numpy(), "harm": -harm, "tie": tie_break(firm_id)})
    return tuple(rows.sort_values(["harm", "tie"]).firm_id.head(count))
