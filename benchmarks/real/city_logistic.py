"""Chicago's own features in a logistic regression, frozen on the day of the ranking.

The city computed its features on the day of each inspection. A regulator who plans a half-year ahead has
them as they stand on the planning day: what the last canvass by then found and how long ago it was, the
age of the licence, and the surroundings and licences seen at that last canvass. The weather of the day of
the visit is not known then and is left out.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from models.metrics import Score

PAST = {"past_critical": "n_critical", "past_serious": "n_serious", "past_minor": "n_minor"}
TEXT = {"firm_id": str, "inspection_id": str}
LONGEST_YEARS = 2.0
YEAR_DAYS = 365


def city_scores(data: Path, as_of: dt.date, firm_ids: pd.Series) -> dict[str, Score]:
    """Return the chances of a violation of firms by the city's features, with and without its risk class.

    Learnt from all inspections up to the day, as the city's rows have them.
    """
    rows = inspections(data / "chicago" / "open")
    known = rows[rows.inspection_date <= pd.Timestamp(as_of)]
    frozen = frozen_on(known, pd.Timestamp(as_of), first_licences(data), firm_ids)
    city = [c for c in rows if c.startswith(("past_", "heat_", "lic_"))]
    city += ["years_since_last", "first_record", "firm_age_years"]
    scores = {}
    for name, columns in (
        ("city logistic, frozen", city),
        ("city logistic, frozen, with risk class", [*city, "risk_class"]),
    ):
        model = logistic().fit(known[columns], known.critical_found)
        chance = model.predict_proba(frozen[columns])[:, 1]
        scores[name] = Score(chance, chance)
    return scores


def logistic() -> Pipeline:
    """Return the rival: medians for what is missing, standardised, logistic."""
    return make_pipeline(
        SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression(max_iter=1000)
    )


def inspections(folder: Path) -> pd.DataFrame:
    """Read the city's features beside what each inspection found, in order of firm and day."""
    found = pd.read_csv(folder / "inspections.csv.gz", dtype=TEXT)
    context = pd.read_csv(
        folder / "inspection_context.csv.gz", dtype=TEXT, parse_dates=["inspection_date"]
    )
    outcome = ["inspection_id", "result", "risk_class", "critical_found", *PAST.values()]
    rows = context.merge(found[outcome], on="inspection_id", validate="1:1")
    return rows.sort_values(["firm_id", "inspection_date", "inspection_id"])


def first_licences(data: Path) -> pd.Series:
    """Read the day of each firm's first licence."""
    firms = pd.read_csv(
        data / "chicago" / "open" / "firms.csv.gz", dtype=TEXT, parse_dates=["first_license_date"]
    )
    return firms.drop_duplicates("firm_id").set_index("firm_id").first_license_date


def frozen_on(
    known: pd.DataFrame, day: pd.Timestamp, licensed: pd.Series, firm_ids: pd.Series
) -> pd.DataFrame:
    """Return the city's features of firms as they stand on a day, one row a firm."""
    last = known.groupby("firm_id").tail(1).set_index("firm_id").reindex(firm_ids)
    since = (day - last.inspection_date).dt.days / YEAR_DAYS
    age = (day - licensed.reindex(firm_ids)).dt.days / YEAR_DAYS
    past = {name: last[of].fillna(0) for name, of in PAST.items()}
    return last.assign(
        past_fail=(last.result == "Fail").astype(int),
        **past,
        years_since_last=since.clip(upper=LONGEST_YEARS).fillna(LONGEST_YEARS),
        first_record=last.inspection_date.isna().astype(int),
        firm_age_years=np.where(age >= 0, age, np.nan),
    )
