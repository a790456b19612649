"""Work grows with the firms and no faster: counted in rows, queries, calls and bytes, never in seconds.

The counts hang on the code, the records and the versions of the libraries, not on the machine. A lost filter,
a join of everything with everything or a loop over all firms for each firm multiplies them; the
bounds leave room for what costs the same whatever the number of firms.
"""

from __future__ import annotations

import datetime as dt
import gc
import json
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.asof import Law, Snapshot, snapshot_of_registry
from features.catalogue import BY_NAME, in_use
from features.matrix import batches
from features.records import open_records
from models.fitted import FittedModel
from risk_index.facts import reads
from risk_index.index import IndexScale
from risk_index.particulars import DETAILS
from risk_index.scoring import Telling, scored
from risk_index.settings import load_sectors
from risk_index.texts import ENGLISH
from risk_index.world import load_world_settings, write_world

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "run" / "model"
N_FIRMS, PARTS = 300, 3
SCORED = 200
ROWS_A_FIRM, CALLS_A_FIRM = 350, 100
"""About half more than it takes; with every other firm at each firm it would be twice as many and more."""
FEATURES = tuple(
    BY_NAME[name]
    for name in (
        "sector_rate", "region_rate", "wider_rate", "changes_3y", "penalty_load", "permit_coverage",
        "irregularities", "black_lists", "inspections", "outcome_1", "violation_rate_365d", "harm_mean",
        "others_irregularities", "others_violation_rate", "penalty_excess", "rating_risk",
    )
)  # fmt: skip
"""Of every table, and of what is learnt from others."""
AS_OF = dt.date(2026, 6, 30)


class Counting:
    """A connection of DuckDB that counts what it is asked."""

    def __init__(self, con: Any) -> None:
        self.con, self.asked, self.fetched = con, 0, "{}"

    def execute(self, query: str, *args: Any, **kwargs: Any) -> Any:
        self.asked += 1
        answer = self.con.execute(query, *args, **kwargs)
        if query.startswith("CREATE TEMP TABLE"):
            self.fetched = self.con.get_profiling_information()
        return answer

    def sql(self, *args: Any, **kwargs: Any) -> Any:
        self.asked += 1
        return self.con.sql(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.con, name)

    def operators(self) -> list[tuple[str, int]]:
        """Kinds of the operators of the last query that was fetched, and the rows that each gave on."""
        found, left = [], list(json.loads(self.fetched)["operator"])
        while left:
            operator = left.pop()
            found.append((operator["type"], operator["intermediate_rows"]))
            left += operator.get("children", [])
        return found


@dataclass(frozen=True)
class Piece:
    """A piece of the matrix, the operators of its query with their rows, and the queries so far."""

    X: pd.DataFrame
    operators: list[tuple[str, int]]
    asked: int

    @property
    def rows(self) -> int:
        """Rows that all operators gave on, those of scans included."""
        return sum(rows for _, rows in self.operators)


@dataclass(frozen=True)
class Seen:
    """A registry whose matrix was computed whole and in parts."""

    snapshot: Snapshot
    whole: Piece
    parts: list[Piece]


def _pieces(snapshot: Snapshot, con: Counting, n_firms: int) -> list[Piece]:
    found = batches(snapshot, FEATURES, n_firms)
    return [Piece(X, con.operators(), con.asked) for X in found]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    folder = tmp_path_factory.mktemp("world")
    write_world(folder, N_FIRMS, 1, load_world_settings(), 10)
    with open_records(folder / "records") as records:
        con = Counting(records.con.con)
        con.execute("SET threads = 1")
        con.execute("SET enable_profiling = 'no_output'")
        records.con.con = con  # type: ignore[assignment]
        snapshot = snapshot_of_registry(records, AS_OF, Law(), load_sectors())
        (whole,) = _pieces(snapshot, con, N_FIRMS)
        yield Seen(snapshot, whole, _pieces(snapshot, con, N_FIRMS // PARTS))


def test_a_part_takes_its_share_of_the_rows(seen: Seen) -> None:
    assert len(seen.parts) == PARTS
    # a lost filter: as many as the whole
    assert max(part.rows for part in seen.parts) <= 1.4 * seen.whole.rows / PARTS


@pytest.mark.parametrize("kind", ["WINDOW", "HASH_GROUP_BY", "HASH_JOIN"])
def test_no_kind_of_work_is_done_for_all_firms_in_every_part(seen: Seen, kind: str) -> None:
    def rows(piece: Piece) -> int:
        return sum(rows for found, rows in piece.operators if found == kind)

    assert rows(seen.whole) > N_FIRMS
    assert max(map(rows, seen.parts)) <= 1.5 * rows(seen.whole) / PARTS


def test_a_firm_takes_so_many_rows_and_the_others_add_none(seen: Seen) -> None:
    for piece in (seen.whole, *seen.parts):
        assert piece.rows <= ROWS_A_FIRM * len(piece.X)


def test_joins_are_by_hash_and_never_of_everything_with_everything(seen: Seen) -> None:
    kinds = {kind for piece in (seen.whole, *seen.parts) for kind, _ in piece.operators}
    assert "HASH_JOIN" in kinds
    assert not {kind for kind in kinds if kind.endswith("_PRODUCT") or "NL_JOIN" in kind}
    assert "NESTED_LOOP_JOIN" not in kinds


def test_every_part_takes_the_same_few_queries(seen: Seen) -> None:
    more = {b.asked - a.asked for a, b in pairwise(seen.parts)}
    assert len(more) == 1
    assert more.pop() <= 4


@pytest.fixture(scope="module")
def score() -> Callable[[int], object]:
    """Score so many firms, no two of them alike, with the golden model."""
    model, scale, rng = (
        FittedModel.load(GOLDEN),
        IndexScale(0.5, 50.0, 10.0),
        np.random.default_rng(1),
    )
    told = {name for feature in in_use() for name in reads(feature)}
    names = sorted(told | {feature.name for feature in in_use()})
    X = pd.DataFrame(rng.integers(0, 2000, (2 * SCORED, len(names))) / 10, columns=names)
    X = X.assign(firm_key=np.arange(len(X), dtype="int32"))
    texts = {name: [f"{name} {key}" for key in X.firm_key] for name in DETAILS}
    details = X[["firm_key"]].assign(**texts, drawn_this_year=0)

    def first(n: int) -> object:
        telling = Telling(AS_OF, X.head(n), ENGLISH)
        return scored(details.head(n), X.head(n), model, scale, telling)

    first(2 * SCORED)  # what is made once, is made
    return first


@contextmanager
def calls() -> Iterator[list[int]]:
    """Count the calls of Python functions."""
    found, before = [0], sys.getprofile()

    def count(frame: FrameType, event: str, arg: object) -> None:
        found[0] += event == "call"

    gc.collect()
    sys.setprofile(count)
    try:
        yield found
    finally:
        sys.setprofile(before)


def test_scoring_a_firm_more_takes_so_many_calls_more(score: Callable[[int], object]) -> None:
    with calls() as half:
        score(SCORED)
    with calls() as both:
        score(2 * SCORED)
    assert both[0] - half[0] <= CALLS_A_FIRM * SCORED


def test_scoring_twice_the_firms_takes_twice_the_memory_at_most(
    score: Callable[[int], object],
) -> None:
    peaks = []
    for firms in (SCORED, 2 * SCORED):
        gc.collect()
        tracemalloc.start()
        score(firms)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] <= 2.2 * peaks[0]
