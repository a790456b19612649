"""A round as it was drawn and visited: the folder of the draw, and the inspections of its window."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import ibis
import pandas as pd

from features.asof import known_by
from features.records import Records
from features.sector import NOT_PLANNED
from risk_index.draw.plan import Commit
from risk_index.draw.records import moment
from risk_index.draw.run import open_round
from risk_index.estimates.folder import RoundError, read_drawn, read_frame, replaced_by
from risk_index.estimates.stacked import RoundSample


@dataclass(frozen=True)
class Window:
    """A round's draw and the days on which its visits took place, both included."""

    folder: Path
    start: dt.date
    end: dt.date

    @property
    def name(self) -> str:
        """Number of the round: the folder's name."""
        return self.folder.resolve().name


def windows(
    folders: Sequence[Path], starts: Sequence[dt.date], ends: Sequence[dt.date]
) -> tuple[Window, ...]:
    """Pair draws with their field work.

    Raises
    ------
    RoundError
        Where they do not pair up, a window ends before it begins, or two share days or a name: a visit
        belongs to one round.
    """
    if not len(folders) == len(starts) == len(ends):
        raise RoundError(
            f"{len(folders)} draws, {len(starts)} first days and {len(ends)} last days: "
            "give --from and --to once for every --draw, in the same order"
        )
    found = [Window(*each) for each in zip(folders, starts, ends, strict=True)]
    for one in found:
        if one.end < one.start:
            raise RoundError(f"{one.folder}: the field work ends on {one.end}, before {one.start}")
    ordered = sorted(found, key=lambda one: one.start)
    for before, after in itertools.pairwise(ordered):
        if after.start <= before.end:
            raise RoundError(
                f"{after.folder} begins on {after.start}, {before.folder} ends on {before.end}: a visit "
                "belongs to one round; give windows that share no day"
            )
    if len({one.name for one in found}) < len(found):
        raise RoundError("two draws have folders of the same name: name every round once")
    return tuple(ordered)


def still_open(found: Sequence[Window], as_of: dt.date) -> list[str]:
    """Return a note for every round whose field work goes on after the as-of date."""
    return [
        f"the field work of {one.name} ends on {one.end}, after {as_of}: visits to come count as missing"
        for one in found
        if one.end > as_of
    ]


def read_round(window: Window, records: Records, as_of: dt.date) -> RoundSample:
    """Join a draw with what the visits of its window found.

    A firm's visit is its first planned inspection of the window (neither complaint nor follow-up) with
    an outcome; without any, its first. Where a firm was replaced, the replacement's visit counts as
    carried out, its outcome is not used: it had another chance. Visits and replacements count as they
    were on record on the as-of date.

    Raises
    ------
    DrawError
        Where the round has not run, or a file is missing or not that of its commit and result.
    RoundError
        Where the field work begins before the draw, or the firms drawn do not fit the frame.
    """
    opened = open_round(window.folder)
    _refuse_before_draw(window, opened.commit)
    frame = read_frame(opened)
    drawn = read_drawn(opened, frame)
    visits = planned_visits(records, window, as_of)
    found = drawn.merge(visits, on="firm_id", how="left", validate="1:1")
    found["visited"] = found.pop("inspected_on").notna()
    instead = replaced_by(opened, as_of)
    found["replaced"] = found.firm_id.isin(instead) & ~found.visited
    stood_in = found.firm_id.map(instead).isin(visits.firm_id)
    found["visited"] = found.visited | (found.replaced & stood_in)
    return RoundSample(window.name, frame, found)


def planned_visits(records: Records, window: Window, as_of: dt.date) -> pd.DataFrame:
    """Return each firm's visit of a window: ``firm_id, inspected_on, violation, harm``; one row a firm."""
    visits = records.table("inspections")
    visits = visits.filter(
        ~visits.selection.isin(NOT_PLANNED).fill_null(False),
        visits.inspected_on.between(ibis.date(window.start), ibis.date(window.end)),
        known_by(visits, ibis.date(as_of)),
    )
    order = [visits.violation.isnull(), visits.inspected_on, visits.inspection_id]
    first = ibis.window(group_by="firm_id", order_by=order)
    visits = visits.mutate(place=ibis.row_number().over(first)).filter(ibis._.place == 0)
    names = ["firm_id", "inspected_on", "violation", "harm"]
    return visits.select(*names).order_by("firm_id").to_pyarrow().to_pandas()


def _refuse_before_draw(window: Window, commit: Commit) -> None:
    due = moment(commit.beacon.due, "due").date()
    if window.start < due:
        raise RoundError(
            f"{window.folder}: the field work begins on {window.start}, and the randomness of the draw was "
            f"due on {due}: visits before it are not visits of this round; give --from {due} or later"
        )
