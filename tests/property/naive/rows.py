"""The row facts of every record table, one row at a time, as their docstrings define them."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from itertools import pairwise

from tests.property.naive.decisions import decisions
from tests.property.naive.registry import Day, Row

ENDED = ("expired", "suspended", "revoked", "cancelled")
SIZES = ("micro", "small", "medium", "large")


def penalty_gravity(day: Day, penalty: Row) -> str:
    """Stated gravity, else the law's."""
    return penalty["gravity"] or day.registry.law.unstated_gravity


def is_in_force(day: Day, penalty: Row) -> bool:
    """Neither repaired nor revoked, nor expired by gravity."""
    age = (day.date - penalty["decided_on"]).days
    expiry = day.registry.law.expiry_days[penalty_gravity(day, penalty)]
    over = day.ended(penalty["repaired_on"]) or day.ended(penalty["revoked_on"])
    return 0 <= age < expiry and not over


def proportional_gravity(day: Day, penalty: Row) -> float:
    """Mean of what is known of the fine's two shares, else the default of the gravity."""
    fine, most = penalty["fine"], penalty["statutory_max"]
    capital = day.firms.get(penalty["firm_id"], {}).get("registered_capital")
    shares = []
    if fine is not None and most is not None:
        shares.append(min(1.0, fine / most))
    if fine is not None and capital:
        shares.append(min(1.0, math.log1p(fine / capital) / math.log1p(0.05)))
    if shares:
        return sum(shares) / len(shares)
    return day.registry.law.default_weight[penalty_gravity(day, penalty)]


def penalties(day: Day, firm_id: str) -> list[Row]:
    """Penalties in force, with gravity, weight and what is left of the weight."""
    return [
        row
        | {
            "gravity": penalty_gravity(day, row),
            "weight": proportional_gravity(day, row),
            "faded": faded(day, row),
            "counts": penalty_gravity(day, row) != "minor"
            and proportional_gravity(day, row) >= 0.05,
        }
        for row in decisions(day, firm_id)
        if is_in_force(day, row)
    ]


def faded(day: Day, penalty: Row) -> float:
    """The weight, halving every half of the time until the penalty expires."""
    age = (day.date - penalty["decided_on"]).days
    half_life = day.registry.law.expiry_days[penalty_gravity(day, penalty)] / 2
    return proportional_gravity(day, penalty) * 2 ** (-age / half_life)


def permits(day: Day, firm_id: str) -> list[Row]:
    """Permits begun, with their state on the day."""
    rows = [_stated(day, row) for row in day.events("permits", firm_id)]
    held = {row["kind"] for row in rows if row["is_valid"]}
    required = required_kinds(day, day.firms.get(firm_id, {}).get("sector"))
    for row in rows:
        row["is_required"] = row["kind"] in required
        row["has_lapsed"] = row["ended_on"] is not None and row["kind"] not in held
        row["days_left"] = None
        if row["is_valid"] and row["valid_to"] is not None:
            row["days_left"] = (row["valid_to"] - day.date).days
    for row in rows:
        ends = [r["ended_on"] for r in rows if r["kind"] == row["kind"] and r["has_lapsed"]]
        row["days_lapsed"] = (day.date - max(ends)).days if row["has_lapsed"] else None
        same = sorted((r for r in rows if r["kind"] == row["kind"]), key=_begins)
        place = same.index(row)
        far = dt.date(9999, 12, 31)
        end = max(
            far if r["is_valid"] else r["ended_on"] or r["changed_on"] for r in same[: place + 1]
        )
        following = same[place + 1]["issued_on"] if row is not same[-1] else day.date
        ran_out = row["state"] in ("valid", "expired")
        row["let_lapse"] = ran_out and (following - end).days > 7
        row["days_uncovered"] = (day.date - end).days
    return rows


def _begins(permit: Row) -> tuple[dt.date, str]:
    return permit["issued_on"], permit["permit_id"]


