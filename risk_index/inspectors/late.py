"""Visits to firms that replace others once the schedule stands: inspectors by the keys of the same seed.

Such a visit takes number and week of the visit replaced; where that week had begun when the firm was
replaced, the first week after, or the round's last. Its inspectors are the first of its eligible set in
the order of their keys who have not made their max_visits. Loads are not levelled anew.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from risk_index.draw.replacements import Replacement
from risk_index.errors import UserError
from risk_index.inspectors.duties import duties_of, has_room
from risk_index.inspectors.errors import PoolError
from risk_index.inspectors.facts import Facts
from risk_index.inspectors.keys import in_order
from risk_index.inspectors.logs import (
    LATE,
    LateVisit,
    last_sha256,
    late_visits_of,
    stand_ins_of,
    write_log,
)
from risk_index.inspectors.past import NOTHING_PAST, Past
from risk_index.inspectors.planning import Terms
from risk_index.inspectors.pool import eligible
from risk_index.inspectors.replaced import frame_rows, places
from risk_index.inspectors.roster import Roster
from risk_index.inspectors.visits import Drawn, Visit, in_weeks

PastOf = Callable[[Sequence[str], dt.date], Past]
"""Reads the past of some firms before a day."""


@dataclass(frozen=True)
class Given:
    """What an assignment is made from; `past_of` is None where no records are at hand."""

    roster: Roster
    past_of: PastOf | None
    terms: Terms


def add_late(
    folder: Path,
    drawn: Sequence[Drawn],
    log: Sequence[Replacement],
    facts: Facts,
    given: Given,
) -> list[LateVisit]:
    """Assign the visits to firms that replaced others after the schedule, and log them.

    A firm that has its visit, or was replaced in its turn, gets none.

    Parameters
    ----------
    folder : Path
        Folder of the round.
    drawn : sequence of Drawn
        The firms of ``drawn.csv``.
    log : sequence of Replacement
        All replacements of the round.
    facts : Facts
        Of its schedule.
    given : Given
        Lists and terms of the first time; records may be newer, since the log has their hash.

    Returns
    -------
    list of LateVisit
        The visits added.

    Raises
    ------
    PoolError
        Where a visit has too few eligible inspectors.
    UserError
        Where lists or terms are not those of the first time, or a file was altered.
    """
    _refuse_other_terms(folder, facts, given)
    made = late_visits_of(folder)
    duties = duties_of(folder, made, stand_ins_of(folder), log)
    missing = [
        entry
        for entry in log[facts.replacements :]
        if entry.replaced_by not in duties.sent and entry.replaced_by not in duties.replaced
    ]
    if not missing:
        return []
    loads, known = duties.loads, len(made)
    for entry, visit in zip(missing, _visits(folder, drawn, log, missing, given), strict=True):
        one = _assigned(visit, entry, loads, given)
        loads.update(one.inspectors.split(";"))
        made.append(replace(one, entry=len(made) + 1, previous_sha256=last_sha256(folder, made)))
    write_log(folder / LATE, made)
    return made[known:]


def _visits(
    folder: Path,
    drawn: Sequence[Drawn],
    log: Sequence[Replacement],
    missing: Sequence[Replacement],
    given: Given,
) -> list[Visit]:
    """Return the visits of some entries of the log: number, week and firm."""
    seed, weeks = given.terms.seed, given.terms.weeks
    slots = {visit.firm.firm_id: visit for visit in in_weeks(drawn, seed, weeks.weeks)}
    rows = frame_rows(folder, seed, [entry.replaced_by for entry in missing])
    place = places(log)
    found = []
    for entry in missing:
        slot = slots[place[entry.replaced_by]]
        week = max(slot.week, weeks.first_after(dt.date.fromisoformat(entry.date)))
        found.append(Visit(slot.number, week, rows[entry.replaced_by]))
    return found


def _assigned(
    visit: Visit, entry: Replacement, loads: Mapping[str, int], given: Given
) -> LateVisit:
    """Return a visit with its inspectors; its place in the log is still open."""
    firm, terms = visit.firm, given.terms
    before = max(terms.weeks.starts, dt.date.fromisoformat(entry.date))
    past = given.past_of([firm.firm_id], before) if given.past_of else None
    pool = eligible([visit], given.roster, past or NOTHING_PAST, terms.weeks, terms.revisit_months)
    able = [one for _, one in pool.named_pairs]
    most = {person.inspector_id: person.max_visits for person in given.roster.inspectors}
    free = has_room(in_order(terms.seed, firm.firm_id, able), most, loads)
    if len(free) < terms.per_visit:
        raise PoolError(
            f"firm {firm.firm_id}, which replaces {entry.firm_id}: {terms.per_visit} inspectors are needed "
            f"in week {visit.week}, {len(able)} are eligible, {len(free)} of them below their max_visits. "
            "Replace the firm: `risk-index draw replace`."
        )
    return LateVisit(
        0,
        str(visit.number),
        firm.firm_id,
        entry.firm_id,
        firm.region,
        firm.sector,
        str(visit.week),
        terms.weeks.begins(visit.week).isoformat(),
        ";".join(free[: terms.per_visit]),
        firm.arm,
        firm.inclusion_probability,
        ";".join(able),
        past.sha256 if past else "",
        "",
    )


def _refuse_other_terms(folder: Path, facts: Facts, given: Given) -> None:
    terms = given.terms
    now = {
        "starts": terms.weeks.starts,
        "weeks": terms.weeks.weeks,
        "inspectors_per_visit": terms.per_visit,
        "revisit_months": terms.revisit_months,
        "roster_sha256": given.roster.sha256,
    }
    other = [name for name, value in now.items() if getattr(facts, name) != value]
    if (facts.past_sha256 is None) != (given.past_of is None):
        other.append("records (given one time and not the other)")
    if other:
        raise UserError(
            f"{folder} was assigned with other {', '.join(other)}. Firms that replace others get inspectors "
            "from the lists and terms of the first time; for an inspector who cannot come, take a stand-in."
        )
