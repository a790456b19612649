"""Keys that anyone can recompute, and that no mathematical library changes."""

from __future__ import annotations

import hashlib
import math
from fractions import Fraction

import numpy as np
import pytest

from risk_index.inspectors import keys
from risk_index.inspectors.keys import FRACTION_BITS, costs, exact_cost, pair_numbers
from tests.property.staff import SEED

EXTREMES = np.array([0, 1, 2**12 - 1, 2**12, 2**63, 2**64 - 1], dtype=np.uint64)


def sample(count: int) -> np.ndarray:
    return pair_numbers(SEED, ((f"F{i}", f"I{i % 7}") for i in range(count)))


def test_a_pair_s_number_is_the_beginning_of_a_hash_with_the_standard_library() -> None:
    found = pair_numbers(SEED, [("F1", "I1"), ("F1", "I2")])
    for number, inspector in zip(found.tolist(), ("I1", "I2"), strict=True):
        digest = hashlib.sha256(SEED + b"inspector|F1|" + inspector.encode()).digest()
        assert number == int.from_bytes(digest[:8], "big")


def test_pairs_whose_ids_run_together_alike_have_different_numbers() -> None:
    found = pair_numbers(SEED, [("F1", "2I"), ("F12", "I"), ("F", "12I")])
    assert len(set(found.tolist())) == 3


def test_the_cost_is_minus_the_logarithm_in_steps_of_the_stated_size() -> None:
    for number in [*sample(50).tolist(), *EXTREMES.tolist()]:
        u = Fraction(2 * (number >> 12) + 1, 2**53)
        expected = -math.log(u) * 2.0**FRACTION_BITS
        found = int(costs(np.array([number], dtype=np.uint64))[0])
        assert found == pytest.approx(expected, rel=1e-14, abs=1.0)


def test_every_cost_is_the_exact_one() -> None:
    numbers = np.concatenate([sample(3000), EXTREMES])
    exact = [exact_cost(2 * (number >> 12) + 1) for number in numbers.tolist()]
    assert costs(numbers).tolist() == exact


@pytest.mark.parametrize("ulps", [-3, 3])
def test_a_library_that_errs_in_the_last_places_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, ulps: int
) -> None:
    numbers = np.concatenate([sample(20_000), EXTREMES])
    right, log = costs(numbers), np.log
    monkeypatch.setattr(keys.np, "log", lambda u: log(u) + ulps * np.spacing(log(u)))
    assert (costs(numbers) == right).all()


def test_costs_are_small_enough_for_whole_numbers_of_64_bits() -> None:
    assert costs(EXTREMES).min() >= 0
    assert costs(EXTREMES).max() < 2**42
