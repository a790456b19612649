"""``risk-index log``: the log of decisions and overrides."""

from __future__ import annotations

from pathlib import Path

import click

from risk_index.messages import as_json, honest, say
from risk_index.options import FOLDER, HELP, output_options

TIER = click.Choice(list("ABCD"))


@click.group(context_settings=HELP)
def log() -> None:
    """Log of decisions and overrides; lines are only ever added."""


@log.command()
@click.argument("file", type=FOLDER)
@click.option("--who", required=True, help="Officer who decided.")
@click.option("--about", required=True, help="Version of the model, or firm_id.")
@click.option("--what", required=True, help="What was decided.")
@click.option("--why", required=True, help="The reason.")
@output_options
@honest
def note(file: Path, who: str, about: str, what: str, why: str) -> None:
    """Add a decision to FILE."""
    from risk_index.release.log import add

    made = add(file, who=who, action="note", about=about, what=what, why=why)
    say(f"line {made.number} of {file}, hash {made.sha256()}")
    as_json({"log": file, "line": made.number, "sha256": made.sha256()})


@log.command()
@click.argument("file", type=FOLDER)
@click.option("--who", required=True, help="Officer who decided.")
@click.option("--firm", required=True, help="firm_id.")
@click.option("--from", "from_tier", type=TIER, required=True, help="Tier by the index.")
@click.option("--to", "to_tier", type=TIER, required=True, help="Tier by the officer.")
@click.option("--why", required=True, help="The reason.")
@output_options
@honest
def override(file: Path, who: str, firm: str, from_tier: str, to_tier: str, why: str) -> None:
    """Add to FILE that an officer moves a firm to another tier."""
    from risk_index.release.log import add

    made = add(
        file, who=who, action="override", about=firm, what=f"tier {from_tier} to {to_tier}",
        why=why, from_tier=from_tier, to_tier=to_tier,
    )  # fmt: skip
    say(f"line {made.number} of {file}, hash {made.sha256()}")
    as_json({"log": file, "line": made.number, "sha256": made.sha256()})


@log.command()
@click.argument("file", type=FOLDER)
@click.option("--head", help="Published hash of a line, which must be in the log.")
@output_options
@honest
def verify(file: Path, head: str | None) -> None:
    """Check the chain of FILE: no line changed, taken out or put in."""
    from risk_index.release.log import LogError, findings, read_log

    found = findings(file, head)
    for finding in found:
        say(f"- {finding}")
    as_json({"log": file, "holds": not found, "findings": found})
    if found:
        raise LogError(f"{file}: {len(found)} findings")
    entries = read_log(file)
    last = f"; publish the last hash, {entries[-1].sha256()}" if entries else ""
    say(f"{len(entries)} lines, the chain holds{last}")


@log.command()
@click.argument("file", type=FOLDER)
@click.option(
    "--out",
    type=FOLDER,
    default=Path("overrides.csv"),
    show_default=True,
    help="File of the table.",
)
@output_options
@honest
def overrides(file: Path, out: Path) -> None:
    """Write the overrides of FILE as the CSV that `risk-index audit --overrides` reads."""
    import pandas as pd

    from risk_index.ranked_rows import defused
    from risk_index.ranking import refuse_other_file
    from risk_index.release import log as decisions

    first = f"{','.join(decisions.OVERRIDE_COLUMNS)}".encode("utf-8-sig")
    refuse_other_file(out, first, "table of overrides", "overrides.csv")
    rows = decisions.overrides(decisions.read_log(file))
    table = pd.DataFrame(rows, columns=list(decisions.OVERRIDE_COLUMNS)).map(defused)
    beside = out.with_name(f".{out.name}.partial")
    table.to_csv(beside, index=False, encoding="utf-8-sig")
    beside.replace(out)
    say(f"{len(table)} overrides in {out}")
    as_json({"overrides": out, "rows": len(table)})
