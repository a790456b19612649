"""The features of the catalogue in Polars, lazy and streaming; needs `polars` and nothing of this project.

It assumes what the pandas and SQL beside it may assume (`pandas_way.py`).
"""

from __future__ import annotations

import datetime as dt
from functools import reduce
from typing import Any

import polars as pl
from polars_events import (
    changes,
    decisions,
    in_force,
    inspections,
    irregularities,
    judged,
    listings,
    penalties,
    permits,
)
from polars_peers import peers, regions, sectors
from timed import run

TABLES = ("penalties", "permits", "irregularities", "listings", "inspections")
SIZES = {"micro": 1.0, "small": 2.0, "medium": 3.0, "large": 4.0}
Registry = dict[str, pl.DataFrame]
col = pl.col


def opened(task: dict[str, Any]) -> Registry:
    """Read the Parquet files; firms get numbers, their versions an end, decisions their number."""
    firms = pl.read_parquet(f"{task['records']}/firms.parquet").sort("firm_id", "recorded_on")
    firms = firms.with_columns(firm_key=(col("firm_id").rank("dense") - 1).cast(pl.Int32))
    firms = firms.with_columns(superseded_on=col("recorded_on").shift(-1).over("firm_key"))
    numbers = firms.select("firm_id", "firm_key").unique()
    tables = {"firms": firms}
    for name in TABLES:
        rows = pl.read_parquet(f"{task['records']}/{name}.parquet")
        tables[name] = rows.join(numbers, on="firm_id", maintain_order="left").drop("firm_id")
    number = col("decision_number").str.replace_many(["〔", "〕"], ["[", "]"])
    rows = tables["penalties"].with_columns(number=number)
    again = pl.len().over("firm_key", "number") > 1
    return tables | {"penalties": rows.with_columns(recorded_again=again)}


def computed(registry: Registry, task: dict[str, Any]) -> pl.DataFrame:
    """Return the matrix of all open firms, one float32 column a feature."""
    as_of = dt.date.fromisoformat(task["as_of"])
    firms = registry["firms"].lazy()
    ended, registered = col("superseded_on"), col("registered_on")
    known = firms.filter(col("recorded_on") <= as_of, ended.is_null() | (ended > as_of))
    spine = known.filter(
        col("closed_on").is_null() | (col("closed_on") > as_of),
        registered.is_null() | (registered <= as_of),
    )
    then = {name: registry[name].lazy().filter(col("recorded_on") <= as_of) for name in TABLES}
    visits = judged(then["inspections"])
    guide, required = _guide(registry["firms"]["sector"].unique().to_list(), task["guide"])
    parts = [
        sectors(firms, visits, spine),
        regions(firms, visits, spine),
        changes(firms, as_of),
        penalties(in_force(decisions(then["penalties"]), known, as_of)),
        permits(then["permits"], known, required, as_of),
        irregularities(then["irregularities"], as_of),
        listings(then["listings"], as_of),
        inspections(visits, as_of),
    ]
    rows = _profile(spine, as_of).join(guide, on="sector", how="left")
    rows = reduce(lambda left, right: left.join(right, on="firm_key", how="left"), parts, rows)
    there = set(rows.collect_schema().names())
    none = {name: value for name, value in task["none"].items() if name in there}
    rows = rows.with_columns(col(k).fill_null(v) for k, v in none.items() if v is not None)
    columns = [col(name).cast(pl.Float32) for name in task["features"]]
    found = peers(_ratios(rows)).select("firm_key", *columns).sort("firm_key")
    return found.collect(engine="streaming")


def _guide(sectors: list[str], guide: list[Any]) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Return hazard class and number of permits by sector, and the permits required."""
    entries = {code: (hazard, kinds) for code, hazard, kinds in guide}
    found = {}
    for sector in sectors:
        codes = [sector[:end] for end in (5, 4, 3, 1) if sector[:end] in entries]
        if codes:
            found[sector] = entries[codes[0]]
    classes = [(sector, hazard, len(kinds)) for sector, (hazard, kinds) in found.items()]
    required = [(sector, kind) for sector, (_, kinds) in found.items() for kind in kinds]
    return (
        pl.LazyFrame(classes, ["sector", "hazard_class", "permits_required"], orient="row"),
        pl.LazyFrame(required, {"sector": pl.String, "kind": pl.String}, orient="row"),
    )


def _profile(spine: pl.LazyFrame, as_of: dt.date) -> pl.LazyFrame:
    return spine.select(
        "firm_key", "sector", "group_id", "registered_capital", "employees",
        firm_age_days=(pl.lit(as_of) - col("registered_on")).dt.total_days(),
        size_class=col("size_class").replace_strict(SIZES, default=None),
    )  # fmt: skip


def _ratios(rows: pl.LazyFrame) -> pl.LazyFrame:
    fading = {
        f"{name}_{days}d": (col(f"{of}_fading_{days}d").fill_null(0.0) + 2.0 * col(prior))
        / (col(f"inspections_fading_{days}d").fill_null(0.0) + 2.0)
        for days in (182, 365, 730, 1460)
        for name, of, prior in (
            ("violation_rate", "violations", "sector_rate"),
            ("harm_rate", "harm", "sector_harm_seen"),
        )
    }
    force, required = col("penalties_in_force"), col("permits_required")
    return rows.with_columns(
        fine_mean=pl.when(force > 0).then(col("fines_in_force") / force).otherwise(0.0),
        permit_coverage=pl.when(required > 0).then(col("permits_required_held") / required).otherwise(1.0),
        harm_mean=(col("harm_found") + 2.0 * col("sector_harm")) / (col("violations_found") + 2.0),
        violation_rate=(col("violations_found") + 4.0 * col("sector_rate")) / (col("inspections") + 4.0),
        **fading,
    )  # fmt: skip


def sampled(found: pl.DataFrame, task: dict[str, Any], every: int, file: str) -> int:
    """Write every nth row to `file`, if there is one; return the number of all rows."""
    if file:
        found.filter(col("firm_key") % every == 0).write_parquet(file)
    return len(found)


if __name__ == "__main__":
    run(opened, computed, sampled, "polars")
