"""Policies in worlds whose truth is known: the oracle's place, unbiased lots, scenarios on the same luck."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from risk_index.simulate.policies import NOBODY, ORACLE, POLICIES, UNIFORM
from risk_index.simulate.runs import planned, play_all
from risk_index.simulate.settings import BASE, load_simulate_settings

pytestmark = pytest.mark.slow

LOTS = {UNIFORM, "rule_ladder", "index_proportional", "mix"}
WHAT_IF = ("no deterrence", "double deterrence", "reporting halved", "sector misranked")


def played(out: Path, sensitivity: bool = False, **given: object) -> pd.DataFrame:
    """Rows of all runs, played into a folder."""
    runs = planned(load_simulate_settings(**given), out, sensitivity)
    play_all(runs, 1, lambda _: None)
    return pd.concat([run.rows() for run in runs], ignore_index=True)


@pytest.fixture(scope="module")
def every_policy(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """All policies for one season, with the product's own fit."""
    rows = played(tmp_path_factory.mktemp("every"), firms=900, seeds=1, seasons=1)
    assert set(rows.policy) == set(POLICIES)
    return rows.set_index("policy")


@pytest.fixture(scope="module")
def cheap(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Policies that learn nothing, three seasons in two worlds; many visits make rates sharp."""
    scenarios = [s for s in load_simulate_settings().scenarios if s.name in WHAT_IF]
    return played(
        tmp_path_factory.mktemp("cheap"),
        sensitivity=True, firms=2000, seeds=2, seasons=3, capacity_share=0.2, scenarios=scenarios,
        sensitivity_seeds=1, policies=[], sensitivity_policies=[],
    )  # fmt: skip


def test_the_oracle_finds_at_least_what_each_other_policy_finds(every_policy) -> None:
    """In the first season all meet the same registry; a lot may hold a part of a visit more than a list."""
    harm = every_policy.harm
    assert (harm <= harm[ORACLE] * (1 + 1e-9) + every_policy.harm[UNIFORM] * 0.02).all()
    assert (every_policy.harm <= every_policy.most_harm * (1 + 1e-9)).all()
    assert harm["greedy_index"] > harm[UNIFORM]
    assert harm[NOBODY] == 0


def test_lots_have_a_design_based_rate_and_lists_none(every_policy) -> None:
    estimable = every_policy.hajek.notna()
    assert set(estimable.index[estimable]) == LOTS


def test_policies_spend_the_same_visits(every_policy) -> None:
    spent = every_policy.visits.drop(NOBODY)
    assert spent.max() - spent.min() <= 3


def test_no_season_of_any_policy_beats_what_its_registry_held(cheap) -> None:
    assert (cheap.harm <= cheap.most_harm * (1 + 1e-9)).all()
    oracle = cheap[cheap.policy == ORACLE]
    np.testing.assert_allclose(oracle.harm, oracle.most_harm)


def test_uniform_is_unbiased_and_a_list_is_not(cheap) -> None:
    """Six draws of some 390 outcomes at a rate near a tenth: standard error 0.0065 together."""
    base = cheap[cheap.scenario == BASE]
    uniform = base[base.policy == UNIFORM]
    np.testing.assert_allclose(uniform.naive, uniform.hajek, atol=1e-12)
    assert abs(uniform.hajek.mean()) < 3.3 * 0.0065
    np.testing.assert_allclose(uniform.burden_older, 1.0)
    assert (base[base.policy == ORACLE].naive > 0.05).all()


def test_visits_avert_harm_by_deterrence_and_by_nothing_else(cheap) -> None:
    standing = cheap[cheap.seed == 1].groupby(["scenario", "policy"]).harm_after.sum().unstack()
    averted = 1 - standing[ORACLE] / standing[NOBODY]
    assert averted["no deterrence"] == pytest.approx(0, abs=1e-12)
    assert 0.03 < averted[BASE] < averted["double deterrence"]
    assert 0 < 1 - standing[UNIFORM][BASE] / standing[NOBODY][BASE] < averted[BASE]


def test_scenarios_share_their_luck(cheap) -> None:
    """What only the records say moves no policy that reads none; a harder sector moves no violation."""
    columns = ["policy", "seed", "season", "harm", "violations", "cited", "harm_after", "hajek"]
    rows = cheap[cheap.seed == 1]
    by = {name: part[columns].reset_index(drop=True) for name, part in rows.groupby("scenario")}
    pd.testing.assert_frame_equal(by["reporting halved"], by[BASE])
    uniform = {name: part[part.policy == UNIFORM] for name, part in by.items()}
    misranked = uniform["sector misranked"]
    np.testing.assert_array_equal(misranked.violations, uniform[BASE].violations)
    assert (misranked.harm > uniform[BASE].harm).all()
