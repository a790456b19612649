"""Stand-ins for inspectors who cannot come: the next in the random order of that visit, each logged.

The order is that of the visit's keys among its realised eligible set, so nobody chooses. Loads are not
levelled anew. The log is a hash chain that begins with the hash of ``schedule.json``.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np

from risk_index.draw.records import write_whole
from risk_index.errors import UserError
from risk_index.inspectors.errors import PoolError
from risk_index.inspectors.keys import costs, pair_numbers
from risk_index.inspectors.schedule import ELIGIBLE, FACTS, SCHEDULE
from risk_index.ranking import defused

STAND_INS = "stand_ins.csv"


@dataclass(frozen=True)
class StandIn:
    """An entry of the log; `previous_sha256` is the hash of the line before."""

    entry: int
    date: str
    firm_id: str
    inspector_id: str
    reason: str
    person: str
    stand_in: str
    previous_sha256: str

    @property
    def line(self) -> str:
        """The entry as a CSV line, with its line break."""
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerow(astuple(self))
        return out.getvalue()

    @property
    def sha256(self) -> str:
        """Hash of the line: the newest, published, keeps the whole log as it is."""
        return hashlib.sha256(self.line.encode()).hexdigest()


HEADER = ",".join(field.name for field in fields(StandIn)) + "\n"


def send_next(
    folder: Path, firm_id: str, inspector_id: str, reason: str, person: str, day: dt.date
) -> StandIn:
    """Take the next inspector of a visit for one who cannot come, and log it.

    Raises
    ------
    PoolError
        Where the visit's eligible set is used up.
    UserError
        Where the files were altered, the inspector is not to make that visit, or a word is missing.
    """
    for what, text in (("reason", reason), ("person", person)):
        if not text.strip() or not text.isprintable():
            raise UserError(f"the {what} must be stated in one line of text, not {text!r}")
    seed, eligible, team = _visit(folder, firm_id)
    log = read_log(folder)
    gone = [entry.inspector_id for entry in log if entry.firm_id == firm_id]
    sent = team + [entry.stand_in for entry in log if entry.firm_id == firm_id]
    now = [one for one in sent if one not in gone]
    if inspector_id not in now:
        raise UserError(f"{inspector_id} is not to visit {firm_id}: {', '.join(now)} are.")
    left = [one for one in in_order(seed, firm_id, eligible) if one not in sent]
    if not left:
        raise PoolError(
            f"firm {firm_id}: all {len(eligible)} eligible inspectors were sent or could not come; 1 is "
            "needed, 0 are left: leave the visit to the next round, or replace the firm."
        )
    before = log[-1].sha256 if log else _file_sha256(folder / FACTS)
    entry = StandIn(
        len(log) + 1,
        day.isoformat(),
        firm_id,
        inspector_id,
        reason.strip(),
        person.strip(),
        left[0],
        before,
    )
    text = HEADER + "".join(one.line for one in [*log, entry])
    write_whole(folder / STAND_INS, text.encode())
    return entry


def in_order(seed: bytes, firm_id: str, eligible: list[str]) -> list[str]:
    """Return the eligible inspectors of a visit in the order of their keys."""
    ordered = sorted(eligible, key=str.encode)
    cost = costs(pair_numbers(seed, ((firm_id, one) for one in ordered)))
    return [ordered[j] for j in np.argsort(cost, kind="stable")]


def read_log(folder: Path) -> list[StandIn]:
    """Read the log and check its chain.

    Raises
    ------
    UserError
        Where an entry was changed, taken out or moved.
    """
    file = folder / STAND_INS
    if not file.exists():
        return []
    rows = list(csv.reader(io.StringIO(file.read_text(encoding="utf-8"))))[1:]
    before = _file_sha256(folder / FACTS)
    log = []
    for number, row in enumerate(rows, 1):
        if len(row) != len(fields(StandIn)) or row[0] != str(number):
            raise UserError(f"{file}: entry {number} is no entry of the log: it was altered.")
        if row[-1] != before:
            raise UserError(
                f"{file}: entry {number} does not follow the one before: it was altered."
            )
        log.append(StandIn(number, *row[1:]))
        before = log[-1].sha256
    return log


def _visit(folder: Path, firm_id: str) -> tuple[bytes, list[str], list[str]]:
    """Return the seed, the eligible inspectors of a visit and those assigned."""
    facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    for file, name in ((SCHEDULE, "schedule_sha256"), (ELIGIBLE, "eligible_sha256")):
        if _file_sha256(folder / file) != facts[name]:
            raise UserError(f"{folder / file} is not the file of {FACTS}: it was altered.")
    eligible = _row(folder / ELIGIBLE, firm_id)["inspectors"].split(";")
    row = _row(folder / SCHEDULE, defused(firm_id))
    team = {cell for name, cell in row.items() if name.startswith("inspector_")}
    return bytes.fromhex(facts["seed"]), eligible, [i for i in eligible if defused(i) in team]


def _file_sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _row(file: Path, firm_id: str) -> dict[str, str]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream):
            if row["firm_id"] == firm_id:
                return row
    raise UserError(f"{file}: no visit to {firm_id}")
