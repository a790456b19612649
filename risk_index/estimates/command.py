"""``risk-index estimate``: from drawn inspections to rates and harm of the registry."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from risk_index.messages import as_json, honest, say
from risk_index.options import DATE, FOLDER, HELP, as_of_option, output_options, records_argument

if TYPE_CHECKING:
    from features.addresses import Address

LEAST_OUTCOMES = 30


@click.command(context_settings=HELP)
@records_argument
@click.option("--mapping", type=FOLDER, help="Folder that maps somebody else's extract.")
@click.option(
    "--draw", "draws", type=FOLDER, multiple=True, required=True,
    help="Folder of a draw that was run; repeat it for several rounds.",
)  # fmt: skip
@click.option(
    "--from", "starts", type=DATE, multiple=True, required=True, metavar="YYYY-MM-DD",
    help="First day of the round's visits; once for every --draw.",
)  # fmt: skip
@click.option(
    "--to", "ends", type=DATE, multiple=True, required=True, metavar="YYYY-MM-DD",
    help="Last day of the round's visits; once for every --draw.",
)  # fmt: skip
@as_of_option
@click.option(
    "--out",
    type=FOLDER,
    default=Path("estimates.csv"),
    show_default=True,
    help="File of the table.",
)
@click.option(
    "--sector-level", type=click.IntRange(min=1), default=1, show_default=True,
    help="Steps of a sector's path to group by: 1 section, 2 division.",
)  # fmt: skip
@click.option(
    "--least-outcomes", type=click.IntRange(min=2), default=LEAST_OUTCOMES, show_default=True,
    help="Fewer outcomes, or a smaller effective number of them, give no number.",
)  # fmt: skip
@output_options
@honest
def estimate(
    records: Path | Address,
    mapping: Path | None,
    draws: tuple[Path, ...],
    starts: tuple[dt.datetime, ...],
    ends: tuple[dt.datetime, ...],
    as_of: dt.datetime,
    out: Path,
    sector_level: int,
    least_outcomes: int,
) -> None:
    """Estimate the registry's violation rate and harm from drawn visits."""
    from risk_index.estimates.quantities import Least
    from risk_index.estimates.rounds import read_round, still_open, windows
    from risk_index.estimates.table import estimate_rounds
    from risk_index.estimates.writing import refuse_other, summary, write_estimates
    from risk_index.pipeline import Source

    refuse_other(out)
    pairs = windows(draws, [day.date() for day in starts], [day.date() for day in ends])
    for note in still_open(pairs, as_of.date()):
        say(f"note: {note}")
    with Source(records, mapping).open() as opened:
        rounds = [read_round(pair, opened, as_of.date()) for pair in pairs]
    table = estimate_rounds(rounds, sector_level, Least(least_outcomes, least_outcomes))
    write_estimates(table, out)
    for line in summary(table):
        say(line)
    say(f"{len(table)} rows in {out}")
    as_json({"estimates": out, "rows": len(table)})
