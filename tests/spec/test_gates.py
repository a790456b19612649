"""Gates by hand: small figures in, one verdict out, with the reason and what to do."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from models.metrics import Outcomes
from risk_index.distributions import (
    DRAWS,
    Distributions,
    DrawnRate,
    Spread,
    Tally,
    read_distributions,
)
from risk_index.errors import SettingsError
from risk_index.release.drift import drift, units
from risk_index.release.limits import Limits, load_limits
from risk_index.release.outcomes import (
    LaterSlice,
    better_than_chance,
    calibration,
    harm,
    leak,
    on_outcomes,
)
from risk_index.release.places import BothRanked, churn, sentinels
from risk_index.release.verdicts import GatesRefuse, Ruling, judged, not_run
from risk_index.shifts import shifts, shifts_between

DAY = dt.date(2026, 6, 30)
LIMITS = load_limits(DAY)
RIGHT = (0.0, -0.1, 0.1)


@pytest.mark.parametrize(
    ("slope", "intercept", "status"),
    [
        ((1.0, 0.8, 1.2), RIGHT, "passed"),
        ((0.45, 0.30, 0.60), RIGHT, "passed"),  # its interval reaches 0.5
        ((0.30, 0.20, 0.45), RIGHT, "refused"),
        ((2.60, 2.10, 3.00), RIGHT, "refused"),
        ((1.0, 0.8, 1.2), (-1.0, -1.4, -0.6), "refused"),
        ((1.0, 0.8, 1.2), (0.9, 0.4, 1.4), "passed"),
        ((float("nan"), float("nan"), float("nan")), RIGHT, "refused"),
        ((1.0, float("nan"), float("nan")), RIGHT, "passed"),
        ((3.0, float("nan"), float("nan")), RIGHT, "refused"),
        ((1.0, -1.0, 3.0), RIGHT, "passed"),
        ((3.0, -2.0, 9.0), RIGHT, "refused"),  # reaches 0.5 to 2, and tells nothing
        ((1.0, 0.8, 1.2), (1.5, -4.0, 6.0), "refused"),
        ((1.0, 0.8, 1.2), (-0.55, -1.3, 0.2), "passed"),  # 1.5 wide, by limits 1 apart
        ((1.0, 0.8, 1.2), (-0.55, -2.0, 0.9), "refused"),
    ],
)
def test_calibration(
    slope: tuple[float, float, float], intercept: tuple[float, float, float], status: str
) -> None:
    assert calibration(slope, intercept, LIMITS).status == status


def test_calibration_says_where_the_slice_is_too_small_to_show_it() -> None:
    assert "too small" not in calibration((1.0, 0.8, 1.2), RIGHT, LIMITS).sentence
    for slope in ((1.0, -1.0, 3.0), (0.45, 0.3, 0.6), (1.0, float("nan"), float("nan"))):
        assert "too small to show that both" in calibration(slope, RIGHT, LIMITS).sentence


@pytest.mark.parametrize(
    ("low", "status"), [(0.56, "passed"), (0.55, "refused"), (float("nan"), "refused")]
)
def test_better_than_chance(low: float, status: str) -> None:
    assert better_than_chance((0.6, low, 0.7), LIMITS).status == status


def test_a_leak_shows_by_the_figure_or_by_one_input() -> None:
    even = pd.Series({"a": 0.3, "b": 0.2})
    assert leak((0.75, 0.7, 0.8), even, LIMITS).status == "passed"
    assert leak((0.95, 0.9, 0.99), even, LIMITS).status == "refused"
    alone = leak((0.75, 0.7, 0.8), pd.Series({"listed": 0.6, "b": 0.2}), LIMITS)
    assert alone.status == "refused"
    assert "60% are those of listed" in alone.sentence
    assert "fit again --without it" in alone.remedy


@pytest.mark.parametrize(
    ("difference", "status", "unclear"),
    [
        ((0.03, 0.01, 0.05), "passed", False),
        ((-0.01, -0.015, -0.005), "passed", False),  # surely worse, by less than the margin
        ((-0.01, -0.10, 0.08), "passed", True),
        ((-0.01, -0.05, -0.002), "refused", True),  # surely worse, perhaps by more
        ((-0.05, -0.10, 0.02), "refused", True),
        ((-0.30, -0.40, -0.20), "refused", True),
    ],
)
def test_harm(difference: tuple[float, float, float], status: str, unclear: bool) -> None:
    found = harm(difference, LIMITS)
    assert found.status == status
    assert ("too small to show" in found.sentence) is unclear


@pytest.mark.parametrize("measured", [True, False])
def test_where_no_harm_was_measured_violations_are_compared(measured: bool) -> None:
    rng = np.random.default_rng(1)
    better, worse = rng.random(400), rng.random(400)
    violation = (better > 0.5).astype(float)
    outcomes = Outcomes(violation, violation * measured, np.ones(400), np.arange(400))
    later = LaterSlice(pd.DataFrame({"b": better, "w": worse}), outcomes, "random draws", 1)
    models = [
        SimpleNamespace(
            likelihood=SimpleNamespace(predict=lambda X, name=name: X[name].to_numpy()),
            severity=SimpleNamespace(predict=lambda X: np.ones(len(X))),
        )
        for name in "bw"
    ]
    carried = pd.Series({"b": 0.1})
    found = {v.name: v for v in on_outcomes(later, models[0], models[1], carried, LIMITS, "")}
    assert found["harm"].status == "passed"
    assert found["harm"].sentence.startswith(f"of the {'harm' if measured else 'violations'}, ")
    assert found["harm"].figure > 0.05
    back = {v.name: v for v in on_outcomes(later, models[1], models[0], carried, LIMITS, "")}
    assert back["harm"].status == "refused"


def ranked(old: list[float], new: list[float]) -> BothRanked:
    firms = pd.Series([f"F{number}" for number in range(len(old))])
    return BothRanked(firms, np.array(old), np.array(new))


def test_churn_is_the_share_of_the_champions_list_that_leaves() -> None:
    both = ranked([9, 8, 7, 6, 1, 1, 1, 1, 1, 1], [9, 1, 7, 6, 8, 1, 1, 1, 1, 1])
    found = churn(both, 0.4, LIMITS)
    assert found.figure == 0.25  # F1 of F0 to F3
    assert found.status == "passed"
    assert churn(both, 0.4, replace(LIMITS, most_churn=0.2)).status == "refused"


def test_a_sentinel_that_falls_far_is_named() -> None:
    both = ranked([9, 8, 7, 6, 5, 4, 3, 2, 1, 0], [0, 8, 7, 6, 5, 4, 3, 2, 1, 9])
    limits = replace(LIMITS, sentinels=2)
    found = sentinels(both, limits)
    assert found.status == "refused"
    assert found.figure == 90.0  # F0 from the 100th percentile to the 10th
    assert "1 of 2 sentinel firms" in found.sentence
    assert "(F0)" in found.sentence


def test_named_sentinels_have_their_places_among_a_sample_that_they_are_not_in() -> None:
    both = ranked([9, 8, 7, 6, 5, 4, 3, 2, 1, 0], [9, 8, 7, 6, 5, 4, 3, 2, 1, 0])
    limits = replace(LIMITS, sentinel_firms=("N1", "N2"))
    firms = pd.Series(["N1", "N2"])
    steady = BothRanked(firms, np.array([8.5, 0.5]), np.array([7.5, 0.5]))
    found = sentinels(both, limits, steady)
    assert (found.status, found.figure) == ("passed", 10.0)  # N1 from the 90th to the 80th
    assert found.sentence.startswith("0 of 2 sentinel firms")
    fallen = sentinels(both, limits, replace(steady, challenger=np.array([2.5, 0.5])))
    assert (fallen.status, fallen.figure) == ("refused", 60.0)
    assert "(N1)" in fallen.sentence


def test_a_named_sentinel_that_is_not_in_the_registry_is_refused_and_named() -> None:
    both = ranked([3, 2, 1, 0], [3, 2, 1, 0])
    limits = replace(LIMITS, sentinel_firms=("F1", "mistyped"))
    found = sentinels(both, limits, ranked([3, 2], [3, 2]))
    assert found.status == "refused"
    assert "1 of 2 named sentinel firms are not open" in found.sentence
    assert "(mistyped)" in found.sentence
    assert "Correct each firm_id" in found.remedy
    nobody = BothRanked(pd.Series([], dtype=str), np.zeros(0), np.zeros(0))
    assert sentinels(both, limits, nobody).status == "refused"


# ---- distributions -------------------------------------------------------------------------------

RNG = np.random.default_rng(1)
HARM = RNG.normal(50, 10, 4000)
MONEY = np.where(RNG.random(4000) < 0.3, RNG.lognormal(8, 1, 4000), 0.0)


def spreads(
    index: np.ndarray, money: np.ndarray, rate: tuple[int, int] = (400, 40)
) -> Distributions:
    found = {"index": Spread.of(index), "money": Spread.of(money)}
    return Distributions(found, even_draws(*rate))


def even_draws(draws: int, violations: int, chance: float = 0.05) -> DrawnRate | None:
    return DrawnRate.of(np.arange(draws) < violations, np.full(draws, chance))


BEFORE = spreads(HARM, MONEY)


def moved(
    index: np.ndarray, money: np.ndarray, limits: Limits = LIMITS, rate: tuple[int, int] = (400, 40)
):
    after = spreads(index, money, rate)
    found = shifts(BEFORE, {"index": index, "money": money}, {"money"})
    return drift(BEFORE, after, found, pd.Series({"money": 0.4, "other": 0.6}), limits)


def test_the_same_distributions_again_are_no_drift() -> None:
    again = np.random.default_rng(2)
    money = np.where(again.random(4000) < 0.3, again.lognormal(8, 1, 4000), 0.0)
    found = moved(again.normal(50, 10, 4000), money)
    assert found.status == "passed"
    assert "0 inputs moved" in found.sentence


def test_an_index_that_moved_is_drift() -> None:
    found = moved(HARM + 10, MONEY)
    assert found.status == "refused"
    assert "(index)" in found.sentence


def test_an_input_that_moved_is_drift_where_it_carries_much() -> None:
    more = np.where(np.arange(4000) % 2 == 0, 5000.0, MONEY)
    assert moved(HARM, more).status == "refused"
    assert moved(HARM, more, replace(LIMITS, most_moved=0.5)).status == "passed"
    assert moved(HARM, more, replace(LIMITS, accepted_changes=("money",))).status == "passed"


def test_a_rate_of_violations_that_trebled_is_drift_and_one_of_few_draws_is_chance() -> None:
    assert moved(HARM, MONEY, rate=(400, 120)).status == "refused"
    assert moved(HARM, MONEY, rate=(10, 3)).status == "passed"
    assert moved(HARM, MONEY, rate=(0, 0)).status == "passed"


def test_a_draw_counts_for_the_firms_that_it_stands_for() -> None:
    """Two of chance 1/2 and one of 1/10: the rate is (2 + 0 + 10 x 1) / 14 or what falls on each."""
    chance = np.array([0.5, 0.5, 0.1])
    found = DrawnRate.of(np.array([1, 0, 1]), chance)
    assert found is not None
    assert found.rate == pytest.approx((2 + 10) / 14)
    assert found.n_eff == pytest.approx(14**2 / (4 + 4 + 100))
    spread = Spread.of(np.array([1.0, 1.0, 9.0]), (5.0,), 1 / chance)
    assert spread.shares == pytest.approx((4 / 14, 10 / 14, 0))
    assert spread.n == found.n_eff


def test_another_rule_of_drawing_is_no_drift_and_another_world_is() -> None:
    """The same firms drawn evenly, and then by the index: who is drawn moves, the registry does not."""
    rng = np.random.default_rng(3)
    odds = rng.normal(-2.2, 1, 40_000)
    index, risk = 50 + 10 * odds, 1 / (1 + np.exp(-odds))
    by_index = 0.05 * (0.2 + 0.8 * risk / risk.mean())

    def seen(chance: np.ndarray, risk: np.ndarray) -> tuple[Distributions, np.ndarray, np.ndarray]:
        at = rng.random(len(risk)) < chance
        drawn = DrawnRate.of((rng.random(len(risk)) < risk)[at], chance[at])
        spread = Spread.of(index[at], weight=1 / chance[at])
        return Distributions({DRAWS: spread}, drawn), index[at], 1 / chance[at]

    old, first, one = seen(np.full(len(risk), 0.05), risk)
    new, values, weight = seen(by_index, risk)
    found = shifts(old, {DRAWS: values}, set(), {DRAWS: weight})
    assert drift(old, new, found, pd.Series(dtype=float), LIMITS).status == "passed"
    assert shifts(old, {DRAWS: values}, set())[DRAWS][0] > 0.4  # what is drawn did move
    tallies = [
        Distributions({}, tallies={DRAWS: Tally.of(values, weight)})
        for values, weight in ((first, one), (values, weight))
    ]
    moved, noise = shifts_between(*tallies, set())[DRAWS]
    assert moved < noise
    worse, _, _ = seen(by_index, np.minimum(2.5 * risk, 1))
    judged_worse = drift(old, worse, found, pd.Series(dtype=float), LIMITS)
    assert judged_worse.status == "refused"
    assert "weighed by 1 / chance" in judged_worse.sentence


def test_distributions_come_back_as_they_were_written(tmp_path: Path) -> None:
    for number, kept in enumerate((BEFORE, Distributions({}))):
        file = tmp_path / f"{number}.json"
        file.write_text(kept.as_json(), encoding="utf-8")
        assert read_distributions(file) == kept


@pytest.mark.parametrize("times", [1e4, 1e-4, 7.0])
def test_a_unit_that_changed_is_one_factor_on_all_values(times: float) -> None:
    found = units(BEFORE, spreads(HARM, MONEY * times), LIMITS)
    assert found.status == "refused"
    assert found.figure == pytest.approx(times)
    assert "money by" in found.sentence
    accepted = replace(LIMITS, accepted_changes=("money",))
    assert units(BEFORE, spreads(HARM, MONEY * times), accepted).status == "passed"


def test_growth_is_no_change_of_unit() -> None:
    assert units(BEFORE, spreads(HARM, MONEY * 1.5), LIMITS).status == "passed"
    assert units(BEFORE, spreads(HARM, MONEY**2), LIMITS).status == "passed"  # no one factor


# ---- together ------------------------------------------------------------------------------------


def ruled(champion: str, *verdicts: object) -> Ruling:
    return Ruling(
        tuple(verdicts),
        "c2",
        champion,
        "2026-06-30",
        "2025-06-30",
        "random draws",
        ("harm", "leak"),
    )  # type: ignore[arg-type]


def test_a_gate_that_is_needed_and_was_not_run_refuses_where_it_could_have_been() -> None:
    good = judged("leak", True, "s.", "l", "r")
    assert ruled("c1", good, not_run("drift", "why")).promotes
    assert ruled("", good, not_run("harm", "no champion")).promotes
    assert ruled("c1", good, not_run("harm", "why")).refusing == ("harm",)
    assert ruled("", not_run("leak", "why")).refusing == ("leak",)


def test_gates_that_were_not_run_are_told_wherever_a_verdict_is() -> None:
    good = judged("leak", True, "s.", "l", "r")
    assert ruled("c1", good).said == "passed every gate"
    found = ruled("c1", good, not_run("proxies", "why"), not_run("fine", "why"))
    assert found.said == "passed; not run: proxies, fine"
    assert "\n\n**Not run: proxies, fine.** Nothing is known" in found.markdown()
    assert "Not run" not in ruled("c1", good).markdown()
    told = found.as_dict()
    assert told["not_run"] == ["proxies", "fine"]
    assert told["required_gates"] == ["harm", "leak"]


def test_a_refusal_says_which_gate_and_what_to_do() -> None:
    found = ruled("c1", judged("leak", False, "AUC 0.99.", "up to 0.9", "Look at it."))
    with pytest.raises(
        GatesRefuse, match=r"c2 is refused by 1 gates. leak: AUC 0.99. Look at it. The"
    ):
        found.refuse("verdict.md")
    text = found.markdown()
    assert text.startswith("# Refuse (leak): challenger c2, champion c1")
    assert "- **leak**: Look at it." in text
    assert found.as_dict()["verdict"] == "refuse"
    ruled("c1", judged("leak", True, "", "", "")).refuse("verdict.md")


# ---- limits --------------------------------------------------------------------------------------


def test_limits_are_overridden_by_name_and_lists_as_a_whole(tmp_path: Path) -> None:
    file = tmp_path / "gates.yaml"
    file.write_text("most_churn: 0.1\nsentinel_firms: ['007']\n", encoding="utf-8")
    found = load_limits(DAY, file)
    assert (found.most_churn, found.sentinel_firms) == (0.1, ("007",))
    assert replace(found, most_churn=LIMITS.most_churn, sentinel_firms=()) == LIMITS


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("most_chrun: 1", "unknown setting 'most_chrun'"),
        ("most_churn: 2", "lies outside 0 to 1"),
        ("harm_share: 0.07", "harm_share must be one of 0.05, 0.1, 0.2"),
        ("required_gates: leak", "required_gates must be a list"),
        ("required_gates: [leek]", "required_gates names no gate: leek"),
        ("most_churn: much", "most_churn must be a number"),
    ],
)
def test_limits_that_cannot_be_are_told(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "gates.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=told):
        load_limits(DAY, file)
