"""Random small registries: late and corrected records, ends on the very day, missing cells."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from features.asof import GracePeriod, Law, SectorClass
from features.schema import BY_NAME
from tests.property.naive.registry import Registry, Row, Tables, key_of, recorded_on

AS_OF = (dt.date(2019, 3, 1), dt.date(2020, 2, 29), dt.date(2020, 6, 30), dt.date(2022, 1, 15))
"""As-of dates; many events lie on them, and on the days on which something lapses for them."""
HORIZON_DAYS = 365
_LAST = dt.date(2023, 12, 31)
_EDGES = (-400, -365, -364, -90, -1, 0, 1, 89, 90, 91, 364, 365, 366, 1094, 1095, 1096)

LAW = Law()
GRACE = (
    GracePeriod(dt.date(2018, 1, 1), dt.date(2019, 12, 31), ("penalties", "permits"), ("nor",)),
    GracePeriod(dt.date(2019, 1, 1), dt.date(2020, 3, 31), ("irregularities", "permits"), (),
                ("address_unreachable", "fire")),
)  # fmt: skip
SECTORS = (
    SectorClass("C", 2, ("fire",)),
    SectorClass("C27", 4, ("drug", "fire")),
    SectorClass("C2710", 5, ("drug", "fire", "waste")),
    SectorClass("Risk 1", 3, ("food",)),
)
_SECTORS = (None, "C", "C27", "C2710", "C2720", "A01", "Risk 1", "Risk 1/Cafe", "Risk 2/Cafe")
_AMOUNTS = (None, 0.0, 0.005, 1.0, 333.33, 500.0, 10_000.0, 1e6)

days = st.one_of(
    st.builds(lambda day, gap: day - dt.timedelta(gap), st.sampled_from(AS_OF),
              st.sampled_from(_EDGES)),
    st.integers(0, 3000).map(lambda gap: dt.date(2015, 1, 1) + dt.timedelta(gap)),
)  # fmt: skip
amounts = st.sampled_from(_AMOUNTS)
firm_numbers = st.integers(0, 7)


def after(day: dt.date) -> st.SearchStrategy[dt.date | None]:
    """No day, or one from `day` on that later dates may fall on."""
    return st.one_of(st.none(), days.map(lambda other: max(day, other)))


def _of(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from((None, *values))


@st.composite
def firm_versions(draw: Any, number: int) -> list[Row]:
    """A firm and later versions of its details."""
    registered = draw(st.one_of(st.none(), days))
    rows = []
    for version in range(draw(st.sampled_from((1, 1, 1, 2, 3)))):
        rows.append({
            "firm_id": f"f{number}",
            "name": draw(_of("old", "new")),
            "sector": draw(st.sampled_from(_SECTORS)),
            "region": draw(_of("north", "south", "110105", "110228")),
            "registered_on": registered,
            "closed_on": draw(st.sampled_from((None, None, None, *AS_OF))),
            "registered_capital": draw(amounts),
            "employees": draw(_of(1.0, 50.0)),
            "size_class": draw(_of("micro", "small", "medium", "large")),
            "group_id": draw(_of("g1", "g2")),
            "recorded_on": draw(days if version else st.one_of(st.none(), days)),
        })  # fmt: skip
        closed = rows[-1]["closed_on"]
        if closed and registered and closed < registered:
            rows[-1]["closed_on"] = registered
    return rows


@st.composite
def penalty(draw: Any) -> Row:
    """A penalty, often repaired, revoked or expired."""
    decided = draw(days)
    return {
        "penalty_id": f"p{draw(st.integers(0, 40))}",
        "firm_id": f"f{draw(firm_numbers)}",
        "decision_number": draw(_of("n1", "n2")),
        "decided_on": decided,
        "authority": draw(_of("a", "b")),
        "source": draw(_of("s1", "s2")),
        "category": draw(_of("x", "y")),
        "gravity": draw(_of("minor", "moderate", "serious")),
        "fine": draw(amounts),
        "statutory_max": draw(_of(500.0, 1e5)),
        "repaired_on": draw(after(decided)),
        "revoked_on": draw(after(decided)) if draw(st.booleans()) else None,
        "recorded_on": draw(after(decided)),
    }


@st.composite
def repeated(draw: Any, rows: list[Row]) -> list[Row]:
    """Some of the penalties again, as another platform records them."""
    again = []
    for number, row in enumerate(draw(st.lists(st.sampled_from(rows), max_size=6)) if rows else ()):
        apart = {"fine": amounts, "gravity": _of("minor", "serious"), "decision_number": _of("n1")}
        column = draw(st.sampled_from((None, *apart)))
        again.append(
            row
            | {"penalty_id": f"q{number}", "source": draw(_of("s1", "s2", "s3"))}
            | {"recorded_on": draw(after(row["decided_on"]))}
            | ({column: draw(apart[column])} if column else {})
        )
    return again


@st.composite
def permit(draw: Any) -> Row:
    """A permit's term with its status; it may be recorded before it begins.

    An end has its day, or is a later record: the check empties others.
    """
    issued = draw(days)
    row = {
        "permit_id": f"l{draw(st.integers(0, 40))}",
        "firm_id": f"f{draw(firm_numbers)}",
        "kind": draw(_of("drug", "fire", "waste", "food")),
        "issued_on": issued,
        "valid_to": draw(after(issued)),
        "status": draw(_of("valid", "expired", "suspended", "revoked", "cancelled")),
        "status_changed_on": draw(after(issued)),
        "recorded_on": draw(st.one_of(st.none(), days)),
    }
    dated = row["status_changed_on"] or (row["recorded_on"] or issued) > issued
    if row["status"] not in (None, "valid") and not dated:
        row["status_changed_on"] = issued
    return row


@st.composite
def irregularity(draw: Any) -> Row:
    """An entry in the list of abnormal operations."""
    listed = draw(days)
    return {
        "firm_id": f"f{draw(firm_numbers)}",
        "reason": draw(_of("address_unreachable", "disclosure_false", "another")),
        "listed_on": listed,
        "removed_on": draw(after(listed)),
        "recorded_on": draw(after(listed)),
    }


@st.composite
def listing(draw: Any) -> Row:
    """An entry in a red or black list."""
    listed = draw(days)
    return {
        "firm_id": f"f{draw(firm_numbers)}",
        "list": draw(_of("tax", "court")),
        "colour": draw(st.sampled_from(("red", "black"))),
        "ground": draw(_of("judgment_default", "arrears", "fraud")),
        "amount": draw(amounts),
        "listed_on": listed,
        "removed_on": draw(after(listed)),
        "recorded_on": draw(after(listed)),
    }


@st.composite
def visit(draw: Any) -> Row:
    """A visit; some on one day, some without outcome or harm."""
    visited = draw(days)
    return {
        "inspection_id": f"v{draw(st.integers(0, 60))}",
        "firm_id": f"f{draw(firm_numbers)}",
        "inspected_on": visited,
        "selection": draw(_of("random", "routine", "directed", "complaint", "follow_up")),
        "inclusion_probability": draw(_of(0.05, 1.0)),
        "violation": draw(st.sampled_from((None, 0.0, 0.0, 1.0, 1.0))),
        "harm": draw(_of(0.0, 0.3, 1.0, 3.0, 100.0)),
        "recorded_on": draw(after(visited)),
    }


@st.composite
def rating(draw: Any) -> Row:
    """A score of one of two schemes, on few values so that they meet."""
    rated = draw(days)
    return {
        "firm_id": f"f{draw(firm_numbers)}",
        "scheme": draw(st.sampled_from(("of 12", "of 12", "demerits"))),
        "score": draw(st.sampled_from((-1.0, 0.0, 7.5, 9.0, 9.0, 12.0))),
        "better": draw(_of(None, None, "higher", "lower")),
        "rated_on": rated,
        "recorded_on": draw(after(rated)),
    }


@st.composite
def checked(draw: Any) -> Row:
    """How completely a source reports in a region."""
    return {
        "source": draw(st.sampled_from(("s1", "s2", "s3"))),
        "region": draw(st.sampled_from(("north", "south", "elsewhere"))),
        "reporting_rate": draw(_of(0.001, 0.25, 0.8, 1.0)),
        "n_checked": draw(_of(0.0, 5.0, 40.0)),
        "recorded_on": draw(days),
    }


def of_known_firms(tables: Tables) -> Tables:
    """Keep one row of a key and recorded_on, and the rows of firms that are there.

    A key names one firm, and events stay within the days that the check accepts.
    """
    firms = {row["firm_id"] for row in tables["firms"]}
    kept: Tables = {}
    for table, rows in tables.items():
        first: dict[Any, Row] = {}
        owner: dict[Any, str] = {}
        for row in rows:
            full = {name: row.get(name) for name in BY_NAME[table].names}
            key = key_of(table, full)
            if row["firm_id"] in firms and owner.setdefault(key, row["firm_id"]) == row["firm_id"]:
                first.setdefault((key, recorded_on(table, full)), row)
        kept[table] = list(first.values())
    return kept


@st.composite
def registries(draw: Any, most: int = 30) -> Registry:
    """A registry of two to eight firms and up to `most` rows a table."""
    numbers = range(draw(st.integers(2, 8)))
    tables: Tables = {"firms": [row for n in numbers for row in draw(firm_versions(n))]}
    for table, row in (
        ("penalties", penalty()), ("permits", permit()), ("irregularities", irregularity()),
        ("listings", listing()), ("inspections", visit()), ("ratings", rating()),
    ):  # fmt: skip
        tables[table] = draw(st.lists(row, min_size=most // 3, max_size=most))
    tables["penalties"] += draw(repeated(tables["penalties"]))
    known = of_known_firms(tables)
    key = ("source", "region", "recorded_on")
    rates = draw(st.lists(checked(), max_size=6, unique_by=lambda row: tuple(row[k] for k in key)))
    known |= {"sources": rates} if rates else {}
    law = replace(LAW, grace=draw(st.sampled_from(((), (), GRACE))))
    return Registry(known, law, SECTORS)
