"""The lists of inspectors and of conflicts as files: read, checked, every failure in one message."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from features.identity import is_citizen_number
from risk_index.inspectors.errors import refuse_if_any
from risk_index.inspectors.keys import JOINT
from risk_index.inspectors.roster import (
    FIRST,
    LAST,
    Conflict,
    Inspector,
    Roster,
    Span,
    parts,
    roster_of,
)
from risk_index.inspectors.sheets import Sheet, read_sheet

GROUNDS = ("own interest", "relative's interest", "former employer")
"""Grounds on which an inspector is barred from a firm by name."""
NEEDED = ("inspector_id", "regions", "certificates")
OPTIONAL = ("certificate_valid_to", "available_from", "available_to", "absent", "max_visits")
CONFLICT_COLUMNS = ("inspector_id", "firm_id", "group_id", "ground", "until")


def read_roster(inspectors: Path, conflicts: Path | None = None) -> Roster:
    """Read both lists.

    Raises
    ------
    RosterError
        Naming everything that is wrong in either.
    """
    people = read_sheet(inspectors, NEEDED, OPTIONAL)
    found = inspectors_in(people)
    barred: list[Conflict] = []
    failures = people.failures
    if conflicts:
        rows = read_sheet(conflicts, ("inspector_id", "ground"), CONFLICT_COLUMNS)
        barred = conflicts_in(rows, {row.get("inspector_id", "") for row in people.rows})
        failures = [*failures, *rows.failures]
    refuse_if_any(failures)
    return roster_of(found, barred)


def inspectors_in(sheet: Sheet) -> list[Inspector]:
    """Read the rows of ``inspectors.csv``; what is wrong joins the sheet's failures."""
    key = "inspector_id"
    if not sheet.rows and not sheet.failures:
        sheet.refuse("", "no inspector", "List every inspector, one a row.", [sheet.name])
    sheet.refuse_empty(("inspector_id", "certificates"), key)
    sheet.refuse_repeated(key)
    refuse_unfit_ids(sheet, key)
    ids = [row.get(key, "") for row in sheet.rows]
    joints = [i for i in ids if ";" in i or JOINT in i]
    sheet.refuse(key, "holds `;` or `|`", "They join ids: choose other characters.", joints)
    persons = [i for i, person in zip(ids, is_citizen_number(ids), strict=True) if person]
    remedy = "Use the number of the service card or another number of the office."
    sheet.refuse(key, "citizen identity numbers", remedy, ["(not shown)"] * len(persons))
    terms = [sheet.dates(name, key) for name in OPTIONAL[:3]]
    spans = sheet.cells(
        "absent", key, _spans, "not a span of days", "Write 2026-07-20/2026-07-31, joined by `;`."
    )
    most = sheet.cells("max_visits", key, _count, "not a count", "Write a whole number from 0 on.")
    return [
        Inspector(
            row.get(key, ""),
            parts(row.get("regions", "")),
            parts(row.get("certificates", "")),
            terms[0][i] or LAST,
            terms[1][i] or FIRST,
            terms[2][i] or LAST,
            spans[i] or (),
            most[i],
        )
        for i, row in enumerate(sheet.rows)
    ]


def conflicts_in(sheet: Sheet, known: set[str]) -> list[Conflict]:
    """Read the rows of ``conflicts.csv``; `known` are the inspectors listed."""
    key = "inspector_id"
    sheet.refuse_empty((key,), key)
    strangers = dict.fromkeys(row.get(key, "") for row in sheet.rows)
    sheet.refuse(
        key,
        "not in the list of inspectors",
        "Correct the id, or list the inspector with max_visits 0: a misspelt id would bar nobody.",
        [i for i in strangers if i and i not in known],
    )
    aimless = [
        sheet.where(i, key)
        for i, row in enumerate(sheet.rows)
        if bool(row.get("firm_id")) == bool(row.get("group_id"))
    ]
    sheet.refuse("firm_id", "needs either firm_id or group_id", "Fill in one of them.", aimless)
    grounds = sheet.cells(
        "ground", key, _ground, "unknown ground", f"Use one of: {', '.join(GROUNDS)}."
    )
    sheet.refuse_empty(("ground",), key)
    until = sheet.dates("until", key)
    return [
        Conflict(
            row.get(key, ""),
            row.get("firm_id", ""),
            row.get("group_id", ""),
            grounds[i] or "",
            until[i] or LAST,
        )
        for i, row in enumerate(sheet.rows)
    ]


def refuse_unfit_ids(sheet: Sheet, column: str) -> None:
    """Note ids with characters that do not print: they would blur where a hash's parts end."""
    unfit = [
        repr(row[column]) for row in sheet.rows if row.get(column) and not row[column].isprintable()
    ]
    sheet.refuse(column, "characters that do not print", "Remove line breaks and tabs.", unfit)


def _spans(text: str) -> tuple[Span, ...]:
    spans = []
    for part in parts(text):
        first, _, last = part.partition("/")
        begins = dt.date.fromisoformat(first.strip())
        ends = dt.date.fromisoformat(last.strip()) if last else begins
        if ends < begins:
            raise ValueError(part)
        spans.append((begins, ends))
    return tuple(spans)


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise ValueError(text)
    return int(text)


def _ground(text: str) -> str:
    ground = text.replace("’", "'").lower()
    if ground not in GROUNDS:
        raise ValueError(text)
    return ground
