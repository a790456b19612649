"""A draw's folder gets its inspectors: first the schedule, later visits to firms that replace others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from risk_index.digest import file_sha256
from risk_index.draw.plan import DRAWN, REPLACEMENTS
from risk_index.draw.replacements import Replacement
from risk_index.errors import UserError
from risk_index.inspectors.facts import Facts, read_facts
from risk_index.inspectors.late import Given, add_late
from risk_index.inspectors.levels import first_few
from risk_index.inspectors.logs import LATE, LateVisit
from risk_index.inspectors.planning import plan
from risk_index.inspectors.replaced import NOBODY_REPLACED, replaced_in, replacements_of
from risk_index.inspectors.schedule import FACTS, SCHEDULE, write_schedule
from risk_index.inspectors.visits import Drawn, read_drawn


def assign_round(folder: Path, given: Given) -> list[str]:
    """Write the schedule of a round, or keep it and add visits to firms that replaced others since.

    Parameters
    ----------
    folder : Path
        Folder of a round that was run.
    given : Given
        Lists, records and terms.

    Returns
    -------
    list of str
        What was done, and what could not be had.

    Raises
    ------
    UserError
        Where the lists, the files of the folder or the pool do not allow it.
    """
    drawn = read_drawn(folder / DRAWN)
    log = replacements_of(folder)
    facts = read_facts(folder, given.terms.seed) if (folder / FACTS).exists() else None
    if facts:
        _refuse_other_log(folder, facts, log)
        if len(log) > facts.replacements:
            return _added(folder, add_late(folder, drawn, log, facts, given))
    return _scheduled(folder, drawn, log, given)


def _scheduled(
    folder: Path, drawn: Sequence[Drawn], log: Sequence[Replacement], given: Given
) -> list[str]:
    replaced = replaced_in(folder, given.terms.seed, log) if log else NOBODY_REPLACED
    firms = [replaced.by.get(firm.firm_id, firm).firm_id for firm in drawn]
    weeks = given.terms.weeks
    past = given.past_of(firms, weeks.starts) if given.past_of else None
    schedule = plan(drawn, given.roster, past, given.terms, replaced)
    write_schedule(schedule, folder)
    said = [f"- {note}" for note in schedule.notes]
    said.append(f"{len(drawn)} visits in {weeks.weeks} weeks: {folder / SCHEDULE}")
    return [*said, f"{FACTS} {file_sha256(folder / FACTS)}; publish it before the first visit"]


def _added(folder: Path, added: Sequence[LateVisit]) -> list[str]:
    if not added:
        return [
            f"{folder / SCHEDULE} stays as it is; every firm that replaces another has its visit"
        ]
    who = first_few([f"{one.firm_id} for {one.replaces}" for one in added])
    return [
        f"{folder / SCHEDULE} stays as it is; visits to {len(added)} firms that replace others ({who}): "
        f"{folder / LATE}"
    ]


def _refuse_other_log(folder: Path, facts: Facts, log: Sequence[Replacement]) -> None:
    taken = facts.replacements
    last = log[taken - 1].sha256 if 0 < taken <= len(log) else None
    if last != facts.replacements_sha256:
        raise UserError(
            f"{folder / REPLACEMENTS} does not hold the {taken} entries that {FACTS} takes in: it was cut or "
            "altered. Take the file as `risk-index draw replace` wrote it."
        )
