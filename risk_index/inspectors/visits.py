"""The firms drawn, in a random order and spread over the weeks of the round."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from risk_index.draw.public_numbers import VISIT, number
from risk_index.errors import UserError
from risk_index.inspectors.errors import refuse_if_any
from risk_index.inspectors.lists import refuse_unfit_ids
from risk_index.inspectors.sheets import Row, Sheet, read_sheet, sheet_of

DRAWN = ("firm_id", "region", "sector", "arm", "inclusion_probability")
ORDER = "order"
FIRST_YEAR, LAST_YEAR = 1900, 2199
"""Years in which a round may begin: dates of the records outside them are placeholders, too."""


@dataclass(frozen=True)
class Drawn:
    """A firm of the draw; the probability stays the text that was published.

    `order` is its place among the visits where the draw states it, else empty.
    """

    firm_id: str
    region: str
    sector: str
    arm: str
    inclusion_probability: str
    order: str = ""


@dataclass(frozen=True)
class Calendar:
    """The weeks of a round: `weeks` times seven days from `starts` on."""

    starts: dt.date
    weeks: int

    def __post_init__(self) -> None:
        if self.weeks < 1:
            raise UserError(f"a round has at least one week, not {self.weeks}")
        if not FIRST_YEAR <= self.starts.year <= LAST_YEAR:
            raise UserError(
                f"a round begins in the years {FIRST_YEAR} to {LAST_YEAR}, not on {self.starts}: "
                "correct --starts."
            )

    def begins(self, week: int) -> dt.date:
        """Return the first day of a week; weeks count from 1."""
        return self.starts + dt.timedelta(days=7 * (week - 1))

    def first_after(self, day: dt.date) -> int:
        """Return the first week that begins after a day, or the last week where none does."""
        return max(1, min((day - self.starts).days // 7 + 2, self.weeks))

    def ends(self, week: int) -> dt.date:
        """Return the last day of a week."""
        return self.begins(week) + dt.timedelta(days=6)


@dataclass(frozen=True)
class Visit:
    """A drawn firm with its place in the round: number from 1 on, and week from 1 on."""

    number: int
    week: int
    firm: Drawn


def read_drawn(path: Path) -> tuple[Drawn, ...]:
    """Read ``drawn.csv``; columns that the assignment does not need are left alone.

    Raises
    ------
    RosterError
        Naming everything that is wrong in it.
    """
    return _drawn(read_sheet(path, DRAWN, None))


def drawn_of(rows: Iterable[Row]) -> tuple[Drawn, ...]:
    """Check drawn firms that lie in memory."""
    return _drawn(sheet_of("drawn firms", rows))


def _drawn(sheet: Sheet) -> tuple[Drawn, ...]:
    key = "firm_id"
    if not sheet.failures:
        if not sheet.rows:
            sheet.refuse("", "no firm drawn", "Run the draw first.", [sheet.name])
        sheet.refuse_empty((key, "inclusion_probability"), key)
        sheet.refuse_repeated(key)
        refuse_unfit_ids(sheet, key)
        rule, remedy = "not a probability above 0 and up to 1", "Take drawn.csv as it was written."
        sheet.cells("inclusion_probability", key, _probability, rule, remedy)
    refuse_if_any(sheet.failures)
    return tuple(Drawn(*(row.get(name, "") for name in (*DRAWN, ORDER))) for row in sheet.rows)


def _probability(text: str) -> float:
    if not 0 < float(text) <= 1:
        raise ValueError(text)
    return float(text)


def in_weeks(drawn: Sequence[Drawn], seed: bytes, weeks: int) -> tuple[Visit, ...]:
    """Put the firms in the random order of the draw and deal them out to the weeks.

    The order is that of the draw's public numbers, as `order` in ``drawn.csv``. Of n visits in w weeks,
    the one at place p (from 0 on) falls in week floor(p w / n) + 1, so that two weeks differ by one
    visit at most.

    Raises
    ------
    UserError
        Where ``drawn.csv`` states another order, and so comes from another seed.
    """
    ids = {firm.firm_id.encode(): firm for firm in drawn}
    order = [ids[i] for i in sorted(ids, key=lambda i: (number(seed, VISIT, i), i))]
    other = [f.firm_id for p, f in enumerate(order, 1) if f.order not in ("", str(p))]
    if other:
        raise UserError(
            f"drawn.csv: {len(other)} firms (first: {', '.join(other[:3])}) have another place in "
            "`order` than this seed gives them: the file or the seed was altered."
        )
    n = len(order)
    return tuple(Visit(p + 1, p * weeks // n + 1, firm) for p, firm in enumerate(order))
