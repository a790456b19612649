"""Who may visit and who must not: the lists of inspectors and of conflicts of interest."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

Span = tuple[dt.date, dt.date]
EVERYTHING = "*"
FIRST, LAST = dt.date.min, dt.date.max


@dataclass(frozen=True, order=True)
class Inspector:
    """An inspector and what limits where and when they may go.

    Attributes
    ----------
    inspector_id : str
        A number of the office, not of the person.
    regions : tuple of str
        Beginnings of region codes; empty: everywhere.
    certificates : tuple of str
        Beginnings of sector codes that they hold a certificate for; ``*``: all.
    valid_to : date
        Last day of the certificates.
    available_from, available_to : date
        First and last day of service.
    absent : tuple of (date, date)
        First and last day of each absence.
    max_visits : int or None
        Most visits in the round; None: no limit of their own; 0: as if they were away.
    """

    inspector_id: str
    regions: tuple[str, ...] = ()
    certificates: tuple[str, ...] = (EVERYTHING,)
    valid_to: dt.date = LAST
    available_from: dt.date = FIRST
    available_to: dt.date = LAST
    absent: tuple[Span, ...] = ()
    max_visits: int | None = None

    def covers(self, region: str) -> bool:
        """Tell whether a region is theirs."""
        return not self.regions or region.startswith(self.regions)

    def certified_for(self, sector: str) -> bool:
        """Tell whether they hold a certificate for a sector, leaving its term aside."""
        return EVERYTHING in self.certificates or sector.startswith(self.certificates)

    def present(self, begins: dt.date, ends: dt.date) -> bool:
        """Tell whether they are there, and may visit at all, on every day from `begins` to `ends`."""
        if self.max_visits == 0:
            return False
        in_service = self.available_from <= begins and ends <= self.available_to
        return in_service and not any(a <= ends and begins <= b for a, b in self.absent)


@dataclass(frozen=True, order=True)
class Conflict:
    """A reason why an inspector may not visit a firm, or any firm of a group, up to a day."""

    inspector_id: str
    firm_id: str
    group_id: str
    ground: str
    until: dt.date = LAST


@dataclass(frozen=True)
class Roster:
    """Inspectors and conflicts, each in an order of their own that no file decides."""

    inspectors: tuple[Inspector, ...]
    conflicts: tuple[Conflict, ...]

    @property
    def sha256(self) -> str:
        """Hash of the content, the same for any order of rows: what may be published beforehand."""
        rows = [[asdict(row) for row in rows] for rows in (self.inspectors, self.conflicts)]
        return hashlib.sha256(json.dumps(rows, default=str).encode()).hexdigest()


def roster_of(inspectors: Iterable[Inspector], conflicts: Iterable[Conflict] = ()) -> Roster:
    """Return the roster in its own order: by the UTF-8 bytes of the ids."""
    by_id = sorted(inspectors, key=lambda inspector: inspector.inspector_id.encode())
    return Roster(tuple(by_id), tuple(sorted(conflicts)))


def parts(text: str) -> tuple[str, ...]:
    """Split a cell at semicolons, half or full width, and sort what is not empty.

    >>> parts("I2； I1;")
    ('I1', 'I2')
    """
    return tuple(sorted({part.strip() for part in text.replace("；", ";").split(";")} - {""}))


def names(inspectors: Sequence[Inspector], shown: int = 3) -> str:
    """Return the first few ids, for messages."""
    first = ", ".join(inspector.inspector_id for inspector in inspectors[:shown])
    return first + (", ..." if len(inspectors) > shown else "")
