"""A simulation's figures worked by hand: multiples, regret, harm averted, intervals, most possible harm."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from risk_index.simulate.measured import design_based, most_possible
from risk_index.simulate.summary import by_world, over_worlds

TWO_SEASONS = {
    # harm, most_harm, harm_after, violations, cited, visits, naive, hajek, covered
    "nobody": [(0, 0, 100, 0, 0, 0, np.nan, np.nan, np.nan)] * 2,
    "uniform": [(2, 10, 98, 5, 4, 50, 0.01, 0.01, 1), (3, 10, 92, 5, 6, 50, -0.03, -0.03, 0)],
    "oracle": [(10, 10, 90, 8, 9, 50, 0.2, np.nan, np.nan)] * 2,
    "list": [(6, 10, 95, 6, 7, 50, 0.1, np.nan, np.nan), (9, 10, 95, 9, 8, 50, 0.1, np.nan, np.nan)],
}  # fmt: skip
NAMES = ("harm", "most_harm", "harm_after", "violations", "cited", "visits", "naive", "hajek",
         "covered")  # fmt: skip


def seasons(seed: int = 1, **harm: float) -> pd.DataFrame:
    """The seasons above as the runs keep them, `harm` added to those of a policy."""
    rows = [
        {"scenario": "as it is", "policy": policy, "seed": seed, "season": number}
        | dict(zip(NAMES, row, strict=True))
        | {"burden_older": 1.0 + number / 10, "burden_reporting": 1.0, "never": 1 - number / 10,
           "often": 0.0}
        for policy, both in TWO_SEASONS.items()
        for number, row in enumerate(both, start=1)
    ]  # fmt: skip
    found = pd.DataFrame(rows)
    found["harm"] += found.policy.map(harm).fillna(0.0)
    return found


def figures(policy: str) -> pd.Series:
    found = by_world(seasons())
    return found[found.policy == policy].iloc[0]


def test_multiples_are_of_all_seasons_together() -> None:
    """Harm (6 + 9) / (2 + 3); violations (6 + 9) / (5 + 5); 15 of 100 visits found one."""
    found = figures("list")
    assert found.harm_times == pytest.approx(3.0)
    assert found.violations_times == pytest.approx(1.5)
    assert found.hit_rate == pytest.approx(0.15)


def test_regret_and_what_was_possible() -> None:
    """15 of the oracle's 20, and 15 of the 20 that its own registry held."""
    assert figures("list").regret == pytest.approx(0.25)
    assert figures("list").of_possible == pytest.approx(0.75)
    assert figures("oracle").regret == 0


def test_harm_averted_is_against_no_planned_visit() -> None:
    """190 of 200 still stands under uniform and the list."""
    assert figures("uniform").averted == pytest.approx(0.05)
    assert figures("list").averted == pytest.approx(0.05)
    assert figures("nobody").averted == 0


def test_rates_are_means_over_seasons_and_a_list_has_no_design_based_one() -> None:
    found = figures("uniform")
    assert found.naive == found.design_based == pytest.approx(-0.01)
    assert found.covered == pytest.approx(0.5)
    assert np.isnan(figures("list").design_based)


def test_burden_is_told_first_and_last_and_reach_at_the_end() -> None:
    found = figures("list")
    assert (found.burden_older_first, found.burden_older, found.never) == (1.1, 1.2, 0.8)


def test_the_interval_is_of_the_mean_over_worlds() -> None:
    """Multiples 3, 4 and 5: mean 4, standard error 1 / sqrt(3), t(2) at 97.5 % is 4.303."""
    rows = pd.concat([seasons(1), seasons(2, list=2.5), seasons(3, list=5.0)])
    found = over_worlds(by_world(rows)).set_index(["policy", "figure"])
    harm = found.loc[("list", "harm_times")]
    half = 4.3027 / np.sqrt(3)
    assert harm[["mean", "low", "high"]].tolist() == pytest.approx(
        [4, 4 - half, 4 + half], abs=1e-3
    )
    assert (harm.sd, harm.worlds) == (pytest.approx(1.0), 3)
    assert ("list", "design_based") not in found.index


def test_the_interval_of_a_share_ends_at_0_and_1() -> None:
    """Covered in all, in all and in half of the seasons: 0.833, and half a width of 0.717."""
    worlds = pd.DataFrame({"covered": [1.0, 1.0, 0.5], "harm_times": [1.0, 1.0, 0.5]})
    worlds = worlds.assign(scenario="as it is", policy="list", seed=[1, 2, 3])
    found = over_worlds(worlds).set_index("figure")
    assert found.loc["covered", ["low", "high"]].tolist() == pytest.approx([0.116, 1], abs=1e-3)
    assert found.high["harm_times"] == pytest.approx(1.550, abs=1e-3)


def test_one_world_has_no_interval() -> None:
    assert over_worlds(by_world(seasons())).low.isna().all()


# ---- a season ------------------------------------------------------------------------------------

FIRMS = pd.DataFrame({"firm_id": list("abcd"), "likelihood": [0.5, 0.1, 0.2, 0.0],
                      "expected_harm": [1.0, 4.0, 2.0, 0.0]})  # fmt: skip


@pytest.mark.parametrize(
    ("chances", "most"), [([1, 0, 0, 0], 4.0), ([0.5, 0.5, 0.5, 0.0], 5.0), ([1, 1, 1, 0], 7.0)]
)
def test_as_many_visits_could_have_met_this_much(chances: list[float], most: float) -> None:
    """1 visit: b; 1.5 visits: b and half of c; 3 visits: all."""
    plan = pd.DataFrame({"firm_id": list("abcd"), "chance": chances})
    assert most_possible(FIRMS, plan) == pytest.approx(most)


def test_the_design_based_rate_needs_chances_and_outcomes() -> None:
    seen = pd.DataFrame({"violation": [1.0, 0.0, 0.0, np.nan],
                         "inclusion_probability": [0.5, 0.25, 0.25, 0.25]})  # fmt: skip
    rate, covered = design_based(seen, 100, 0.2)
    assert (rate, covered) == (pytest.approx(0.2), 1.0)
    assert design_based(seen, 100, 0.99)[1] == 0.0
    for blind in (seen.assign(inclusion_probability=np.nan), seen.assign(violation=np.nan)):
        assert np.isnan(design_based(blind, 100, 0.2)).all()
