"""What a firm shares with others, in Polars: sector's and region's rates, the controller's firms."""

from __future__ import annotations

import polars as pl

SECTOR_ENDS, REGION_ENDS = (0, 1, 3, 4, 5), (0, 2, 4, 6)
COUNTS = ("n", "y", "harm", "n_harm", "seen", "n_seen")
OTHERS = {
    "others_inspections": "inspections",
    "others_violations": "violations_found",
    "others_harm": "harm_seen",
    "others_penalties": "penalties_in_force",
    "others_serious_penalties": "penalties_serious",
    "others_irregularities": "irregularities",
    "others_black_lists": "black_lists",
}
col = pl.col


def sectors(firms: pl.LazyFrame, visits: pl.LazyFrame, spine: pl.LazyFrame) -> pl.LazyFrame:
    """Return every open firm's rates of others in its sector."""
    rows = _of_others(firms, visits, spine, "sector", SECTOR_ENDS)
    rates = _chain("y", "n", 0.5, 20.0, SECTOR_ENDS)
    return _spread(rows, spine, "sector", {
        "sector_rate": rates[-1],
        "wider_rate": rates[-2],
        "section_rate": rates[1],
        "sector_harm": _chain("harm", "n_harm", 1.0, 10.0, SECTOR_ENDS)[-1],
        "sector_harm_seen": _chain("seen", "n_seen", 1.0, 20.0, SECTOR_ENDS)[-1],
    })  # fmt: skip


def regions(firms: pl.LazyFrame, visits: pl.LazyFrame, spine: pl.LazyFrame) -> pl.LazyFrame:
    """Return every open firm's rate of others in its region."""
    rows = _of_others(firms, visits, spine, "region", REGION_ENDS)
    rate = _chain("y", "n", 0.5, 50.0, REGION_ENDS)[-1]
    return _spread(rows, spine, "region", {"region_rate": rate})


def _outcomes(firms: pl.LazyFrame, visits: pl.LazyFrame, group: str) -> pl.LazyFrame:
    """Return the counts by firm and group, as known when the visit was recorded."""
    versions = firms.select("firm_key", "recorded_on", group).sort("recorded_on")
    rows = visits.filter("judged").sort("recorded_on")
    rows = rows.join_asof(versions, on="recorded_on", by="firm_key", check_sortedness=False)
    measured = col("harm").is_not_null()
    return rows.group_by("firm_key", col(group).fill_null("").alias("then")).agg(
        n=pl.len().cast(pl.Float64),
        y=col("hit").sum().cast(pl.Float64),
        harm=col("found").sum(),
        n_harm=(col("hit") & measured).sum().cast(pl.Float64),
        seen=col("seen").sum(),
        n_seen=measured.sum().cast(pl.Float64),
    )


def _of_others(
    firms: pl.LazyFrame,
    visits: pl.LazyFrame,
    spine: pl.LazyFrame,
    group: str,
    ends: tuple[int, ...],
) -> pl.LazyFrame:
    """Return the counts of others on each level of the path, as ``COUNT_END``.

    By group with firm -1, which stands for all firms without an outcome of their own, and by group
    and firm for those that have one.
    """
    own = _outcomes(firms, visits, group)
    codes = spine.select(pl.lit(-1, pl.Int32).alias("firm_key"), group).unique()
    judged = spine.join(own, on="firm_key", how="semi").select("firm_key", group)
    rows = pl.concat([codes, judged])
    there = own.join(judged, on="firm_key")
    for end in ends:
        names = [col(name).alias(f"{name}_{end}") for name in COUNTS]
        part = col("then").str.head(end).alias("part")
        total = own.group_by(part).agg(*(name.sum() for name in names))
        shared = there.filter(col("then").str.head(end) == col(group).str.head(end))
        mine = shared.group_by("firm_key").agg(*(name.sum() for name in names))
        rows = rows.with_columns(part=col(group).str.head(end)).join(total, on="part", how="left")
        rows = rows.join(mine, on="firm_key", how="left", suffix="_own").with_columns(
            col(f"{name}_{end}").fill_null(0.0) - col(f"{name}_{end}_own").fill_null(0.0)
            for name in COUNTS
        )
    return rows


def _chain(
    sums: str, over: str, first: float, strength: float, ends: tuple[int, ...]
) -> list[pl.Expr]:
    """Return the means from everybody's to the group's, each drawn to the one before."""
    chain = [(col(f"{sums}_0") + first) / (col(f"{over}_0") + 1.0)]
    for end in ends[1:]:
        chain.append(
            (col(f"{sums}_{end}") + strength * chain[-1]) / (col(f"{over}_{end}") + strength)
        )
    return chain


def _spread(
    rows: pl.LazyFrame, spine: pl.LazyFrame, group: str, rates: dict[str, pl.Expr]
) -> pl.LazyFrame:
    """Give every open firm its own row of a table, or that of its group."""
    rows = rows.select("firm_key", group, **rates)
    own = rows.filter(col("firm_key") >= 0).drop(group)
    theirs = rows.filter(col("firm_key") < 0).drop("firm_key")
    both = spine.select("firm_key", group).join(theirs, on=group, how="left")
    both = both.join(own, on="firm_key", how="left", suffix="_own")
    return both.select(
        "firm_key", *(col(f"{name}_own").fill_null(col(name)).alias(name) for name in rates)
    )


def peers(table: pl.LazyFrame) -> pl.LazyFrame:
    """Add what the controller's other open firms have on record."""
    alone = col("group_id").is_null()
    rest = {
        name: pl.when(alone).then(0).otherwise(col(of).sum().over("group_id") - col(of))
        for name, of in OTHERS.items()
    }
    others = pl.when(alone).then(0).otherwise(pl.len().over("group_id") - 1)
    rate = (col("others_violations") + 4.0 * col("sector_rate")) / (col("others_inspections") + 4.0)
    return table.with_columns(others=others, **rest).with_columns(others_violation_rate=rate)
