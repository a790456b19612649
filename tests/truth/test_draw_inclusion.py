"""Everybody gets the promised chance: mean inclusion over many draws, in every bin, by both methods.

The full figure, 10,000 draws of 20,000 firms: python -m benchmarks.draw.inclusion
"""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.draw.inclusion import (
    FLOOR,
    METHODS,
    floor_arms,
    hashed,
    measure_inclusion,
    simulated,
    the_design,
)
from risk_index.draw.sampling import Design
from risk_index.frame_columns import BILLION


@pytest.fixture(scope="module")
def design():
    return the_design()


@pytest.mark.parametrize("method", METHODS)
def test_mean_inclusion_is_the_promised_chance_in_every_bin(design, method):
    found = measure_inclusion(design, simulated(design, method, 500))
    assert (found.firms >= 50).all()
    assert (abs(found.z) < 4).all(), found.table()
    assert found.error.max() < 0.003


@pytest.mark.parametrize("method", METHODS)
def test_the_real_hashes_do_the_same(design, method):
    found = measure_inclusion(design, hashed(design, method, 60))
    assert (abs(found.z) < 4).all(), found.table()


def test_a_draw_that_favours_someone_would_be_seen(design):
    """The test has power: two percent more chance for the upper half of the firms fails it."""
    tilted = design.ppb.copy()
    tilted[tilted > np.median(tilted)] += tilted[tilted > np.median(tilted)] // 50
    found = measure_inclusion(
        design, simulated(Design(tilted, design.stratum, 20), "systematic", 500)
    )
    promised = measure_inclusion(design, simulated(design, "systematic", 2))
    assert (abs(found.mean - promised.target) > 4 * found.error).any()


def test_the_floor_arm_gets_the_floor(design):
    counts = floor_arms(design, 60)
    expected = np.minimum(design.ppb, FLOOR).sum() / BILLION
    assert abs(counts.mean() - expected) < 4 * counts.std(ddof=1) / np.sqrt(len(counts))


@pytest.mark.parametrize("method", METHODS)
def test_phantoms_leave_everybody_his_chance(method):
    """Totals of 3.3 visits: chances hold, and the phantom makes up the rest."""
    ppb = np.tile(np.array([30, 60, 120, 240, 210]) * BILLION // 1000, 10)
    some = Design(ppb, np.repeat([0, 1], 25), 2)
    assert some.phantom.tolist() == [700_000_000, 700_000_000]
    draws = list(simulated(some, method, 4000))
    drawn = np.mean([s.drawn for s in draws], axis=0).reshape(10, 5)
    shares = ppb[:5] / BILLION
    near = 0.01 * shares if method == "pareto" else 0  # an approximation, in small strata
    assert (
        abs(drawn.mean(axis=0) - shares) < 4 * np.sqrt(shares * (1 - shares) / 40_000) + near
    ).all()
    phantom = np.mean([s.phantom_drawn for s in draws])
    assert abs(phantom - 0.7) < 4 * np.sqrt(0.21 / 8000) + 0.01 * (method == "pareto")


def test_in_the_smallest_strata_pareto_is_an_approximation_and_systematic_is_not():
    """2 visits to 5 firms: what docs and `commit` warn of, in figures."""
    ppb = np.array([800, 600, 300, 200, 100]) * BILLION // 1000
    some = Design(ppb, np.zeros(5, np.int64), 1)
    off = {}
    for method in METHODS:
        hits = np.mean([s.drawn for s in simulated(some, method, 20_000)], axis=0)
        off[method] = abs(hits - ppb / BILLION).max()
    assert off["systematic"] < 0.012
    assert 0.005 < off["pareto"] < 0.04
