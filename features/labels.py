"""What the next inspection found: the one door to the future.

The label of a firm on an as-of date is the outcome of its first planned inspection (random, routine,
directed or unstated; neither complaint nor follow-up) after that date and within the horizon, among
those whose outcome was recorded by the day `known_by` on which the training takes place. Of several
on one day it is that with the lowest number.
"""

from __future__ import annotations

import datetime as dt

import ibis
import pandas as pd

from features import asof
from features.records import Records
from features.sector import planned_and_judged


def labels(
    records: Records,
    dates: tuple[dt.date, ...],
    horizon_days: int,
    known_by: dt.date,
    random_only: bool = False,
    among: ibis.Table | None = None,
) -> pd.DataFrame:
    """Return the labelled rows of firms on the given as-of dates.

    Parameters
    ----------
    dates : tuple of date
        As-of dates.
    horizon_days : int
        Days after the as-of date within which the inspection must lie.
    known_by : date
        Only outcomes recorded by this day are seen.
    random_only : bool
        Only visits that were drawn at random give labels, not those somebody chose.
    among : ibis.Table, optional
        Firms that are asked for, by ``firm_key``; all by default.

    Returns
    -------
    DataFrame, one row per (firm_key, as_of)
        ``firm_key, as_of, inspection_id, inspected_on, known_on, violation`` (0/1), ``harm`` (harm
        units, empty where not measured), ``inclusion_probability``, ``selection``, ``inspectors`` (who
        went, sorted and joined by ;, empty where unknown: a nuisance, never an input); sorted by date
        and firm.
    """
    visits = labelling(records, known_by, random_only)
    if among is not None:
        visits = visits.semi_join(among, "firm_key")
    rows = visits.cross_join(asof.as_of_days(dates))
    until = rows.as_of + ibis.interval(days=horizon_days)
    rows = rows.filter(rows.inspected_on > rows.as_of, rows.inspected_on <= until)
    first = ibis.window(group_by=["firm_key", "as_of"], order_by=["inspected_on", "inspection_id"])
    rows = rows.mutate(place=ibis.row_number().over(first)).filter(ibis._.place == 0)
    found = rows.select(
        "firm_key",
        "as_of",
        "inspection_id",
        "inspected_on",
        "violation",
        "harm",
        "inclusion_probability",
        "selection",
        known_on="recorded_on",
        inspectors="inspector_id",
    ).order_by(["as_of", "firm_key"])
    frame = found.to_pyarrow().to_pandas(date_as_object=False)
    return frame.assign(inspectors=frame.inspectors.map(group_of, na_action="ignore"))


def labelling(records: Records, known_by: dt.date, random_only: bool = False) -> ibis.Table:
    """Return the visits that can give a label, as `labels` takes them."""
    visits = records.table("inspections")
    seen = asof.known_by(visits, ibis.date(known_by))
    visits = visits.filter(planned_and_judged(visits), seen)
    return visits.filter(visits.selection == "random") if random_only else visits


def group_of(cell: str) -> str | None:
    """Return the inspectors of a cell, each once and sorted; the semicolon may be full width.

    >>> group_of("I2； I1;I2")
    'I1;I2'
    """
    return (
        ";".join(sorted({part.strip() for part in cell.replace("；", ";").split(";")} - {""}))
        or None
    )
