"""What is written down at chosen visits feeds on itself; a draw by true harm treats equals alike."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from risk_index.simulate.measured import judged
from risk_index.simulate.policies import first_of_list, visits
from risk_index.world import PLANTED, World, begin, load_world_settings

ROUNDS = 3
Chances = Callable[[World], pd.DataFrame]


def by_past_findings(world: World) -> pd.DataFrame:
    """Visit the firms with most violations on record, whoever found them and why."""
    found = world.records["inspections"].to_pandas().groupby("firm_id").violation.sum()
    truth = world.truth
    firms = truth[truth.likelihood > 0]
    return first_of_list(firms.assign(expected_harm=firms.firm_id.map(found).fillna(0.0)))


def by_lot_of_true_harm(world: World) -> pd.DataFrame:
    """Draw with chances that follow the true expected harm, over a floor."""
    firms = world.truth[world.truth.likelihood > 0]
    chance = 0.01 + 0.04 * firms.expected_harm / firms.expected_harm.mean()
    return pd.DataFrame({"firm_id": firms.firm_id, "chance": chance.clip(upper=0.8), "drawn": True})


def played(policy: Chances, world: World) -> pd.DataFrame:
    """Return the figures of each year under a policy."""
    born = world.attributes.set_index("firm_id").legal_rep_birth_year
    older = world.settings.as_of.year - born >= world.settings.older_rep_age
    rows = []
    for _ in range(ROUNDS):
        chances, truth = policy(world), world.truth
        world = world.step(visits(chances, world))
        rows.append(judged(truth, older, chances, world.seen))
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def start() -> World:
    return begin(load_world_settings(**PLANTED), 12_000, 31)


@pytest.fixture(scope="module")
def naive(start: World) -> pd.DataFrame:
    return played(by_past_findings, start)


@pytest.fixture(scope="module")
def drawn(start: World) -> pd.DataFrame:
    return played(by_lot_of_true_harm, start)


def test_past_findings_burden_the_over_cited_and_a_draw_by_truth_does_not(
    naive: pd.DataFrame, drawn: pd.DataFrame
) -> None:
    assert (naive.burden > 1.3).all()
    assert drawn.burden.between(0.95, 1.05).all()


def test_the_design_based_rate_meets_the_truth_that_a_list_cannot(
    naive: pd.DataFrame, drawn: pd.DataFrame
) -> None:
    assert (naive.naive > 0.08).all()
    assert naive.hajek.isna().all()
    assert abs(drawn.hajek.mean()) < 0.03 < drawn.naive.mean()


def test_a_list_is_drawn_whole_and_a_lot_has_its_size(start: World) -> None:
    chances = by_past_findings(start)
    chosen = visits(chances, start)
    assert set(chosen.firm_id) == set(chances.firm_id[chances.chance.astype(bool)])
    assert (chosen.selection == "directed").all()
    assert chosen.inclusion_probability.isna().all()
    lot = by_lot_of_true_harm(start)
    taken = visits(lot, start)
    assert abs(len(taken) - lot.chance.sum()) <= 1
    known = taken.merge(lot, on="firm_id")
    np.testing.assert_array_equal(known.inclusion_probability, known.chance)
    pd.testing.assert_frame_equal(taken, visits(lot.sample(frac=1, random_state=1), start))
