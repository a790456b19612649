"""Permits: held, lapsed while operating, withdrawn, and those that the sector requires."""

from __future__ import annotations

import pytest

from features.asof import Law, SectorClass
from tests.property.compare import DAY, ago, column, firm, number, numbers, table
from tests.property.naive.registry import Registry

GUIDE = (
    SectorClass("C", 2, ("fire",)),
    SectorClass("C2710", 5, ("fire", "drug")),
)


def registry(*permits) -> Registry:
    rows = [
        {"permit_id": str(n), "firm_id": "a", "kind": "drug", "issued_on": ago(1000)} | permit
        for n, permit in enumerate(permits)
    ]
    return Registry({"firms": [firm()], "permits": rows})


def cases(**permit_of: dict) -> Registry:
    """A registry in which every case is a firm with its one permit."""
    rows = [
        {"permit_id": case, "firm_id": case, "kind": "drug", "issued_on": ago(1000)} | permit
        for case, permit in permit_of.items()
    ]
    return Registry({"firms": [firm(case) for case in permit_of], "permits": rows})


def test_a_permit_is_valid_on_the_last_day_of_its_term():
    registry = cases(
        tomorrow={"valid_to": ago(-1)}, today={"valid_to": DAY}, yesterday={"valid_to": ago(1)}
    )
    assert column(registry, "permits_valid") == {"tomorrow": 1, "today": 1, "yesterday": 0}


def test_a_permit_lapsed_while_operating_if_its_term_is_over():
    found = numbers(
        registry({"valid_to": ago(7)}), "a", "permit_kinds_lapsed", "permit_lapsed_days"
    )
    assert found == {"permit_kinds_lapsed": 1, "permit_lapsed_days": 7}


def test_a_new_permit_of_the_kind_replaces_the_old_one():
    renewed = registry({"valid_to": ago(7)}, {"issued_on": ago(6), "valid_to": ago(-90)})
    found = numbers(renewed, "a", "permit_kinds_lapsed", "permit_lapsed_days", "permits_valid")
    assert found == {"permit_kinds_lapsed": 0, "permit_lapsed_days": 0, "permits_valid": 1}


def test_a_permit_of_another_kind_does_not():
    other = registry({"valid_to": ago(7)}, {"kind": "fire", "valid_to": ago(-90)})
    assert number(other, "permit_kinds_lapsed") == 1


def terms(*days_ago: tuple[int, int | None], **last) -> Registry:
    """A registry of one firm with terms of one permit, each from and to so many days ago."""
    rows = [
        {"issued_on": ago(begins), "valid_to": None if ends is None else ago(ends)}
        for begins, ends in days_ago
    ]
    return registry(*rows[:-1], rows[-1] | last)


@pytest.mark.parametrize(
    ("days_ago", "lapses"),
    [
        pytest.param([(900, 500), (499, -10)], 0, id="renewed the day after"),
        pytest.param([(900, 500), (493, -10)], 0, id="within a week"),
        pytest.param([(900, 500), (492, -10)], 1, id="after more than a week"),
        pytest.param([(900, 500)], 1, id="not yet"),
        pytest.param([(900, 7)], 0, id="over for a week"),
        pytest.param([(900, 500), (400, 200), (100, 8)], 3, id="each time"),
        pytest.param([(900, 500), (800, 300), (299, -10)], 0, id="covered by another term"),
        pytest.param([(900, None), (500, 300), (200, -10)], 0, id="another term without an end"),
        pytest.param([(300, -10)], 0, id="a first permit"),
        pytest.param([(3000, 1094), (900, -10)], 1, id="on the last day that counts"),
        pytest.param([(3000, 1095), (900, -10)], 0, id="no longer"),
    ],
)
def test_a_permit_lapsed_if_nothing_of_its_kind_followed_within_a_week(days_ago, lapses):
    assert number(terms(*days_ago), "permit_lapses_3y") == lapses


def test_a_renewal_adds_no_lapse():
    before, after = terms((900, 500)), terms((900, 500), (0, -300))
    lapses, lapsed = "permit_lapses_3y", "permit_kinds_lapsed"
    assert numbers(before, "a", lapses, lapsed) == {lapses: 1, lapsed: 1}
    assert numbers(after, "a", lapses, lapsed) == {lapses: 1, lapsed: 0}


