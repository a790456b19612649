"""A firm's penalty decisions, told apart record by record as `features/decisions.py` says in words."""

from __future__ import annotations

from tests.property.naive.registry import Day, Row

GRAVITIES = ["minor", "moderate", "serious"]


def decisions(day: Day, firm_id: str) -> list[Row]:
    """One row a decision, with ``age_days``."""
    found = [one_of(records) for records in groups(day.events("penalties", firm_id))]
    return [row | {"age_days": (day.date - row["decided_on"]).days} for row in found]


def groups(records: list[Row]) -> list[list[Row]]:
    """Put the records of one decision together."""
    by_name: dict[object, list[Row]] = {}
    records = sorted(records, key=lambda row: row["penalty_id"])
    for row in records:
        by_name.setdefault(name_of(row, records), []).append(row)
    return list(by_name.values())


def name_of(row: Row, records: list[Row]) -> object:
    """Its number; else the number of another source at its place, or its place beyond these."""
    if row["decision_number"] is not None:
        return row["decision_number"]
    if row["authority"] is None:
        return "record", row["penalty_id"]
    cell = [other for other in records if cell_of(other) == cell_of(row)]
    own = [other for other in cell if other["source"] == row["source"]]
    taken = {other["decision_number"] for other in own}
    stated = {other["decision_number"] for other in cell}
    free = sorted(number for number in stated - taken if number is not None)
    place = [other for other in own if other["decision_number"] is None].index(row)
    return free[place] if place < len(free) else (*cell_of(row), place - len(free))


def cell_of(row: Row) -> tuple[object, ...]:
    """What two platforms agree in where they record one decision."""
    return row["authority"], row["decided_on"], row["fine"]


def one_of(records: list[Row]) -> Row:
    """The first record's texts, and of the rest what is best for the firm."""
    records = sorted(records, key=lambda row: (row["recorded_on"], row["penalty_id"]))

    def stated(name: str) -> list[object]:
        return [row[name] for row in records if row[name] is not None]

    words = ("decision_number", "authority", "source", "category")
    texts = {name: next(iter(stated(name)), None) for name in words}
    least = {
        name: min(stated(name), default=None)
        for name in ("fine", "decided_on", "repaired_on", "revoked_on", "recorded_on")
    }
    return records[0] | texts | least | {
        "gravity": min(stated("gravity"), key=GRAVITIES.index, default=None),
        "statutory_max": max(stated("statutory_max"), default=None),
    }  # fmt: skip
