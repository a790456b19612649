"""Reporting rates by source and region: stated, else estimated as of the date.

The order: rates that table ``sources`` states; a link audit (:mod:`features.links`); capture and recapture
(:mod:`features.captures`). The first that says anything on a date is taken for all of it, since stated
rates and captures are shares of the decisions, and a link audit gives ratios. Where none does,
everything counts as reported.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import ibis
import pandas as pd

from features.asof import Snapshot
from features.captures import recaptured
from features.compiled import prepared
from features.links import link_audit

RATE_COLUMNS = (
    "as_of", "source", "region", "reporting_rate", "n_checked", "method", "low", "high",
)  # fmt: skip
STATED, LINKED, CAPTURED = "stated", "link audit", "capture and recapture"


def reporting_rates(snapshot: Snapshot) -> pd.DataFrame:
    """Return the rates in use on each date of the snapshot.

    Returns
    -------
    DataFrame
        The columns of table ``sources`` with ``as_of``, ``method`` and the bounds ``low`` and
        ``high`` (95 % of the posterior of a link audit; without independence of a capture; empty
        where stated), sorted by date, source and region. Dates on which nothing is known have no row.
    """
    parts = [_stated(snapshot)]
    for method, estimate in ((LINKED, _linked), (CAPTURED, _captured)):
        told = {stamp for part in parts for stamp in part.as_of}
        parts.append(estimate(snapshot, told).assign(method=method))
    filled = [part[list(RATE_COLUMNS)] for part in parts if len(part)]
    rates = pd.concat(filled) if filled else pd.DataFrame(columns=list(RATE_COLUMNS))
    return rates.sort_values(["as_of", "source", "region"], ignore_index=True)


def _stated(snapshot: Snapshot) -> pd.DataFrame:
    found = prepared(snapshot, _sources)().dropna(subset=["reporting_rate"])
    return found.assign(method=STATED, low=float("nan"), high=float("nan"))


def _sources(snapshot: Snapshot) -> ibis.Table:
    columns = ("as_of", "source", "region", "reporting_rate", "n_checked")
    return snapshot.known_anywhere("sources").select(*columns)


def _linked(snapshot: Snapshot, told: set[pd.Timestamp]) -> pd.DataFrame:
    return link_audit(snapshot, _left(snapshot, told))


def _captured(snapshot: Snapshot, told: set[pd.Timestamp]) -> pd.DataFrame:
    if not _left(snapshot, told):
        return recaptured(replace(snapshot, repeated=None))
    found = recaptured(snapshot)
    return found[~found.as_of.isin(told)]


def _left(snapshot: Snapshot, told: set[pd.Timestamp]) -> tuple[dt.date, ...]:
    """Return the dates of which nothing is known yet."""
    return tuple(day for day in snapshot.dates if pd.Timestamp(day) not in told)
