"""Folds: no controller on both sides, the horizon as a gap, row order without effect."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.examples import Examples, NotEnoughLabels
from models.folds import (
    Fold,
    Least,
    controller_fold,
    controller_folds,
    later_folds,
    restrict,
    split_day,
    usable_folds,
)

DAY_0 = np.datetime64("2020-01-01")


def examples_of(days: list[int], lags: list[int], controllers: list[int]) -> Examples:
    as_of = DAY_0 + np.array(days, "timedelta64[D]")
    n = len(days)
    return Examples(
        X=pd.DataFrame({"a": np.arange(n, dtype="float32")}),
        violation=np.zeros(n, "int8"),
        harm=np.full(n, np.nan),
        weight=np.ones(n),
        as_of=as_of,
        known_on=as_of + np.array(lags, "timedelta64[D]"),
        controller=np.array(controllers, "int64"),
    )


@st.composite
def any_examples(draw: st.DrawFn) -> Examples:
    n = draw(st.integers(1, 60))
    return examples_of(
        draw(st.lists(st.integers(0, 1000), min_size=n, max_size=n)),
        draw(st.lists(st.integers(0, 400), min_size=n, max_size=n)),
        draw(st.lists(st.integers(-3, 12), min_size=n, max_size=n)),
    )


SPLIT = st.integers(0, 1000).map(lambda day: DAY_0 + np.timedelta64(day, "D"))


@given(any_examples(), SPLIT, st.integers(0, 400), st.integers(2, 6), st.integers(0, 5))
@settings(deadline=None)
def test_gap_and_controllers_are_respected_and_nothing_is_lost(
    examples: Examples, split_on: np.datetime64, horizon: int, n_folds: int, seed: int
) -> None:
    folds = later_folds(examples, split_on, horizon, n_folds, seed)
    assert len(folds) == n_folds
    for fold in folds:
        learnt, judged = examples.take(fold.train), examples.take(fold.later)
        assert not set(learnt.controller) & set(judged.controller)
        assert (learnt.as_of + np.timedelta64(horizon, "D") <= split_on).all()
        assert (learnt.known_on <= split_on).all()
        assert (judged.as_of >= split_on).all()
    later = np.concatenate([fold.later for fold in folds])
    assert sorted(later) == np.flatnonzero(examples.as_of >= split_on).tolist()
    window = examples.as_of + np.timedelta64(horizon, "D") <= split_on
    learnable = int((window & (examples.known_on <= split_on)).sum())
    assert sum(len(fold.train) for fold in folds) == (n_folds - 1) * learnable


@given(any_examples(), SPLIT, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_row_order_changes_no_side(
    examples: Examples, split_on: np.datetime64, random: np.random.Generator
) -> None:
    order = list(range(len(examples)))
    random.shuffle(order)
    shuffled = examples.take(np.array(order))
    here = later_folds(examples, split_on, 90, 3, seed=1)
    there = later_folds(shuffled, split_on, 90, 3, seed=1)
    for one, two in zip(here, there, strict=True):
        assert sorted(one.train) == sorted(np.array(order)[two.train])
        assert sorted(one.later) == sorted(np.array(order)[two.later])


@given(st.lists(st.integers(-(2**60), 2**60), min_size=1, max_size=40), st.integers(2, 9))
def test_a_controller_keeps_its_fold_whoever_else_is_there(ids: list[int], n_folds: int) -> None:
    together = controller_fold(np.array(ids), n_folds, seed=3)
    alone = [controller_fold(np.array([number]), n_folds, seed=3)[0] for number in ids]
    assert together.tolist() == alone
    assert set(together) <= set(range(n_folds))


def test_published_vector_of_the_hash() -> None:
    """SHA-256("7:42"), first 8 bytes, big-endian, mod 5: anyone can recompute it."""
    assert controller_fold(np.array([42]), 5, seed=7).tolist() == [1]


def test_folds_are_of_like_size_and_seeds_differ() -> None:
    controllers = np.arange(20_000)
    sizes = np.bincount(controller_fold(controllers, 5, seed=0))
    assert (np.abs(sizes - 4000) < 250).all()
    same = controller_fold(controllers, 5, seed=0) == controller_fold(controllers, 5, seed=1)
    assert abs(same.mean() - 0.2) < 0.02


@pytest.mark.parametrize(("n_folds", "horizon"), [(1, 90), (3, -1)])
def test_senseless_splits_are_refused(n_folds: int, horizon: int) -> None:
    examples = examples_of([0], [0], [1])
    with pytest.raises(ValueError, match="n_folds"):
        later_folds(examples, DAY_0, horizon, n_folds, seed=0)


def test_split_day_leaves_the_share_later() -> None:
    examples = examples_of(list(range(100)), [0] * 100, list(range(100)))
    day = split_day(examples, 0.15)
    assert (examples.as_of >= day).mean() == 0.15
    one_day = examples_of([5] * 10, [0] * 10, list(range(10)))
    assert split_day(one_day) == DAY_0 + np.timedelta64(5, "D")


def kinds_of(n: int, every: int) -> list[np.ndarray]:
    first = np.arange(n) % every == 0
    return [first, ~first]


def test_a_fold_that_lacks_an_outcome_is_dropped_and_said_so() -> None:
    examples = examples_of([0] * 100 + [500] * 100, [1] * 200, [*range(100), *range(100)])
    kinds = kinds_of(200, 4)
    good = Fold(np.arange(0, 100), np.arange(100, 200))
    bad = Fold(np.flatnonzero(~kinds[0][:100]), np.arange(100, 200))
    kept, notes = usable_folds(examples, [good, bad], kinds, seed=0)
    assert len(kept) == 1
    assert kept[0].train.tolist() == good.train.tolist()
    assert notes == ("1 of 2 folds dropped: too few of an outcome on one side",)


def test_without_later_rows_controllers_are_split_and_it_is_said() -> None:
    examples = examples_of([0] * 200, [1] * 200, list(range(200)))
    folds = later_folds(examples, DAY_0 + np.timedelta64(900, "D"), 90, 4, seed=0)
    kept, (note,) = usable_folds(examples, folds, kinds_of(200, 4), seed=11)
    expected = controller_folds(examples, 4, seed=11)
    assert [f.later.tolist() for f in kept] == [f.later.tolist() for f in expected]
    assert "random split of controllers (4 folds, seed 11)" in note
    assert "drift" in note


def test_one_controller_cannot_be_split() -> None:
    examples = examples_of([0] * 200, [1] * 200, [1] * 200)
    with pytest.raises(NotEnoughLabels, match="no split of the 1 controllers"):
        usable_folds(examples, [], kinds_of(200, 4), seed=0)


def test_enough_folds_are_left_alone() -> None:
    examples = examples_of([0] * 100 + [500] * 100, [1] * 200, [*range(100), *range(100)])
    folds = later_folds(examples, DAY_0 + np.timedelta64(300, "D"), 90, 2, seed=0)
    kept, notes = usable_folds(examples, folds, kinds_of(200, 4), 0, Least(5, 1, 10))
    assert notes == ()
    assert [f.train.tolist() for f in kept] == [f.train.tolist() for f in folds]


@given(st.lists(st.booleans(), min_size=6, max_size=30))
def test_restricted_folds_point_at_the_same_rows(mask: list[bool]) -> None:
    rows = np.array(mask)
    values = np.arange(len(rows)) * 10
    fold = Fold(np.arange(0, len(rows), 2), np.arange(1, len(rows), 2))
    (within,) = restrict([fold], rows)
    assert values[rows][within.train].tolist() == values[0::2][rows[0::2]].tolist()
    assert values[rows][within.later].tolist() == values[1::2][rows[1::2]].tolist()
