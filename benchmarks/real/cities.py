"""The real registries: where they lie, when they are ranked and what they are judged on."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from risk_index.pipeline import Source
from risk_index.settings import CONFIGS


@dataclass(frozen=True)
class City:
    """A registry and its question: fitted and ranked on a day, judged on the days after it.

    Attributes
    ----------
    horizon_days : int
        Days after `as_of` in which the first planned inspection is the label.
    dated_by : dict
        Source file -> the column that says when a row came about: what the probe cuts on.
    """

    name: str
    as_of: dt.date
    horizon_days: int
    dated_by: dict[str, str]

    def source(self, data: Path) -> Source:
        """Return the records under the folder of all data, with the city's mapping."""
        return Source(data / self.name, CONFIGS / "mappings" / self.name)


CITIES = {
    city.name: city
    for city in (
        City(
            "toronto",
            dt.date(2010, 12, 31),
            365,
            {"dinesafe_2001_2011.csv.gz": "inspection_date"},
        ),
        City(
            "chicago",
            dt.date(2013, 12, 31),
            181,
            {
                "open/inspections.csv.gz": "inspection_date",
                "open/violations.csv.gz": "inspection_date",
                "open/visits.csv.gz": "visit_date",
                "open/permits.csv.gz": "first_linked_inspection",
                "open/firms.csv.gz": "first_canvass_date",
            },
        ),
    )
}
