"""The verb ``audit`` of the command line; `cli` mounts it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from risk_index.messages import as_json, honest, say
from risk_index.options import FOLDER, HELP, output_options, records_argument

if TYPE_CHECKING:
    from features.addresses import Address


@click.command(context_settings=HELP)
@records_argument
@click.option("--mapping", type=FOLDER, help="Folder that maps somebody else's extract.")
@click.option("--settings", type=FOLDER, help="YAML file that overrides single settings.")
@click.option("--model", type=FOLDER, required=True, help="Folder of a fit.")
@click.option("--attributes", type=FOLDER, required=True, help="CSV or Parquet: firm_id + columns.")
@click.option("--out", type=FOLDER, required=True, help="Folder for the audit.")
@click.option("--waivers", type=FOLDER, help="YAML list of waivers signed by named persons.")
@click.option("--overrides", type=FOLDER, help="CSV log of officers' overrides.")
@click.option("--fairness", type=FOLDER, help="Another configs/fairness.yaml.")
@click.option(
    "--ledger", type=FOLDER, help="Ledger of the year's audits; OUT/ledger.json by default."
)
@output_options
@honest
def audit(
    records: Path | Address,
    mapping: Path | None,
    settings: Path | None,
    model: Path,
    attributes: Path,
    out: Path,
    **files: Any,
) -> None:
    """Audit a fit for inputs that stand in for audited attributes."""
    from risk_index.fairness.audit import Asked, gate_of
    from risk_index.fairness.audit import audit as run_audit
    from risk_index.pipeline import Source

    asked = Asked(files["waivers"], files["overrides"], files["fairness"], files["ledger"])
    source = Source(records, mapping, settings)
    found = run_audit(source, model, attributes, out, say, asked)
    for line in found.lines():
        say(line)
    say(f"audit in {out / 'audit.html'}, findings in {out / 'flags.csv'}")
    as_json({"audit": out / "audit.html", "flags": out / "flags.csv", "stops": len(found.stops)})
    gate_of(found).refuse(str(out / "audit.html"))