def _stated(day: Day, permit: Row) -> Row:
    changed_on = permit["status_changed_on"] or permit["recorded_on"]
    state = (permit["status"] or "valid") if changed_on <= day.date else "valid"
    valid_to = permit["valid_to"]
    ends = []
    if valid_to is not None and valid_to < day.date:
        ends.append(valid_to)
    is_valid = not ends and state not in ENDED
    if state == "expired":
        ends.append(changed_on)
    return permit | {
        "kind": permit["kind"] or "unstated",
        "state": state,
        "changed_on": changed_on,
        "days_changed": (day.date - changed_on).days,
        "is_valid": is_valid,
        "ended_on": min(ends, default=None),
    }


def path(sector: str) -> list[str]:
    """Groups of a sector from the widest to itself."""
    digits = sector[1:]
    if sector[:1] in tuple("ABCDEFGHIJKLMNOPQRST") and digits.isdigit() and 2 <= len(digits) <= 4:
        return [sector[:1]] + [sector[:end] for end in (3, 4, 5) if end <= len(sector)]
    parts = sector.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]


def guide_entry(day: Day, sector: str | None) -> object:
    """Entry of the guide that matches the sector most closely, or None."""
    guide = {entry.code: entry for entry in day.registry.sectors}
    for group in reversed(path(sector) if sector else []):
        if group in guide:
            return guide[group]
    return None


def required_kinds(day: Day, sector: str | None) -> tuple[str, ...]:
    """Permits that the sector requires."""
    return getattr(guide_entry(day, sector), "required_permits", ())


def irregularities(day: Day, firm_id: str) -> list[Row]:
    """Entries that stand."""
    rows = day.events("irregularities", firm_id)
    return [row for row in rows if not day.ended(row["removed_on"])]


def listings(day: Day, firm_id: str) -> list[Row]:
    """Entries that stand; a judgment default is a kind of its own."""
    rows = [row for row in day.events("listings", firm_id) if not day.ended(row["removed_on"])]
    for row in rows:
        default = row["colour"] == "black" and row["ground"] == "judgment_default"
        row["kind"] = "judgment_default" if default else row["colour"]
    return rows


def is_judged(visit: Row) -> bool:
    """Planned (or unstated) and with a recorded outcome."""
    return visit["selection"] not in ("complaint", "follow_up") and visit["violation"] is not None


def visits(day: Day, firm_id: str) -> list[Row]:
    """Visits, with what was found and their number counted back from the latest judged one."""
    rows = day.events("inspections", firm_id)
    rows.sort(key=lambda row: (row["inspected_on"], row["inspection_id"]), reverse=True)
    number = 0
    for row in rows:
        judged, harm = is_judged(row), row["harm"] or 0.0
        violated = judged and row["violation"] == 1
        number += judged
        row |= {
            "judged": judged,
            "violated": violated,
            "clean": judged and row["violation"] == 0,
            "one": float(judged),
            "hit": float(violated),
            "harm_found": harm if violated else 0.0,
            "harm_seen": harm if judged else 0.0,
            "visit_no": number if judged else 0,
        }
    return rows


def changes(day: Day, firm_id: str) -> list[Row]:
    """Later versions of a firm's details: what differs from the version before."""
    versions = [row for row in day.registry.rows("firms") if row["firm_id"] == firm_id]
    versions.sort(key=lambda row: row["recorded_on"])
    rows = []
    for before, after in pairwise(versions):
        if after["recorded_on"] <= day.date:
            both = {
                flag: None not in (before[column], after[column])
                and before[column] != after[column]
                for flag, column in (("renamed", "name"), ("moved", "region"),
                                     ("new_sector", "sector"))
            }  # fmt: skip
            rows.append(after | both | {"age_days": (day.date - after["recorded_on"]).days})
    return rows


def firm_facts(day: Day, firm_id: str) -> Row:
    """The firm's own numbers."""
    firm = day.firms[firm_id]
    registered, size = firm["registered_on"], firm["size_class"]
    return {
        "firm_age_days": None if registered is None else (day.date - registered).days,
        "registered_capital": firm["registered_capital"],
        "employees": firm["employees"],
        "size_order": None if size is None else SIZES.index(size) + 1,
        "one": 1.0,
    }


EVENTS: dict[str, Callable[[Day, str], list[Row]]] = {
    "firms": changes,
    "penalties": penalties,
    "permits": permits,
    "irregularities": irregularities,
    "listings": listings,
    "inspections": visits,
}
