"""The records of one firm as known on the as-of date: source, number, day, and how long each counts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import ibis
import pandas as pd

from features.asof import Snapshot
from features.irregularities import irregularities_standing
from features.listings import listings_standing
from features.penalties import penalties_in_force
from features.permits import permits_seen
from features.profile import changes_seen
from features.ratings import VALID_DAYS
from features.sector import required_permits
from risk_index.explain.words import CATEGORY, in_words
from risk_index.texts import Texts

COUNTED_DAYS = 1095
"""Days for which lapses of permits, permits revoked or suspended and changes of details are counted."""


@dataclass(frozen=True)
class FirmRecord:
    """One record of a firm.

    Attributes
    ----------
    table, key : str
        The record table, and what names the record in it.
    day : date
        Day of the event.
    what, number, source : str
        What it says, its number and where it comes from; empty where not stated.
    counts : str
        Until when it counts.
    in_force : bool
        False for an earlier term of a permit, which counts as such only.
    remedy : str
        What would end it: repair, removal, renewal; empty where nothing does but time.
    """

    table: str
    key: str
    day: dt.date
    what: str
    number: str
    source: str
    counts: str
    in_force: bool
    remedy: str = ""


def records_of(snapshot: Snapshot, texts: Texts) -> list[FirmRecord]:
    """Return the records of the one firm of a snapshot: what counts first, the latest first.

    What was repaired, revoked or removed, or has expired, is on no page.
    """
    found = [
        *_penalties(snapshot, texts),
        *_irregularities(snapshot, texts),
        *_listings(snapshot, texts),
        *_permits(snapshot, texts),
        *_inspections(snapshot, texts),
        *_ratings(snapshot, texts),
        *_changes(snapshot, texts),
    ]
    return sorted(found, key=lambda r: (not r.in_force, -r.day.toordinal(), r.table, r.key))


def _rows(table: ibis.Table) -> Iterator[pd.Series]:
    """Yield rows with dates as dates and None for what is missing."""
    frame = table.execute()
    for name in frame.columns:
        if pd.api.types.is_datetime64_any_dtype(frame[name]):
            frame[name] = frame[name].dt.date
    frame = frame.astype(object).where(frame.notna(), None)
    yield from (row for _, row in frame.iterrows())


def _penalties(snapshot: Snapshot, texts: Texts) -> Iterator[FirmRecord]:
    law = snapshot.law
    for row in _rows(penalties_in_force(snapshot)):
        gravity = row.gravity or law.unstated_gravity
        expiry = row.decided_on + dt.timedelta(days=int(law.expiry_days[gravity]))
        what = texts.say("{gravity} penalty", gravity=in_words(gravity, texts))
        if row.category:
            what = texts.say(CATEGORY, what=what, category=in_words(row.category, texts))
        if row.fine is not None:
            what += texts.say(", fine {fine}", fine=f"{row.fine:,.0f}")
        yield FirmRecord(
            "penalties",
            row.penalty_id,
            row.decided_on,
            what,
            row.decision_number or row.penalty_id,
            texts.separator.join(part for part in (row.authority, row.source) if part),
            texts.say("until {day}, or until its repair", day=expiry),
            True,
            texts.say("repair of the record"),
        )


def _entry(row: pd.Series, table: str, what: str, source: str, texts: Texts) -> FirmRecord:
    """Return an entry of a list, which stands until it is removed; to be on a red one harms nobody."""
    key = row["reason" if table == "irregularities" else "list"] or ""
    remedy = "" if row.get("colour") == "red" else texts.say("removal of the entry")
    counts = texts.say("until its removal")
    return FirmRecord(table, key, row.listed_on, what, "", source, counts, True, remedy)


def _irregularities(snapshot: Snapshot, texts: Texts) -> Iterator[FirmRecord]:
    source = texts.say("list of abnormal operations")
    for row in _rows(irregularities_standing(snapshot)):
        what = in_words(row.reason or "", texts) or texts.say("entry without a stated ground")
        yield _entry(row, "irregularities", what, source, texts)


def _listings(snapshot: Snapshot, texts: Texts) -> Iterator[FirmRecord]:
    for row in _rows(listings_standing(snapshot)):
        what = texts.say("{colour} list", colour=in_words(row.colour, texts))
        if row.ground:
            what = texts.say(CATEGORY, what=what, category=in_words(row.ground, texts))
        yield _entry(row, "listings", what, row["list"] or "", texts)


def _permits(snapshot: Snapshot, texts: Texts) -> Iterator[FirmRecord]:
    for row in _rows(permits_seen(snapshot, required_permits(snapshot))):
        taken = row.state in ("revoked", "suspended")
        lapsed = row.has_lapsed and row.state in ("valid", "expired")
        renewable = lapsed and row.ended_on == row.kind_ended_on
        remedy = texts.say("renewal of the permit") if renewable else ""
        counted = row.state == "cancelled" or (taken and row.days_changed < COUNTED_DAYS)
        counts = _of_term(row, renewable, texts)
        lapse = row.let_lapse and row.days_uncovered < COUNTED_DAYS
        if lapse:
            last = row.as_of + dt.timedelta(days=int(COUNTED_DAYS - row.days_uncovered))
            counts += texts.separator + texts.say("that it lapsed: until {day}", day=last)
        holds = bool(row.is_valid or remedy or counted or lapse)
        what = texts.say(
            CATEGORY, what=texts.say("permit"), category=in_words(str(row.kind), texts)
        )
        yield FirmRecord(
            "permits", row.permit_id, row.issued_on, what, row.permit_id, "", counts, holds, remedy
        )


def _of_term(row: pd.Series, renewable: bool, texts: Texts) -> str:
    """Return until when a term of a permit counts; what was taken away, from the day it was."""
    state = in_words(row.state, texts)
    if renewable:
        return texts.say("lapsed on {day}: until it is renewed", day=row.ended_on)
    if row.state == "cancelled":
        return texts.say("{state}: counted without an end", state=state)
    if row.state in ("revoked", "suspended"):
        last = row.changed_on + dt.timedelta(days=COUNTED_DAYS)
        return texts.say("{state}: until {day}", state=state, day=last)
    if not row.is_valid:
        return texts.say("an earlier term")
    if row.valid_to:
        return texts.say("valid until {day}", day=row.valid_to)
    return texts.say("valid without an end")


def _inspections(snapshot: Snapshot, texts: Texts) -> Iterator[FirmRecord]:
    for row in _rows(snapshot.events("inspections", "inspected_on")):
        planned = row.selection not in ("complaint", "follow_up")
        found = {
            None: texts.say("outcome not recorded"),
            0: texts.say("no violation"),
            1: texts.say("violation found"),
        }[row.violation]
        how = in_words(row.selection or "", texts) or texts.say("not stated")
        what = texts.say("inspection ({how}): {found}", how=how, found=found)
        if row.violation and row.harm is not None:
            what += texts.say(", harm {harm}", harm=f"{row.harm:,.3g}")
        counts = texts.say("less and less as it ages") if planned else texts.say("as a visit only")
        number = row.inspection_id
        yield FirmRecord("inspections", number, row.inspected_on, what, number, "", counts, True)


def _ratings(snapshot: Snapshot, texts: Texts) -> Iterator[FirmRecord]:
    rows = sorted(_rows(snapshot.events("ratings", "rated_on")), key=lambda row: row.scheme)
    latest = max((row.rated_on for row in rows), default=None)
    for row in rows:
        ends = row.rated_on + dt.timedelta(days=VALID_DAYS)
        if row.rated_on != latest or ends <= snapshot.dates[0]:
            continue
        counts = texts.say("until {day}, or until the next rating", day=ends)
        what = texts.say("score {score}", score=f"{row.score:g}")
        yield FirmRecord("ratings", row.scheme, row.rated_on, what, "", row.scheme, counts, True)


def _changes(snapshot: Snapshot, texts: Texts) -> Iterator[FirmRecord]:
    for row in _rows(changes_seen(snapshot)):
        ends = row.recorded_on + dt.timedelta(days=COUNTED_DAYS)
        if ends <= snapshot.dates[0]:
            continue
        counts = texts.say("until {day}", day=ends)
        what, source = texts.say("change of registered details"), texts.say("registration")
        day = row.recorded_on
        yield FirmRecord("firms", str(day), day, what, "", source, counts, True)
