"""What events are called when a reason speaks of them: one, many, none, and which days are told."""

from __future__ import annotations

from dataclasses import dataclass

from features.evidence import JUDGED, LAPSED, LET_LAPSE, REQUIRED, VALID, VIOLATED, Kind
from features.feature import where

SINCE, WHEN, UNTIL, UNDATED = "since", "when", "until", "undated"
"""What stands since its first day; what happened on days; what ends next on a day; no day is told."""


@dataclass(frozen=True)
class Noun:
    """The words for events of a kind; ``{n}`` is their number."""

    one: str
    many: str
    none: str
    days: str = WHEN


def _inspections(days: int | None, more: str = "") -> dict[Kind, Noun]:
    return {
        Kind("inspections", JUDGED, days): Noun(
            "{n} inspection with a recorded outcome" + more,
            "{n} inspections with a recorded outcome" + more,
            "no inspection with a recorded outcome" + more,
        ),
        Kind("inspections", VIOLATED, days): Noun(
            "{n} violation found", "{n} violations found", "no violation found"
        ),
        Kind("inspections", where(selection="complaint"), days): Noun(
            "{n} visit after a complaint" + more,
            "{n} visits after a complaint" + more,
            "no visit after a complaint" + more,
        ),
        Kind("inspections", where(selection="follow_up"), days): Noun(
            "{n} follow-up visit" + more, "{n} follow-up visits" + more, "no follow-up visit" + more
        ),
    }


PENALTIES = {
    Kind("penalties"): Noun(
        "{n} penalty in force", "{n} penalties in force", "no penalty in force", SINCE
    ),
    Kind("penalties", where(counts=True)): Noun(
        "{n} moderate or serious penalty in force",
        "{n} moderate or serious penalties in force",
        "no moderate or serious penalty in force",
        SINCE,
    ),
    Kind("penalties", where(gravity="serious")): Noun(
        "{n} serious penalty in force",
        "{n} serious penalties in force",
        "no serious penalty in force",
        SINCE,
    ),
}
PERMITS = {
    Kind("permits"): Noun("{n} permit on record", "{n} permits on record", "no permit on record"),
    Kind("permits", (), 365): Noun(
        "{n} permit issued in the last year",
        "{n} permits issued in the last year",
        "no permit issued in the last year",
    ),
    Kind("permits", VALID): Noun("{n} valid permit", "{n} valid permits", "no valid permit", UNTIL),
    Kind("permits", LAPSED): Noun(
        "{n} kind of permit lapsed while operating",
        "{n} kinds of permit lapsed while operating",
        "no permit lapsed while operating",
        SINCE,
    ),
    Kind("permits", LET_LAPSE, 1095): Noun(
        "{n} time that a permit lapsed in the last 3 years",
        "{n} times that a permit lapsed in the last 3 years",
        "no permit lapsed in the last 3 years",
    ),
    Kind("permits", REQUIRED): Noun(
        "{n} kind of permit held that the sector requires",
        "{n} kinds of permit held that the sector requires",
        "no permit held that the sector requires",
        UNDATED,
    ),
    Kind("permits", where(state="revoked"), 1095): Noun(
        "{n} permit revoked", "{n} permits revoked", "no permit revoked"
    ),
    Kind("permits", where(state="suspended"), 1095): Noun(
        "{n} permit suspended", "{n} permits suspended", "no permit suspended", SINCE
    ),
    Kind("permits", where(state="cancelled")): Noun(
        "{n} permit cancelled", "{n} permits cancelled", "no permit cancelled"
    ),
}
_ABNORMAL = "in the list of abnormal operations"
IRREGULARITIES = {
    Kind("irregularities"): Noun(
        f"{{n}} entry {_ABNORMAL}", f"{{n}} entries {_ABNORMAL}", f"no entry {_ABNORMAL}", SINCE
    ),
} | {
    Kind("irregularities", where(reason=reason)): Noun(
        f"{{n}} entry {_ABNORMAL} for {ground}",
        f"{{n}} entries {_ABNORMAL} for {ground}",
        f"no entry {_ABNORMAL} for {ground}",
        SINCE,
    )
    for reason, ground in {
        "annual_report_not_filed": "an annual report not filed",
        "address_unreachable": "an address where it cannot be reached",
        "disclosure_missing": "a missing disclosure",
        "disclosure_false": "a false disclosure",
    }.items()
}
LISTINGS = {
    Kind("listings", where(kind="red")): Noun(
        "{n} entry in red lists", "{n} entries in red lists", "no entry in red lists", SINCE
    ),
    Kind("listings", where(kind="black")): Noun(
        "{n} entry in black lists", "{n} entries in black lists", "no entry in black lists", SINCE
    ),
    Kind("listings", where(kind="judgment_default")): Noun(
        "{n} entry as judgment debtor in default",
        "{n} entries as judgment debtor in default",
        "no entry as judgment debtor in default",
        SINCE,
    ),
}
VISITS = {
    Kind("inspections"): Noun("{n} visit", "{n} visits", "no visit"),
    Kind("inspections", where(clean=True)): Noun(
        "{n} inspection without a violation",
        "{n} inspections without a violation",
        "no inspection without a violation",
    ),
    Kind("inspections", where(clean=True, selection="random")): Noun(
        "{n} random inspection without a violation",
        "{n} random inspections without a violation",
        "no random inspection without a violation",
    ),
    Kind("inspections", where(selection="random"), 1095): Noun(
        "{n} random inspection in the last 3 years",
        "{n} random inspections in the last 3 years",
        "no random inspection in the last 3 years",
    ),
    **_inspections(None),
    **_inspections(365, " in the last year"),
    **_inspections(1095, " in the last 3 years"),
}
_IN_3_YEARS = " in the last 3 years"
CHANGES = {
    Kind("firms"): Noun(
        "{n} change of registered details",
        "{n} changes of registered details",
        "no change of registered details",
    ),
} | {
    Kind("firms", condition, 1095): Noun(
        f"{{n}} change of {what}{_IN_3_YEARS}",
        f"{{n}} changes of {what}{_IN_3_YEARS}",
        f"no change of {what}{_IN_3_YEARS}",
    )
    for condition, what in (
        ((), "registered details"),
        (where(renamed=True), "name"),
        (where(moved=True), "region"),
        (where(new_sector=True), "sector"),
    )
}
RATINGS = {
    Kind("ratings"): Noun("{n} regional rating", "{n} regional ratings", "no regional rating"),
}
NOUNS = PENALTIES | PERMITS | IRREGULARITIES | LISTINGS | VISITS | CHANGES | RATINGS
