"""Registries in an embedded database, and their matrices."""

from __future__ import annotations

import datetime as dt

import ibis
import pandas as pd

from features.asof import snapshot_of_registry, snapshot_of_rows
from features.catalogue import BY_NAME, FEATURES
from features.feature import Feature
from features.matrix import matrix
from features.records import Records
from tests.property.naive.accepted import accepted
from tests.property.naive.registry import Registry, Row
from tests.property.naive.strategies import AS_OF

DAY = dt.date(2020, 6, 30)
"""As-of date of the specifications."""
Pairs = list[tuple[str, dt.date]]


def every_pair(registry: Registry, dates: tuple[dt.date, ...] = AS_OF) -> Pairs:
    """All firms, closed and not yet known ones too, on the dates."""
    return [(firm, day) for day in dates for firm in registry.firm_ids]


def as_rows(registry: Registry, pairs: Pairs) -> pd.DataFrame:
    """Pairs of (firm_id, as_of) as a spine."""
    keys = {firm: key for key, firm in enumerate(registry.firm_ids)}
    firms = [keys[firm] for firm, _ in pairs]
    return pd.DataFrame({"firm_key": firms, "as_of": pd.to_datetime([day for _, day in pairs])})


def many_dates(
    records: Records,
    registry: Registry,
    pairs: Pairs,
    features: tuple[Feature, ...] = FEATURES,
) -> pd.DataFrame:
    """The matrix of pairs, by firm and date."""
    rows = as_rows(registry, pairs)
    found = matrix(snapshot_of_rows(records, rows, registry.law, registry.sectors), features)
    return by_firm(found, registry)


def one_date(
    records: Records, registry: Registry, day: dt.date, features: tuple[Feature, ...] = FEATURES
) -> pd.DataFrame:
    """The matrix of the open firms of a registry on one date, by firm and date."""
    found = matrix(snapshot_of_registry(records, day, registry.law, registry.sectors), features)
    return by_firm(found, registry)


def by_firm(found: pd.DataFrame, registry: Registry) -> pd.DataFrame:
    """Put the firm's id and the date into the index."""
    index = [registry.firm_ids[key] for key in found.firm_key], found.as_of.dt.date
    return found.drop(columns=["firm_key", "as_of"]).set_index(
        pd.MultiIndex.from_arrays(index, names=["firm_id", "as_of"])
    )


def ago(days: int) -> dt.date:
    """The day so many days before the as-of date."""
    return DAY - dt.timedelta(days)


def table(registry: Registry, *names: str, day: dt.date = DAY) -> pd.DataFrame:
    """The named features of the open firms, by firm."""
    con = ibis.duckdb.connect()
    try:
        chosen = tuple(BY_NAME[name] for name in names)
        return one_date(accepted(registry, con), registry, day, chosen).droplevel("as_of")
    finally:
        con.disconnect()


def column(registry: Registry, name: str, day: dt.date = DAY) -> dict[str, float]:
    """One feature of every open firm."""
    return table(registry, name, day=day)[name].to_dict()


def numbers(registry: Registry, firm_id: str, *names: str, day: dt.date = DAY) -> dict[str, float]:
    """The named features of one firm."""
    return table(registry, *names, day=day).loc[firm_id].to_dict()


def number(registry: Registry, name: str, firm_id: str = "a", day: dt.date = DAY) -> float:
    """One feature of one firm."""
    return numbers(registry, firm_id, name, day=day)[name]


def firm(firm_id: str = "a", **details: object) -> Row:
    """A firm registered long ago."""
    return {"firm_id": firm_id, "registered_on": dt.date(2000, 1, 1)} | details
