"""Penalties, permits, irregularities, lists, inspections and changes of details, as Polars expressions."""

from __future__ import annotations

import datetime as dt
import math

import polars as pl

GRAVITIES = {"minor": (90, 45, 0.1), "moderate": (365, 182, 0.4), "serious": (1095, 547, 1.0)}
"""Days until a penalty expires, days in which its weight halves, weight where no fine is known."""
REASONS = (
    "annual_report_not_filed",
    "address_unreachable",
    "disclosure_missing",
    "disclosure_false",
)
Columns = dict[str, pl.Expr]


def col(name: str) -> pl.Expr:
    return pl.col(name)


def days(later: pl.Expr, earlier: pl.Expr) -> pl.Expr:
    """Return the whole days between two dates."""
    return (later - earlier).dt.total_days()


def by_firm(rows: pl.LazyFrame, columns: Columns) -> pl.LazyFrame:
    """Aggregate the rows of each firm."""
    return rows.group_by("firm_key").agg(**columns)


def faded(amount: pl.Expr, half_life: int) -> pl.Expr:
    """Halve amounts every `half_life` days, and add them up."""
    return (amount * (col("age") * (-math.log(2) / half_life)).exp()).sum()


def different(name: str) -> pl.Expr:
    """Count the different values that are stated."""
    return col(name).drop_nulls().n_unique()


def standing(rows: pl.LazyFrame, as_of: dt.date) -> pl.LazyFrame:
    """Return the entries of a list that have not been removed."""
    there = (col("listed_on") <= as_of) & ~(col("removed_on") <= as_of).fill_null(False)
    return rows.filter(there).with_columns(age=days(pl.lit(as_of), col("listed_on")))


