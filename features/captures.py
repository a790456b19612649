"""Capture and recapture: what two platforms both record tells how much each of them misses.

Of `n1` and `n2` decisions of two platforms in a region, `m` are the same. If the platforms pick up decisions
independently, Chapman's estimate of all decisions is ``(n1 + 1)(n2 + 1) / (m + 1) - 1`` (Seber 1982), and
a platform's rate is its own number over that. Platforms that both prefer the large cases miss more
than that, so the bounds do not rely on independence: at most, nothing is missed by both
(``n1 / (n1 + n2 - m)``, the Frechet bound); at least, being on one platform makes being on the other
four times as likely in odds. A platform with nothing of its own copies, and tells nothing.
"""

from __future__ import annotations

import ibis
import pandas as pd

from features.asof import UNSTATED, Snapshot, in_force, unexpired, with_group
from features.compiled import prepared
from features.decisions import with_ends

LEAST_SHARED = 20
"""Decisions that both platforms must have in a region."""
ODDS = 4.0
_KEYS = ["as_of", "region", "source"]
_NAMES = ["as_of", "source", "region", "reporting_rate", "n_checked", "low", "high"]


def recaptured(snapshot: Snapshot) -> pd.DataFrame:
    """Return the rates of platforms by region on each date, from the partner with most in common."""
    if snapshot.repeated is None:
        return pd.DataFrame(columns=_NAMES)
    own = prepared(snapshot, _own)()
    if (own.n >= LEAST_SHARED).sum() < 2:
        return pd.DataFrame(columns=_NAMES)
    found = (
        prepared(snapshot, _shared)()
        .merge(own, on=_KEYS)
        .merge(
            own.rename(columns={"source": "partner", "n": "n_partner"}),
            on=["as_of", "region", "partner"],
        )
    )
    return _estimated(found)


def _own(snapshot: Snapshot) -> ibis.Table:
    """Count the decisions of each platform."""
    rows = _in_force(snapshot)
    return rows.group_by(_KEYS).aggregate(n=rows.decision.nunique())


def _shared(snapshot: Snapshot) -> ibis.Table:
    """Count the decisions that two platforms have in common."""
    rows = _in_force(snapshot)
    other = rows.select("as_of", "firm_key", "decision", partner="source").distinct()
    pairs = rows.distinct().join(other, ["as_of", "firm_key", "decision"])
    pairs = pairs.filter(pairs.source != pairs.partner)
    return pairs.group_by([*_KEYS, "partner"]).aggregate(m=pairs.decision.nunique())


def _in_force(snapshot: Snapshot) -> ibis.Table:
    """Return the records in force, each with its decision, source and region."""
    rows = with_ends(snapshot.known_anywhere("penalties"))
    rows = rows.filter(
        in_force(rows, "repaired_on"), in_force(rows, "revoked_on"), unexpired(rows, snapshot.law)
    )
    rows = with_group(snapshot, rows, "region")
    rows = rows.mutate(
        source=rows.source.fill_null(UNSTATED),
        decision=rows.firm_key.cast("string") + " " + rows.decision,
    )
    return rows.select("as_of", "region", "source", "firm_key", "decision")


def _estimated(found: pd.DataFrame) -> pd.DataFrame:
    found = found[
        (found.m >= LEAST_SHARED) & (found.n > found.m) & (found.n_partner > found.m)
    ].sort_values(["as_of", "region", "source", "m", "partner"])
    best = found.groupby(["as_of", "region", "source"], as_index=False).last()
    together = best.n + best.n_partner - best.m
    unseen = ODDS * (best.n - best.m) * (best.n_partner - best.m) / best.m
    chapman = (best.n + 1) * (best.n_partner + 1) / (best.m + 1) - 1
    return best.assign(
        reporting_rate=(best.n / chapman).clip(upper=1.0),
        n_checked=best.n_partner.astype(float),
        low=best.n / (together + unseen),
        high=best.n / together,
    )[_NAMES]
