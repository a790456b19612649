"""Rates of a firm's sector and region from the outcomes of others, shrunk along the code's path.

A group's rate is the mean of its recorded outcomes, pulled towards the rate of the next wider group the
fewer outcomes it has: ``(y + k p) / (n + k)`` from all to group, class or district. The rate of all is
``(y + 1/2) / (n + 1)``, their mean harm ``(sum + 1) / (n + 1)``. The firm's own outcomes are left out of
every step (cross-fitting), so that the rate says only what the firm's own record does not. Firms that
state no sector (or region) form one of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import ibis
import pandas as pd
from ibis import ir

from features.asof import KEYS, UNSTATED, Snapshot, as_of_days, known_by, with_group
from features.compiled import prepared
from features.feature import SCALE, whole_parts
from features.sector import MOST_HARM, PATHS, planned_and_judged

SECTOR_STRENGTH, REGION_STRENGTH, HARM_STRENGTH = 20.0, 50.0, 10.0
"""Outcomes that the wider group's rate counts for."""
COUNTED = ("n", "y", "harm", "n_harm", "seen", "n_seen")
EVERYBODY = ""


@dataclass(frozen=True)
class Outcomes:
    """Outcomes of all firms by as-of date and group, on each level of the group's path.

    Attributes
    ----------
    kind : str
        "sector" or "region".
    counts : DataFrame
        One row per (as_of, `kind`): ``KIND_depth`` and ``KIND_COUNT_LEVEL`` for the counts ``n``
        (judged visits), ``y`` (violations), ``harm`` and ``n_harm`` (millionths of harm units measured at
        violations, and at how many), ``seen`` and ``n_seen`` (the same at all visits). Level 0 is
        everybody; levels that a path lacks have 0.
    paths : DataFrame
        Columns `kind`, ``part`` and ``level``: the parts of every group's path.
    """

    kind: str
    counts: pd.DataFrame
    paths: pd.DataFrame

    @property
    def levels(self) -> tuple[int, ...]:
        """Levels below everybody, the widest first."""
        return tuple(range(1, int(self.paths["level"].max()) + 1))


def outcomes(snapshot: Snapshot, kind: str) -> Outcomes:
    """Count what planned visits found in every group of the registry on each date.

    A visit counts for the sector the firm was known under when the visit was recorded (the unstated
    one if it was not known yet). Every group has a row on every date, if need be of zeros.
    """
    groups, counts = prepared(snapshot, _groups, kind)(), prepared(snapshot, _counts, kind)()
    frame = groups.merge(counts, how="outer")
    frame[list(COUNTED)] = frame[list(COUNTED)].astype(float).fillna(0.0)
    paths = _paths(kind, frame[kind].unique())
    return Outcomes(kind, _by_level(kind, frame, paths), paths)


def _groups(snapshot: Snapshot, kind: str) -> ibis.Table:
    """Return every group that firms state, on every date."""
    firms = snapshot.records.table("firms")
    stated = firms.select(**{kind: firms[kind].fill_null(UNSTATED)}).distinct()
    return stated.cross_join(as_of_days(snapshot.dates))


def _counts(snapshot: Snapshot, kind: str) -> ibis.Table:
    """Count the outcomes known by each date; visits of one day are added up first."""
    daily = _visits(snapshot.records.table("inspections"), snapshot, kind)
    daily = daily.group_by([kind, "recorded_on", "superseded_on"]).aggregate(**_sums())
    joined = daily.cross_join(as_of_days(snapshot.dates))
    known = joined.filter(known_by(joined, joined.as_of))
    return known.group_by(["as_of", kind]).aggregate(**{c: known[c].sum() for c in COUNTED})


def _visits(visits: ibis.Table, snapshot: Snapshot, kind: str) -> ibis.Table:
    return with_group(snapshot, visits.filter(planned_and_judged(visits)), kind)


def _sums() -> dict[str, ibis.Deferred]:
    row = ibis._
    harm = whole_parts(row.harm.clip(upper=MOST_HARM).fill_null(0.0))
    hit, measured = row.violation == 1, row.harm.notnull()
    parts = {
        "n": row.violation.count(),
        "y": hit.ifelse(1, 0).sum(),
        "harm": hit.ifelse(harm, 0).sum(),
        "n_harm": (hit & measured).ifelse(1, 0).sum(),
        "seen": harm.sum(),
        "n_seen": measured.ifelse(1, 0).sum(),
    }
    return {name: value.cast("float64") for name, value in parts.items()}


