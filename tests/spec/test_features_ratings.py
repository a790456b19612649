"""What a rating says: outcomes at such scores, not the place on the scale. Worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import numpy as np
import pytest

from features.ratings import NOT_COMPARABLE, RATINGS
from features.scales import PLACES, Scheme, curves
from tests.property.compare import DAY, ago, firm, number, table
from tests.property.naive.registry import Registry, Row, Tables

OF_12 = {9.0: (240, 0.05), 8.0: (45, 0.2), 6.0: (15, 0.6)}
"""Score -> firms and the share of them found in violation: 9 of 12 is the clean record."""
OF_100 = {100.0: (240, 0.05), 90.0: (45, 0.2), 75.0: (15, 0.6)}
DEMERITS = {0.0: (240, 0.05), 3.0: (45, 0.2), 6.0: (15, 0.6)}


def rated(scheme: str, scores: dict[float, tuple[int, float]], **more: object) -> Tables:
    """Firms rated 300 days ago and visited 100 days ago; a share of each score's was in violation."""
    numbers, tables = count(), {"firms": [], "ratings": [], "inspections": []}
    for score, (n, share) in scores.items():
        for place in range(n):
            name = f"{scheme} {score:g} {next(numbers)}"
            tables["firms"].append(firm(name))
            tables["ratings"].append(
                {"firm_id": name, "scheme": scheme, "score": score, "rated_on": ago(300)} | more
            )
            tables["inspections"].append(visit(name, place < share * n))
    return tables


def visit(name: str, found: bool, days: int = 100) -> Row:
    return {"inspection_id": f"{name} {days}", "firm_id": name, "inspected_on": ago(days),
            "violation": float(found), "selection": "random"}  # fmt: skip


def together(*tables: Tables) -> Registry:
    return Registry({name: [row for t in tables for row in t.get(name, [])] for name in
                     ("firms", "ratings", "inspections")})  # fmt: skip


def new(name: str, scheme: str, score: float, days: int = 10, **more: object) -> Tables:
    """A firm that was rated and never visited."""
    rating = {"firm_id": name, "scheme": scheme, "score": score, "rated_on": ago(days)} | more
    return {"firms": [firm(name)], "ratings": [rating]}


@pytest.fixture(scope="module")
def learnt() -> Callable[[str, float], float]:
    """The risk of a new firm with a score of 12, or of 100, where both schemes have outcomes."""
    asked = [("of 12", s) for s in OF_12] + [("of 100", s) for s in OF_100]
    registry = together(
        rated("of 12", OF_12), rated("of 100", OF_100),
        *(new(f"{scheme}: {score}", scheme, score) for scheme, score in asked),
    )  # fmt: skip
    risk = table(registry, "rating_risk").rating_risk
    return lambda scheme, score: float(risk[f"{scheme}: {score}"])


def check_scales(risk: Callable[[str, float], float]) -> None:
    """The clean records of two schemes mean the same; 9 of 12 is not 75 of 100."""
    assert risk("of 12", 9.0) == pytest.approx(risk("of 100", 100.0), rel=0.4)
    assert risk("of 100", 75.0) > 4 * risk("of 12", 9.0)


def test_a_score_means_what_inspections_found_at_it(learnt):
    check_scales(learnt)
    assert learnt("of 12", 9.0) == pytest.approx(0.05, abs=0.02)
    assert learnt("of 12", 6.0) == pytest.approx(0.6, abs=0.12)


def test_a_linear_rescaling_fails_the_same_check():
    def linear(scheme: str, score: float) -> float:
        return 1 - score / {"of 12": 12, "of 100": 100}[scheme]

    assert linear("of 12", 9.0) == linear("of 100", 75.0)
    with pytest.raises(AssertionError):
        check_scales(linear)


def test_more_demerits_are_worse_where_outcomes_say_so_or_it_is_stated():
    registry = together(
        rated("demerits", DEMERITS), rated("stated", DEMERITS, better="lower"),
        *(new(f"{scheme} {score:g}", scheme, score)
          for scheme in ("demerits", "stated") for score in (0.0, 6.0)),
    )  # fmt: skip
    relative = table(registry, "rating_relative_risk").rating_relative_risk
    for scheme in ("demerits", "stated"):
        assert relative[f"{scheme} 6"] > 2 > 1 > relative[f"{scheme} 0"]


