"""Flows of least cost in a network with whole numbers, by OR-Tools; the only door to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

from risk_index.inspectors.keys import Ints


@dataclass(frozen=True)
class Arcs:
    """Arcs of a network; four arrays of shape (n_arcs,), costs and capacities at least 0."""

    tail: Ints
    head: Ints
    capacity: Ints
    cost: Ints

    def __len__(self) -> int:
        return len(self.tail)


def joined(*groups: Arcs) -> Arcs:
    """Return several groups of arcs as one, in their order."""
    columns = ("tail", "head", "capacity", "cost")
    return Arcs(*(np.concatenate([getattr(group, name) for group in groups]) for name in columns))


def cheapest(arcs: Arcs, supply: Ints) -> Ints | None:
    """Return the flow of least cost, or None where the supplies cannot all flow.

    Parameters
    ----------
    arcs : Arcs
        Between nodes 0, 1, ...
    supply : ndarray, shape (n_nodes,)
        What each node gives (above 0) or takes (below 0); sums to 0.

    Returns
    -------
    ndarray, shape (n_arcs,), or None
        Where two flows cost the same, which of them comes out is up to the library.
    """
    solver = _network(arcs, supply)
    status = solver.solve()
    if status == solver.INFEASIBLE:
        return None
    return _flow(solver, arcs, status)


def largest(arcs: Arcs, supply: Ints) -> Ints:
    """Return a flow that moves as much of the supplies as possible, whatever it costs."""
    solver = _network(arcs, supply)
    return _flow(solver, arcs, solver.solve_max_flow_with_min_cost())


def _network(arcs: Arcs, supply: Ints) -> SimpleMinCostFlow:
    solver = SimpleMinCostFlow()
    solver.add_arcs_with_capacity_and_unit_cost(arcs.tail, arcs.head, arcs.capacity, arcs.cost)
    solver.set_nodes_supplies(np.arange(len(supply)), supply)
    return solver


def _flow(solver: SimpleMinCostFlow, arcs: Arcs, status: SimpleMinCostFlow.Status) -> Ints:
    if status != solver.OPTIMAL:
        raise RuntimeError(f"OR-Tools did not solve a network of {len(arcs)} arcs: {status}")
    return np.asarray(solver.flows(np.arange(len(arcs))), dtype=np.int64)
