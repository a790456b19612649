"""Reporting: what share of penalties reaches the records of a region, and rates that allow for it.

A region whose bodies pass on one penalty in ten shows clean firms. Penalties are therefore held against
what could have been seen, and pulled towards the sector's rate: ``(n + k m) / (e + k)`` with n the
penalties seen, e the exposure (share reported times years), m the sector's rate per year of full
reporting and k years (the posterior mean of a Poisson rate under a gamma prior; docs/methods.md). The
models read by how much that exceeds the sector's rate: a firm without a record keeps its sector's rate
everywhere, so that no region can be told by the value of its clean firms.
"""

from __future__ import annotations

from functools import partial

import ibis
import numpy as np
import pandas as pd

from features.asof import (
    UNSTATED,
    Snapshot,
    days_between,
    in_force,
    open_firms,
    unexpired,
    with_group,
)
from features.compiled import prepared
from features.feature import SCALE, Fact, Feature, Peers, Ratio, whole_parts
from features.penalties import BASIS, COUNTING, IN_FORCE, LOAD, SERIOUS, WEIGHT, YEAR, weighed
from features.rates import reporting_rates
from features.sector import sector_path
from features.shrinkage import SECTOR_STRENGTH

CHECKED_STRENGTH = 10.0
"""Checked facts that the source's mean rate counts for where a region's own rate is uncertain."""
LEAST_SHARE = 0.01
"""No source is taken to report less."""
PRIOR_YEARS = 4.0
"""Years of full reporting that the sector's rate counts for."""
WINDOWS = {"year": 365, "three_years": 1095}
SECTOR_COLUMNS = (
    "sector_penalty_rate", "sector_load_rate", "sector_serious_rate", "sector_weight_rate",
    "sector_counting_rate", "sector_penalty_pull",
)  # fmt: skip
Rates = tuple[float, float, float, float, float, float]
_COUNTED = ("in_force", "serious", "faded", "weight", "counting")


def reported_shares(snapshot: Snapshot) -> pd.DataFrame:
    """Return one row per (as_of, region): the share of its penalties that reaches the records.

    The mean of its sources' rates, weighed by how much each decides in all regions together. Regions
    and sources without a checked rate take the mean of the others; where nothing was checked, the
    share is 1 everywhere.
    """
    rates, volumes = _checked(snapshot), prepared(snapshot, _volumes)()
    names = sorted(prepared(snapshot, _regions)().region)
    rows = []
    for day in snapshot.dates:
        stamp = pd.Timestamp(day)
        shares = _shares(rates[rates.as_of == stamp], volumes[volumes.as_of == stamp], names)
        rows += [(stamp, region, share) for region, share in shares.items()]
    return pd.DataFrame(rows, columns=["as_of", "region", "reported_share"])


def _checked(snapshot: Snapshot) -> pd.DataFrame:
    """Return the known rates, each pulled towards its source's mean by how little was checked."""
    found = reporting_rates(snapshot)
    mean = found.groupby(["as_of", "source"]).reporting_rate.transform("mean")
    weight = found.n_checked.astype(float).fillna(np.inf)
    pull = CHECKED_STRENGTH / (weight + CHECKED_STRENGTH)
    found["rate"] = (1 - pull) * found.reporting_rate + pull * mean
    return found


def _regions(snapshot: Snapshot) -> ibis.Table:
    firms = snapshot.records.table("firms")
    return firms.select(region=firms.region.fill_null(UNSTATED)).distinct()


def _volumes(snapshot: Snapshot) -> ibis.Table:
    """Count the penalties in force by source and region; repaired ones are gone here too."""
    rows = snapshot.decisions_anywhere()
    rows = rows.filter(
        in_force(rows, "repaired_on"), in_force(rows, "revoked_on"), unexpired(rows, snapshot.law)
    )
    rows = with_group(snapshot, rows, "region")
    rows = rows.mutate(source=rows.source.fill_null(UNSTATED))
    keys = ["as_of", "source", "region"]
    return rows.group_by(keys).aggregate(n=ibis._.count()).order_by(keys)


def _shares(rates: pd.DataFrame, volumes: pd.DataFrame, regions: list[str]) -> dict[str, float]:
    """Return the share of every region on one date.

    A source counts in the regions for which it has a rate or in which it has a record; where there is
    no such source, all count.
    """
    if rates.empty:
        return dict.fromkeys(regions, 1.0)
    table = rates.pivot(index="region", columns="source", values="rate")
    sources = sorted({*table.columns, *volumes.source})
    mean, overall = table.mean(), float(rates.rate.mean())
    table = table.reindex(index=regions, columns=sources)
    seen = volumes.pivot(index="region", columns="source", values="n")
    seen = seen.reindex(index=regions, columns=sources).fillna(0.0)
    there = (table.notna() | (seen > 0)).astype(float)
    there[there.sum(axis=1) == 0] = 1.0
    table = table.fillna(mean).fillna(overall).clip(LEAST_SHARE, 1.0)
    weight = there * (seen / table).sum()
    weight = weight.where(weight.sum(axis=1) > 0, there)
    shares = (table * weight).sum(axis=1) / weight.sum(axis=1)
    return {str(region): float(share) for region, share in shares.items()}


