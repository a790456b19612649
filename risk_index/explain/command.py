"""`risk-index explain`: one firm's page."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from risk_index.messages import as_json, honest
from risk_index.messages import say as tell
from risk_index.options import FOLDER, as_of_option, language_option, output_options, source_options
from risk_index.texts import texts

if TYPE_CHECKING:
    from features.addresses import Address


@click.command()
@click.argument("firm_id")
@source_options
@as_of_option
@click.option("--model", type=FOLDER, required=True, help="Folder of a fit.")
@click.option("--ranked", type=FOLDER, help="Ranking of the same fit and day: states the tier.")
@click.option(
    "--out", type=FOLDER, default=Path("firm.html"), show_default=True, help="A .html or .pdf file."
)
@language_option
@output_options
@honest
def explain(
    firm_id: str,
    records: Path | Address,
    mapping: Path | None,
    settings: Path | None,
    as_of: dt.datetime,
    model: Path,
    ranked: Path | None,
    out: Path,
    language: str,
) -> None:
    """Write a page on firm FIRM_ID of RECORDS: index, records, how to object."""
    from risk_index import pipeline
    from risk_index.explain.making import make_page

    source = pipeline.Source(records, mapping, settings)
    page = make_page(source, firm_id, as_of.date(), model, ranked, out, tell, texts(language))
    tell(f"page of {firm_id} in {out}")
    as_json({"page": out, "firm_id": firm_id, "index": round(float(str(page.row["index"])), 2)})
