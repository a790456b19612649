"""Counts, sums and days of own events by featuretools' aggregations; needs `featuretools` and pandas 2.

Which rows were known and stood on the date, and what a visit found, are columns made in pandas beforehand:
featuretools has windows, conditions and aggregates.
"""

from __future__ import annotations

import warnings
from typing import Any

import featuretools as ft
import pandas as pd
import pyarrow.parquet
from featuretools.primitives import Count, Max, Min, NumUnique, Sum
from timed import run

TABLES = ("irregularities", "listings", "inspections")
REASONS = (
    "annual_report_not_filed",
    "address_unreachable",
    "disclosure_missing",
    "disclosure_false",
)
Registry = dict[str, pd.DataFrame]
Wanted = dict[str, tuple[str, Any, str, str, object]]
"""Feature -> table, primitive, column, column of the condition, its value."""


def opened(task: dict[str, Any]) -> Registry:
    """Read the Parquet files of the firms and three tables of events; firms get numbers."""
    firms = _read(task, "firms")
    firms = firms.sort_values(["firm_id", "recorded_on"], ignore_index=True)
    firms["firm_key"] = firms.groupby("firm_id").ngroup()
    numbers = firms.drop_duplicates("firm_id").set_index("firm_id").firm_key
    tables = {"firms": firms}
    for name in TABLES:
        rows = _read(task, name)
        tables[name] = rows.assign(firm_key=rows.pop("firm_id").map(numbers), row=range(len(rows)))
    return tables


def _read(task: dict[str, Any], name: str) -> pd.DataFrame:
    table = pyarrow.parquet.read_table(f"{task['records']}/{name}.parquet")
    return table.to_pandas(date_as_object=False)


def computed(registry: Registry, task: dict[str, Any]) -> pd.DataFrame:
    """Return the matrix of all open firms, one float32 column a feature."""
    as_of = pd.Timestamp(task["as_of"])
    then = {name: rows[rows.recorded_on <= as_of] for name, rows in registry.items()}
    firms = then["firms"].drop_duplicates("firm_key", keep="last")
    firms = firms[~(firms.closed_on <= as_of) & ~(firms.registered_on > as_of)][["firm_key"]]
    entities = ft.EntitySet("registry").add_dataframe(dataframe=firms, dataframe_name="firms",
                                                      index="firm_key")  # fmt: skip
    for name, rows in _rows(then, as_of).items():
        entities.add_dataframe(dataframe=rows, dataframe_name=name, index="row", time_index="day")
        entities.add_relationship("firms", "firm_key", name, "firm_key")
    parts = []
    for window, wanted in WANTED.items():
        features = [_feature(entities, name, *of) for name, of in wanted.items()]
        over = None if window is None else f"{window} days"
        parts.append(ft.calculate_feature_matrix(features, entities, as_of, training_window=over))
    none = {name: value for name, value in task["none"].items() if value is not None}
    found = pd.concat(parts, axis=1).astype("float64").fillna(none)
    return found[task["features"]].astype("float32").rename_axis("firm_key").reset_index()


def _rows(then: Registry, as_of: pd.Timestamp) -> Registry:
    """Return the rows that stand, with the columns that conditions and aggregates need."""
    visits = then["inspections"]
    judged = visits.violation.notna() & ~visits.selection.isin(["complaint", "follow_up"])
    hit, seen = judged & (visits.violation == 1), visits.harm.fillna(0.0).where(judged, 0.0)
    visits = pd.DataFrame(
        {
            "judged": judged,
            "hit": hit,
            "clean": judged & ~hit,
            "clean_random": judged & ~hit & (visits.selection == "random"),
            "selection": visits.selection,
            "seen": seen,
            "found": seen.where(hit, 0.0),
            "day": visits.inspected_on,
        }
    )
    lists = then["listings"]
    lists = lists[~(lists.removed_on <= as_of)]
    default = lists.ground == "judgment_default"
    colour = lists.colour.mask((lists.colour == "black") & default, "judgment_default")
    entries = then["irregularities"]
    entries = entries[~(entries.removed_on <= as_of)]
    frames = {
        "inspections": visits,
        "listings": pd.DataFrame(
            {
                "colour": colour,
                "ground": lists.ground,
                "amount": lists.amount,
                "day": lists.listed_on,
            }
        ),
        "irregularities": pd.DataFrame({"reason": entries.reason, "day": entries.listed_on}),
    }
    return {name: _keyed(frame, then[name], as_of) for name, frame in frames.items()}


