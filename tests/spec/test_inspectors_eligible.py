"""Who may visit whom, rule by rule, on one firm and one or two inspectors."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from risk_index.inspectors.past import NOTHING_PAST, Past, past_notes, past_of
from risk_index.inspectors.pool import eligible, months_before
from risk_index.inspectors.roster import Conflict, Inspector, roster_of
from risk_index.inspectors.visits import Calendar, Drawn, Visit, in_weeks
from tests.property.staff import MONDAY, QUARTER, SEED, drawn, firms

DAY = dt.timedelta(days=1)
SUNDAY = MONDAY + 6 * DAY


def ground(
    inspector: Inspector,
    *conflicts: Conflict,
    firm: Drawn | None = None,
    past: Past = NOTHING_PAST,
    week: int = 1,
) -> str:
    """Return what bars the inspector from the firm in a week, or an empty text."""
    visit = Visit(1, week, firm or drawn("F1"))
    pool = eligible([visit], roster_of([inspector], conflicts), past, QUARTER, 24)
    return next(iter(pool.barred_by()), "")


@pytest.mark.parametrize(
    ("regions", "expected"),
    [
        ((), ""),
        (("3201",), ""),
        (("320106",), ""),
        (("44", "32"), ""),
        (("3202",), "region"),
        (("3201060",), "region"),
    ],
)
def test_a_region_is_covered_by_the_beginning_of_its_code(
    regions: tuple[str, ...], expected: str
) -> None:
    assert ground(Inspector("I", regions=regions)) == expected


def test_a_firm_of_unstated_region_is_open_only_to_those_who_go_everywhere() -> None:
    nowhere = drawn("F1", region="")
    assert ground(Inspector("I"), firm=nowhere) == ""
    assert ground(Inspector("I", regions=("32",)), firm=nowhere) == "region"


@pytest.mark.parametrize(
    ("certificates", "expected"),
    [
        (("*",), ""),
        (("C27",), ""),
        (("F51", "C"), ""),
        (("C28",), "certificate"),
        ((), "certificate"),
    ],
)
def test_a_certificate_covers_the_sectors_that_begin_alike(
    certificates: tuple[str, ...], expected: str
) -> None:
    assert ground(Inspector("I", certificates=certificates)) == expected


def test_a_firm_of_unstated_sector_needs_a_certificate_for_all() -> None:
    unstated = drawn("F1", sector="")
    assert ground(Inspector("I", certificates=("C",)), firm=unstated) == "certificate"
    assert ground(Inspector("I"), firm=unstated) == ""


def test_a_certificate_must_hold_on_the_last_day_of_the_week() -> None:
    assert ground(Inspector("I", valid_to=SUNDAY)) == ""
    assert ground(Inspector("I", valid_to=SUNDAY - DAY)) == "certificate"


def test_an_inspector_must_be_in_service_all_week() -> None:
    assert ground(Inspector("I", available_from=MONDAY, available_to=SUNDAY)) == ""
    assert ground(Inspector("I", available_from=MONDAY + DAY)) == "away"
    assert ground(Inspector("I", available_to=SUNDAY - DAY)) == "away"


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (MONDAY - 9 * DAY, MONDAY - DAY, ""),
        (SUNDAY + DAY, SUNDAY + 9 * DAY, ""),
        (SUNDAY, SUNDAY, "away"),
        (MONDAY - 9 * DAY, MONDAY, "away"),
        (MONDAY - 9 * DAY, SUNDAY + 9 * DAY, "away"),
    ],
)
def test_a_day_of_absence_bars_its_week(first: dt.date, last: dt.date, expected: str) -> None:
    assert ground(Inspector("I", absent=((first, last),))) == expected


def test_an_absence_bars_no_other_week() -> None:
    away = Inspector("I", absent=((MONDAY, SUNDAY),))
    assert [ground(away, week=week) for week in (1, 2)] == ["away", ""]


def test_an_inspector_of_no_visits_is_as_good_as_away() -> None:
    assert ground(Inspector("I", max_visits=0)) == "away"
    assert ground(Inspector("I", max_visits=1)) == ""


def test_a_conflict_bars_from_the_firm_it_names_and_from_no_other() -> None:
    own = Conflict("I", "F1", "", "own interest")
    assert ground(Inspector("I"), own) == "conflict"
    assert ground(Inspector("I"), own, firm=drawn("F2")) == ""


def test_a_conflict_ends_after_its_last_day() -> None:
    assert ground(Inspector("I"), Conflict("I", "F1", "", "former employer", MONDAY)) == "conflict"
    earlier = Conflict("I", "F1", "", "former employer", MONDAY - DAY)
    assert ground(Inspector("I"), earlier) == ""
    assert ground(Inspector("I"), Conflict("I", "F1", "", "own interest", MONDAY), week=2) == ""


def test_a_conflict_with_a_group_bars_from_all_its_firms_former_ones_included() -> None:
    past = Past({}, {"F1": frozenset({"G1", "G2"}), "F2": frozenset({"G3"})})
    for group in ("G1", "G2"):
        conflict = Conflict("I", "", group, "relative's interest")
        assert ground(Inspector("I"), conflict, past=past) == "conflict"
        assert ground(Inspector("I"), conflict, firm=drawn("F2"), past=past) == ""


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (dt.date(2024, 7, 6), ""),
        (dt.date(2024, 7, 7), "recent visit"),
        (dt.date(2026, 7, 5), "recent visit"),
        (dt.date(2026, 7, 30), "recent visit"),
        (dt.date(2010, 1, 1), ""),
    ],
)
def test_an_inspector_returns_to_a_firm_after_24_months(day: dt.date, expected: str) -> None:
    past = Past({("I", "F1"): day}, {})
    assert ground(Inspector("I"), past=past) == expected
    assert ground(Inspector("J"), past=past) == ""
    assert ground(Inspector("I"), firm=drawn("F2"), past=past) == ""


def test_the_first_ground_counts() -> None:
    nobody = Inspector("I", regions=("44",), certificates=("F",), available_to=MONDAY - DAY)
    assert ground(nobody, Conflict("I", "F1", "", "own interest")) == "region"


def test_months_are_counted_by_the_calendar() -> None:
    assert months_before(dt.date(2026, 7, 6), 24) == dt.date(2024, 7, 6)
    assert months_before(dt.date(2024, 2, 29), 12) == dt.date(2023, 2, 28)
    assert months_before(dt.date(2026, 1, 31), 2) == dt.date(2025, 11, 30)
    assert months_before(dt.date(2026, 7, 6), 0) == dt.date(2026, 7, 6)


def test_the_past_keeps_the_last_visit_of_each_inspector_named() -> None:
    visits = pd.DataFrame(
        {
            "inspector_id": ["I1", "I1", "I2；I3; "],
            "firm_id": ["F1", "F1", "F1"],
            "inspected_on": [dt.date(2025, 3, 1), dt.date(2024, 3, 1), dt.date(2023, 3, 1)],
        }
    )
    groups = pd.DataFrame({"firm_id": ["F1", "F1"], "group_id": ["G1", "G2"]})
    assert past_of(visits, groups) == Past(
        {
            ("I1", "F1"): dt.date(2025, 3, 1),
            ("I2", "F1"): dt.date(2023, 3, 1),
            ("I3", "F1"): dt.date(2023, 3, 1),
        },
        {"F1": frozenset({"G1", "G2"})},
    )


def test_notes_say_what_could_not_be_looked_at() -> None:
    by_group = roster_of([Inspector("I1")], [Conflict("I1", "", "G1", "own interest")])
    assert past_notes(None, by_group, 24) == [
        "No records were given: returns within 24 months are not ruled out.",
        "1 conflicts by group_id bar nobody without records.",
    ]
    known = Past({("I1", "F1"): MONDAY, ("X9", "F1"): MONDAY}, {})
    assert past_notes(known, by_group, 24) == [
        "The records name 2 inspectors for earlier visits to the firms drawn; "
        "1 of them are in the list of inspectors."
    ]


def test_weeks_are_filled_in_the_order_of_the_draw_and_differ_by_one_visit() -> None:
    visits = in_weeks(firms(30), SEED, 13)
    assert [visit.number for visit in visits] == list(range(1, 31))
    counts = [sum(visit.week == week for visit in visits) for week in range(1, 14)]
    assert sum(counts) == 30
    assert set(counts) == {2, 3}
    assert [visit.week for visit in visits] == sorted(visit.week for visit in visits)


def test_a_week_lasts_seven_days() -> None:
    weeks = Calendar(MONDAY, 13)
    assert (weeks.begins(1), weeks.ends(1)) == (MONDAY, SUNDAY)
    assert weeks.begins(13) == dt.date(2026, 9, 28)


@pytest.mark.parametrize(
    ("days", "week"), [(-30, 1), (-1, 1), (0, 2), (6, 2), (7, 3), (76, 12), (77, 13), (500, 13)]
)
def test_the_first_week_after_a_day_is_the_last_where_none_begins(days: int, week: int) -> None:
    assert QUARTER.first_after(MONDAY + days * DAY) == week
