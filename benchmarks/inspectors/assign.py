"""Inspectors for a round: the whole plan, and its network by three solvers.

By hand: python -m benchmarks.inspectors.assign 12500 600 20 [ortools highs networkx]
(visits, inspectors, regions; NetworkX only where it is installed).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.optimize import linprog

from benchmarks.machine import described, peak_mb
from risk_index.inspectors.assignment import network
from risk_index.inspectors.flows import Arcs, cheapest
from risk_index.inspectors.keys import FRACTION_BITS, Ints
from risk_index.inspectors.past import Past
from risk_index.inspectors.planning import Schedule, Terms, plan
from risk_index.inspectors.roster import Inspector, roster_of
from risk_index.inspectors.visits import Calendar, Drawn

MONDAY = dt.date(2026, 7, 6)
SEED = hashlib.sha256(b"benchmark").digest()


def a_round(visits: int, inspectors: int, regions: int) -> Schedule:
    """Plan a round of 13 weeks: inspectors of one region each, 2 % of the pairs met lately."""
    chance = np.random.default_rng(1)
    codes = [f"{1000 + r}" for r in range(regions)]
    firms = [
        Drawn(f"91{codes[r]}06M85W{i:06d}", f"{codes[r]}06", "C2710", "index", "0.05")
        for i, r in enumerate(chance.integers(0, regions, visits))
    ]
    people = [Inspector(f"I{j:05d}", (codes[j % regions],)) for j in range(inspectors)]
    met = {
        (people[j].inspector_id, firms[i].firm_id): MONDAY - dt.timedelta(days=100)
        for i, j in zip(
            chance.integers(0, visits, visits * inspectors // 50),
            chance.integers(0, inspectors, visits * inspectors // 50),
            strict=True,
        )
    }
    return plan(firms, roster_of(people), Past(met, {}), Terms(SEED, Calendar(MONDAY, 13)))


def by_highs(arcs: Arcs, supply: Ints) -> Ints:
    """Solve as a linear programme by HiGHS, in floating point."""
    n = np.arange(len(arcs))
    ends = (np.concatenate([arcs.tail, arcs.head]), np.concatenate([n, n]))
    matrix = sp.csr_matrix((np.repeat([1.0, -1.0], len(arcs)), ends), (len(supply), len(arcs)))
    limits = np.stack([np.zeros(len(arcs)), arcs.capacity], axis=1)
    cost = arcs.cost / 2.0**FRACTION_BITS
    solved = linprog(cost, A_eq=matrix, b_eq=supply, bounds=limits, method="highs-ds")
    return np.rint(solved.x).astype(np.int64)


def by_networkx(arcs: Arcs, supply: Ints) -> Ints:
    """Solve by NetworkX's network simplex, in whole numbers."""
    import networkx as nx

    graph = nx.DiGraph()
    graph.add_nodes_from((i, {"demand": -int(s)}) for i, s in enumerate(supply))
    rows = zip(*(c.tolist() for c in (arcs.tail, arcs.head, arcs.capacity, arcs.cost)), strict=True)
    graph.add_edges_from((a, b, {"capacity": c, "weight": w}) for a, b, c, w in rows)
    flow = nx.network_simplex(graph)[1]
    ends = zip(arcs.tail.tolist(), arcs.head.tolist(), strict=True)
    return np.array([flow[a][b] for a, b in ends], dtype=np.int64)


SOLVERS: dict[str, Callable[[Arcs, Ints], Ints | None]] = {
    "ortools": cheapest,
    "highs": by_highs,
    "networkx": by_networkx,
}


def measure(visits: int, inspectors: int, regions: int, solvers: list[str]) -> pd.DataFrame:
    """Time the plan and each solver on its last network; solvers must agree on every pair."""
    begun = time.perf_counter()
    schedule = a_round(visits, inspectors, regions)
    lines = [{"what": "plan", "seconds": time.perf_counter() - begun, "peak MB": peak_mb()}]
    done = schedule.assignment
    built = network(done.pool, done.cost, 2, done.levels, done.crowding)
    for name in solvers:
        begun = time.perf_counter()
        flow = SOLVERS[name](*built)
        spent = time.perf_counter() - begun
        assert flow is not None
        different = int(((flow[: len(done.cost)] > 0) != done.chosen).sum())
        lines.append({"what": name, "seconds": spent, "pairs unlike ours": different})
    print(*schedule.notes, f"{len(done.cost)} eligible pairs", sep="\n", file=sys.stderr)
    return pd.DataFrame(lines)


if __name__ == "__main__":
    sizes = [int(number) for number in sys.argv[1:4]]
    print(described())
    print(measure(*sizes, sys.argv[4:] or ["ortools"]).to_string(index=False, na_rep=""))