def decisions(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row a penalty decision; where platforms differ, what is best for the firm."""
    texts = ("authority", "category")
    dates = ("decided_on", "repaired_on", "revoked_on")
    names = ("firm_key", *texts, "gravity", "fine", "statutory_max", *dates)
    again = rows.filter("recorded_again").sort("recorded_on", "penalty_id")
    merged = again.group_by("firm_key", "number").agg(
        *(col(name).drop_nulls().first() for name in texts),
        col("gravity").cast(pl.Enum(list(GRAVITIES))).min().cast(pl.String),
        col("statutory_max").max(),
        *(col(name).min() for name in ("fine", *dates)),
    )
    return pl.concat([rows.filter(~col("recorded_again")).select(names), merged.select(names)])


def in_force(rows: pl.LazyFrame, known: pl.LazyFrame, as_of: dt.date) -> pl.LazyFrame:
    """Return penalties neither expired, repaired nor revoked, with age and weight."""
    expiry, _, default = (
        col("gravity").replace_strict({name: of[n] for name, of in GRAVITIES.items()})
        for n in range(3)
    )
    rows = rows.with_columns(
        col("gravity").fill_null("moderate"), age=days(pl.lit(as_of), col("decided_on"))
    )
    ended = [(col(name) <= as_of).fill_null(False) for name in ("repaired_on", "revoked_on")]
    rows = rows.filter(col("age") >= 0, col("age") < expiry, ~ended[0], ~ended[1])
    rows = rows.join(known.select("firm_key", "registered_capital"), on="firm_key", how="left")
    capital = pl.when(col("registered_capital") > 0).then(col("registered_capital"))
    of_maximum = (col("fine") / col("statutory_max")).clip(upper_bound=1.0)
    of_capital = ((col("fine") / capital).log1p() / math.log1p(0.05)).clip(upper_bound=1.0)
    both = (of_maximum + of_capital) / 2.0
    return rows.with_columns(weight=pl.coalesce(both, of_maximum, of_capital, default))


def penalties(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return the features of penalties in force."""
    serious = col("age").filter(col("gravity") == "serious")
    return by_firm(
        rows,
        {
            "penalties_in_force": pl.len(),
            "penalties_1y": (col("age") < 365).sum(),
            "penalties_90d": (col("age") < 90).sum(),
            **{f"penalties_{name}": (col("gravity") == name).sum() for name in GRAVITIES},
            "penalty_load": col("weight").sum().clip(upper_bound=3.0),
            **{
                f"penalty_load_{name}": faded(col("weight") * (col("gravity") == name), of[1])
                for name, of in GRAVITIES.items()
            },
            "penalty_heaviest": col("weight").max(),
            "fines_in_force": col("fine").sum(),
            "fine_largest": col("fine").max(),
            "days_since_penalty": col("age").min(),
            "days_since_serious_penalty": serious.min(),
            "penalty_authorities": different("authority"),
            "penalty_categories": different("category"),
        },
    )


def permits(
    rows: pl.LazyFrame, known: pl.LazyFrame, required: pl.LazyFrame, as_of: dt.date
) -> pl.LazyFrame:
    """Return the features of permits; what lapses, lapses by kind."""
    today = pl.lit(as_of)
    rows = rows.filter(col("issued_on") <= as_of).with_columns(
        age=days(today, col("issued_on")),
        changed_on=col("status_changed_on").fill_null(col("recorded_on")),
        over=pl.when(col("valid_to") < as_of).then(col("valid_to")),
    )
    status = pl.when(col("changed_on") <= as_of).then(col("status"))
    rows = rows.with_columns(state=status.fill_null("valid"))
    recent = days(today, col("changed_on")) < 1095
    expired = pl.when(col("state") == "expired").then(col("changed_on"))
    rows = rows.with_columns(
        is_valid=(col("state") == "valid") & col("over").is_null(),
        ended_on=pl.min_horizontal(col("over"), expired),
        recent=recent,
    )
    same = ["firm_key", "kind"]
    end = (
        pl.when(col("is_valid"))
        .then(dt.date(9999, 12, 31))
        .otherwise(pl.coalesce("ended_on", "changed_on"))
    )
    rows = rows.sort(*same, "issued_on", "permit_id").with_columns(
        covered_to=end.cum_max().over(same),
        following=col("issued_on").shift(-1).over(same).fill_null(as_of),
    )
    lapses = (
        col("state").is_in(["valid", "expired"])
        & (days(col("following"), col("covered_to")) > 7)
        & (days(today, col("covered_to")) < 1095)
    )
    kinds = rows.group_by(same).agg(
        is_held=col("is_valid").any(),
        last=col("ended_on").max(),
        valid=col("is_valid").sum(),
        n=pl.len(),
        new=(col("age") < 365).sum(),
        revoked=((col("state") == "revoked") & col("recent")).sum(),
        suspended=((col("state") == "suspended") & col("recent")).sum(),
        cancelled=(col("state") == "cancelled").sum(),
        lapses=lapses.sum(),
        left=days(col("valid_to"), today).filter("is_valid").min(),
        youngest=col("age").min(),
        oldest=col("age").max(),
    )
    kinds = kinds.join(known.select("firm_key", "sector"), on="firm_key", how="left")
    needed = required.with_columns(is_required=True)
    kinds = kinds.join(needed, on=["sector", "kind"], how="left")
    lapsed = ~col("is_held") & col("last").is_not_null()
    return by_firm(
        kinds,
        {
            "permits_valid": col("valid").sum(),
            "permit_kinds_valid": col("is_held").sum(),
            "permits_ever": col("n").sum(),
            "permits_new_1y": col("new").sum(),
            "permit_kinds_lapsed": lapsed.sum(),
            "permit_lapsed_days": days(today, col("last")).filter(lapsed).max(),
            "permits_revoked": col("revoked").sum(),
            "permits_suspended": col("suspended").sum(),
            "permits_cancelled": col("cancelled").sum(),
            "permit_lapses_3y": col("lapses").sum(),
            "permit_days_left": col("left").min(),
            "permit_days_since_issue": col("youngest").min(),
            "permit_days_since_first": col("oldest").max(),
            "permits_required_held": (col("is_held") & col("is_required")).sum(),
        },
    )


def irregularities(rows: pl.LazyFrame, as_of: dt.date) -> pl.LazyFrame:
    """Return the features of entries in the list of abnormal operations."""
    return by_firm(
        standing(rows, as_of),
        {
            "irregularities": pl.len(),
            "irregularity_days": col("age").max(),
            "irregularity_reasons": different("reason"),
            **{f"irregular_{reason}": (col("reason") == reason).sum() for reason in REASONS},
        },
    )


def listings(rows: pl.LazyFrame, as_of: dt.date) -> pl.LazyFrame:
    """Return the features of standing red and black lists."""
    red, default = col("colour") == "red", col("ground").eq_missing("judgment_default")
    black = (col("colour") == "black") & ~default
    return by_firm(
        standing(rows, as_of),
        {
            "red_lists": red.sum(),
            "red_list_days": col("age").filter(red).max(),
            "black_lists": black.sum(),
            "black_list_days": col("age").filter(black).min(),
            "black_list_grounds": col("ground").filter(black).drop_nulls().n_unique(),
            "black_list_amount": col("amount").filter(black).max(),
            "judgment_defaults": ((col("colour") == "black") & default).sum(),
        },
    )


def judged(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Add which visits were planned and have an outcome, and what they found."""
    planned = ~col("selection").is_in(["complaint", "follow_up"]).fill_null(False)
    rows = rows.with_columns(judged=col("violation").is_not_null() & planned)
    rows = rows.with_columns(
        hit=col("judged") & (col("violation") == 1).fill_null(False),
        seen=pl.when("judged").then(col("harm").fill_null(0.0)).otherwise(0.0),
    )
    return rows.with_columns(found=col("seen") * col("hit"), clean=col("judged") & ~col("hit"))


def inspections(rows: pl.LazyFrame, as_of: dt.date) -> pl.LazyFrame:
    """Return the features of the firm's own inspections."""
    rows = rows.filter(col("inspected_on") <= as_of)
    rows = rows.with_columns(age=days(pl.lit(as_of), col("inspected_on")))
    year, three, age = col("age") < 365, col("age") < 1095, col("age")
    chosen = {
        name: col("selection").eq_missing(name) for name in ("random", "complaint", "follow_up")
    }
    table = by_firm(
        rows,
        {
            "inspections": col("judged").sum(),
            "violations_found": col("hit").sum(),
            "harm_found": col("found").sum(),
            "harm_seen": col("seen").sum(),
            "inspections_1y": (col("judged") & year).sum(),
            "inspections_3y": (col("judged") & three).sum(),
            "violations_1y": (col("hit") & year).sum(),
            "violations_3y": (col("hit") & three).sum(),
            "harm_1y": (col("seen") * year).sum(),
            "harm_largest": col("found").max(),
            **{
                f"{name}_fading_{half_life}d": faded(col(of).cast(pl.Float64), half_life)
                for half_life in (182, 365, 730, 1460)
                for name, of in (("inspections", "judged"), ("violations", "hit"), ("harm", "seen"))
            },
            "days_since_inspection": age.filter("judged").min(),
            "days_since_visit": age.min(),
            "days_since_violation": age.filter("hit").min(),
            "days_since_clean": age.filter("clean").min(),
            "days_since_clean_random": age.filter(col("clean") & chosen["random"]).min(),
            "random_inspections_3y": (chosen["random"] & three).sum(),
            "complaint_visits_1y": (chosen["complaint"] & year).sum(),
            "complaint_visits": chosen["complaint"].sum(),
            "follow_ups_1y": (chosen["follow_up"] & year).sum(),
            "follow_ups": chosen["follow_up"].sum(),
        },
    )
    return table.join(_last(rows), on="firm_key", how="left")


def _last(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return the outcomes of the last visits one by one."""
    latest = rows.filter("judged").sort("inspected_on", "inspection_id", descending=True)
    places = [(n, col("hit").cast(pl.Float64).slice(n - 1, 1).first()) for n in (1, 2, 3)]
    harms = [(n, col("seen").slice(n - 1, 1).first()) for n in (1, 2)]
    named = {f"outcome_{n}": of for n, of in places} | {f"harm_{n}": of for n, of in harms}
    return latest.group_by("firm_key", maintain_order=True).agg(**named)


def changes(firms: pl.LazyFrame, as_of: dt.date) -> pl.LazyFrame:
    """Return the features of later versions of a firm's details."""
    details = ("name", "region", "sector")
    renamed, moved, other = (col(of) != col(of).shift().over("firm_key") for of in details)
    rows = firms.with_columns(
        renamed=renamed, moved=moved, other=other, later=~col("firm_key").is_first_distinct()
    )
    rows = rows.filter(col("later") & (col("recorded_on") <= as_of))
    rows = rows.with_columns(age=days(pl.lit(as_of), col("recorded_on")))
    recent = col("age") < 1095
    return by_firm(
        rows,
        {
            "changes_3y": recent.sum(),
            "renamed_3y": (col("renamed") & recent).sum(),
            "moved_3y": (col("moved") & recent).sum(),
            "new_sector_3y": (col("other") & recent).sum(),
            "days_since_change": col("age").min(),
        },
    )
