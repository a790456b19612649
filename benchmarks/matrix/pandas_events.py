"""Penalties, permits, irregularities, lists, inspections and changes of details, in pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.asof import Law, SectorClass

LAW = Law()
GRAVITIES = ("minor", "moderate", "serious")
HALF_LIVES = {"minor": 45, "moderate": 182, "serious": 547}
REASONS = (
    "annual_report_not_filed",
    "address_unreachable",
    "disclosure_missing",
    "disclosure_false",
)
FAR = pd.Timestamp("2200-01-01")
ENDED = ["expired", "suspended", "revoked", "cancelled"]


def days(later: pd.Series | pd.Timestamp, earlier: pd.Series | pd.Timestamp) -> pd.Series:
    """Return the whole days between two dates."""
    return (later - earlier).dt.days


def summed(rows: pd.DataFrame, **columns: tuple[pd.Series, str]) -> pd.DataFrame:
    """Aggregate new columns by firm."""
    frame = pd.DataFrame({name: column for name, (column, _) in columns.items()})
    how = {name: aggregate for name, (_, aggregate) in columns.items()}
    return frame.groupby(rows.firm_key).agg(how)


def distinct(rows: pd.DataFrame, column: str) -> pd.Series:
    """Count the different values of a column by firm."""
    pairs = rows[["firm_key", column]].dropna().drop_duplicates()
    return pairs.groupby("firm_key").size()


def faded(amount: pd.Series, age: pd.Series, half_life: int) -> pd.Series:
    """Halve amounts every `half_life` days."""
    return amount * np.exp2(-age / half_life)


def decisions(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row a penalty decision; where platforms differ, what is best for the firm."""
    again = rows[rows.recorded_again].sort_values(["recorded_on", "penalty_id"])
    gravity = again.gravity.cat.set_categories(GRAVITIES, ordered=True)
    first = dict.fromkeys(("firm_key", "penalty_id", "authority", "category"), "first")
    least = dict.fromkeys(("gravity", "fine", "decided_on", "repaired_on", "revoked_on"), "min")
    how = first | least | {"statutory_max": "max"}
    merged = again.assign(gravity=gravity).groupby("decision").agg(how)
    once = rows.loc[~rows.recorded_again, list(how)]
    return pd.concat([once, merged.astype(once.dtypes)], ignore_index=True)


