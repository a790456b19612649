"""The schedule of a round as files: CSV for people, JSON and the eligible set for whoever checks."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from risk_index.errors import UserError
from risk_index.inspectors.levels import limits
from risk_index.inspectors.planning import Schedule
from risk_index.ranked_rows import defused

FORMAT = 2
SCHEDULE, FACTS, ELIGIBLE = "schedule.csv", "schedule.json", "eligible.csv"


def write_schedule(schedule: Schedule, folder: Path) -> None:
    """Write ``schedule.csv``, ``eligible.csv`` and ``schedule.json`` into a folder.

    Raises
    ------
    UserError
        Where the folder holds another schedule: whoever may assign twice may choose.
    """
    texts = {
        SCHEDULE: schedule_bytes(schedule),
        ELIGIBLE: eligible_text(schedule).encode(),
        FACTS: (json.dumps(facts(schedule), indent=1, ensure_ascii=False) + "\n").encode(),
    }
    there = {name: folder / name for name in texts if (folder / name).exists()}
    other = [name for name, file in there.items() if file.read_bytes() != texts[name]]
    if other:
        raise UserError(
            f"{folder} holds another {other[0]}: a round is assigned once, since whoever may repeat "
            "it may choose. Seed, lists, records or terms differ from those of the first time; for an "
            "inspector who cannot come, take a stand-in."
        )
    with tempfile.TemporaryDirectory(prefix=".schedule-", dir=folder) as name:
        for file, text in texts.items():
            (Path(name) / file).write_bytes(text)
        for file in texts:
            (Path(name) / file).replace(folder / file)


def schedule_bytes(schedule: Schedule) -> bytes:
    """Return the schedule as CSV, safe to open in a spreadsheet."""
    people = [f"inspector_{n}" for n in range(1, schedule.terms.per_visit + 1)]
    header = ["visit", "firm_id", "region", "sector", "week", "week_begins", *people]
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow([*header, "arm", "inclusion_probability"])
    for visit, inspectors in schedule.lines:
        firm, begins = visit.firm, schedule.terms.weeks.begins(visit.week)
        texts = map(defused, (firm.firm_id, firm.region, firm.sector))
        chance = map(defused, (firm.arm, firm.inclusion_probability))
        writer.writerow(
            [
                visit.number,
                *texts,
                visit.week,
                begins.isoformat(),
                *map(defused, inspectors),
                *chance,
            ]
        )
    return out.getvalue().encode("utf-8-sig")


def eligible_text(schedule: Schedule) -> str:
    """Return the realised eligible set as CSV: one row a visit, its inspectors joined by ``;``."""
    pool = schedule.assignment.pool
    found: list[list[str]] = [[] for _ in pool.visits]
    for i, j in zip(*(side.tolist() for side in pool.pairs), strict=True):
        found[i].append(pool.inspectors[j].inspector_id)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["firm_id", "week", "inspectors"])
    for visit, people in zip(pool.visits, found, strict=True):
        writer.writerow([visit.firm.firm_id, visit.week, ";".join(people)])
    return out.getvalue()


def facts(schedule: Schedule) -> dict[str, Any]:
    """Return what a reader needs to check the schedule: seed, terms, hashes, counts, loads, notes."""
    terms, assignment = schedule.terms, schedule.assignment
    pool = assignment.pool
    per_week = np.bincount([v.week - 1 for v in pool.visits], minlength=terms.weeks.weeks)
    return {
        "format": FORMAT,
        "seed": terms.seed.hex(),
        "starts": terms.weeks.starts.isoformat(),
        "weeks": terms.weeks.weeks,
        "inspectors_per_visit": terms.per_visit,
        "revisit_months": terms.revisit_months,
        "roster_sha256": schedule.roster_sha256,
        "past_sha256": schedule.past_sha256,
        "replacements": schedule.replaced.entries,
        "replacements_sha256": schedule.replaced.sha256,
        "schedule_sha256": hashlib.sha256(schedule_bytes(schedule)).hexdigest(),
        "eligible_sha256": hashlib.sha256(eligible_text(schedule).encode()).hexdigest(),
        "eligible_pairs": len(pool.pairs[0]),
        "barred_pairs": pool.barred_by(),
        "visits_per_week": per_week.tolist(),
        "notes": list(schedule.notes),
        "loads": _loads(schedule),
        "eligible_per_visit": {
            visit.firm.firm_id: int(n) for visit, n in zip(pool.visits, pool.sizes, strict=True)
        },
    }


def _loads(schedule: Schedule) -> list[dict[str, Any]]:
    assignment = schedule.assignment
    pool = assignment.pool
    able = np.bincount(pool.pairs[1], minlength=len(pool.inspectors))
    columns = (assignment.loads, assignment.busiest_weeks, able, limits(pool))
    names = ("visits", "most_in_a_week", "eligible_visits", "limit")
    return [
        {"inspector_id": person.inspector_id, "max_visits": person.max_visits}
        | {name: int(column[j]) for name, column in zip(names, columns, strict=True)}
        for j, person in enumerate(pool.inspectors)
    ]
