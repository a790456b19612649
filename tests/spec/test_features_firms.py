"""The firm, its sector and region, its changes, and its controller's other firms."""

from __future__ import annotations

import math

import pytest

from features.asof import Law, SectorClass
from tests.property.compare import DAY, ago, firm, number, numbers
from tests.property.naive.registry import Registry


def visit(number_: str, firm_id: str, violation: float, **more):
    return {
        "inspection_id": number_, "firm_id": firm_id, "inspected_on": ago(100),
        "selection": "random", "violation": violation,
    } | more  # fmt: skip


def test_rates_shrink_along_the_path_from_all_to_the_class():
    firms = [firm("a", sector="C2710"), firm("b", sector="C2720"), firm("c", sector="F52")]
    firms.append(firm("d", sector="C2710"))
    visits = [
        visit("1", "a", 1.0),
        visit("2", "a", 1.0),
        visit("3", "b", 0.0),
        visit("4", "c", 0.0),
    ]
    found = numbers(
        Registry({"firms": firms, "inspections": visits}),
        "d", "sector_rate", "wider_rate", "section_rate", "sector_inspections",
    )  # fmt: skip
    everyone = (2 + 0.5) / (4 + 1)
    section = (2 + 20 * everyone) / (3 + 20)  # C: the visits of a and b
    division = (2 + 20 * section) / (3 + 20)  # C27: the same three
    group = (2 + 20 * division) / (2 + 20)  # C271: those of a
    own = (2 + 20 * group) / (2 + 20)  # C2710
    assert found == pytest.approx(
        {"sector_rate": own, "wider_rate": group, "section_rate": section, "sector_inspections": 2}
    )


def test_a_firms_own_outcomes_are_no_part_of_its_groups_rates():
    firms = [firm("a", sector="C2710", region="110105"), firm("b", sector="C2720", region="110228")]
    visits = [visit("1", "a", 1.0, harm=9.0), visit("2", "a", 1.0), visit("3", "b", 0.0)]
    found = numbers(
        Registry({"firms": firms, "inspections": visits}),
        "a", "sector_rate", "sector_harm", "sector_harm_seen", "sector_inspections", "region_rate",
    )  # fmt: skip
    everyone = (0 + 0.5) / (1 + 1)  # the visit of b
    division = (20 * (20 * everyone) / 21) / 21  # C, then C27; nobody else in C271 and C2710
    province = (50 * everyone) / 51  # 11; nobody else in 1101
    assert found == pytest.approx(
        {"sector_rate": division, "sector_harm": 1.0, "sector_harm_seen": 1.0,
         "sector_inspections": 0, "region_rate": province}
    )  # fmt: skip


def test_a_firm_that_changed_its_sector_leaves_nothing_of_its_own_in_the_wider_group():
    moved = [firm("a", sector="C2710"), firm("a", sector="C2790", recorded_on=ago(50))]
    visits = [visit("1", "a", 1.0), visit("2", "b", 0.0)]
    registry = Registry({"firms": [*moved, firm("b", sector="C2710")], "inspections": visits})
    everyone = 0.5 / 2
    division = (20 * (20 * everyone) / 21) / 21
    assert number(registry, "section_rate", "a") == pytest.approx(20 * everyone / 21)
    assert number(registry, "sector_rate", "a") == pytest.approx(division)


def test_a_written_path_shrinks_along_its_steps():
    firms = [firm(name, sector=f"Food/{name}") for name in "ab"] + [firm("c", sector="Food/a")]
    registry = Registry({"firms": firms, "inspections": [visit("1", "a", 1.0)]})
    everyone = 1.5 / 2
    food = (1 + 20 * everyone) / 21
    assert number(registry, "sector_rate", "b") == pytest.approx(food)
    assert number(registry, "sector_rate", "c") == pytest.approx((1 + 20 * food) / 21)


def test_a_region_is_pulled_towards_its_city_and_its_province():
    firms = [firm("a", region="110105"), firm("b", region="110228"), firm("c", region="310115")]
    registry = Registry({"firms": firms, "inspections": [visit("1", "a", 1.0)]})
    everyone = 1.5 / 2
    province = (1 + 50 * everyone) / 51
    assert number(registry, "region_rate", "c") == pytest.approx(everyone)
    assert number(registry, "region_rate", "b") == pytest.approx(province)  # 1102 has no visit


