"""What the records say that bars an inspector: earlier visits, and which group a firm belongs to."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from risk_index.inspectors.roster import Roster, parts

if TYPE_CHECKING:
    from features.records import Records


@dataclass(frozen=True)
class Past:
    """What the records say about the firms drawn.

    Attributes
    ----------
    visits : dict
        Last day on which an inspector visited a firm, by (inspector_id, firm_id).
    groups : dict
        Groups that a firm is or was recorded to belong to, by firm_id.
    """

    visits: Mapping[tuple[str, str], dt.date]
    groups: Mapping[str, frozenset[str]]

    @property
    def sha256(self) -> str:
        """Hash of the content, the same for any order of rows."""
        visits = sorted([*pair, day.isoformat()] for pair, day in self.visits.items())
        groups = sorted([firm, sorted(known)] for firm, known in self.groups.items() if known)
        return hashlib.sha256(json.dumps([visits, groups]).encode()).hexdigest()


NOTHING_PAST = Past({}, {})


def past_in(records: Records, firm_ids: Iterable[str], before: dt.date) -> Past:
    """Read the past of firms from accepted records.

    Parameters
    ----------
    records : Records
        With visits and groups.
    firm_ids : iterable of str
        Firms to be visited.
    before : date
        Visits from this day on do not count: those of the round itself would change its own eligible set.
    """
    con = records.con.con
    con.register("drawn_firms", pd.DataFrame({"firm_id": list(firm_ids)}, dtype="str"))
    try:
        visits = con.execute(
            "SELECT inspector_id, firm_id, inspected_on FROM inspections SEMI JOIN drawn_firms "
            "USING (firm_id) WHERE inspector_id IS NOT NULL AND superseded_on IS NULL "
            "AND inspected_on < ?",
            [before],
        ).df()
        groups = con.execute(
            "SELECT DISTINCT firm_id, group_id FROM firms SEMI JOIN drawn_firms USING (firm_id) "
            "WHERE group_id IS NOT NULL"
        ).df()
    finally:
        con.unregister("drawn_firms")
    return past_of(visits, groups)


def past_of(visits: pd.DataFrame, groups: pd.DataFrame) -> Past:
    """Return the past from tables.

    Parameters
    ----------
    visits : DataFrame
        Columns inspector_id (several joined by ``;``, half or full width), firm_id, inspected_on.
    groups : DataFrame
        Columns firm_id, group_id; several rows a firm are several groups.
    """
    last: dict[tuple[str, str], dt.date] = {}
    days = pd.to_datetime(visits.inspected_on).dt.date
    for cell, firm, day in zip(visits.inspector_id, visits.firm_id, days, strict=True):
        for inspector in parts(str(cell)):
            pair = (inspector, firm)
            last[pair] = max(day, last.get(pair, day))
    known: dict[str, set[str]] = defaultdict(set)
    for firm, group in zip(groups.firm_id, groups.group_id, strict=True):
        known[firm].add(group)
    return Past(last, {firm: frozenset(found) for firm, found in known.items()})


def past_notes(past: Past | None, roster: Roster, revisit_months: int) -> list[str]:
    """Say how far earlier visits and groups could be looked at."""
    by_group = sum(bool(conflict.group_id) for conflict in roster.conflicts)
    if past is None:
        unread = [
            f"No records were given: returns within {revisit_months} months are not ruled out."
        ]
        if by_group:
            unread.append(f"{by_group} conflicts by group_id bar nobody without records.")
        return unread
    named = {inspector for inspector, _ in past.visits}
    listed = len(named & {person.inspector_id for person in roster.inspectors})
    return [
        f"The records name {len(named)} inspectors for earlier visits to the firms drawn; "
        f"{listed} of them are in the list of inspectors."
    ]