def penalties_in_force(rows: pd.DataFrame, capital: pd.Series, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return penalties neither expired, repaired nor revoked, with age and weight."""
    rows = rows.assign(
        age=days(as_of, rows.decided_on), gravity=rows.gravity.fillna(LAW.unstated_gravity)
    )
    expiry = rows.gravity.map(LAW.expiry_days).astype(int)
    rows = rows[
        rows.age.between(0, expiry - 1) & ~(rows.repaired_on <= as_of) & ~(rows.revoked_on <= as_of)
    ]
    of_maximum = (rows.fine / rows.statutory_max).clip(upper=1.0)
    capital = rows.firm_key.map(capital.where(capital > 0))
    of_capital = (np.log1p(rows.fine / capital) / np.log1p(0.05)).clip(upper=1.0)
    stated = rows.gravity.map(LAW.default_weight).astype(float)
    both = (of_maximum + of_capital) / 2.0
    return rows.assign(weight=both.fillna(of_maximum).fillna(of_capital).fillna(stated))


def penalties(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the features of penalties in force."""
    one = pd.Series(1, rows.index)
    table = summed(
        rows,
        penalties_in_force=(one, "sum"),
        penalties_1y=(rows.age < 365, "sum"),
        penalties_90d=(rows.age < 90, "sum"),
        **{f"penalties_{g}": (rows.gravity == g, "sum") for g in GRAVITIES},
        penalty_load=(rows.weight, "sum"),
        **{
            f"penalty_load_{g}": (
                faded(rows.weight, rows.age, HALF_LIVES[g]).where(rows.gravity == g), "sum",
            )
            for g in GRAVITIES
        },
        penalty_heaviest=(rows.weight, "max"),
        fines_in_force=(rows.fine, "sum"),
        fine_largest=(rows.fine, "max"),
        days_since_penalty=(rows.age, "min"),
        days_since_serious_penalty=(rows.age.where(rows.gravity == "serious"), "min"),
    )  # fmt: skip
    return table.assign(
        penalty_load=table.penalty_load.clip(upper=3.0),
        penalty_authorities=distinct(rows, "authority"),
        penalty_categories=distinct(rows, "category"),
    )


def permits(
    rows: pd.DataFrame, sector: pd.Series, guide: tuple[SectorClass, ...], as_of: pd.Timestamp
) -> pd.DataFrame:
    """Return the features of permits; what lapses, lapses by kind."""
    rows = rows[rows.issued_on <= as_of]
    changed_on = rows.status_changed_on.fillna(rows.recorded_on)
    state = rows.status.where(changed_on <= as_of).fillna("valid")
    age = days(as_of, rows.issued_on)
    recent = days(as_of, changed_on) < 1095
    over = rows.valid_to.where(rows.valid_to < as_of)
    ended_on = pd.concat([over, changed_on.where(state == "expired")], axis=1).min(axis=1)
    valid = ~state.isin(ENDED) & over.isna()
    rows = rows.assign(valid=valid, ended_on=ended_on)
    let_lapse = _let_lapse(rows, changed_on, state.isin(["valid", "expired"]), as_of)
    table = summed(
        rows,
        permits_valid=(valid, "sum"),
        permits_ever=(pd.Series(1, rows.index), "sum"),
        permits_new_1y=(age < 365, "sum"),
        permits_revoked=((state == "revoked") & recent, "sum"),
        permits_suspended=((state == "suspended") & recent, "sum"),
        permits_cancelled=(state == "cancelled", "sum"),
        permit_lapses_3y=(let_lapse, "sum"),
        permit_days_left=(days(rows.valid_to, as_of).where(valid), "min"),
        permit_days_since_issue=(age, "min"),
        permit_days_since_first=(age, "max"),
    )
    return table.join(_kinds(rows, sector, guide, as_of), how="outer")


def _let_lapse(
    rows: pd.DataFrame, changed_on: pd.Series, ran_out: pd.Series, as_of: pd.Timestamp
) -> pd.Series:
    """Return the terms of the last three years that ran out and that no other followed in a week."""
    rows = rows.assign(end=rows.ended_on.fillna(changed_on).mask(rows.valid, FAR))
    rows = rows.sort_values(["firm_key", "kind", "issued_on", "permit_id"])
    by_kind = rows.groupby(["firm_key", "kind"], observed=True)
    covered_to, following = by_kind.end.cummax(), by_kind.issued_on.shift(-1).fillna(as_of)
    lapsed = (days(following, covered_to) > 7) & (days(as_of, covered_to) < 1095)
    return lapsed.reindex(ran_out.index) & ran_out


def _kinds(
    rows: pd.DataFrame, sector: pd.Series, guide: tuple[SectorClass, ...], as_of: pd.Timestamp
) -> pd.DataFrame:
    kinds = rows.groupby(["firm_key", "kind"], observed=True)[["valid", "ended_on"]].max()
    kinds = kinds.reset_index()
    needed = {(entry.code, kind) for entry in guide for kind in entry.required_permits}
    place = {code: entry.code for code in sector.unique() if (entry := closest(code, guide))}
    codes = kinds.firm_key.map(sector).map(place)
    pairs = pd.MultiIndex.from_arrays([codes, kinds.kind.astype(str)])
    lapsed = ~kinds.valid & kinds.ended_on.notna()
    return summed(
        kinds,
        permit_kinds_valid=(kinds.valid, "sum"),
        permit_kinds_lapsed=(lapsed, "sum"),
        permit_lapsed_days=(days(as_of, kinds.ended_on).where(lapsed), "max"),
        permits_required_held=(kinds.valid & pairs.isin(list(needed)), "sum"),
    )


def closest(code: str, guide: tuple[SectorClass, ...]) -> SectorClass | None:
    """Return the guide's longest entry that the sector's code begins with."""
    found = [entry for entry in guide if code.startswith(entry.code)]
    return max(found, key=lambda entry: len(entry.code), default=None)


def irregularities(rows: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return the features of standing entries of abnormal operations."""
    rows = rows[(rows.listed_on <= as_of) & ~(rows.removed_on <= as_of)]
    table = summed(
        rows,
        irregularities=(pd.Series(1, rows.index), "sum"),
        irregularity_days=(days(as_of, rows.listed_on), "max"),
        **{f"irregular_{reason}": (rows.reason == reason, "sum") for reason in REASONS},
    )
    return table.assign(irregularity_reasons=distinct(rows, "reason"))


def listings(rows: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return the features of standing red and black lists."""
    rows = rows[(rows.listed_on <= as_of) & ~(rows.removed_on <= as_of)]
    red, default = rows.colour == "red", rows.ground == "judgment_default"
    black = (rows.colour == "black") & ~default
    age = days(as_of, rows.listed_on)
    table = summed(
        rows,
        red_lists=(red, "sum"),
        red_list_days=(age.where(red), "max"),
        black_lists=(black, "sum"),
        black_list_days=(age.where(black), "min"),
        black_list_amount=(rows.amount.where(black), "max"),
        judgment_defaults=((rows.colour == "black") & default, "sum"),
    )
    return table.assign(black_list_grounds=distinct(rows[black], "ground"))


def inspections(rows: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return the features of the firm's own inspections."""
    rows = rows[rows.inspected_on <= as_of]
    rows = rows.sort_values(["inspected_on", "inspection_id"], ascending=False)
    judged = rows.violation.notna() & ~rows.selection.isin(["complaint", "follow_up"])
    hit, age = judged & (rows.violation == 1), days(as_of, rows.inspected_on)
    clean = judged & ~hit
    harm = rows.harm.fillna(0.0)
    found, seen = harm.where(hit, 0.0), harm.where(judged, 0.0)
    number = rows[judged].groupby("firm_key").cumcount().reindex(rows.index) + 1
    selection = rows.selection
    table = summed(
        rows,
        inspections=(judged, "sum"),
        violations_found=(hit, "sum"),
        harm_found=(found, "sum"),
        harm_seen=(seen, "sum"),
        inspections_1y=(judged & (age < 365), "sum"),
        inspections_3y=(judged & (age < 1095), "sum"),
        violations_1y=(hit & (age < 365), "sum"),
        violations_3y=(hit & (age < 1095), "sum"),
        harm_1y=(seen.where(age < 365), "sum"),
        harm_largest=(found, "max"),
        **{
            f"{name}_fading_{half_life}d": (faded(amount, age, half_life), "sum")
            for half_life in (182, 365, 730, 1460)
            for name, amount in (("inspections", judged), ("violations", hit), ("harm", seen))
        },
        **{f"outcome_{n}": (hit.where(number == n), "max") for n in (1, 2, 3)},
        **{f"harm_{n}": (seen.where(number == n), "max") for n in (1, 2)},
        days_since_inspection=(age.where(judged), "min"),
        days_since_visit=(age, "min"),
        days_since_violation=(age.where(hit), "min"),
        days_since_clean=(age.where(clean), "min"),
        days_since_clean_random=(age.where(clean & (selection == "random")), "min"),
        random_inspections_3y=((selection == "random") & (age < 1095), "sum"),
        complaint_visits_1y=((selection == "complaint") & (age < 365), "sum"),
        complaint_visits=(selection == "complaint", "sum"),
        follow_ups_1y=((selection == "follow_up") & (age < 365), "sum"),
        follow_ups=(selection == "follow_up", "sum"),
    )
    return table


def changes(firms: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return the features of later versions of a firm's details."""
    details = firms[["name", "region", "sector"]]
    before = details.groupby(firms.firm_key).shift()
    changed = (details != before) & details.notna() & before.notna()
    later = firms.duplicated("firm_key") & (firms.recorded_on <= as_of)
    rows, changed = firms[later], changed[later]
    age = days(as_of, rows.recorded_on)
    recent = age < 1095
    return summed(
        rows,
        changes_3y=(recent, "sum"),
        renamed_3y=(changed["name"] & recent, "sum"),
        moved_3y=(changed["region"] & recent, "sum"),
        new_sector_3y=(changed["sector"] & recent, "sum"),
        days_since_change=(age, "min"),
    )
