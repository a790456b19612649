"""A round planned from its lists and one public seed: order of visits, weeks, inspectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from risk_index.errors import UserError
from risk_index.inspectors.assignment import Assignment, assign
from risk_index.inspectors.keys import costs, pair_numbers
from risk_index.inspectors.notes import load_notes
from risk_index.inspectors.past import NOTHING_PAST, Past, past_notes
from risk_index.inspectors.pool import eligible
from risk_index.inspectors.replaced import NOBODY_REPLACED, Replaced
from risk_index.inspectors.roster import Roster
from risk_index.inspectors.visits import Calendar, Drawn, Visit, in_weeks

SEED_BYTES = 32
MOST_MONTHS = 1200


@dataclass(frozen=True)
class Terms:
    """What a round's assignment rests on besides the lists.

    Attributes
    ----------
    seed : bytes
        The round's public seed, 32 bytes.
    weeks : Calendar
        The weeks of the round.
    per_visit : int
        Inspectors of a visit.
    revisit_months : int
        Months that must pass before an inspector returns to a firm; 0 to 1200.
    """

    seed: bytes
    weeks: Calendar
    per_visit: int = 2
    revisit_months: int = 24

    def __post_init__(self) -> None:
        if len(self.seed) != SEED_BYTES:
            raise UserError(f"the seed has {len(self.seed)} bytes, not {SEED_BYTES}")
        if self.per_visit < 1:
            raise UserError(f"a visit needs at least 1 inspector, not {self.per_visit}")
        if not 0 <= self.revisit_months <= MOST_MONTHS:
            raise UserError(f"revisit_months is 0 to {MOST_MONTHS}, not {self.revisit_months}")


@dataclass(frozen=True)
class Schedule:
    """A round's visits with their weeks and inspectors.

    Attributes
    ----------
    terms : Terms
        What it rests on.
    roster_sha256 : str
        Hash of the lists of inspectors and conflicts.
    past_sha256 : str or None
        Hash of the earlier visits and groups; None where no records were given.
    replaced : Replaced
        Replacements that it takes in.
    assignment : Assignment
        Who goes where.
    notes : tuple of str
        What could not be had, and why.
    """

    terms: Terms
    roster_sha256: str
    past_sha256: str | None
    replaced: Replaced
    assignment: Assignment
    notes: tuple[str, ...]

    @property
    def lines(self) -> list[tuple[Visit, tuple[str, ...]]]:
        """Visits by number, each with the ids of its inspectors."""
        pool = self.assignment.pool
        named = [
            (visit, tuple(pool.inspectors[j].inspector_id for j in people))
            for visit, people in zip(pool.visits, self.assignment.inspectors, strict=True)
        ]
        return sorted(named, key=lambda line: line[0].number)


def plan(
    drawn: Sequence[Drawn],
    roster: Roster,
    past: Past | None,
    terms: Terms,
    replaced: Replaced = NOBODY_REPLACED,
) -> Schedule:
    """Order the visits, spread them over the weeks and assign inspectors, all from one seed.

    Parameters
    ----------
    drawn : sequence of Drawn
        In any order.
    roster : Roster
        Inspectors and conflicts.
    past : Past or None
        None: no records are at hand, which the notes then say.
    terms : Terms
        Seed, weeks, inspectors per visit, months before a return.
    replaced : Replaced
        Firms that take the visits of drawn ones.

    Raises
    ------
    PoolError
        Where the visits need more inspectors than are eligible.
    """
    visits = replaced.applied(in_weeks(drawn, terms.seed, terms.weeks.weeks))
    pool = eligible(visits, roster, past or NOTHING_PAST, terms.weeks, terms.revisit_months)
    keys = costs(pair_numbers(terms.seed, pool.named_pairs))
    assignment = assign(pool, keys, terms.per_visit)
    notes = replaced.notes + load_notes(assignment, terms.per_visit)
    notes += past_notes(past, roster, terms.revisit_months)
    past_sha256 = past.sha256 if past else None
    return Schedule(terms, roster.sha256, past_sha256, replaced, assignment, tuple(notes))
