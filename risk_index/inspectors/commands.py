"""``risk-index draw assign`` and ``stand-in``: inspectors and weeks for the firms of a draw."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from risk_index.messages import honest, say
from risk_index.options import DATE, FOLDER, HELP

if TYPE_CHECKING:
    from risk_index.inspectors.past import Past


@click.command(context_settings=HELP)
@click.argument("folder", metavar="DRAW", type=FOLDER)
@click.option(
    "--inspectors", type=FOLDER, required=True, help="CSV: inspector_id, regions, certificates ..."
)
@click.option(
    "--conflicts", type=FOLDER, help="CSV: inspector_id, firm_id or group_id, ground, until."
)
@click.option("--records", type=FOLDER, help="Records with earlier visits and groups of firms.")
@click.option("--mapping", type=FOLDER, help="Folder that maps somebody else's extract.")
@click.option("--starts", type=DATE, required=True, metavar="YYYY-MM-DD", help="First day.")
@click.option("--weeks", type=click.IntRange(1, 53), required=True, help="Weeks of the round.")
@click.option("--inspectors-per-visit", type=click.IntRange(min=2), default=2, show_default=True)
@click.option("--revisit-months", type=click.IntRange(min=0), default=24, show_default=True)
@honest
def assign(
    folder: Path,
    inspectors: Path,
    conflicts: Path | None,
    records: Path | None,
    mapping: Path | None,
    starts: dt.datetime,
    weeks: int,
    inspectors_per_visit: int,
    revisit_months: int,
) -> None:
    """Assign inspectors at random to the firms of DRAW, and spread the visits over the weeks.

    Reads drawn.csv and the seed in result.json; writes schedule.csv, schedule.json and eligible.csv
    into DRAW. The same lists and seed give the same files.
    """
    from risk_index.draw.plan import DRAWN
    from risk_index.inspectors.lists import read_roster
    from risk_index.inspectors.planning import Terms, plan
    from risk_index.inspectors.schedule import SCHEDULE, write_schedule
    from risk_index.inspectors.visits import Calendar, read_drawn

    roster = read_roster(inspectors, conflicts)
    drawn = read_drawn(folder / DRAWN)
    calendar = Calendar(starts.date(), weeks)
    terms = Terms(seed_of(folder), calendar, inspectors_per_visit, revisit_months)
    past = _past(records, mapping, [f.firm_id for f in drawn]) if records else None
    schedule = plan(drawn, roster, past, terms)
    write_schedule(schedule, folder)
    for note in schedule.notes:
        say(f"- {note}")
    say(f"{len(drawn)} visits in {weeks} weeks: {folder / SCHEDULE}")


@click.command("stand-in", context_settings=HELP)
@click.argument("folder", metavar="DRAW", type=FOLDER)
@click.argument("firm_id")
@click.option("--inspector", required=True, help="Who cannot come.")
@click.option("--reason", required=True, help="Why.")
@click.option("--person", required=True, help="Who says so.")
@click.option("--date", type=DATE, metavar="YYYY-MM-DD", help="Today by default.")
@honest
def stand_in(
    folder: Path, firm_id: str, inspector: str, reason: str, person: str, date: dt.datetime | None
) -> None:
    """Send the next inspector of the random order to FIRM_ID, and log it in stand_ins.csv."""
    from risk_index.inspectors.stand_ins import send_next

    day = (date or dt.datetime.now()).date()
    entry = send_next(folder, firm_id, inspector, reason, person, day)
    say(
        f"{firm_id}: {entry.stand_in} goes in place of {inspector}; entry {entry.entry}, "
        f"hash {entry.sha256}"
    )


def _past(records: Path, mapping: Path | None, firm_ids: list[str]) -> Past:
    from features.mapping import load_mapping
    from features.records import open_records
    from risk_index.inspectors.past import past_in

    with open_records(records, load_mapping(mapping) if mapping else None) as opened:
        return past_in(opened, firm_ids)


def seed_of(folder: Path) -> bytes:
    """Return the public seed of a round that was run.

    Raises
    ------
    DrawError
        Where it has not run, or ``drawn.csv`` is not the file of its result.
    """
    from risk_index.draw.errors import DrawError
    from risk_index.draw.plan import DRAWN, RESULT, Result
    from risk_index.draw.records import read_record

    result = read_record(folder / RESULT, Result)
    if hashlib.sha256((folder / DRAWN).read_bytes()).hexdigest() != result.drawn_sha256:
        raise DrawError(
            f"{folder / DRAWN} is not the file of {RESULT}: it was altered after the draw."
        )
    return bytes.fromhex(result.seed)