def _keyed(frame: pd.DataFrame, rows: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    age = (as_of - frame.day).dt.days.astype("float64")
    return frame.assign(age=age, firm_key=rows.firm_key, row=rows.row)


def _feature(
    entities: ft.EntitySet, name: str, table: str, how: Any, column: str, given: str, value: object
) -> Any:
    frame = entities[table]
    where = ft.Feature(frame.ww[given]) == value if given else None
    of = ft.Feature(frame.ww[column])
    return ft.Feature(of, parent_dataframe_name="firms", primitive=how, where=where).rename(name)


WANTED: dict[int | None, Wanted] = {
    None: {
        "irregularities": ("irregularities", Count, "row", "", None),
        "irregularity_days": ("irregularities", Max, "age", "", None),
        "irregularity_reasons": ("irregularities", NumUnique, "reason", "", None),
        **{f"irregular_{r}": ("irregularities", Count, "row", "reason", r) for r in REASONS},
        "red_lists": ("listings", Count, "row", "colour", "red"),
        "red_list_days": ("listings", Max, "age", "colour", "red"),
        "black_lists": ("listings", Count, "row", "colour", "black"),
        "black_list_days": ("listings", Min, "age", "colour", "black"),
        "black_list_grounds": ("listings", NumUnique, "ground", "colour", "black"),
        "black_list_amount": ("listings", Max, "amount", "colour", "black"),
        "judgment_defaults": ("listings", Count, "row", "colour", "judgment_default"),
        "inspections": ("inspections", Count, "row", "judged", True),
        "violations_found": ("inspections", Count, "row", "hit", True),
        "harm_found": ("inspections", Sum, "found", "", None),
        "harm_seen": ("inspections", Sum, "seen", "", None),
        "harm_largest": ("inspections", Max, "found", "", None),
        "days_since_inspection": ("inspections", Min, "age", "judged", True),
        "days_since_visit": ("inspections", Min, "age", "", None),
        "days_since_violation": ("inspections", Min, "age", "hit", True),
        "days_since_clean": ("inspections", Min, "age", "clean", True),
        "days_since_clean_random": ("inspections", Min, "age", "clean_random", True),
        "complaint_visits": ("inspections", Count, "row", "selection", "complaint"),
        "follow_ups": ("inspections", Count, "row", "selection", "follow_up"),
    },
    365: {
        "inspections_1y": ("inspections", Count, "row", "judged", True),
        "violations_1y": ("inspections", Count, "row", "hit", True),
        "harm_1y": ("inspections", Sum, "seen", "", None),
        "complaint_visits_1y": ("inspections", Count, "row", "selection", "complaint"),
        "follow_ups_1y": ("inspections", Count, "row", "selection", "follow_up"),
    },
    1095: {
        "inspections_3y": ("inspections", Count, "row", "judged", True),
        "violations_3y": ("inspections", Count, "row", "hit", True),
        "random_inspections_3y": ("inspections", Count, "row", "selection", "random"),
    },
}  # fmt: skip


def sampled(found: pd.DataFrame, task: dict[str, Any], every: int, file: str) -> int:
    """Write every nth row to `file`, if there is one; return the number of all rows."""
    if file:
        found[found.firm_key % every == 0].to_parquet(file, index=False)
    return len(found)


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run(opened, computed, sampled, "featuretools", "pandas")
