"""The door to the solver: flows of least cost, none where there is none, or as much as fits."""

from __future__ import annotations

import numpy as np
import pytest

from risk_index.inspectors.flows import Arcs, cheapest, joined, largest


def arcs(*rows: tuple[int, int, int, int]) -> Arcs:
    """Return arcs from rows of tail, head, capacity, cost."""
    return Arcs(*np.array(rows, dtype=np.int64).T)


DETOUR = arcs((0, 1, 1, 5), (0, 2, 9, 1), (2, 1, 1, 1))
"""From 0 to 1 directly for 5, or over 2 for 2; one unit each."""


def test_the_cheaper_way_is_filled_first() -> None:
    assert cheapest(DETOUR, np.array([1, -1, 0])).tolist() == [0, 1, 1]
    assert cheapest(DETOUR, np.array([2, -2, 0])).tolist() == [1, 1, 1]


def test_supplies_that_cannot_flow_give_none() -> None:
    assert cheapest(DETOUR, np.array([3, -3, 0])) is None


def test_the_largest_flow_moves_what_it_can() -> None:
    assert largest(DETOUR, np.array([3, -3, 0])).tolist() == [1, 1, 1]


def test_a_key_s_last_step_decides() -> None:
    high = 2**42
    two = arcs((0, 1, 1, high), (0, 2, 1, high - 1), (1, 3, 1, 0), (2, 3, 1, 0))
    assert cheapest(two, np.array([1, 0, 0, -1])).tolist() == [0, 1, 0, 1]


def test_supplies_that_do_not_sum_to_zero_are_an_error_of_ours() -> None:
    with pytest.raises(RuntimeError, match="did not solve a network of 3 arcs"):
        cheapest(DETOUR, np.array([2, -1, 0]))


def test_groups_of_arcs_are_joined_in_their_order() -> None:
    both = joined(arcs((0, 1, 2, 3)), arcs((4, 5, 6, 7), (8, 9, 10, 11)))
    assert len(both) == 3
    assert both.head.tolist() == [1, 5, 9]
    assert both.cost.tolist() == [3, 7, 11]
