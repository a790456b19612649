"""Link audit: which violations found by inspections are followed by a penalty on record.

The registry knows all violations that planned visits found, and which of them were followed by a penalty
decision within 180 days that was on record within a year of the visit. The share that were is the
share penalised times the share reported: not every violation is penalised, so that only ratios between
regions are identified. The best region is set to 1, and no source is taken to report more. This assumes
that bodies penalise what they find as often everywhere; where they do not, the rate mixes both.

In a region the share of violations with any record has a Beta(1, 1) prior. A source's records there are a
Poisson count about the source's part of them in all regions in which it has any penalty on record (penalties,
not links: few links are no sign that it does not record), with a gamma prior worth five records; a source of
one region alone has a rate there and no other. Point and bounds are the median and the central 95 % of a
thousand draws from the posterior with a fixed seed.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import ibis
import numpy as np
import numpy.typing as npt
import pandas as pd

from features.asof import UNSTATED, Snapshot, in_force, with_group
from features.compiled import prepared
from features.decisions import with_ends
from features.sector import planned_and_judged

DECIDED_WITHIN, RECORDED_WITHIN = 180, 365
"""Days after the visit until the decision, and until its record."""
LEAST_VIOLATIONS, LEAST_LINKS, LEAST_OF_REGION = 100, 30, 10
"""Violations and links in all below which nothing is estimated, and violations of a region."""
PRIOR_LINKS = 5.0
DRAWS, SEED = 1000, 20260101
Floats = npt.NDArray[np.float64]


def link_audit(snapshot: Snapshot, days: tuple[dt.date, ...]) -> pd.DataFrame:
    """Return the rates of sources by region on each day that has enough links.

    Returns
    -------
    DataFrame
        ``as_of, source, region, reporting_rate`` (relative to the best region), ``n_checked``
        (violations), ``low, high``.
    """
    if not days:
        return _none()
    visits = prepared(snapshot, _violations)()
    if len(visits) < LEAST_VIOLATIONS:
        return _none()
    asked = replace(snapshot, dates=days)
    links, places = prepared(asked, _links)(), prepared(asked, _recording)()
    found = [_on(day, visits, links, places) for day in days]
    return pd.concat([part for part in found if part is not None] or [_none()], ignore_index=True)


def _none() -> pd.DataFrame:
    names = ["as_of", "source", "region", "reporting_rate", "n_checked", "low", "high"]
    return pd.DataFrame(columns=names)


def _violations(snapshot: Snapshot) -> ibis.Table:
    """Return every violation of planned visits, in all its versions."""
    visits = snapshot.records.table("inspections")
    visits = visits.filter(planned_and_judged(visits), visits.violation == 1)
    columns = ("inspection_id", "firm_key", "inspected_on", "recorded_on", "superseded_on")
    grouped = with_group(snapshot, visits, "region")
    return grouped.select(*columns, "selection", "region")


def _links(snapshot: Snapshot) -> ibis.Table:
    """Return the records of penalties that may follow from a violation, each date's by itself.

    A decision that any platform calls repaired or revoked follows from nothing. The days until the
    record are those until its first version: a later correction breaks no link.
    """
    visits = snapshot.records.table("inspections")
    visits = visits.filter(planned_and_judged(visits), visits.violation == 1)
    visits = visits.select("inspection_id", "firm_key", "inspected_on").distinct()
    versions = snapshot.records.table("penalties")
    first = versions.group_by("penalty_id").aggregate(first_on=versions.recorded_on.min())
    rows = with_ends(snapshot.known_anywhere("penalties").semi_join(visits, "firm_key"))
    rows = rows.filter(in_force(rows, "repaired_on"), in_force(rows, "revoked_on"))
    rows = rows.mutate(source=rows.source.fill_null(UNSTATED)).join(first, "penalty_id")
    columns = ("as_of", "firm_key", "source", "decided_on", "first_on")
    rows = visits.join(rows.select(*columns), "firm_key")
    decided = rows.decided_on.delta(rows.inspected_on, unit="day")
    recorded = rows.first_on.delta(rows.inspected_on, unit="day")
    rows = rows.filter(decided.between(0, DECIDED_WITHIN), recorded <= RECORDED_WITHIN)
    return rows.select("as_of", "inspection_id", "inspected_on", "source").distinct()


def _recording(snapshot: Snapshot) -> ibis.Table:
    """Return the regions in which each source had a penalty on record that had not ended, by date."""
    rows = with_ends(snapshot.known_anywhere("penalties"))
    rows = rows.filter(in_force(rows, "repaired_on"), in_force(rows, "revoked_on"))
    rows = with_group(snapshot, rows, "region")
    rows = rows.mutate(source=rows.source.fill_null(UNSTATED))
    return rows.select("as_of", "region", "source").distinct()


def _on(
    day: dt.date, visits: pd.DataFrame, links: pd.DataFrame, places: pd.DataFrame
) -> pd.DataFrame | None:
    """Estimate on one day from what was known on it."""
    stamp = pd.Timestamp(day)
    ripe = visits.inspected_on + pd.Timedelta(days=RECORDED_WITHIN) <= stamp
    seen = visits[ripe & _known(visits, stamp)]
    random = seen[seen.selection == "random"]
    if len(random) >= LEAST_VIOLATIONS * seen.region.nunique():
        seen = random
    visit = ["inspection_id", "inspected_on"]
    pairs = links[links.as_of == stamp].merge(seen[[*visit, "region"]], on=visit)
    if len(seen) < LEAST_VIOLATIONS or pairs.inspection_id.nunique() < LEAST_LINKS:
        return None
    checked = seen.groupby("region").size()
    checked = checked[checked >= LEAST_OF_REGION].sort_index()
    if len(checked) < 2:
        return None
    counts = pairs.groupby(["region", "source"]).size().unstack(fill_value=0)
    counts = counts.reindex(index=checked.index, fill_value=0).sort_index(axis=1)
    linked = pairs.groupby("region").inspection_id.nunique().reindex(checked.index, fill_value=0)
    places = places[places.as_of == stamp].assign(there=1.0)
    there = places.pivot(index="region", columns="source", values="there")
    there = there.reindex(index=counts.index, columns=counts.columns).fillna(0.0)
    there = there.where(counts == 0, 1.0)
    drawn = _rates(checked, linked, counts, there)
    return _framed(stamp, there, drawn, checked)


def _known(rows: pd.DataFrame, stamp: pd.Timestamp) -> pd.Series:
    return (rows.recorded_on <= stamp) & ~(rows.superseded_on <= stamp)


def _rates(
    checked: pd.Series, linked: pd.Series, counts: pd.DataFrame, there: pd.DataFrame
) -> Floats:
    """Return draws of each source's rate in each region, shape (draws, regions, sources)."""
    rng = np.random.default_rng(SEED)
    n, any_link, by_source = (part.to_numpy(float) for part in (checked, linked, counts))
    of_region = rng.beta(any_link + 1, n - any_link + 1, size=(DRAWS, len(n)))
    exposed = (any_link[:, None] * there.to_numpy()).sum(axis=0)
    part = by_source.sum(axis=0) / np.maximum(exposed, 1.0)
    expected = any_link[:, None] * part
    own = rng.gamma(by_source + PRIOR_LINKS, 1.0, size=(DRAWS, *by_source.shape))
    of_region /= of_region.max(axis=1, keepdims=True)
    return np.minimum(of_region[:, :, None] * own / (expected + PRIOR_LINKS), 1.0)


def _framed(
    stamp: pd.Timestamp, there: pd.DataFrame, drawn: Floats, checked: pd.Series
) -> pd.DataFrame:
    low, middle, high = np.quantile(drawn, [0.025, 0.5, 0.975], axis=0)
    index = pd.MultiIndex.from_product([there.index, there.columns], names=["region", "source"])
    frame = pd.DataFrame(
        {"reporting_rate": middle.ravel(), "low": low.ravel(), "high": high.ravel()}, index
    ).reset_index()
    frame["n_checked"] = frame.region.map(checked).astype(float)
    local = frame.source.isin(there.columns[there.sum() == 1])
    frame = frame[~local | (there.to_numpy().ravel() > 0)]
    return frame.assign(as_of=stamp)[list(_none())]
