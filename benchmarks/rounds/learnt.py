"""What a policy believes of every open firm, learnt from the records of a day."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.asof import Snapshot, open_firms
from features.catalogue import in_use
from features.matrix import matrix
from features.records import Records, open_records
from models.fitted import FittedModel
from risk_index import pipeline
from risk_index.scoring import drawn_this_year
from risk_index.settings import Settings, load_settings
from risk_index.training import fit_models, training_set

GRID_MONTHS = 12
"""Step between training dates; the product's own is 3, which takes three times as long."""
REMEDY = ("registered_capital",)
"""What the fairness audit leaves out in a registry that is planted with an over-cited age group."""
DETAILS = ("firm_id", "sector", "region", "supervised_by")
TREES = {"num_leaves": 8, "learning_rate": 0.05, "min_child_samples": 50, "verbose": -1,
         "num_threads": 1, "deterministic": True, "force_row_wise": True, "seed": 1}  # fmt: skip
GROWN = 200
YEARS_BACK = (1, 2, 3)


def settings_on(day: dt.date) -> Settings:
    """Return the defaults on a day, with one round a year and a coarser grid of training dates."""
    defaults = load_settings(day)
    return dataclasses.replace(defaults, rounds_per_year=1, grid_months=GRID_MONTHS)


def by_index(
    folder: Path, day: dt.date, without: tuple[str, ...] = (), drawn_only: bool = False
) -> pd.DataFrame:
    """Fit as the product does; return likelihood, severity and expected harm of every open firm.

    `drawn_only` learns from random visits alone.
    """
    settings, source = settings_on(day), pipeline.Source(folder)
    chosen = "random" if drawn_only else "planned"
    plan = dataclasses.replace(settings.plan, without=without, learn_from=chosen)
    with open_records(folder, today=day) as records:
        training = training_set(records, day, plan, settings.law, source.sectors)
        model = fit_models(training.examples, day, training.calendar.slice_days, plan)
        return _scored(records, day, settings, model)


def _scored(records: Records, day: dt.date, settings: Settings, model: FittedModel) -> pd.DataFrame:
    snapshot = pipeline.registry(records, day, settings, pipeline.Source(Path()).sectors)
    X = matrix(snapshot, in_use())
    firms = X[["firm_key"]].merge(_details(snapshot), on="firm_key", validate="1:1")
    drawn = drawn_this_year(snapshot, int(X.firm_key.min()), int(X.firm_key.max()))
    chance, harm = model.likelihood.predict(X), model.severity.predict(X)
    return firms.assign(
        likelihood=chance,
        severity=harm,
        expected_harm=chance * harm,
        drawn_this_year=firms.firm_key.map(drawn).fillna(0).astype("int64"),
    )


def _details(snapshot: Snapshot) -> pd.DataFrame:
    return snapshot.known("firms").select("firm_key", *DETAILS).execute()


def by_all_inspections(folder: Path, day: dt.date) -> pd.DataFrame:
    """Fit to every inspection alike: nobody knows why a firm was visited, nor with what chance."""
    table = pq.read_table(folder / "inspections.parquet")
    unknown = {name: pa.nulls(len(table), table.schema.field(name).type)
               for name in ("selection", "inclusion_probability")}  # fmt: skip
    for name, empty in unknown.items():
        table = table.set_column(table.schema.get_field_index(name), name, empty)
    pq.write_table(table, folder / "inspections.parquet")
    return by_index(folder, day)


def by_recorded_penalties(folder: Path, day: dt.date) -> pd.DataFrame:
    """Fit trees to "has a recorded penalty within a year"; no row tells whether anybody looked."""
    settings, source = settings_on(day), pipeline.Source(folder)
    past = [(pd.Timestamp(day) - pd.DateOffset(years=back)).date() for back in YEARS_BACK]
    names = [feature.name for feature in in_use()]
    with open_records(folder, today=day) as records:
        dates = tuple(sorted(past))
        spine = Snapshot(records, open_firms(records, dates), dates, settings.law, source.sectors)
        rows = matrix(spine, in_use())
        now = pipeline.registry(records, day, settings, source.sectors)
        X = matrix(now, in_use())
        keys = _details(now)
        penalised = _penalised(folder, records, rows)
    trees = lightgbm.train(TREES, lightgbm.Dataset(rows[names], penalised), GROWN)
    chance = 1 / (1 + np.exp(-trees.predict(X[names], raw_score=True)))
    firms = X[["firm_key"]].merge(keys, on="firm_key", validate="1:1")
    return firms.assign(likelihood=chance, severity=1.0, expected_harm=chance)


def _penalised(folder: Path, records: Records, rows: pd.DataFrame) -> np.ndarray:
    """Tell which rows have a penalty recorded within the year after their date."""
    table = pq.read_table(folder / "penalties.parquet", columns=["firm_id", "recorded_on"])
    keys = records.table("firms").select("firm_key", "firm_id").distinct().execute()
    fined = table.to_pandas().merge(keys, on="firm_id")
    fined["recorded_on"] = pd.to_datetime(fined.recorded_on)
    days = rows[["firm_key", "as_of"]].assign(as_of=pd.to_datetime(rows.as_of))
    both = days.reset_index().merge(fined, on="firm_key")
    later = (both.recorded_on - both.as_of).dt.days.between(1, 365)
    return np.isin(days.index, both["index"][later]).astype(np.float32)
