"""Gates on who is where: firms that leave the capacity, and sentinel firms that fall."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.fitted import FittedModel
from risk_index.index import Floats
from risk_index.ranking import tie_break
from risk_index.release.limits import Limits
from risk_index.release.outcomes import harm_of
from risk_index.release.verdicts import Verdict, judged

NAMED = 3
LOOK = "See what is known of the firms that fall: are records lost, or is the model blind to them?"
CORRECT = (
    "Correct each firm_id under sentinel_firms in the file of --gates; take out firms that closed, and put "
    "others in."
)


@dataclass(frozen=True, eq=False)
class BothRanked:
    """Firms of the registry with their expected harm by both models, shape (n,) each."""

    firm_id: pd.Series
    champion: Floats
    challenger: Floats

    @classmethod
    def by(
        cls, models: tuple[FittedModel, FittedModel], firm_id: pd.Series, X: pd.DataFrame
    ) -> BothRanked:
        """Score firms by champion and challenger; `X` holds their inputs in the order of `firm_id`."""
        champion, challenger = (harm_of(m, X) if len(X) else np.zeros(0) for m in models)
        return cls(firm_id, champion, challenger)


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


def sentinels(both: BothRanked, limits: Limits, named: BothRanked | None = None) -> Verdict:
    """Refuse where a firm that is surely in need of visits falls far, or a named one is not there.

    Parameters
    ----------
    both : BothRanked
        The registry, or a sample of it, among which firms have their places.
    named : BothRanked, optional
        Those of ``limits.sentinel_firms`` that are open on the day, in the sample or not.
    """
    watched = named or _of(both, _first(both.firm_id, both.champion, int(limits.sentinels)))
    missing = sorted({*limits.sentinel_firms} - {*watched.firm_id})
    gone = (
        f" {len(missing)} of {len(limits.sentinel_firms)} named sentinel firms are not open in the registry "
        f"on the day ({_some(missing)})."
    )
    fallen = _place(watched.champion, both.champion) - _place(watched.challenger, both.challenger)
    far = watched.firm_id[fallen > limits.sentinel_points].tolist()
    farthest = ""
    if len(fallen):
        worst = watched.firm_id.iloc[int(np.argmax(fallen))]
        farthest = f"; the farthest, {worst}, by {fallen.max():.1f}"
    return judged(
        "sentinels",
        not far and not missing,
        f"{len(far)} of {len(fallen)} sentinel firms fall by more than {limits.sentinel_points:g} points"
        f"{f' ({_some(far)})' if far else ''}{farthest}.{gone if missing else ''}",
        f"none by more than {limits.sentinel_points:g} percentile points; those named are there",
        " ".join([LOOK] * bool(far) + [CORRECT] * bool(missing)),
        (float(fallen.max()),) if len(fallen) else (),
    )


def _of(both: BothRanked, firms: tuple[str, ...]) -> BothRanked:
    at = both.firm_id.isin(list(firms)).to_numpy()
    return BothRanked(both.firm_id[at], both.champion[at], both.challenger[at])


def _place(harm: Floats, among: Floats) -> Floats:
    """Return the percentile of each harm among those of the registry, shape (n,)."""
    return 100 * np.searchsorted(np.sort(among), harm, side="right") / len(among)


def _some(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"


def _first(firm_id: pd.Series, harm: Floats, count: int) -> tuple[str, ...]:
    """Return the firms of greatest expected harm; equals in an order that no outcome decides."""
    rows = pd.DataFrame({"firm_id": firm_id.to_numpy(), "harm": -harm, "tie": tie_break(firm_id)})
    return tuple(rows.sort_values(["harm", "tie"]).firm_id.head(count))