def test_a_permit_of_another_kind_prevents_no_lapse():
    assert number(terms((900, 500), (499, -10), kind="fire"), "permit_lapses_3y") == 1


@pytest.mark.parametrize("valid_to", [None, ago(500)])
@pytest.mark.parametrize(("status", "lapses"), [("cancelled", 0), ("revoked", 0), ("expired", 1)])
def test_a_permit_given_up_or_taken_away_is_no_lapse(status, lapses, valid_to):
    ended = {"status": status, "status_changed_on": ago(800), "valid_to": valid_to}
    again, later = {"issued_on": ago(300), "valid_to": ago(200)}, {"issued_on": ago(100)}
    found = registry({"issued_on": ago(900)} | ended, again, later)
    assert number(found, "permit_lapses_3y") == lapses + 1


def test_the_time_since_a_lapse_counts_from_the_end_of_the_last_term():
    renewed_for_years = registry(
        {"issued_on": ago(4000), "valid_to": ago(3000)},
        {"issued_on": ago(3000), "valid_to": ago(12)},
    )
    assert number(renewed_for_years, "permit_lapsed_days") == 12


def test_a_term_ends_on_its_last_day_or_earlier_if_declared_expired():
    expired = {"status": "expired"}
    registry = cases(
        before_its_last_day=expired | {"status_changed_on": ago(20), "valid_to": ago(-100)},
        after_its_last_day=expired | {"status_changed_on": ago(20), "valid_to": ago(50)},
        long_before=expired | {"status_changed_on": ago(50), "valid_to": ago(20)},
        when_recorded=expired | {"recorded_on": ago(30)},
    )
    assert column(registry, "permit_lapsed_days") == {
        "before_its_last_day": 20, "after_its_last_day": 50, "long_before": 50, "when_recorded": 30
    }  # fmt: skip


@pytest.mark.parametrize("status", ["suspended", "revoked", "cancelled"])
def test_a_status_counts_from_the_day_it_took_effect(status):
    known = {"status": status, "recorded_on": ago(1000)}
    registry = cases(
        tomorrow=known | {"status_changed_on": ago(-1)}, today=known | {"status_changed_on": DAY}
    )
    found = table(registry, f"permits_{status}", "permits_valid")
    assert found.loc["tomorrow"].tolist() == [0, 1]
    assert found.loc["today"].tolist() == [1, 0]


@pytest.mark.parametrize("status", ["suspended", "revoked"])
def test_what_was_taken_away_counts_for_three_years_from_the_day_it_was(status):
    taken = {"status": status, "recorded_on": ago(9), "issued_on": ago(2000)}
    registry = cases(
        lately=taken | {"status_changed_on": ago(30)},
        for_the_last_day=taken | {"status_changed_on": ago(1094)},
        no_longer=taken | {"status_changed_on": ago(1095)},
        from_its_recording=taken,
    )
    assert column(registry, f"permits_{status}") == {
        "lately": 1, "for_the_last_day": 1, "no_longer": 0, "from_its_recording": 1
    }  # fmt: skip


def test_a_permit_that_begins_tomorrow_is_not_held():
    tomorrow = {"issued_on": ago(-1), "recorded_on": ago(30)}
    assert number(registry(tomorrow), "permits_ever") == 0


def test_days_to_the_next_expiry_come_from_valid_permits_alone():
    two = registry({"valid_to": ago(-40)}, {"kind": "fire", "valid_to": ago(3)})
    assert number(two, "permit_days_left") == 40
    assert number(registry({}), "permit_days_left") == 3650


def test_coverage_is_the_share_of_the_closest_sectors_permits_that_is_held():
    sector_of = {"both": "C2710", "fire_alone": "C2720", "none_required": "D4511", "unstated": None}
    firms = [firm(case, sector=sector) for case, sector in sector_of.items()]
    permits = [
        {"permit_id": f"{case} {kind}", "firm_id": case, "kind": kind, "issued_on": ago(9)}
        for case in sector_of
        for kind in ("drug", "waste")
    ]
    registry = Registry({"firms": firms, "permits": permits}, Law(), GUIDE)
    assert column(registry, "permit_coverage") == {
        "both": 0.5, "fire_alone": 0.0, "none_required": 1.0, "unstated": 1.0
    }  # fmt: skip
