"""The verb ``retrain`` of the command line; `cli` mounts it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from risk_index.messages import as_json, honest, say
from risk_index.options import FOLDER, HELP, as_of_option, output_options, source_options
from risk_index.release.model_commands import decided_by, registry_option

if TYPE_CHECKING:
    from features.addresses import Address


@click.command(context_settings=HELP)
@source_options
@as_of_option
@click.option("--out", type=FOLDER, required=True, help="Folder of the fit and its verdict.")
@registry_option
@click.option("--attributes", type=FOLDER, help="Attributes for the audit: firm_id + columns.")
@click.option("--waivers", type=FOLDER, help="YAML list of waivers signed by named persons.")
@click.option("--gates", type=FOLDER, help="YAML file that overrides limits of configs/gates.yaml.")
@click.option(
    "--without", multiple=True, metavar="INPUT", help="Feature that no model may use; repeat it."
)
@click.option("--first", is_flag=True, help="This is the first fit: there is no champion yet.")
@click.option(
    "--promote/--no-promote", "promotes", default=True, show_default=True,
    help="Whether a challenger that passes becomes champion at once.",
)  # fmt: skip
@decided_by
@output_options
@honest
def retrain(
    records: Path | Address,
    mapping: Path | None,
    settings: Path | None,
    as_of: dt.datetime,
    out: Path,
    registry: str,
    **given: Any,
) -> None:
    """Fit a challenger, hold it against the champion, promote or refuse it.

    Exit code 0: it passed. 1: it is refused, or something cannot be used. OUT/verdict.md says why.
    """
    from risk_index.pipeline import Source
    from risk_index.release.retrain import Wanted
    from risk_index.release.retrain import retrain as run_retrain
    from risk_index.tracking import Registry

    source = Source(records, mapping, settings)
    found = run_retrain(source, as_of.date(), Registry(registry), out, say, Wanted(**given))
    for verdict in found.verdicts:
        say(f"{verdict.name}: {verdict.status}. {verdict.sentence}")
    as_json({"verdict": out / "verdict.json", "promotes": found.promotes, "not_run": found.not_run,
             "refused_by": found.refusing, "challenger": found.challenger})  # fmt: skip
    found.refuse(str(out / "verdict.md"))
    done = "is champion" if given["promotes"] else "may be promoted: risk-index model promote"
    said = f"challenger {found.challenger} {found.said}"
    say(f"{said}. It {done}; verdict in {out / 'verdict.md'}")