def sector_penalty_rates(snapshot: Snapshot, shares: pd.DataFrame) -> pd.DataFrame:
    """Return one row per (as_of, sector): what its open firms' penalties come to at full reporting.

    ``sector_penalty_rate``, ``sector_counting_rate``, ``sector_weight_rate`` and ``sector_load_rate``
    are penalties in force, those that count, their weight and their fading weight per firm and year,
    ``sector_serious_rate`` serious ones per firm and three years. All are shrunk along the sector's path.
    ``sector_penalty_pull`` is what one penalty adds to the first.
    """
    keys = ["as_of", "sector", "region"]
    counts, penalties = prepared(snapshot, _firms)(), prepared(snapshot, _penalties)()
    counts = counts.merge(penalties, how="left", on=keys).merge(shares, on=["as_of", "region"])
    counts[list(_COUNTED)] = counts[list(_COUNTED)].fillna(0.0)
    counts["years"] = counts.reported_share * counts.year / 365.0
    counts["windows"] = counts.reported_share * counts.three_years / 1095.0
    summed = (
        counts.sort_values(keys)
        .groupby(keys[:2], as_index=False)[[*_COUNTED, "years", "windows"]]
        .sum()
    )
    rates = [_along_paths(day, part) for day, part in summed.groupby("as_of", sort=True)]
    if not rates:  # no firm is open on any date
        return summed[keys[:2]].reindex(columns=[*keys[:2], *SECTOR_COLUMNS])
    return pd.concat(rates)


def _firms(snapshot: Snapshot) -> ibis.Table:
    """Return the open firms' days within the windows, by as-of date, sector and region."""
    firms = snapshot.known_anywhere("firms")
    firms = firms.semi_join(open_firms(snapshot.records, snapshot.dates), ["firm_key", "as_of"])
    age = days_between(firms.registered_on, firms.as_of)
    firms = firms.mutate(
        sector=firms.sector.fill_null(UNSTATED),
        region=firms.region.fill_null(UNSTATED),
        **{name: age.clip(upper=days).fill_null(days) for name, days in WINDOWS.items()},
    )
    sums = {name: firms[name].sum().cast("float64") for name in WINDOWS}
    return firms.group_by(["as_of", "sector", "region"]).aggregate(**sums)


def _penalties(snapshot: Snapshot) -> ibis.Table:
    """Return the penalties in force of open firms, by as-of date, sector and region of the firm."""
    firms = snapshot.known_anywhere("firms")
    firms = firms.semi_join(open_firms(snapshot.records, snapshot.dates), ["firm_key", "as_of"])
    rows = weighed(snapshot.decisions_anywhere(), firms, snapshot.law)
    places = firms.select(
        "firm_key",
        "as_of",
        sector=firms.sector.fill_null(UNSTATED),
        region=firms.region.fill_null(UNSTATED),
    )
    rows = rows.inner_join(places, ["firm_key", "as_of"])
    rows = rows.drop(*(c for c in rows.columns if c.endswith("_right")))
    sums = {
        "in_force": ibis._.count(),
        "serious": (rows.gravity == "serious").ifelse(1, 0).sum(),
        "counting": rows.counts.ifelse(1, 0).sum(),
        "faded": whole_parts(rows.faded).sum() / SCALE,
        "weight": whole_parts(rows.weight).sum() / SCALE,
    }
    sums = {name: value.cast("float64") for name, value in sums.items()}
    return rows.group_by(["as_of", "sector", "region"]).aggregate(**sums)


def _along_paths(day: object, counts: pd.DataFrame) -> pd.DataFrame:
    """Shrink the rates along the path of every sector on one date."""
    columns = [*_COUNTED, "years", "windows"]
    groups: dict[str, np.ndarray] = {}
    for sector, row in zip(counts.sector, counts[columns].to_numpy(float), strict=True):
        for group in sector_path(sector):
            groups[group] = groups.get(group, np.zeros(len(columns))) + row
    overall = _rates(counts[columns].to_numpy(float).sum(axis=0), (0.0,) * 6, 0.0)
    rows = []
    for sector in counts.sector:
        rates = overall
        for group in sector_path(sector):
            rates = _rates(groups[group], rates, SECTOR_STRENGTH)
        rows.append((day, sector, *rates))
    return pd.DataFrame(rows, columns=["as_of", "sector", *SECTOR_COLUMNS])


