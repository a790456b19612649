"""The eligible set: which inspector may make which visit, and what bars the others."""

from __future__ import annotations

import calendar
import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from risk_index.inspectors.keys import Ints
from risk_index.inspectors.past import Past
from risk_index.inspectors.roster import Conflict, Inspector, Roster
from risk_index.inspectors.visits import Calendar, Visit

GROUNDS = ("region", "certificate", "away", "conflict", "recent visit")
"""What bars an inspector from a visit, in the order in which it is looked at; a max_visits of 0 is "away"."""
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Pool:
    """Visits, inspectors and who may do what.

    Attributes
    ----------
    visits : tuple of Visit
        In the order of firm ids.
    inspectors : tuple of Inspector
        In the order of their ids.
    barred : ndarray of uint8, shape (n_visits, n_inspectors)
        0 where eligible, else 1 + place of the first ground in `GROUNDS`.
    """

    visits: tuple[Visit, ...]
    inspectors: tuple[Inspector, ...]
    barred: npt.NDArray[np.uint8]

    @cached_property
    def pairs(self) -> tuple[Ints, Ints]:
        """Visit and inspector of every eligible pair, by visit, then inspector; shapes (n_pairs,)."""
        visit, inspector = np.nonzero(self.barred == 0)
        return visit.astype(np.int64), inspector.astype(np.int64)

    @cached_property
    def sizes(self) -> Ints:
        """Eligible inspectors of every visit; shape (n_visits,)."""
        return np.asarray((self.barred == 0).sum(axis=1), dtype=np.int64)

    @property
    def named_pairs(self) -> list[tuple[str, str]]:
        """Firm and inspector of every eligible pair, by their ids."""
        firms = [visit.firm.firm_id for visit in self.visits]
        people = [inspector.inspector_id for inspector in self.inspectors]
        visit, inspector = (side.tolist() for side in self.pairs)
        return [(firms[i], people[j]) for i, j in zip(visit, inspector, strict=True)]

    def barred_by(self, rows: slice | int = slice(None)) -> dict[str, int]:
        """Count the pairs that each ground bars, the first ground counting."""
        counts = np.bincount(self.barred[rows].ravel(), minlength=len(GROUNDS) + 1)
        return {ground: int(n) for ground, n in zip(GROUNDS, counts[1:], strict=True) if n}


def eligible(
    visits: Sequence[Visit], roster: Roster, past: Past, weeks: Calendar, revisit_months: int
) -> Pool:
    """Find out who may make which visit.

    Parameters
    ----------
    revisit_months : int
        An inspector may not return to a firm sooner than this after the last visit.
    """
    ordered = tuple(sorted(visits, key=lambda visit: visit.firm.firm_id.encode()))
    people = roster.inspectors
    barred = np.zeros((len(ordered), len(people)), dtype=np.uint8)
    grounds = (
        _by_value([v.firm.region for v in ordered], people, Inspector.covers),
        _certified(ordered, people, weeks),
        _by_value(
            [v.week for v in ordered],
            people,
            lambda person, week: person.present(weeks.begins(week), weeks.ends(week)),
        ),
        ~_in_conflict(ordered, roster, past, weeks),
        ~_recent(ordered, people, past, weeks, revisit_months),
    )
    for number, allowed in enumerate(grounds, 1):
        barred[(barred == 0) & ~allowed] = number
    return Pool(ordered, people, barred)


def _by_value(
    values: Sequence[str] | Sequence[int],
    people: Sequence[Inspector],
    allows: Callable[[Inspector, Any], bool],
) -> Flags:
    """Ask every inspector once about every value that occurs; shape (n_visits, n_inspectors)."""
    known = {value: number for number, value in enumerate(dict.fromkeys(values))}
    answers = np.array(
        [[allows(person, value) for person in people] for value in known], dtype=bool
    )
    return answers.reshape(len(known), len(people))[[known[value] for value in values]]


def _certified(visits: Sequence[Visit], people: Sequence[Inspector], weeks: Calendar) -> Flags:
    holds = _by_value([v.firm.sector for v in visits], people, Inspector.certified_for)
    in_term = _by_value(
        [v.week for v in visits], people, lambda person, week: weeks.ends(week) <= person.valid_to
    )
    return holds & in_term


def _in_conflict(visits: Sequence[Visit], roster: Roster, past: Past, weeks: Calendar) -> Flags:
    by_firm, by_group = _until(roster.conflicts)
    column = {person.inspector_id: j for j, person in enumerate(roster.inspectors)}
    flags = np.zeros((len(visits), len(column)), dtype=bool)
    for i, visit in enumerate(visits):
        firm = visit.firm.firm_id
        lists = [by_firm.get(firm, ()), *(by_group.get(g, ()) for g in past.groups.get(firm, ()))]
        for conflict in (c for found in lists for c in found):
            flags[i, column[conflict.inspector_id]] |= conflict.until >= weeks.begins(visit.week)
    return flags


def _until(
    conflicts: Sequence[Conflict],
) -> tuple[dict[str, list[Conflict]], dict[str, list[Conflict]]]:
    by_firm: dict[str, list[Conflict]] = defaultdict(list)
    by_group: dict[str, list[Conflict]] = defaultdict(list)
    for conflict in conflicts:
        if conflict.firm_id:
            by_firm[conflict.firm_id].append(conflict)
        else:
            by_group[conflict.group_id].append(conflict)
    return by_firm, by_group


def _recent(
    visits: Sequence[Visit],
    people: Sequence[Inspector],
    past: Past,
    weeks: Calendar,
    revisit_months: int,
) -> Flags:
    row = {visit.firm.firm_id: i for i, visit in enumerate(visits)}
    column = {person.inspector_id: j for j, person in enumerate(people)}
    since = {v.week: months_before(weeks.begins(v.week), revisit_months) for v in visits}
    flags = np.zeros((len(row), len(column)), dtype=bool)
    for (inspector, firm), day in past.visits.items():
        if inspector in column and firm in row:
            i = row[firm]
            flags[i, column[inspector]] = day > since[visits[i].week]
    return flags


def months_before(day: dt.date, months: int) -> dt.date:
    """Return the same day of the month, or the month's last, `months` earlier.

    >>> months_before(dt.date(2026, 3, 31), 1)
    datetime.date(2026, 2, 28)
    """
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return day.replace(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
