"""What is not compared is said, and remedies go to the gravest first and to every suspicion."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from risk_index.fairness.burden import Ratio
from risk_index.fairness.counterfactuals import Effect
from risk_index.fairness.earned import NOTHING, Earned
from risk_index.fairness.evidence import Attribute, Contrast
from risk_index.fairness.findings import Audit
from risk_index.fairness.flags import AMBER, INFO, RED_CONFIRMED, RED_SUSPECTED, Flag
from risk_index.fairness.legs import _flag, uncompared
from risk_index.fairness.looking import MOST_REMEDIED, _remedied, untried
from risk_index.fairness.proxies import Finding
from risk_index.fairness.strength import Strength
from risk_index.fairness.verdicts import Judgement, Legs, Verdict


def owners(**counts: int) -> Attribute:
    values = [name for name, n in counts.items() for _ in range(n)] + [None] * 30
    return Attribute(
        "ownership", "categorical", np.array(values, dtype=object), ("private", "foreign")
    )


# ---- not compared --------------------------------------------------------------------------------


def test_levels_spelt_otherwise_are_said_to_be_not_compared() -> None:
    flags = uncompared([owners(Private=900, foreign=120, State=300)], 100)
    assert [(f.attribute, f.group, f.verdict) for f in flags] == [("ownership", "private", AMBER)]
    assert flags[0].input == "all inputs"
    assert flags[0].said == (
        "Not compared: 0 rows of this group and 1320 of others, 100 firms needed of each. Check how the "
        "file spells it (configs/fairness.yaml, adverse). Found: Private 900, State 300, foreign 120."
    )
    words = uncompared([owners(私营=900, 外资=120)], 100)
    assert [flag.group for flag in words] == ["private", "foreign"]
    assert "Found: 私营 900, 外资 120." in words[0].said


def test_a_watched_group_of_too_few_firms_is_said_to_be_not_compared() -> None:
    attribute = owners(private=900, foreign=99)
    (small, few_others) = sorted(uncompared([attribute], 100), key=lambda flag: flag.group)
    assert small.said.startswith("Not compared: 99 rows of this group and 900 of others, 100 firms")
    assert few_others.said.startswith("Not compared: 900 rows of this group and 99 of others")
    assert uncompared([attribute], 99) == []


def test_an_attribute_without_watched_groups_names_its_small_ones_once() -> None:
    values = np.repeat(np.array(["a", "b", "c", "d"], dtype=object), [500, 400, 20, 3])
    (flag,) = uncompared([Attribute("region", "categorical", values)], 100)
    assert flag.group == ""
    assert flag.said.startswith("Not compared: 2 groups (c, d) of too few firms, 100 needed in and")
    assert uncompared([Attribute("region", "categorical", values)], 3) == []


@pytest.mark.parametrize(
    "attribute",
    [
        Attribute("n", "continuous", np.full(500, np.nan), (1,)),
        Attribute("n", "continuous", np.full(500, 3.0), (1,)),
        Attribute("n", "categorical", np.full(500, None, dtype=object)),
        Attribute("n", "binary", np.zeros(500), (1,)),
    ],
)
def test_an_attribute_that_tells_no_two_firms_apart_is_said_so(attribute: Attribute) -> None:
    (flag,) = uncompared([attribute], 100)
    assert flag.verdict == AMBER
    assert flag.said.startswith("Not compared: ")


def test_findings_that_the_data_do_not_settle_are_counted() -> None:
    flags = [
        Flag(input="a", attribute="x", group="", verdict=AMBER),
        Flag(input="a", attribute="y", group="", verdict=AMBER, legs=("F1", "F2")),
        Flag(input="a", attribute="attack", group="", verdict=AMBER, legs=("F6",)),
        Flag(input="a", attribute="z", group="", verdict=INFO),
    ]
    assert Audit.model_construct(flags=flags).inconclusive == 2


# ---- what would settle it ------------------------------------------------------------------------


def finding(judgement: Judgement, firms: int, earned: Earned = NOTHING) -> Finding:
    legs = Legs(Strength(0.56, 0.49, 0.01), None, 0.03, 0.02, False, earned, firms)
    contrast = Contrast("age", "older", "binary", np.zeros(2))
    return Finding(("x",), contrast, legs, judgement, 0.03, (0.0, 0.06), 0.02, 0.1, 0.1)


def test_firms_needed_are_said_in_words_and_never_printed_as_draws() -> None:
    flag = _flag(finding(Judgement(Verdict.AMBER, "too few firms", firms_needed=4321), 1000))
    assert flag.n_needed is None
    assert "About 4321 firms would settle it." in flag.said
    enough = _flag(finding(Judgement(Verdict.AMBER, "too few firms", firms_needed=900), 1000))
    assert "would settle it" not in enough.said
    draws = _flag(finding(Judgement(Verdict.AMBER, "may earn it", draws_needed=77), 1000))
    assert draws.n_needed == 77
    assert "would settle it" not in draws.said


# ---- remedies ------------------------------------------------------------------------------------


def effect(name: str) -> Effect:
    one = Ratio(1.2, 1.1, 1.3, 0.1, 0.1, 100, 100.0)
    even = Ratio(1.0, 0.9, 1.1, 0.1, 0.1, 100, 100.0)
    nan = float("nan")
    return Effect(name, "drop", (name,), False, one, even, 4, 4, 0, nan, nan, nan, 1, 0, True, True)


class Tried:
    """Remedies that always work, and the order in which they were asked for."""

    def __init__(self, names: list[str]) -> None:
        self.case, self.asked = SimpleNamespace(inputs=names), []

    def tried(self, name: str, contrast: Contrast) -> list[Effect]:
        self.asked.append((name, contrast.attribute))
        return [effect(name)]


def remedied(flags: list[Flag]) -> tuple[list[Flag], list[tuple[str, str]]]:
    pairs = dict.fromkeys((flag.attribute, flag.group) for flag in flags)
    contrasts = [Contrast(attribute, level, "binary", np.zeros(2)) for attribute, level in pairs]
    made = Tried([flag.input for flag in flags])
    return _remedied(flags, contrasts, made, lambda _: None), made.asked  # type: ignore[arg-type]


def red(name: str, attribute: str = "age", verdict: str = RED_CONFIRMED) -> Flag:
    return Flag(input=name, attribute=attribute, group="older", verdict=verdict)


def test_remedies_go_to_the_gravest_first_and_to_every_suspicion() -> None:
    """More confirmed findings than are tried leave no suspicion without its remedy."""
    suspected = red("s", verdict=RED_SUSPECTED)
    confirmed = [red(f"c{k}") for k in range(MOST_REMEDIED + 2)]
    amber = red("a", verdict=AMBER)
    found, asked = remedied([amber, suspected, *confirmed])
    assert asked == [(f"c{k}", "age") for k in range(MOST_REMEDIED)] + [("s", "age")]
    assert [flag.input for flag in found] == ["a", "s", *(flag.input for flag in confirmed)]
    assert found[1].verdict == RED_CONFIRMED
    assert untried(found) == ["c8 for age", "c9 for age"]


def test_an_input_tried_for_one_attribute_is_untried_for_another() -> None:
    for_age = red("x").model_copy(update={"remedies": remedied([red("x")])[0][0].remedies})
    assert untried([for_age, red("x", "sex")]) == ["x for sex"]
    assert untried([for_age, red("x", "age x sex")]) == []
    assert untried([for_age, red("y", "age x sex")]) == ["y for age x sex"]


def test_intersections_come_last_and_only_where_no_part_was_tried() -> None:
    flags = [red("x", "age x sex"), red("x", "size x sex"), red("x", "age")]
    found, asked = remedied(flags)
    assert asked == [("x", "age"), ("x", "size x sex")]
    assert [bool(flag.remedies) for flag in found] == [False, True, True]
    assert untried(found) == []
