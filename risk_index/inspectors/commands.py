"""``risk-index draw roster``, ``assign`` and ``stand-in``: inspectors and weeks for the firms of a draw."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from risk_index.messages import as_json, honest, say
from risk_index.options import DATE, FOLDER, HELP, output_options

if TYPE_CHECKING:
    from risk_index.inspectors.late import PastOf

Verb = TypeVar("Verb", bound=Callable[..., object])


def lists(verb: Verb) -> Verb:
    """Add the options that name the lists of inspectors and conflicts."""
    people = click.option(
        "--inspectors",
        type=FOLDER,
        required=True,
        help="CSV: inspector_id, regions, certificates ...",
    )
    barred = click.option(
        "--conflicts",
        type=FOLDER,
        help="CSV: inspector_id, firm_id or group_id, ground, until.",
    )
    return people(barred(verb))


@click.command(context_settings=HELP)
@lists
@output_options
@honest
def roster(inspectors: Path, conflicts: Path | None) -> None:
    """Check the lists of inspectors and conflicts, and print the hash to publish with the commit."""
    from risk_index.inspectors.lists import read_roster

    found = read_roster(inspectors, conflicts)
    say(f"{len(found.inspectors)} inspectors, {len(found.conflicts)} conflicts")
    say(f"roster {found.sha256}; publish it with the commit, before the seed is known")
    as_json({"sha256": found.sha256, "inspectors": len(found.inspectors),
             "conflicts": len(found.conflicts)})  # fmt: skip


@click.command(context_settings=HELP)
@click.argument("folder", metavar="DRAW", type=FOLDER)
@lists
@click.option("--records", type=FOLDER, help="Records with earlier visits and groups of firms.")
@click.option("--mapping", type=FOLDER, help="Folder that maps somebody else's extract.")
@click.option("--starts", type=DATE, required=True, metavar="YYYY-MM-DD", help="First day.")
@click.option("--weeks", type=click.IntRange(1, 53), required=True, help="Weeks of the round.")
@click.option(
    "--inspectors-per-visit", type=click.IntRange(min=2), default=2, show_default=True,
    help="Inspectors of one visit.",
)  # fmt: skip
@click.option(
    "--revisit-months", type=click.IntRange(0, 1200), default=24, show_default=True,
    help="Who visited a firm within so many months is barred from it.",
)  # fmt: skip
@output_options
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

    Reads drawn.csv, replacements.csv and the seed in result.json; writes schedule.csv, schedule.json and
    eligible.csv into DRAW. The same lists, records and seed give the same files. Run again after a later
    replacement, it keeps the schedule and adds the visit to replacement_visits.csv.
    """
    if mapping and not records:
        raise click.UsageError("--mapping says how to read --records: give both or neither.")
    from risk_index.inspectors.late import Given
    from risk_index.inspectors.lists import read_roster
    from risk_index.inspectors.planning import Terms
    from risk_index.inspectors.rounds import assign_round
    from risk_index.inspectors.seed import seed_of
    from risk_index.inspectors.visits import Calendar

    calendar = Calendar(starts.date(), weeks)
    terms = Terms(seed_of(folder), calendar, inspectors_per_visit, revisit_months)
    people = read_roster(inspectors, conflicts)
    with _past(records, mapping) as past_of:
        for line in assign_round(folder, Given(people, past_of, terms)):
            say(line)
    as_json({"schedule": folder / "schedule.csv", "eligible": folder / "eligible.csv"})


@click.command("stand-in", context_settings=HELP)
@click.argument("folder", metavar="DRAW", type=FOLDER)
@click.argument("firm_id")
@click.option("--inspector", required=True, help="Who cannot come.")
@click.option("--reason", required=True, help="Why.")
@click.option("--person", required=True, help="Who says so.")
@click.option("--date", type=DATE, metavar="YYYY-MM-DD", help="Today by default.")
@output_options
@honest
def stand_in(
    folder: Path, firm_id: str, inspector: str, reason: str, person: str, date: dt.datetime | None
) -> None:
    """Send the next inspector of the random order to FIRM_ID, and log it in stand_ins.csv."""
    from risk_index.inspectors.logs import sha256_of
    from risk_index.inspectors.stand_ins import send_next

    day = (date or dt.datetime.now()).date()
    entry = send_next(folder, firm_id, inspector, reason, person, day)
    say(
        f"{firm_id}: {entry.stand_in} goes in place of {inspector}; entry {entry.entry}, "
        f"hash {sha256_of(entry)}"
    )
    as_json({"entry": entry.entry, "firm_id": firm_id, "stand_in": entry.stand_in,
             "sha256": sha256_of(entry)})  # fmt: skip


@contextmanager
def _past(records: Path | None, mapping: Path | None) -> Iterator[PastOf | None]:
    """Open the records, if there are any, for reading the past of firms."""
    if records is None:
        yield None
        return
    from features.mapping import load_mapping
    from features.records import open_records
    from risk_index.inspectors.past import past_in

    with open_records(records, load_mapping(mapping) if mapping else None) as opened:
        yield partial(past_in, opened)
