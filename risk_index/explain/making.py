"""From records and a saved model to one firm's page."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from risk_index.explain.page import FirmPage, firm_page, tier_in
from risk_index.explain.writing import refuse_other_page, write_page
from risk_index.index import IndexScale
from risk_index.pipeline import Say, Source, registry, saved_model
from risk_index.settings import load_settings
from risk_index.texts import Texts


def make_page(
    source: Source,
    firm_id: str,
    as_of: dt.date,
    run: Path,
    ranked: Path | None,
    out: Path,
    tell: Say,
    texts: Texts,
) -> FirmPage:
    """Write the page of one firm, scored with the model of folder `run`.

    Raises
    ------
    UserError
        Where the firm is not in the registry, or the model, the ranking or the file do not fit.
    """
    refuse_other_page(out)
    model = saved_model(run)
    tier = tier_in(ranked, firm_id, model.version, as_of) if ranked else ""
    settings = load_settings(as_of, source.settings)
    scale = IndexScale(**model.meta["scale"])
    tell("reading and checking the records")
    with source.open() as records:
        snapshot = registry(records, as_of, settings, source.sectors)
        tell("scoring the firm, and again without single records")
        page = firm_page(snapshot, firm_id, model, scale, settings.authority, tier, texts)
    write_page(page, out, texts)
    return page
