"""Who is to go where now: the schedule, later visits and stand-ins read together."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from risk_index.draw.replacements import Replacement
from risk_index.errors import UserError
from risk_index.inspectors.logs import LateVisit, StandIn
from risk_index.inspectors.schedule import ELIGIBLE, SCHEDULE
from risk_index.ranked_rows import defused


@dataclass(frozen=True)
class Duties:
    """Visits of a round as they stand.

    Attributes
    ----------
    eligible : dict
        Inspectors who may make the visit to a firm, by firm_id.
    sent : dict
        All who were to make it so far, assigned ones first, then stand-ins, by firm_id.
    gone : dict
        Those of them who could not come, by firm_id.
    replaced : dict
        The firm visited instead, by firm_id.
    """

    eligible: Mapping[str, tuple[str, ...]]
    sent: Mapping[str, tuple[str, ...]]
    gone: Mapping[str, tuple[str, ...]]
    replaced: Mapping[str, str]

    def now(self, firm_id: str) -> list[str]:
        """Return who is to visit a firm."""
        return [one for one in self.sent[firm_id] if one not in self.gone.get(firm_id, ())]

    @property
    def loads(self) -> Counter[str]:
        """Visits of every inspector, those to replaced firms and those they cannot make left out."""
        firms = (firm for firm in self.sent if firm not in self.replaced)
        return Counter(one for firm in firms for one in self.now(firm))

    def check(self, firm_id: str) -> None:
        """Refuse a firm that is not to be visited.

        Raises
        ------
        UserError
            Saying by whom it was replaced, or what to do.
        """
        if firm_id in self.replaced:
            raise UserError(
                f"{firm_id} is replaced by {self.replaced[firm_id]}: it is not visited."
            )
        if firm_id not in self.sent:
            raise UserError(
                f"there is no visit to {firm_id} in the schedule. If it replaces a firm, run "
                "`risk-index draw assign` again first."
            )


def duties_of(
    folder: Path,
    late: Sequence[LateVisit],
    stand_ins: Sequence[StandIn],
    replacements: Sequence[Replacement],
) -> Duties:
    """Read a schedule together with its logs.

    Raises
    ------
    UserError
        Where the files of the schedule do not belong together.
    """
    try:
        rows = _rows(folder / ELIGIBLE)
        eligible = {row["firm_id"]: tuple(row["inspectors"].split(";")) for row in rows}
        sent = _teams(folder, eligible)
    except (KeyError, AttributeError, UnicodeDecodeError, csv.Error):
        raise UserError(
            f"{folder / SCHEDULE} and {ELIGIBLE} do not belong together: take the files as they were written."
        ) from None
    for visit in late:
        eligible[visit.firm_id] = tuple(visit.eligible.split(";"))
        sent[visit.firm_id] = tuple(visit.inspectors.split(";"))
    gone: dict[str, tuple[str, ...]] = {}
    for entry in stand_ins:
        sent[entry.firm_id] = (*sent.get(entry.firm_id, ()), entry.stand_in)
        gone[entry.firm_id] = (*gone.get(entry.firm_id, ()), entry.inspector_id)
    return Duties(eligible, sent, gone, {e.firm_id: e.replaced_by for e in replacements})


def has_room(
    inspectors: Sequence[str], most: Mapping[str, int | None], loads: Mapping[str, int]
) -> list[str]:
    """Return those who make fewer visits than their max_visits, in the order given."""
    limits = ((one, most.get(one)) for one in inspectors)
    return [one for one, limit in limits if limit is None or loads.get(one, 0) < limit]


def _teams(folder: Path, eligible: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Return who was assigned to whom by the schedule, whose cells are safe for spreadsheets."""
    firms = {defused(firm): firm for firm in eligible}
    teams = {}
    for row in _rows(folder / SCHEDULE):
        firm = firms[row["firm_id"]]
        named = [cell for name, cell in row.items() if name.startswith("inspector_")]
        people = {defused(one): one for one in eligible[firm]}
        teams[firm] = tuple(people[cell] for cell in named)
    return teams


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))
