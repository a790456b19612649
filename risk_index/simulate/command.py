"""``risk-index simulate``: policies of inspection over seasons of the synthetic registry."""

from __future__ import annotations

from pathlib import Path

import click

from risk_index.messages import as_json, honest, say
from risk_index.options import FOLDER, HELP, output_options


@click.command(context_settings=HELP)
@click.argument("out", type=FOLDER)
@click.option("--settings", "overrides", type=FOLDER,
              help="YAML file that overrides single settings of configs/simulate.yaml.")  # fmt: skip
@click.option("--seeds", type=click.IntRange(min=1), help="Worlds; 20 by default.")
@click.option("--seasons", type=click.IntRange(min=1), help="Years played; 8 by default.")
@click.option("--firms", type=click.IntRange(min=1), help="Firms of a world; 20,000 by default.")
@click.option("--jobs", type=click.IntRange(min=1), default=2, show_default=True,
              help="Runs at a time.")  # fmt: skip
@click.option("--policies", metavar="NAME,NAME", help="Those to play; all by default.")
@click.option("--sensitivity/--no-sensitivity", default=True, show_default=True,
              help="Also worlds in which something is otherwise.")  # fmt: skip
@output_options
@honest
def simulate(
    out: Path, overrides: Path | None, seeds: int | None, seasons: int | None, firms: int | None,
    jobs: int, policies: str | None, sensitivity: bool,
) -> None:  # fmt: skip
    """Compare policies of inspection over years of synthetic worlds.

    Tables and pictures go into OUT. A run (policy, world, scenario) is kept there once it is played: the
    same command goes on where it stopped.
    """
    from risk_index.simulate.report import write_report
    from risk_index.simulate.runs import planned, play_all, refuse_other
    from risk_index.simulate.settings import load_simulate_settings

    names = [name.strip() for name in policies.split(",")] if policies else None
    settings = load_simulate_settings(
        overrides, seeds=seeds, seasons=seasons, firms=firms, policies=names,
        sensitivity_policies=names,
    )  # fmt: skip
    refuse_other(out)
    runs = planned(settings, out, sensitivity)
    play_all(runs, jobs, say)
    tables = write_report(runs, settings, out)
    say(f"tables in {tables}, pictures and CSV files beside it")
    as_json({"tables": tables, "runs": len(runs)})
