"""Fit and rank as the command line does; then see what the next planned inspections found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.real.cities import City
from features.labels import labels
from features.records import Records
from features.sector import planned_and_judged
from models.metrics import Score
from risk_index import pipeline
from risk_index.learners import controllers

HALF_LIFE_DAYS = 730
STRENGTH = 2.0
Say = Callable[[str], None]


@dataclass(frozen=True)
class Judged:
    """Ranked firms that were inspected in time.

    Attributes
    ----------
    rows : DataFrame
        firm_id, firm_key, controller, inspected_on, inspectors, violation, harm, likelihood,
        expected_harm, decayed.
    n_ranked, n_inspected : int
        Firms ranked, and firms inspected in time whether ranked or not.
    """

    rows: pd.DataFrame
    n_ranked: int
    n_inspected: int

    def scores(self) -> dict[str, Score]:
        """Return our two scores and the decayed rate."""
        chance, rate = self.rows.likelihood.to_numpy(), self.rows.decayed.to_numpy()
        return {
            "likelihood": Score(chance, chance),
            "index": Score(self.rows.expected_harm.to_numpy()),
            "decayed rate": Score(rate, rate),
        }


def judge_city(city: City, source: pipeline.Source, out: Path, say: Say) -> Judged:
    """Fit and rank with what was known on the city's day, and join what came after."""
    pipeline.fit(source, city.as_of, out / "fit", say)
    ranked = rank_city(city, source, out, say)
    with source.open() as records:
        found = outcomes_after(city, records)
        decayed = decayed_rate(city, records)
    rows = found.merge(ranked, on="firm_id")
    rows["decayed"] = decayed.reindex(rows.firm_id).fillna(decayed.attrs["overall"]).to_numpy()
    return Judged(rows, len(ranked), len(found))


def rank_city(city: City, source: pipeline.Source, out: Path, say: Say) -> pd.DataFrame:
    """Rank with the fit in `out` and return the scores of the CSV."""
    pipeline.rank(source, city.as_of, out / "fit", out / "ranked.csv", say)
    ranked = pd.read_csv(out / "ranked.csv", dtype={"firm_id": str}, encoding="utf-8-sig")
    return ranked[["firm_id", "likelihood", "expected_harm"]]


def outcomes_after(city: City, records: Records) -> pd.DataFrame:
    """Return what the first planned inspection after the day found, with firm and controller."""
    last_day = pd.Timestamp(city.as_of) + pd.Timedelta(days=city.horizon_days)
    found = labels(records, (city.as_of,), city.horizon_days, last_day.date())
    ids = records.con.table("firm_keys").execute()
    fellows = controllers(records, city.as_of)
    found = found.merge(ids, on="firm_key").merge(fellows, on="firm_key", how="left")
    found["controller"] = found.controller.fillna(-1 - found.firm_key).astype("int64")
    columns = ["firm_id", "firm_key", "controller", "inspected_on", "inspectors"]
    columns += ["violation", "harm"]
    return found[columns].sort_values("firm_key", ignore_index=True)


def decayed_rate(city: City, records: Records) -> pd.Series:
    """Return each firm's own violation rate, halving every two years, drawn to the overall rate.

    The overall rate, for firms without a visit, is in ``attrs``.
    """
    visits = records.table("inspections")
    known = visits.filter(planned_and_judged(visits), visits.recorded_on <= city.as_of).execute()
    age = (pd.Timestamp(city.as_of) - pd.to_datetime(known.inspected_on)).dt.days
    weight = np.exp2(-age / HALF_LIFE_DAYS)
    sums = pd.DataFrame({"weight": weight, "hit": weight * known.violation})
    sums = sums.groupby(known.firm_id).sum()
    overall = sums.hit.sum() / sums.weight.sum()
    rate = (sums.hit + STRENGTH * overall) / (sums.weight + STRENGTH)
    rate.attrs["overall"] = overall
    return rate
