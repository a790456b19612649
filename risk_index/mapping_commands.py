"""`risk-index mapping`: what helps to write a mapping."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from risk_index.messages import as_json, honest, say
from risk_index.options import FOLDER, HELP, output_options


@click.group(context_settings=HELP)
def mapping() -> None:
    """Help to map somebody else's extract."""


@mapping.command()
@click.argument("folder", type=FOLDER)
@click.option("--out", type=FOLDER, required=True, help="Folder for mapping.yaml and TABLE.sql.")
@output_options
@honest
def init(folder: Path, out: Path) -> None:
    """Propose a mapping for the files of FOLDER: a draft, with TODO where nothing matched."""
    from features.proposal import propose
    from risk_index.errors import UserError
    from risk_index.whole_folder import whole_folder

    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out} exists: a mapping is never written over; name a new folder")
    with tempfile.TemporaryDirectory(prefix="risk-index-") as scratch:
        proposal = propose(folder, Path(scratch))
    with whole_folder(out, "mapping.yaml") as fresh:
        for name, text in proposal.files.items():
            (fresh / name).write_text(text, encoding="utf-8")
    for line in proposal.lines:
        say(line)
    say(f"mapping in {out}; try it: risk-index check {folder} --mapping {out}")
    as_json({"mapping": out, "files": sorted(proposal.files)})
