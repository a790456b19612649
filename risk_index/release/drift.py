"""Gates on the records: shifts of inputs, index and random draws, and inputs in another unit."""

from __future__ import annotations

import numpy as np
import pandas as pd

from risk_index.distributions import DRAWS, INDEX, Distributions, DrawnRate
from risk_index.release.limits import Limits
from risk_index.release.verdicts import Verdict, judged
from risk_index.shifts import beyond_chance, factor

NAMED = 3
ACCEPT = "list it under accepted_changes in a file for --gates."


def drift(
    before: Distributions,
    after: Distributions,
    shifts: dict[str, tuple[float, float]],
    carried: pd.Series,
    limits: Limits,
) -> Verdict:
    """Refuse where the index or the rate of violations moved far, or inputs that carry much.

    Parameters
    ----------
    before, after : Distributions
        Of the champion's and the challenger's fit.
    shifts : dict of name to (PSI, PSI of chance)
        From the champion's day to the challenger's, in the champion's bins.
    carried : Series
        Each input's share of the contributions to the champion's likelihood.
    """
    watched = {n: s for n, s in shifts.items() if n not in limits.accepted_changes}
    far = [n for n, (value, noise) in watched.items() if value > limits.most_psi + noise]
    inputs = sorted((n for n in far if n in carried.index), key=lambda n: -carried[n])
    weight = float(carried.reindex(inputs).sum())
    results = [n for n in (INDEX, DRAWS) if n in far]
    moved, rate = _rate_moved(before.drawn, after.drawn, limits)
    index = watched.get(INDEX, (float("nan"),))[0]
    cause = inputs[0] if inputs else results[0] if results else "the violation rate"
    return judged(
        "drift",
        not (results or moved or weight > limits.most_moved),
        f"{len(inputs)} inputs moved{_named(inputs)}, which carry {weight:.0%} of the contributions; the PSI "
        f"of the index is {index:.3f}{_named(results)}; {rate}.",
        f"inputs that moved (PSI above {limits.most_psi:g} beyond chance) carry up to "
        f"{limits.most_moved:.0%}; the index, and that of random draws, not moved; the violation rate of "
        f"random draws within a factor {limits.rate_factor:g}",
        f"Find out why {cause} moved: records that came late, another way to count, or the world. Where "
        f"it is the world, {ACCEPT}",
        (weight,),
    )


def units(before: Distributions, after: Distributions, limits: Limits) -> Verdict:
    """Refuse where all values of an input were multiplied by one large or small factor."""
    changed = {}
    for name, old in before.spreads.items():
        new = after.spreads.get(name)
        if new is None or name in limits.accepted_changes:
            continue
        if min(old.n_quantiles, new.n_quantiles) < limits.unit_values:
            continue
        times, uneven = factor(old, new)
        far = np.isfinite(times) and max(times, 1 / times) >= limits.unit_factor
        if far and uneven <= limits.unit_evenness:
            changed[name] = times
    first, times = next(iter(changed.items()), ("", float("nan")))
    found = [f"{name} by {value:.3g}" for name, value in changed.items()]
    return judged(
        "unit",
        not changed,
        f"{len(changed)} inputs were multiplied by one factor{_named(found)}.",
        f"none by {limits.unit_factor:g} or more",
        f"State the unit of {first} in the mapping as before, and fit again. Where it is right, {ACCEPT}",
        (times,),
    )


def _rate_moved(old: DrawnRate | None, new: DrawnRate | None, limits: Limits) -> tuple[bool, str]:
    """Tell whether the violation rate on random draws moved far, and what it was and is."""
    if old is None or new is None:
        return False, "there are no random draws on one side"
    far = max(old.rate, new.rate) > limits.rate_factor * min(old.rate, new.rate)
    said = (
        f"violations at {old.rate:.1%} by {old.draws} random draws, weighed by 1 / chance, now at "
        f"{new.rate:.1%} by {new.draws}"
    )
    return far and beyond_chance(old, new), said


def _named(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f" ({', '.join(names[:NAMED])}{more})" if names else ""