def _paths(kind: str, codes: Iterable[str]) -> pd.DataFrame:
    rows = [
        (code, part, level)
        for code in sorted(codes)
        for level, part in enumerate((EVERYBODY, *PATHS[kind](code)))
    ]
    return pd.DataFrame(rows, columns=[kind, "part", "level"])


def _by_level(kind: str, counts: pd.DataFrame, paths: pd.DataFrame) -> pd.DataFrame:
    """Add up the counts of every part; lay them beside each group, level by level."""
    part = ["as_of", "part", "level"]
    summed = counts.merge(paths, on=kind).groupby(part, as_index=False)[list(COUNTED)].sum()
    wide = paths.merge(summed, on=part[1:]).pivot(
        index=["as_of", kind], columns="level", values=list(COUNTED)
    )
    wide.columns = [f"{kind}_{count}_{level}" for count, level in wide.columns]
    depth = paths.groupby(kind)["level"].max().astype(float).rename(f"{kind}_depth")
    return wide.fillna(0.0).join(depth, on=kind).reset_index()


def own_counts(
    rows: ibis.Table, snapshot: Snapshot, kind: str, paths: ibis.Table, levels: tuple[int, ...]
) -> ibis.Table:
    """Return what each firm's own outcomes add to the counts of its groups, ``own_KIND_COUNT_LEVEL``.

    Parameters
    ----------
    rows : ibis.Table
        One row a firm and date, with `kind`.
    paths : ibis.Table
        :attr:`Outcomes.paths`.
    levels : tuple of int
        :attr:`Outcomes.levels`.
    """
    own = _visits(snapshot.known("inspections"), snapshot, kind)
    own = own.group_by([*KEYS, kind]).aggregate(**_sums()).join(paths, kind)
    now = rows.select(*KEYS, kind).join(paths, kind).drop(kind)
    own = own.join(now, [*KEYS, "part", "level"])
    columns = {f"own_{kind}_{count}_{level}": (own.level == level).ifelse(own[count], 0.0).sum()
               for count in COUNTED for level in (0, *levels)}  # fmt: skip
    return own.group_by(list(KEYS)).aggregate(**columns)


def without_own(rows: ibis.Table) -> ibis.Table:
    """Take :func:`own_counts` out of the counts that stand beside them."""
    own = [name for name in rows.columns if name.startswith("own_")]
    of = {name: name.removeprefix("own_") for name in own}
    return rows.mutate(**{of[name]: rows[of[name]] - rows[name].fill_null(0.0) for name in own})


def sector_rates(rows: ibis.Table, levels: tuple[int, ...]) -> dict[str, ir.Value]:
    """Return the shrunken rates of each row's sector.

    ``sector_rate`` counts violations, ``sector_harm`` the measured harm of violations,
    ``sector_harm_seen`` the measured harm of all judged visits; ``wider_rate`` and ``section_rate``
    are those of the next wider and the widest group, ``sector_inspections`` the sector's judged visits.
    A group holds all sectors below it.
    """
    rates = _chain(rows, "sector", "y", "n", 0.5, SECTOR_STRENGTH, levels)
    harm = _chain(rows, "sector", "harm", "n_harm", SCALE, HARM_STRENGTH, levels)
    seen = _chain(rows, "sector", "seen", "n_seen", SCALE, SECTOR_STRENGTH, levels)
    at = [(rows.sector_depth == level, level) for level in levels]
    return {
        "sector_rate": rates[-1],
        "wider_rate": ibis.cases(*((here, rates[level - 1]) for here, level in at)),
        "section_rate": rates[1],
        "sector_harm": harm[-1] / SCALE,
        "sector_harm_seen": seen[-1] / SCALE,
        "sector_inspections": ibis.cases(*((here, rows[f"sector_n_{n}"]) for here, n in at)),
    }


def region_rate(rows: ibis.Table, levels: tuple[int, ...]) -> ir.Value:
    """Return the shrunken violation rate of each row's region."""
    return _chain(rows, "region", "y", "n", 0.5, REGION_STRENGTH, levels)[-1]


def _chain(
    rows: ibis.Table,
    kind: str,
    sums: str,
    over: str,
    first: float,
    strength: float,
    levels: tuple[int, ...],
) -> list[ir.NumericValue]:
    """Return the means from everybody's on; a level that a path lacks has no counts, so adds nothing."""
    chain = [(rows[f"{kind}_{sums}_0"] + first) / (rows[f"{kind}_{over}_0"] + 1.0)]
    for level in levels:
        total, n = rows[f"{kind}_{sums}_{level}"], rows[f"{kind}_{over}_{level}"]
        chain.append((total + strength * chain[-1]) / (n + strength))
    return chain