def _rates(counts: np.ndarray, prior: Rates, strength: float) -> Rates:
    """Return the rates of a group, pulled towards the wider one's; of all, at least a year is taken."""
    in_force, serious, faded, weight, counting, years, windows = counts
    least = 1.0 if strength == 0.0 else 0.0
    per_year, per_window = max(years, least) + strength, max(windows, least) + strength
    return (
        (in_force + strength * prior[0]) / per_year,
        (faded + strength * prior[1]) / per_year,
        (serious + strength * prior[2]) / per_window,
        (weight + strength * prior[3]) / per_year,
        (counting + strength * prior[4]) / per_year,
        (1.0 + strength * prior[5]) / per_year,
    )


def with_exposure(rows: ibis.Table) -> ibis.Table:
    """Add the years, and the windows of three years, in which a firm's penalties could be seen."""
    age = rows.firm_age_days.clip(lower=0)
    share = rows.reported_share
    return rows.mutate(
        reported_years=share * age.clip(upper=365).fill_null(365) / 365.0,
        reported_windows=share * age.clip(upper=1095).fill_null(1095) / 1095.0,
    )


_exposure = partial(
    Feature, topic="penalties", table="firms", basis=BASIS, if_none=1.0, likelihood=None
)
_rate = partial(Feature, topic="penalties", table="penalties", basis=BASIS, likelihood=1)

EXPOSURE = _exposure("reported_years", "last year's part in which penalties would be on record", "years",
                     measure=Fact("reported_years"))  # fmt: skip
WINDOWS_SEEN = _exposure("reported_windows", "last three years' part in which penalties would be on record", "share",
                         measure=Fact("reported_windows"))  # fmt: skip
SECTOR_PENALTY_RATE = _exposure("sector_penalty_rate", "penalties a year of full reporting in the sector", "rate",
                                measure=Fact("sector_penalty_rate"), if_none=0.0)  # fmt: skip
SECTOR_PENALTY_PULL = _exposure("sector_penalty_pull", "what one penalty adds to the sector's rate", "rate",
                                measure=Fact("sector_penalty_pull"), if_none=0.0)  # fmt: skip
SECTOR_WEIGHT_RATE = _exposure("sector_weight_rate", "weight of penalties a year of full reporting in the sector", "weight",
                               measure=Fact("sector_weight_rate"), if_none=0.0)  # fmt: skip
SECTOR_COUNTING_RATE = _exposure("sector_counting_rate", "moderate and serious penalties a year of full reporting in the sector", "rate",
                                 measure=Fact("sector_counting_rate"), if_none=0.0)  # fmt: skip
SECTOR_LOAD_RATE = _exposure("sector_load_rate", "fading weight of penalties a year in the sector", "weight",
                             measure=Fact("sector_load_rate"), if_none=0.0)  # fmt: skip
SECTOR_SERIOUS_RATE = _exposure("sector_serious_rate", "serious penalties in three years of full reporting in the sector", "rate",
                                measure=Fact("sector_serious_rate"), if_none=0.0)  # fmt: skip

REPORTING: tuple[Feature, ...] = (
    EXPOSURE,
    WINDOWS_SEEN,
    SECTOR_PENALTY_RATE,
    SECTOR_PENALTY_PULL,
    SECTOR_COUNTING_RATE,
    SECTOR_WEIGHT_RATE,
    SECTOR_LOAD_RATE,
    SECTOR_SERIOUS_RATE,
    _rate("peers_penalty_rate", "penalties a year of full reporting of others in the sector", "rate",
          measure=Peers(SECTOR_PENALTY_RATE, IN_FORCE, SECTOR_PENALTY_PULL)),
    _rate("penalty_rate", "penalties in force a year of full reporting, steadied by the sector's", "rate",
          measure=Ratio(IN_FORCE, EXPOSURE, SECTOR_PENALTY_RATE, PRIOR_YEARS), likelihood=None),
    _rate("penalty_rate_1y", "penalties of the last year at full reporting, steadied by the sector's", "rate",
          measure=Ratio(YEAR, EXPOSURE, SECTOR_PENALTY_RATE, PRIOR_YEARS), likelihood=None),
    _rate("penalties_excess", "moderate and serious penalties in force beyond the sector's", "count",
          measure=Ratio(COUNTING, EXPOSURE, SECTOR_COUNTING_RATE, PRIOR_YEARS, above=True)),
    _rate("penalty_excess", "weight of penalties in force beyond the sector's", "weight",
          measure=Ratio(WEIGHT, EXPOSURE, SECTOR_WEIGHT_RATE, PRIOR_YEARS, above=True), severity=1),
    _rate("penalty_load_excess", "fading weight of penalties in force beyond the sector's", "weight",
          measure=Ratio(LOAD, EXPOSURE, SECTOR_LOAD_RATE, PRIOR_YEARS, above=True), severity=1),
    _rate("serious_penalty_excess", "serious penalties in three years beyond the sector's", "rate",
          measure=Ratio(SERIOUS, WINDOWS_SEEN, SECTOR_SERIOUS_RATE, PRIOR_YEARS, above=True), severity=1),
)  # fmt: skip
