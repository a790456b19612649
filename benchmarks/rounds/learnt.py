"""What naive policies believe: learnt from labels as they lie about in the records."""

from __future__ import annotations

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
from risk_index import pipeline
from risk_index.simulate.learnt import DETAILS, by_index, settings_on

TREES = {"num_leaves": 8, "learning_rate": 0.05, "min_child_samples": 50, "verbose": -1,
         "num_threads": 1, "deterministic": True, "force_row_wise": True, "seed": 1}  # fmt: skip
GROWN = 200
YEARS_BACK = (1, 2, 3)


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
        keys = now.known("firms").select("firm_key", *DETAILS).execute()
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