def test_firms_without_sector_or_region_form_one_of_their_own():
    firms = [firm("a"), firm("b", sector="C27", region="north")]
    registry = Registry({"firms": firms, "inspections": [visit("1", "b", 1.0)]})
    found = numbers(registry, "a", "sector_rate", "region_rate", "hazard_class")
    assert math.isnan(found.pop("hazard_class"))
    assert found == pytest.approx({"sector_rate": 0.75, "region_rate": 0.75})


def test_unmeasured_harm_is_left_out_of_the_sectors_mean():
    visits = [visit("1", "a", 1.0, harm=4.0), visit("2", "a", 1.0), visit("3", "a", 0.0, harm=9.0)]
    firms = [firm(sector="X"), firm("b", sector="X")]
    registry = Registry({"firms": firms, "inspections": visits})
    everyone = (4 + 1) / (1 + 1)
    assert number(registry, "sector_harm", "b") == pytest.approx((4 + 10 * everyone) / 11)
    seen = (13 + 1) / (2 + 1)
    assert number(registry, "sector_harm_seen", "b") == pytest.approx((13 + 20 * seen) / 22)


def test_a_visit_counts_for_the_sector_known_when_it_was_recorded():
    moved = [firm(sector="X"), firm(sector="Y", recorded_on=ago(50))]
    fellows = [firm("in X", sector="X"), firm("in Y", sector="Y")]
    registry = Registry({"firms": moved + fellows, "inspections": [visit("1", "a", 1.0)]})
    assert number(registry, "new_sector_3y") == 1
    assert number(registry, "sector_inspections", "in X") == 1
    assert number(registry, "sector_inspections", "in Y") == 0


def test_the_guides_closest_entry_gives_the_hazard_class():
    guide = (SectorClass("C", 2), SectorClass("C27", 4))
    firms = [firm("a", sector="C2710"), firm("b", sector="C30"), firm("c", sector="D")]
    registry = Registry({"firms": firms}, Law(), guide)
    assert number(registry, "hazard_class", "a") == 4
    assert number(registry, "hazard_class", "b") == 2
    assert math.isnan(number(registry, "hazard_class", "c"))


def test_age_and_size_are_those_known_on_the_day():
    versions = [
        firm(size_class="micro", employees=3.0),
        firm(size_class="large", employees=900.0, recorded_on=ago(-1)),
    ]
    found = numbers(Registry({"firms": versions}), "a", "firm_age_days", "size_class", "employees")
    assert found == {
        "firm_age_days": (DAY - versions[0]["registered_on"]).days, "size_class": 1, "employees": 3,
    }  # fmt: skip


def test_changes_of_details_compare_a_version_with_the_one_before():
    versions = [
        firm(name="Old", region="north"),
        firm(name="New", region="north", recorded_on=ago(700)),
        firm(name="New", region="south", recorded_on=ago(20)),
        firm(name="New", region=None, recorded_on=ago(10)),
    ]
    found = numbers(
        Registry({"firms": versions}), "a", "changes_3y", "renamed_3y", "moved_3y",
        "days_since_change",
    )  # fmt: skip
    assert found == {"changes_3y": 3, "renamed_3y": 1, "moved_3y": 1, "days_since_change": 10}


GROUP = [firm(name, group_id="g") for name in "abc"] + [firm("d", group_id="other"), firm("e")]


def test_the_controllers_other_firms_leave_out_the_firm_itself_and_other_controllers():
    visits = [visit(n, name, 1.0, harm=2.0) for n, name in zip("1234", "aabd", strict=True)]
    registry = Registry({"firms": GROUP, "inspections": visits})
    names = ("others", "others_inspections", "others_violations", "others_harm")
    assert list(numbers(registry, "a", *names).values()) == [2, 1, 1, 2]
    assert list(numbers(registry, "c", *names).values()) == [2, 3, 3, 6]
    assert list(numbers(registry, "e", *names).values()) == [0, 0, 0, 0]


def test_a_closed_firm_is_no_other_firm_of_its_controller():
    closed = [firm("a", group_id="g"), firm("b", group_id="g", closed_on=DAY)]
    assert number(Registry({"firms": closed}), "others") == 0
    assert number(Registry({"firms": closed}), "others", day=ago(1)) == 1
