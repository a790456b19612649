"""The features of the catalogue in plain pandas: masks, groupby, agg.

Like the SQL beside it, it may assume what a world's records keep: keys of events are unique, only firms
have versions, every sector is a code of five characters and every region one of six, every penalty states
the number of its decision, and no grace period is in force.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.matrix.compared import Features
from benchmarks.matrix.pandas_events import (
    changes,
    decisions,
    inspections,
    irregularities,
    listings,
    penalties,
    penalties_in_force,
    permits,
)
from benchmarks.matrix.pandas_peers import peers, regions, sectors
from features.catalogue import BY_NAME
from risk_index.settings import load_sectors

TABLES = ("penalties", "permits", "irregularities", "listings", "inspections")
TEXTS = {
    "gravity", "authority", "category", "kind", "status", "reason", "list", "colour", "ground",
    "selection",
}  # fmt: skip
SIZES = {"micro": 1.0, "small": 2.0, "medium": 3.0, "large": 4.0}
Registry = dict[str, pd.DataFrame]


@contextmanager
def opened(records: Path) -> Iterator[Registry]:
    """Read the Parquet files; firms get numbers, their versions an end, few-valued texts categories."""
    firms = _read(records, "firms").sort_values(["firm_id", "recorded_on"], ignore_index=True)
    numbers = pd.Series(firms.groupby("firm_id").ngroup().to_numpy("int32"), firms.firm_id)
    firms["firm_key"] = numbers.to_numpy()
    firms["superseded_on"] = firms.groupby("firm_key").recorded_on.shift(-1)
    tables = {"firms": firms}
    numbers = numbers[~numbers.index.duplicated()]
    for name in TABLES:
        rows = _read(records, name)
        rows["firm_key"] = rows.pop("firm_id").map(numbers).astype("int32")
        tables[name] = rows.astype({c: "category" for c in rows.columns if c in TEXTS})
    tables["penalties"] = _numbered(tables["penalties"])
    yield tables


def _numbered(rows: pd.DataFrame) -> pd.DataFrame:
    """Number the decisions, whatever brackets a platform writes, and mark those recorded again."""
    number = rows.pop("decision_number").str.replace("〔", "[").str.replace("〕", "]")
    decision = (
        rows.firm_key.to_frame().assign(number=number).groupby(["firm_key", "number"]).ngroup()
    )
    return rows.assign(decision=decision, recorded_again=decision.duplicated(keep=False))


def _read(records: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(records / f"{name}.parquet", to_pandas_kwargs={"date_as_object": False})


def computed(registry: Registry, as_of: pd.Timestamp, features: Features) -> Iterator[pd.DataFrame]:
    """Yield the matrix of all open firms, one float32 column a feature."""
    firms = registry["firms"]
    known = firms[
        (firms.recorded_on <= as_of) & (firms.superseded_on.isna() | (firms.superseded_on > as_of))
    ]
    known = known.set_index("firm_key")
    is_open = known.closed_on.isna() | (known.closed_on > as_of)
    spine = known[is_open & (known.registered_on.isna() | (known.registered_on <= as_of))]
    then = {name: _seen(registry[name], as_of) for name in TABLES}
    in_force = penalties_in_force(decisions(then["penalties"]), known.registered_capital, as_of)
    guide = load_sectors()
    parts = [
        _profile(spine, as_of),
        sectors(firms, then["inspections"], spine, guide),
        regions(firms, then["inspections"], spine),
        changes(firms, as_of),
        penalties(in_force),
        permits(then["permits"], spine.sector, guide, as_of),
        irregularities(then["irregularities"], as_of),
        listings(then["listings"], as_of),
        inspections(then["inspections"], as_of),
    ]
    table = pd.concat([part.reindex(spine.index) for part in parts], axis=1)
    fill = {name: BY_NAME[name].if_none for name in table}
    table = table.fillna({name: value for name, value in fill.items() if value == value}).copy()
    names = [feature.name for feature in features]
    table = peers(_ratios(table), spine.group_id)[names].astype("float32")
    yield table.sort_index().reset_index()


def _seen(rows: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    return rows[rows.recorded_on <= as_of]


def _profile(spine: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "firm_age_days": (as_of - spine.registered_on).dt.days,
            "registered_capital": spine.registered_capital,
            "employees": spine.employees,
            "size_class": spine.size_class.map(SIZES),
        }
    )


def _ratios(t: pd.DataFrame) -> pd.DataFrame:
    fading = {
        f"{name}_{days}d": (t[f"{of}_fading_{days}d"] + 2.0 * t[prior])
        / (t[f"inspections_fading_{days}d"] + 2.0)
        for days in (182, 365, 730, 1460)
        for name, of, prior in (
            ("violation_rate", "violations", "sector_rate"),
            ("harm_rate", "harm", "sector_harm_seen"),
        )
    }
    required = t.permits_required.where(t.permits_required > 0)
    return t.assign(
        fine_mean=np.where(t.penalties_in_force > 0, t.fines_in_force / t.penalties_in_force, 0.0),
        permit_coverage=(t.permits_required_held / required).fillna(1.0),
        harm_mean=(t.harm_found + 2.0 * t.sector_harm) / (t.violations_found + 2.0),
        violation_rate=(t.violations_found + 4.0 * t.sector_rate) / (t.inspections + 4.0),
        **fading,
    )