def test_a_scheme_without_outcomes_takes_what_others_say_at_its_place_and_is_flagged():
    stars = {5.0: (240, 0.0), 4.0: (45, 0.0), 1.0: (15, 0.0)}
    unseen = rated("stars", stars, better="higher") | {"inspections": []}
    registry = together(rated("of 12", OF_12), unseen)
    found = table(registry, "rating_risk", "rating_relative_risk", "ratings_not_comparable")
    worst, clean = found.loc["stars 1 285"], found.loc["stars 5 0"]
    alike = found.loc["of 12 6 285"]
    assert worst.rating_risk == pytest.approx(alike.rating_risk, rel=0.4)
    assert worst.rating_relative_risk > 3 > 1 > clean.rating_relative_risk
    assert worst.ratings_not_comparable == 1
    assert alike.ratings_not_comparable == 0


def test_a_score_of_a_scale_whose_good_end_nobody_knows_says_nothing():
    unseen = rated("letters", {1.0: (5, 0.0), 2.0: (5, 0.0)}) | {"inspections": []}
    found = table(
        together(rated("of 12", OF_12), unseen), "rating_relative_risk", "ratings_not_comparable"
    )
    letters = found[found.index.str.startswith("letters")]
    assert (letters.rating_relative_risk == 1).all()
    assert (letters.ratings_not_comparable == 1).all()


def test_a_firm_without_a_rating_or_with_an_old_one_is_neither_clean_nor_guilty():
    old = new("old", "of 12", 6.0, days=1095)
    registry = together(rated("of 12", OF_12), {"firms": [firm("none")]}, old)
    found = table(registry, "rating_relative_risk", "rating_risk", "ratings_not_comparable")
    for name in ("none", "old"):
        assert found.rating_relative_risk[name] == 1
        assert np.isnan(found.rating_risk[name])
        assert found.ratings_not_comparable[name] == 0
    assert found.rating_relative_risk["of 12 6 299"] > 1


def test_a_firms_own_outcomes_are_not_in_its_value():
    def value(found: bool) -> tuple[float, float]:
        tables = rated("of 12", OF_12)
        own = [visit("own", found, days) for days in range(1, 40)]
        tables["inspections"] += own
        registry = together(tables, new("own", "of 12", 8.0, days=200))
        relative = table(registry, "rating_risk").rating_risk
        others = relative[relative.index.str.startswith("of 12 8")]
        return float(relative["own"]), float(others.max())

    clean, guilty = value(False), value(True)
    assert clean[0] == guilty[0]
    assert clean[1] < guilty[1]


def test_a_visit_counts_for_the_rating_that_was_known_before_its_day():
    def again(scheme: str, **later: object) -> Tables:
        tables = rated(scheme, OF_12)
        more = [row | {"score": 6.0} | later for row in tables["ratings"]]
        return tables | {"ratings": tables["ratings"] + more}

    registry = together(
        again("same day", rated_on=ago(100)), new("a", "same day", 9.0),
        again("unknown", rated_on=ago(200), recorded_on=ago(100)), new("b", "unknown", 9.0),
    )  # fmt: skip
    risk = table(registry, "rating_risk").rating_risk
    assert risk["a"] == pytest.approx(0.05, abs=0.03)
    assert risk["b"] == pytest.approx(0.05, abs=0.03)


def test_the_latest_of_several_ratings_is_read():
    registry = together(
        rated("of 12", OF_12), new("a", "of 12", 6.0, days=100), {"ratings": [
            {"firm_id": "a", "scheme": "of 12", "score": 9.0, "rated_on": ago(5)},
            {"firm_id": "a", "scheme": "of 12", "score": 6.0, "rated_on": ago(4), "recorded_on": ago(-1)},
        ]})  # fmt: skip
    relative = table(registry, "rating_relative_risk").rating_relative_risk
    assert relative["a"] < 1


def test_no_rating_at_all_is_no_error():
    assert number(Registry({"firms": [firm("a")]}), "rating_relative_risk", day=DAY) == 1


def test_the_note_of_a_row_is_that_of_the_feature():
    assert [f.note for f in RATINGS if f.note] == [NOT_COMPARABLE]


@pytest.mark.parametrize(("better", "empty"), [("higher", 9), ("lower", 10)])
def test_two_hundred_outcomes_of_the_scheme_weigh_as_much_as_all_schemes_say(better, empty):
    """All ratings at one place: 200 own visits at 0.4, and 400 visits of both schemes at 0.3.

    Each place has one outcome more at the rate of all; better places without visits join in.
    """
    at = np.zeros(PLACES, dtype=np.int64)
    at[10] = 1
    own, other = (Scheme(at * 100, at * 200, at * hits, better) for hits in (80, 40))
    curve = curves([own, other])[0]
    pooled = (120 + (empty + 1) * 120.5 / 401) / (401 + empty)
    assert curve.risk[10] == pytest.approx((80 + 200 * pooled) / 400)
    assert curve.relative[10] == pytest.approx(1.0)
