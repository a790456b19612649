"""Logs of what came after a schedule: stand-ins, and visits to firms that replace others.

Each is a CSV file and a hash chain that begins with the hash of ``schedule.json``. The newest hash,
published, keeps a whole log as it is. No cell runs as a formula in a spreadsheet.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import TypeVar

from risk_index.digest import file_sha256
from risk_index.draw.records import write_whole
from risk_index.errors import UserError
from risk_index.inspectors.schedule import FACTS
from risk_index.ranked_rows import armed, defused

STAND_INS, LATE = "stand_ins.csv", "replacement_visits.csv"


@dataclass(frozen=True)
class StandIn:
    """One inspector who goes in place of another; `previous_sha256` is the hash of the line before."""

    entry: int
    date: str
    firm_id: str
    inspector_id: str
    reason: str
    person: str
    stand_in: str
    previous_sha256: str


@dataclass(frozen=True)
class LateVisit:
    """A visit to a firm that replaced another once the schedule stood.

    `visit` and, unless that week had begun, `week` are those of the firm replaced. `inspectors` and
    `eligible` are ids joined by ``;``, the former in the order of their keys. `past_sha256` is empty
    without records.
    """

    entry: int
    visit: str
    firm_id: str
    replaces: str
    region: str
    sector: str
    week: str
    week_begins: str
    inspectors: str
    arm: str
    inclusion_probability: str
    eligible: str
    past_sha256: str
    previous_sha256: str


Entry = TypeVar("Entry", StandIn, LateVisit)


def line_of(entry: StandIn | LateVisit) -> str:
    """Return an entry as a CSV line, with its line break."""
    return _line([str(entry.entry), *(defused(cell) for cell in astuple(entry)[1:])])


def sha256_of(entry: StandIn | LateVisit) -> str:
    """Return the hash of an entry's line."""
    return hashlib.sha256(line_of(entry).encode()).hexdigest()


def last_sha256(folder: Path, log: list[Entry]) -> str:
    """Return what the next entry of a log has to hold: the hash of the last, or of the facts."""
    return sha256_of(log[-1]) if log else file_sha256(folder / FACTS)


def stand_ins_of(folder: Path) -> list[StandIn]:
    """Read the log of stand-ins and check its chain; empty where there is none.

    Raises
    ------
    UserError
        Where an entry was changed, taken out or moved.
    """
    return _read(folder, STAND_INS, StandIn)


def late_visits_of(folder: Path) -> list[LateVisit]:
    """Read the log of visits to firms that replaced others, as `stand_ins_of` does."""
    log = _read(folder, LATE, LateVisit)
    for one in log:
        try:
            int(one.visit), int(one.week), dt.date.fromisoformat(one.week_begins)
        except ValueError:
            raise _altered(folder / LATE, one.entry) from None
    return log


def write_log(file: Path, log: list[Entry]) -> None:
    """Write a log whole or not at all."""
    header = _line([field.name for field in fields(log[0])])
    write_whole(file, (header + "".join(map(line_of, log))).encode())


def _read(folder: Path, name: str, kind: type[Entry]) -> list[Entry]:
    file = folder / name
    if not file.exists():
        return []
    columns = [field.name for field in fields(kind)]
    try:
        header, *rows = list(csv.reader(io.StringIO(file.read_text(encoding="utf-8")), strict=True))
    except (ValueError, csv.Error):
        raise UserError(f"{file} cannot be read as a log: it was altered.") from None
    if header != columns:
        raise UserError(f"{file} has other columns than {', '.join(columns)}: it was altered.")
    log: list[Entry] = []
    for number, row in enumerate(rows, 1):
        if len(row) != len(columns) or row[0] != str(number):
            raise _altered(file, number)
        if row[-1] != last_sha256(folder, log):
            raise UserError(
                f"{file}: entry {number} does not follow the one before: it was altered."
            )
        log.append(kind(number, *map(armed, row[1:])))
    return log


def _altered(file: Path, number: int) -> UserError:
    return UserError(f"{file}: entry {number} is no entry of the log: it was altered.")


def _line(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()
