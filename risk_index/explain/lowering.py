"""What would lower the index: the firm scored again as if one of its records had ended."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import partial

import ibis

from models.fitted import FittedModel
from risk_index.explain.firm_records import FirmRecord
from risk_index.explain.trials import REPEATED, Change, Trials
from risk_index.index import IndexScale
from risk_index.texts import Texts

MOST_TRIED = 12
"""Records that are tried one by one, the latest first."""
RENEWED_DAYS = 365
"""Term of a permit that is renewed on the as-of date."""
TOGETHER = {
    "penalties": "repair of all {n} penalties",
    "permits": "renewal of all {n} lapsed permits",
    "irregularities": "removal of all {n} entries of abnormal operations",
    "listings": "removal of all {n} entries in black lists",
}


@dataclass(frozen=True)
class Lower:
    """The index after records have ended.

    Attributes
    ----------
    records : tuple of FirmRecord
        One record, or all of a table.
    index : float
        Index of the firm if they had ended on the as-of date, all else as it is.
    """

    records: tuple[FirmRecord, ...]
    index: float

    def told(self, texts: Texts) -> str:
        """Return what would have to be done."""
        first = self.records[0]
        if len(self.records) > 1:
            return texts.say(TOGETHER[first.table], n=len(self.records))
        return texts.say(
            "{remedy} ({what}, {day})", remedy=first.remedy, what=first.what, day=first.day
        )


def lowering(
    trials: Trials, model: FittedModel, scale: IndexScale, records: list[FirmRecord]
) -> list[Lower]:
    """Score one firm again without the records that repair, removal or renewal ends.

    Each record alone, and all of a table together; the lowest index comes first.
    """
    open_ones = [record for record in records if record.remedy]
    tables = {record.table for record in open_ones}
    together = [tuple(r for r in open_ones if r.table == table) for table in sorted(tables)]
    tried = [rows for rows in together if len(rows) > 1]
    tried += [(record,) for record in open_ones[:MOST_TRIED]]
    firm_key = int(trials.snapshot.spine.firm_key.max().execute())
    found = []
    for rows in tried:
        X = trials.matrix(_all_ended(rows, firm_key, trials.snapshot.dates[0]))
        harm = model.likelihood.predict(X) * model.severity.predict(X)
        found.append(Lower(rows, float(scale.index(harm)[0])))
    return sorted(found, key=lambda lower: (lower.index, len(lower.records)))


def _all_ended(records: tuple[FirmRecord, ...], firm_key: int, as_of: dt.date) -> dict[str, Change]:
    """Return how tables look when records of a firm have ended, one after the other."""
    steps: dict[str, list[Change]] = {}
    for record in records:
        for table, change in _ended(record, firm_key, as_of).items():
            steps.setdefault(table, []).append(change)
    return {table: partial(_in_turn, tuple(changes)) for table, changes in steps.items()}


def _in_turn(changes: tuple[Change, ...], rows: ibis.Table) -> ibis.Table:
    for change in changes:
        rows = change(rows)
    return rows


def _ended(record: FirmRecord, firm_key: int, as_of: dt.date) -> dict[str, Change]:
    """Return how tables look when a record of a firm has ended."""
    if record.table == "penalties":
        without: Change = lambda rows: rows.filter(rows.penalty_id != record.key)  # noqa: E731
        return {"penalties": without, REPEATED: without}
    if record.table == "permits":
        return {"permits": lambda rows: _renewed(rows, record.key, as_of)}
    column = "reason" if record.table == "irregularities" else "list"
    return {
        record.table: lambda rows: rows.filter(
            ~(
                (rows.firm_key == firm_key)
                & (rows.listed_on == ibis.date(record.day))
                & (rows[column].fill_null("") == record.key)
            )
        )
    }


def _renewed(rows: ibis.Table, permit_id: str, as_of: dt.date) -> ibis.Table:
    it = rows.permit_id == permit_id
    ends = ibis.date(as_of + dt.timedelta(days=RENEWED_DAYS))
    return rows.mutate(
        valid_to=it.ifelse(ends, rows.valid_to), status=it.ifelse("valid", rows.status)
    )
